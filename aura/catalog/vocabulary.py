"""The words a small model was taught, so that it can say kindly what it cannot draw."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from aura.catalog.models import Model

WORD = re.compile(r"[^\W\d_]+")


def unknown_words(model: Model, root: Path, prompt: str) -> tuple[str, ...]:
    """Words of the prompt that the model never learned, as typed, each once and in order.

    Empty for a model of any vocabulary. ``root`` is the app's folder.
    """
    folder = model.path(root)
    if model.vocabulary is None or folder is None:
        return ()
    known = _known(folder / model.vocabulary)
    if not known:
        return ()
    asked: dict[str, str] = {}
    for word in WORD.findall(prompt):
        asked.setdefault(plain(word), word)
    return tuple(word for form, word in asked.items() if form not in known)


def plain(word: str) -> str:
    """Small letters without accents."""
    split = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in split if not unicodedata.combining(letter))


def _known(path: Path) -> frozenset[str]:
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError, RecursionError):
        return frozenset()  # without its list we know nothing against a word


@lru_cache(maxsize=8)
def _read(path: Path, modified: int) -> frozenset[str]:
    words = _texts(json.loads(path.read_text(encoding="utf-8")))
    return frozenset(plain(word) for text in words for word in WORD.findall(text))


def _texts(told: Any) -> Iterator[str]:
    """Every text anywhere in it, names of groups included: a shape's name is a word too."""
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict):
        for name, inner in told.items():
            yield name
            yield from _texts(inner)
    elif isinstance(told, list):
        for inner in told:
            yield from _texts(inner)
