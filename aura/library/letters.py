"""The letters that sheets are written in: those of the page, with every accent of Latin."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

FACE = "templates/frontend/static/fonts/IBMPlexSans/IBMPlexSans-Regular.woff2"

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@lru_cache(maxsize=8)
def font(size: int) -> Font:
    """Letters of about ``size`` pixels. Where the page's are not to be had, Pillow's own, which
    lack accents."""
    found = find_spec("gradio")  # looked for, not imported
    for folder in (found.submodule_search_locations or ()) if found else ():
        try:
            return ImageFont.truetype(Path(folder) / FACE, size)
        except OSError:
            continue
    return ImageFont.load_default(size)
