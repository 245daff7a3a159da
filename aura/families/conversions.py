"""Converted networks on the disk: made once for each model and dtype, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from aura.catalog import complete
from aura.catalog.models import Model
from aura.memory.device import GIB

SIZES = "sizes.json"  # written last: where it agrees with the files, they are whole
SPARE = GIB  # bytes of disk that stay free
MAKING = ".making-"


class NoRoom(Exception):
    """The disk has no room for a converted network."""


class Conversions:
    """A folder of them. Older ones of the same model and dtype go when a new one comes.

    ``hopeless``: ids of models that could not be converted since this process began.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hopeless: set[str] = set()

    def find(self, model: Model, source: Path, dtype: str) -> Path | None:
        """Where that of ``source``, the files of the network, lies; None if there is none."""
        place = self._place(model, source, dtype)
        return place if is_whole(place) else None

    def make(
        self, model: Model, source: Path, dtype: str, size: int, write: Callable[[Path], None]
    ) -> Path:
        """What ``write`` puts in the folder it is given, about ``size`` bytes. Raises NoRoom."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for older in (
            *self.folder.glob(f"{_stem(model, dtype)}-*"),
            *self.folder.glob(f"{MAKING}*"),
        ):
            shutil.rmtree(older, ignore_errors=True)
        if shutil.disk_usage(self.folder).free < size + SPARE:
            raise NoRoom
        place = self._place(model, source, dtype)
        making = Path(tempfile.mkdtemp(dir=self.folder, prefix=MAKING))
        try:
            write(making)
            sizes = {path.name: path.stat().st_size for path in making.iterdir()}
            (making / SIZES).write_text(json.dumps(sizes), encoding="utf-8")
            making.rename(place)
        finally:
            shutil.rmtree(making, ignore_errors=True)
        return place

    def forget(self, place: Path) -> None:
        """It turned out to be damaged."""
        shutil.rmtree(place, ignore_errors=True)

    def _place(self, model: Model, source: Path, dtype: str) -> Path:
        return self.folder / f"{_stem(model, dtype)}-{identity(source)}"


def identity(source: Path) -> str:
    """Of the files in a folder, or of one file, and of what converts them."""
    files = (source,) if source.is_file() else complete.weights(source)
    files = files or complete.weights(source, complete.HALF)
    facts: list[Any] = [(path.name, (of := path.stat()).st_size, of.st_mtime_ns) for path in files]
    facts += [metadata.version("openvino"), metadata.version("torch")]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def is_whole(place: Path) -> bool:
    sizes = complete.read_json(place / SIZES)
    if not sizes:
        return False
    there = {path.name: path.stat().st_size for path in place.iterdir() if path.name != SIZES}
    return sizes == there


def _stem(model: Model, dtype: str) -> str:
    safe = "".join(letter if letter.isalnum() else "_" for letter in model.id)
    return f"{safe}-{dtype}"
