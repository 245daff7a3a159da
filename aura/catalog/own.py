"""The files of weights in a person's folders, such as the ``models`` of ComfyUI or Forge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from aura.catalog import headers
from aura.catalog.recognise import WeightFile, recognise
from aura.errors import AuraError, BadWeights, PickleRefused
from aura.requests import Plain

DEPTH_MAX = 5  # folders below the one that was named
ENTRIES_MAX = 20_000  # looked at in each


class Refused(Plain):
    """A file that is there and cannot be used. ``error`` is an ``AuraError.as_dict``."""

    path: str
    bytes: int
    error: dict[str, Any]


class OwnFiles(Plain):
    files: tuple[WeightFile, ...] = ()
    refused: tuple[Refused, ...] = ()


def files(folders: Sequence[Path]) -> OwnFiles:
    """What lies in and below ``folders``, in their order, each file once."""
    known: list[WeightFile] = []
    refused: list[Refused] = []
    for path in dict.fromkeys(path for folder in folders for path in _weights(folder)):
        try:
            known.append(_recognised(path))
        except AuraError as error:
            refused.append(Refused(path=str(path), bytes=_size(path), error=error.as_dict()))
    return OwnFiles(files=tuple(known), refused=tuple(refused))


def _weights(folder: Path) -> Iterator[Path]:
    """Files whose names end like weights, in no model's own folder: such a one is a model."""
    waiting, looked_at = [(folder, 0)], 0
    while waiting:
        place, depth = waiting.pop(0)
        if (place / "model_index.json").is_file():
            continue
        try:
            inside = sorted(place.iterdir())
        except OSError:
            continue  # gone, or not ours to read
        for path in inside:
            looked_at += 1
            if looked_at > ENTRIES_MAX:
                return
            if path.name.startswith(".") or path.name.startswith("models--"):
                continue
            if path.is_dir() and depth < DEPTH_MAX and not path.is_symlink():
                waiting.append((path, depth + 1))
            elif path.suffix.lower() in (*headers.SUFFIXES, *headers.PICKLES) and path.is_file():
                yield path


def _recognised(path: Path) -> WeightFile:
    """Raises BadWeights, PickleRefused. Remembered until the file changes."""
    try:
        stat = path.stat()
    except OSError:
        raise headers.bad(path.name, "unreadable") from None
    found = _remembered(path, stat.st_size, stat.st_mtime_ns)
    if isinstance(found, AuraError):
        raise found
    return found


@lru_cache(maxsize=4096)
def _remembered(path: Path, size: int, modified: int) -> WeightFile | BadWeights | PickleRefused:
    try:
        return recognise(path)
    except (BadWeights, PickleRefused) as refused:
        return refused


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
