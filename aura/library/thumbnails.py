"""Small copies of pictures, made once and kept until the picture changes."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from PIL import Image

from aura.errors import BadImage
from aura.library import atomic
from aura.library.images import open_image

SIDE = 320  # pixels of the longer side


def thumbnail(path: Path, cache: Path) -> Path:
    """The small copy of a picture, a WebP file in ``cache``. Raises BadImage, StorageError."""
    try:
        stat = path.stat()
    except OSError:
        raise BadImage(name=path.name, problem="image.missing") from None
    key = hashlib.sha256(f"{path.absolute()}|{stat.st_mtime_ns}|{stat.st_size}".encode())
    kept = cache / key.hexdigest()[:2] / f"{key.hexdigest()[2:34]}.webp"
    if not kept.is_file():
        atomic.replace(kept, _small(open_image(path, path.name)))
    return kept


def _small(image: Image.Image) -> bytes:
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=82, method=3)
    return buffer.getvalue()
