"""Weights of words in a prompt, as people know them from A1111: ``(word:1.2)``.

``(word)`` is worth 1.1, ``[word]`` as much less, and both nest; ``\\(`` is a parenthesis
that is meant. Pure: no library is needed to tell what a person wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

UP, DOWN = 1.1, 1 / 1.1
TOKEN = re.compile(r"\\[()\[\]\\]|\\|[()\[\]]|:\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*\)|[^\\()\[\]:]+|:")
EXPLICIT = re.compile(r":\s*[+-]?(?:\d+\.?\d*|\.\d+)\s*\)")
DEPTH_MAX = 50  # brackets in brackets that count

Fragments = tuple[tuple[str, float], ...]  # texts in their order, and what each is worth


def parse(prompt: str) -> Fragments:
    """The prompt without its brackets, in pieces of one weight each; never empty."""
    pieces: list[list[tuple[str, float]]] = [[]]  # of each bracket that is open
    opened: list[str] = []
    for match in TOKEN.finditer(prompt):
        token = match[0]
        if token in ("(", "[") and len(opened) < DEPTH_MAX:
            opened.append(token)
            pieces.append([])
        elif match[1] is not None and opened and opened[-1] == "(":
            _close(opened, pieces, float(match[1]))
        elif token == ")" and opened and opened[-1] == "(":
            _close(opened, pieces, UP)
        elif token == "]" and opened and opened[-1] == "[":
            _close(opened, pieces, DOWN)
        else:
            pieces[-1].append((token[1:] if len(token) == 2 and token[0] == "\\" else token, 1.0))
    while opened:  # a bracket that nobody closed is one that is meant
        sign, inner = opened.pop(), pieces.pop()
        pieces[-1] += [(sign, 1.0), *inner]
    return tuple(_joined(pieces[0])) or (("", 1.0),)


def plain(fragments: Fragments) -> str:
    """The words alone."""
    return "".join(text for text, _ in fragments)


def weighted(fragments: Fragments) -> bool:
    return any(weight != 1 for _, weight in fragments)


def spelt_out(prompt: str) -> bool:
    """Whether it has weights in numbers: brackets alone may be what a sentence needs."""
    return EXPLICIT.search(prompt) is not None


def _close(opened: list[str], pieces: list[list[tuple[str, float]]], weight: float) -> None:
    opened.pop()
    inner = pieces.pop()
    pieces[-1] += [(text, max(0.0, worth * weight)) for text, worth in inner]


def _joined(pieces: list[tuple[str, float]]) -> Iterator[tuple[str, float]]:
    """Neighbours of one weight together."""
    text, worth = "", 1.0
    for piece, weight in pieces:
        if weight != worth and text:
            yield text, worth
            text = ""
        text, worth = text + piece, weight
    if text:
        yield text, worth
