"""Whether the folder of a model holds every file that is loaded, whole.

Only safetensors count as weights. A file's header says how long it must be, so that an
interrupted copy is found without reading the weights. A part may have its weights in half
precision alone, under names of their own; those are loaded then.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from aura.errors import AuraError

HEADER_MAX = 100 * 2**20  # bytes, as the format itself bounds it
UNUSED = frozenset({"safety_checker", "feature_extractor", "image_encoder"})  # never loaded
STEMS = ("diffusion_pytorch_model", "model")
HALF = "fp16"


def flaw(folder: Path, files: tuple[str, ...] = (), without: tuple[str, ...] = ()) -> Path | None:
    """The first file that is missing, cut short or not what it claims; None if all are well.

    ``files`` are patterns below the folder, for models in no layout of their own. Otherwise
    it is a pipeline or, without ``model_index.json``, one model with its ``config.json``.
    ``without``: parts of a pipeline that may be missing.
    """
    if files:
        return _flaw_of_files(folder, files)
    index = index_of(folder)
    if index is None:
        lone = (folder / "config.json").is_file() and not (folder / "model_index.json").exists()
        return _flaw_of(folder) if lone else folder / "model_index.json"
    flaws = (_flaw_of(folder / name) for name in components(index) if name not in without)
    return next((path for path in flaws if path is not None), None)


def weights(part: Path, variant: str | None = None) -> tuple[Path, ...]:
    """The files a component loads from: one, or the shards that an index names.

    ``variant`` is ``HALF`` for those in half precision where both may be there.
    """
    tail = f".{variant}" if variant else ""
    for stem in STEMS:
        index = read_json(part / f"{stem}.safetensors.index{tail}.json")
        if index is not None:
            return tuple(part / name for name in _shards(index))
        if (part / f"{stem}{tail}.safetensors").is_file():
            return (part / f"{stem}{tail}.safetensors",)
    return ()


def _shards(index: dict[str, Any]) -> list[str]:
    """The file names of an index, none of which can point out of its folder."""
    table = index.get("weight_map")
    names = table.values() if isinstance(table, dict) else ()
    return sorted({Path(str(name)).name for name in names})


def _flaw_of_files(folder: Path, patterns: tuple[str, ...]) -> Path | None:
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    for pattern in patterns:
        found = [folder / name for name in names if fnmatchcase(name, pattern)]
        if not found:
            return folder / pattern
        for path in found:
            if path.suffix == ".safetensors" and not whole(path):
                return path
    return None


def index_of(folder: Path) -> dict[str, Any] | None:
    """What ``model_index.json`` says, or None where it says nothing usable."""
    return read_json(folder / "model_index.json")


def components(index: dict[str, Any]) -> Iterator[str]:
    """The parts of a pipeline that are loaded: entries of the form ``[library, class]``."""
    for name, entry in index.items():
        named = isinstance(entry, list) and len(entry) == 2 and all(entry)
        if named and name not in UNUSED and Path(name).name == name:
            yield name


def read_json(path: Path) -> dict[str, Any] | None:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return loaded if isinstance(loaded, dict) else None


def _flaw_of(part: Path) -> Path | None:
    if part.name.startswith("scheduler"):
        config = part / "scheduler_config.json"
        return config if read_json(config) is None else None
    if part.name.startswith("tokenizer"):
        return _flaw_of_words(part)
    if read_json(part / "config.json") is None:
        return part / "config.json"
    files = weights(part) or weights(part, HALF)
    if not files:
        return part / f"{STEMS[0]}.safetensors"
    return next((path for path in files if not whole(path)), None)


def _flaw_of_words(part: Path) -> Path | None:
    """A tokenizer is one file, a table with its merges, or a SentencePiece model."""
    if any((part / name).is_file() for name in ("tokenizer.json", "spiece.model")):
        return None
    if read_json(part / "vocab.json") is None:
        return part / "vocab.json"
    merges = part / "merges.txt"
    return None if merges.is_file() else merges


def whole(path: Path) -> bool:
    """Is this a safetensors file of exactly the length that its header gives?

    One of GGUF, which may be padded, is at least as long.
    """
    try:
        stat = path.stat()
    except OSError:
        return False
    told = _whole_gguf if path.suffix.lower() == ".gguf" else _whole
    return told(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=4096)
def _whole_gguf(path: Path, size: int, modified: int) -> bool:
    from aura.catalog import headers

    try:
        return bool(headers.read(path).tensors)
    except AuraError:
        return False


@lru_cache(maxsize=4096)
def _whole(path: Path, size: int, modified: int) -> bool:
    """Remembered by size and time of change: catalogues are read often, headers are long."""
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(HEADER_MAX, size):
                return False
            header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        ends = [int(entry["data_offsets"][1]) for entry in header.values()]
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, struct.error,
            RecursionError):  # fmt: skip
        return False
    return bool(ends) and 8 + length + max(ends) == size
