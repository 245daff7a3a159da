"""Pictures on the disk: whole, never overwritten, each with everything it was drawn from."""

from __future__ import annotations

import io
import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import Image

from aura.library import metadata
from aura.library.atomic import DISK, Disk, abandoned, write_new
from aura.requests import GenerateRequest, Passed, Picture

SLUG_MAX = 48  # characters
TRIES = 10_000  # names; other processes may take some of them meanwhile
Save = Callable[..., Picture]  # save_picture, or a test's
NUMBERED = re.compile(r"(\d{4,9})-")


def save_picture(
    outputs: Path,
    image: Image.Image,
    request: GenerateRequest,
    index: int,
    *,
    plan: Mapping[str, Any],
    seconds: float,
    stages: Mapping[str, float],
    peak_bytes: int,
    versions: Mapping[str, str],
    notices: Sequence[Mapping[str, Any]] = (),
    passes: Sequence[Passed] = (),
    created: float | None = None,
    disk: Disk = DISK,
) -> Picture:
    """Save picture ``index`` of ``request`` below ``outputs`` and tell where it is.

    ``created`` is wall-clock time, now unless given. Raises DiskFull, FolderUnwritable; then
    no file of it can be seen.
    """
    created = time.time() if created is None else created
    facts: dict[str, Any] = {
        "width": image.width,
        "height": image.height,
        "seed": request.seed_of(index),
        "prompt": request.prompts[index],
        "model": request.model,
        "seconds": seconds,
        "stages": dict(stages),
        "peak_bytes": peak_bytes,
        "plan": dict(plan),
        "notices": tuple(dict(notice) for notice in notices),
        "passes": tuple(one.model_dump(mode="json") for one in passes),
    }
    record = metadata.record(request, index, facts, created=created, versions=versions)
    folder = outputs.absolute() / datetime.fromtimestamp(created).strftime("%Y-%m-%d")
    names = _names(folder, f"{facts['seed']}-{slug(request.prompts[index])}")
    path = write_new(folder, names, _png(image, request, index, record), disk)
    return Picture(path=str(path), **facts)


def sweep(outputs: Path) -> int:
    """Remove what killed processes left half-written. Returns how many files."""
    removed = 0
    for folder in (outputs, *_folders(outputs)):
        for path in _files(folder):
            # Where a disk has no links, a name is taken by an empty file before it is filled.
            empty = path.suffix == ".png" and path.stat().st_size == 0
            if abandoned(path) or empty:
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def pictures(outputs: Path) -> Iterator[Path]:
    """Every saved picture, oldest day first. Links are not followed."""
    for folder in _folders(outputs):
        yield from (path for path in _files(folder) if path.suffix == ".png")


def slug(prompt: str) -> str:
    """A prompt as part of a file name, on any system: ``un-circulo-rojo``."""
    plain = unicodedata.normalize("NFKD", prompt).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return words[:SLUG_MAX].rstrip("-") or "picture"


def _names(folder: Path, rest: str) -> Iterator[str]:
    """Names numbered on from those the folder has."""
    present = folder.iterdir() if folder.is_dir() else ()
    taken = [int(match[1]) for path in present if (match := NUMBERED.match(path.name))]
    first = max(taken, default=0) + 1
    return (f"{number:04d}-{rest}.png" for number in range(first, first + TRIES))


def _png(
    image: Image.Image, request: GenerateRequest, index: int, record: Mapping[str, Any]
) -> bytes:
    buffer = io.BytesIO()
    chunks = metadata.embed(request, index, record)
    image.save(buffer, "PNG", pnginfo=chunks, compress_level=4)
    return buffer.getvalue()


def _folders(outputs: Path) -> list[Path]:
    """The dated folders, oldest first."""
    try:
        below = sorted(outputs.iterdir())
    except OSError:
        return []
    return [path for path in below if path.is_dir() and not path.is_symlink()]


def _files(folder: Path) -> list[Path]:
    try:
        below = sorted(folder.iterdir())
    except OSError:
        return []
    return [path for path in below if path.is_file() and not path.is_symlink()]
