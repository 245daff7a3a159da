"""The header of a GGUF file: what it says of itself, then name, shape and type of tensors."""

from __future__ import annotations

import math
import struct
from typing import Any, BinaryIO

from aura.catalog.headers import HEADER_MAX, SHAPE_MAX, SIDE_MAX, Header, Tensor, bad

MAGIC = b"GGUF"
VERSIONS = (2, 3)
TENSORS_MAX = 2**16
WORDS_MAX = 2**12
WORD_KEPT = 256  # bytes of a text that are of interest

# Numbers of the types of values, with their sizes in bytes; then what is no number.
NUMBERS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
TEXT, LIST = 8, 9

TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 9: "Q8_1",
    10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K", 16: "IQ2_XXS",
    17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S",
    23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", 30: "BF16",
}  # fmt: skip
BLOCKS = {  # parameters of a block, and its bytes
    "F32": (1, 4), "F16": (1, 2), "BF16": (1, 2), "F64": (1, 8),
    "I8": (1, 1), "I16": (1, 2), "I32": (1, 4), "I64": (1, 8),
    "Q4_0": (32, 18), "Q4_1": (32, 20), "Q5_0": (32, 22), "Q5_1": (32, 24), "Q8_0": (32, 34),
    "Q2_K": (256, 84), "Q3_K": (256, 110), "Q4_K": (256, 144), "Q5_K": (256, 176),
    "Q6_K": (256, 210),
}  # fmt: skip


class _Reader:
    """Reads so many bytes and no more. Raises ValueError past the bound or the end."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.at = file, 0

    def take(self, count: int) -> bytes:
        self.at += count
        if count < 0 or self.at > HEADER_MAX:
            raise ValueError("too long")
        data = self.file.read(count)
        if len(data) != count:
            raise ValueError("too short")
        return data

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "little")

    def text(self) -> str:
        data = self.take(self.number(8))
        return data[:WORD_KEPT].decode("utf-8", "replace")

    def value(self, kind: int) -> str:
        """Texts and whole numbers as words; lists are passed over."""
        if kind == TEXT:
            return self.text()
        if kind == LIST:
            self._pass(self.number(4), self.number(8))
            return ""
        return str(int.from_bytes(self.take(NUMBERS[kind]), "little"))

    def _pass(self, kind: int, count: int) -> None:
        if kind in NUMBERS:
            self.take(count * NUMBERS[kind])
        elif kind == TEXT:
            for _ in range(count):
                self.take(self.number(8))
        else:
            raise ValueError(kind)  # lists of lists: no such files


def read(name: str, file: BinaryIO) -> Header:
    """Raises BadWeights, OSError."""
    reader = _Reader(file)
    try:
        _, version = reader.take(4), reader.number(4)
        tensors, words = reader.number(8), reader.number(8)
        if version not in VERSIONS or tensors > TENSORS_MAX or words > WORDS_MAX:
            raise ValueError(version)
        said = dict(_word(reader) for _ in range(words))
        listed = [_tensor(reader) for _ in range(tensors)]
        end = reader.at + _bytes([(tensor, at) for _, tensor, at in listed])
    except (ValueError, KeyError, struct.error, OverflowError):
        raise bad(name, "header") from None
    if file.seek(0, 2) < end:
        raise bad(name, "length")
    return Header("gguf", {key: tensor for key, tensor, _ in listed}, said)


def _word(reader: _Reader) -> tuple[str, str]:
    key = reader.text()
    return key, reader.value(reader.number(4))


def _tensor(reader: _Reader) -> tuple[str, Tensor, int]:
    """Name, tensor, and where its bytes begin after the header."""
    name, count = reader.text(), reader.number(4)
    if count > SHAPE_MAX:
        raise ValueError(count)
    sides = [reader.number(8) for _ in range(count)]
    if any(side > SIDE_MAX for side in sides):
        raise ValueError(sides)
    kind = reader.number(4)
    return name, Tensor(TYPES.get(kind, f"type {kind}"), tuple(reversed(sides))), reader.number(8)


def _bytes(tensors: list[tuple[Tensor, int]]) -> int:
    """How many there must be at least after the header."""
    ends = [at + _size(tensor) for tensor, at in tensors]
    return max(ends, default=0)


def _size(tensor: Any) -> int:
    block, size = BLOCKS.get(tensor.type, (1, 0))
    return math.ceil(tensor.count / block) * size if tensor.count < 2**60 else SIDE_MAX
