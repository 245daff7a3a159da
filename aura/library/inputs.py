"""Pictures that people bring in: kept by their content, so that a job outlives its page."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from PIL import Image

from aura.library.atomic import DISK, Disk, write_new
from aura.library.images import open_image


def keep(data_dir: Path, image: Image.Image, disk: Disk = DISK) -> Path:
    """Where the picture lies from now on: below ``inputs``, once however often it is brought.

    Raises DiskFull, FolderUnwritable.
    """
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=4)
    data = buffer.getvalue()
    folder = data_dir.absolute() / "inputs"
    name = f"{hashlib.sha256(data).hexdigest()[:32]}.png"
    if (folder / name).is_file():
        return folder / name
    return write_new(folder, iter((name,)), data, disk)


def keep_file(data_dir: Path, path: Path) -> Path:
    """The same of a file. Raises BadImage, too."""
    return keep(data_dir, open_image(path, path.name))


def is_kept(data_dir: Path, path: Path) -> bool:
    """Whether it is a picture that was kept so, and still is: pages may send any path."""
    return path.parent == data_dir.absolute() / "inputs" and path.is_file()
