"""The headers of weight files: names, shapes and types of tensors, read without the weights.

Whatever the bytes are, reading is bounded in memory and time, runs nothing, and ends in a
header or in ``BadWeights``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aura.errors import BadWeights, PickleRefused

SUFFIXES = (".safetensors", ".sft", ".gguf")
PICKLES = (".ckpt", ".pt", ".pth", ".bin", ".pkl")
HEADER_MAX = 16 * 2**20  # bytes; the largest published ones have a few million
SHAPE_MAX = 8  # dimensions
SIDE_MAX = 2**40

# Bits of a parameter in the types of safetensors.
BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32, "F64": 64, "I64": 64, "U64": 64, "C64": 64,
}  # fmt: skip


@dataclass(frozen=True)
class Tensor:
    type: str  # as its format calls it
    shape: tuple[int, ...]  # the outermost first, as torch has it

    @property
    def count(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Header:
    """``words`` are what the file says of itself; ``format`` is safetensors or gguf."""

    format: str
    tensors: Mapping[str, Tensor]
    words: Mapping[str, str] = field(default_factory=dict)


def read(path: Path) -> Header:
    """Raises BadWeights, and PickleRefused for formats that can run code."""
    from aura.catalog import gguf

    if path.suffix.lower() in PICKLES:
        raise PickleRefused(name=path.name)
    try:
        with path.open("rb") as file:
            magic = file.read(4)
            file.seek(0)
            if magic == gguf.MAGIC:
                return gguf.read(path.name, file)
            if path.suffix.lower() not in (".safetensors", ".sft"):
                raise bad(path.name, "kind")
            return _safetensors(path.name, file, path.stat().st_size)
    except OSError:
        raise bad(path.name, "unreadable") from None


def bad(name: str, problem: str) -> BadWeights:
    return BadWeights(name=name, problem=f"error.problem.weights_{problem}")


def _safetensors(name: str, file: Any, size: int) -> Header:
    length = int.from_bytes(file.read(8), "little")
    if length > size - 8 or length < 2:
        raise bad(name, "length")
    if length > HEADER_MAX:
        raise bad(name, "large")
    try:
        told = json.loads(file.read(length))
        words = told.pop("__metadata__", None) or {}
        spans = [(_tensor(entry), *entry["data_offsets"]) for entry in told.values()]
        tensors = dict(zip(told, (span[0] for span in spans), strict=True))
        end = _end([(tensor, int(start), int(end)) for tensor, start, end in spans])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        raise bad(name, "header") from None
    if end != size - 8 - length:
        raise bad(name, "length")
    return Header("safetensors", tensors, _words(words))


def _tensor(entry: Mapping[str, Any]) -> Tensor:
    """Raises ValueError, KeyError, TypeError."""
    return Tensor(str(entry["dtype"]), shape(entry["shape"]))


def shape(sides: Any) -> tuple[int, ...]:
    """Raises ValueError for what no tensor has."""
    fine = isinstance(sides, list) and len(sides) <= SHAPE_MAX
    if not fine or not all(type(side) is int and 0 <= side <= SIDE_MAX for side in sides):
        raise ValueError(sides)
    return tuple(sides)


def _end(spans: list[tuple[Tensor, int, int]]) -> int:
    """Where the last tensor ends, in bytes. Raises ValueError where they overlap or lie."""
    at = 0
    for tensor, start, end in sorted(spans, key=lambda span: span[1:]):
        bits = BITS.get(tensor.type)
        if start != at or (bits is not None and (tensor.count * bits + 7) // 8 != end - start):
            raise ValueError(start)
        at = end
    return at


def _words(told: Any) -> dict[str, str]:
    pairs = told.items() if isinstance(told, dict) else ()
    return {key: value for key, value in pairs if isinstance(value, str)}
