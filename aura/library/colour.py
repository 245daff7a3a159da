"""From every way of storing pixels to eight bits a channel in sRGB."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

CLEAR = ("RGBA", "LA", "PA", "RGBa", "La")  # modes with transparency
DEEP = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")


def eight_bits(image: Image.Image) -> Image.Image:
    """RGB, or RGBA where the picture has transparency."""
    profile = image.info.get("icc_profile")
    if image.mode in DEEP:
        return _scaled(image).convert("RGB")
    if image.mode in ("CMYK", "LAB"):
        return _managed(image, _profile(profile, image.mode)) or image.convert("RGB")
    clear = image.mode in CLEAR or "transparency" in image.info
    flat = image.convert("RGBA" if clear else "RGB")
    wide = image.mode in ("RGB", "RGBA") and profile
    return (wide and _managed(flat, _profile(profile, image.mode))) or flat


def _scaled(image: Image.Image) -> Image.Image:
    """Grey of 16 or more bits, its range kept and not cut off."""
    values = np.nan_to_num(np.asarray(image).astype(np.float64))
    if image.mode == "F" and values.max(initial=0) <= 1:
        top = 1.0
    else:
        top = 65535.0 if values.max(initial=0) <= 65535 else float(values.max())
    return Image.fromarray(np.rint(np.clip(values / top, 0, 1) * 255).astype(np.uint8))


def _profile(icc: bytes | None, mode: str) -> ImageCms.ImageCmsProfile | None:
    """The picture's own profile, if it is one and fits its channels."""
    if mode == "LAB":
        return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc or b""))
    except (OSError, ImageCms.PyCMSError, TypeError):
        return None
    space = profile.profile.xcolor_space.strip()
    return profile if space == ("CMYK" if mode == "CMYK" else "RGB") else None


def _managed(image: Image.Image, profile: ImageCms.ImageCmsProfile | None) -> Image.Image | None:
    """The picture in sRGB, by its profile; None where there is none that works."""
    if profile is None:
        return None
    target = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        return ImageCms.profileToProfile(
            image, profile, ImageCms.createProfile("sRGB"), outputMode=target
        )
    except (ImageCms.PyCMSError, ValueError, OSError):
        return None
