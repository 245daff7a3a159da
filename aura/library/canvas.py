"""More room around a picture, for what shall be drawn beyond its edges."""

from __future__ import annotations

from PIL import Image, ImageOps


def extend(
    image: Image.Image, left: int, top: int, right: int, bottom: int, multiple: int
) -> tuple[Image.Image, Image.Image]:
    """The picture on a larger canvas and the mask of what is new, white there.

    Sides are in pixels; right and bottom grow until both sides divide by ``multiple``.
    """
    width, height = image.width + left + right, image.height + top + bottom
    right += -width % multiple
    bottom += -height % multiple
    border = (left, top, right, bottom)
    mask = ImageOps.expand(Image.new("L", image.size), border, 255)
    return ImageOps.expand(image.convert("RGB"), border, "grey"), mask
