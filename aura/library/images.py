"""The only door from bytes to an image.

Its header is read and judged before a pixel is decoded, so that a small file cannot claim a
huge picture. What comes out is upright, eight bits a channel, in sRGB, and free of whatever
else the file carried.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, ImageOps, features

from aura.errors import BadImage
from aura.library import colour
from aura.requests import PIXELS_MAX

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF") + (
    ("AVIF",) if features.check("avif") else ()
)
BYTES_MAX = 128 * 2**20
SIDE_MAX = 32_768  # pixels
TEXT_MAX = 4 * 2**20  # characters of one text


@dataclass(frozen=True)
class Header:
    """What a file says of its picture before it is decoded. Texts are a stranger's words."""

    format: str
    width: int
    height: int
    texts: dict[str, str] = field(default_factory=dict)
    comment: str = ""  # EXIF UserComment


def open_image(
    source: bytes | Path,
    name: str,
    *,
    max_bytes: int = BYTES_MAX,
    max_pixels: int = PIXELS_MAX,
) -> Image.Image:
    """The picture as RGB, or RGBA where it has transparency. Raises BadImage, naming ``name``."""
    image = _opened(source, name, max_bytes, max_pixels)
    try:
        with image:
            image.load()
            return _plain(colour.eight_bits(_upright(image)))
    except MemoryError:
        raise BadImage(name=name, problem="image.too_large") from None
    except Exception as broken:  # decoders fail in every way on what strangers send
        raise BadImage(name=name, problem="image.damaged") from broken


def open_header(
    source: bytes | Path,
    name: str,
    *,
    max_bytes: int = BYTES_MAX,
    max_pixels: int = PIXELS_MAX,
) -> Header:
    """Size and texts, without decoding the picture. Raises BadImage."""
    image = _opened(source, name, max_bytes, max_pixels)
    with image:
        texts = {
            str(key): text[:TEXT_MAX]
            for key, value in image.info.items()
            if (text := _text(value)) is not None
        }
        return Header(image.format or "", image.width, image.height, texts, _comment(image))


def _opened(source: bytes | Path, name: str, max_bytes: int, max_pixels: int) -> Image.Image:
    """An image of which only the header has been read."""
    data = _bytes(source, name, max_bytes)
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadImage(name=name, problem="image.too_large") from None
    except Exception as broken:  # so do the readers of headers
        problem = "image.empty" if not data else "image.format"
        raise BadImage(name=name, problem=problem) from broken
    if image.width * image.height > max_pixels or max(image.size) > SIDE_MAX:
        image.close()
        raise BadImage(name=name, problem="image.too_large")
    return image


def _bytes(source: bytes | Path, name: str, max_bytes: int) -> bytes:
    data = source if isinstance(source, bytes) else _read(source, name, max_bytes)
    if len(data) > max_bytes:
        raise BadImage(name=name, problem="image.too_many_bytes")
    return data


def _read(path: Path, name: str, max_bytes: int) -> bytes:
    """The file's bytes; of one that is too long, just enough to tell."""
    try:
        if not path.is_file():  # a pipe would never end
            raise BadImage(name=name, problem="image.missing")
        if path.stat().st_size > max_bytes:
            raise BadImage(name=name, problem="image.too_many_bytes")
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except (OSError, ValueError):
        raise BadImage(name=name, problem="image.missing") from None


def _upright(image: Image.Image) -> Image.Image:
    """Turned as the camera was held; a damaged note of that turns nothing."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001 EXIF is a format of its own, broken in its own ways
        return image


def _plain(image: Image.Image) -> Image.Image:
    """A copy that carries nothing but pixels."""
    clean = image.copy()
    clean.info = {}
    return clean


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes) and len(value) <= TEXT_MAX:
        return value.decode("utf-8", errors="replace")
    return None


def _comment(image: Image.Image) -> str:
    """EXIF UserComment, in the encoding its first eight bytes name; empty where there is none."""
    try:
        exif, tag = image.getexif(), ExifTags.Base.UserComment
        value = exif.get_ifd(ExifTags.IFD.Exif).get(tag) or exif.get(tag)  # either place is used
    except Exception:  # noqa: BLE001 as above
        return ""
    if isinstance(value, str):
        return value[:TEXT_MAX]
    if not isinstance(value, bytes):
        return ""
    code, body = value[:8], value[8 : 8 + TEXT_MAX]
    if code.startswith(b"UNICODE"):
        return _utf16(body)
    if code.startswith((b"ASCII", b"JIS")) or not code.strip(b"\0"):
        return body.decode("utf-8", errors="replace").rstrip("\0")
    return value.decode("utf-8", errors="replace").rstrip("\0")  # written without a code


def _utf16(body: bytes) -> str:
    """Either byte order: the standard leaves it open, and tools differ.

    Most of what people write has its zero bytes on the high side.
    """
    big = body[0::2].count(0) >= body[1::2].count(0)
    return body.decode("utf-16-be" if big else "utf-16-le", errors="replace").rstrip("\0")
