"""Reading a model byte by byte: is every file what it was when it was published?

In the cache a file's content is named after its hash, so this needs no network. A file of
the cache that is not what its name says is set aside, to be fetched again; a person's own
files are told of and left as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aura.catalog import complete, store
from aura.catalog.files import SMALL
from aura.catalog.models import Catalog, Model
from aura.catalog.store import Check
from aura.requests import Plain


class Verified(Plain):
    """``damaged`` are files below ``folder``; ``aside`` says whether they were set aside."""

    model: str
    folder: str
    files: int
    bytes: int
    damaged: tuple[str, ...] = ()
    aside: bool = False

    @property
    def sound(self) -> bool:
        return not self.damaged


def verify(
    catalog: Catalog,
    model: Model,
    *,
    check: Check = lambda: None,
    seen: Callable[[str, int], None] = lambda name, size: None,
) -> Verified:
    """``seen`` hears of each file before it is read. Raises ModelMissing, FolderUnwritable."""
    place = catalog.place(model)
    folder = place.parent if model.file else place
    every = (place,) if model.file else sorted(folder.rglob("*"))
    files = [path for path in every if path.is_file() and _loaded(path)]
    damaged: list[Path] = []
    for path in files:
        seen(path.relative_to(folder).as_posix(), path.stat().st_size)
        if not _sound(path, check):
            damaged.append(path)
    flaw = None if model.file else complete.flaw(folder, model.files)
    report = Verified(
        model=model.id,
        folder=str(folder),
        files=len(files),
        bytes=sum(path.stat().st_size for path in files),
        damaged=tuple(
            path.relative_to(folder).as_posix()
            for path in dict.fromkeys([*damaged, *([flaw] if flaw else [])])
        ),
        aside=bool(damaged) and model.repo is not None,
    )
    if model.repo is not None:
        for path in damaged:
            store.set_aside(path)
    return report


def _loaded(path: Path) -> bool:
    return path.suffix == ".safetensors" or path.name.endswith(SMALL)


def _sound(path: Path, check: Check) -> bool:
    """By the hash that the cache names its content after; without one by its structure."""
    try:
        if not store.sound(path, path.resolve().name, check):
            return False
    except OSError:
        return False  # a disk that cannot read it either
    return path.suffix != ".safetensors" or complete.whole(path)
