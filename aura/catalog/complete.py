"""Whether a folder in the diffusers layout holds every file of its model, whole.

Only safetensors count as weights. A file's header says how long it must be, so that an
interrupted copy is found without reading the weights.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

HEADER_MAX = 100 * 2**20  # bytes, as the format itself bounds it
UNUSED = frozenset({"safety_checker", "feature_extractor", "image_encoder"})  # never loaded
STEMS = ("diffusion_pytorch_model", "model")


def flaw(folder: Path) -> Path | None:
    """The first file that is missing, cut short or not what it claims; None if all are well."""
    index = index_of(folder)
    if index is None:
        return folder / "model_index.json"
    for name in components(index):
        bad = _flaw_of(folder / name)
        if bad is not None:
            return bad
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
    files = _weights(part)
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


def _weights(part: Path) -> tuple[Path, ...]:
    """The files a component loads from: one, or the shards that an index names."""
    for stem in STEMS:
        index = read_json(part / f"{stem}.safetensors.index.json")
        if index is not None:
            shards = index.get("weight_map")
            names = set(shards.values()) if isinstance(shards, dict) else set()
            return tuple(part / Path(str(name)).name for name in sorted(names, key=str))
        if (part / f"{stem}.safetensors").is_file():
            return (part / f"{stem}.safetensors",)
    return ()


def whole(path: Path) -> bool:
    """Is this a safetensors file of exactly the length that its header gives?"""
    try:
        stat = path.stat()
    except OSError:
        return False
    return _whole(path, stat.st_size, stat.st_mtime_ns)


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
