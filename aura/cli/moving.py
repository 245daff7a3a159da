"""Moving a finished picture to where it was wanted."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from aura.library.atomic import write_new


def moved(source: Path, folder: Path) -> Path:
    """``source`` moved into ``folder`` whole, under a name that was free.

    Raises DiskFull, FolderUnwritable; then it stays where it was.
    """
    path = write_new(folder, _names(source), source.read_bytes())
    source.unlink()
    return path


def _names(source: Path) -> Iterator[str]:
    yield source.name
    yield from (f"{source.stem}-{number}{source.suffix}" for number in itertools.count(2))
