"""Every text a person reads, in English and Spanish, looked up by key.

Texts lie in ``en/<area>.json`` and ``es/<area>.json`` as flat maps; a key begins with
its area (``errors.json`` holds ``error.*``). They are here and not in the pages because
the command line, the planner and the errors speak both languages too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

LANGUAGES = {"en": "English", "es": "Español"}
FOLDER = Path(__file__).parent
KEYS = ("problem", "change")  # facts of errors that are keys of texts themselves


@cache
def texts(lang: str) -> Mapping[str, str]:
    """All texts of one language, merged over its area files."""
    merged: dict[str, str] = {}
    for path in sorted((FOLDER / lang).glob("*.json")):
        merged.update(json.loads(path.read_text(encoding="utf-8")))
    return MappingProxyType(merged)


def text(lang: str, key: str, **facts: Any) -> str:
    """The text of ``key`` with its blanks filled. Facts ending in ``_bytes`` read as sizes.

    A fact that is a list of keys is put into words, with commas between.
    """
    return texts(lang)[key].format(**{name: _worded(lang, name, v) for name, v in facts.items()})


def has(key: str) -> bool:
    return key in texts("en")


def size(lang: str, count: float) -> str:
    """Bytes as a person says them: ``1.9 GB``, in Spanish ``1,9 GB`` (powers of 1024)."""
    for unit in ("B", "KB", "MB"):
        if abs(count) < 1024:
            return decimal(lang, f"{count:.0f} {unit}")
        count /= 1024
    return decimal(lang, f"{count:.1f} GB")


def decimal(lang: str, number: str) -> str:
    """A formatted number with the decimal sign of the language."""
    return number.replace(".", ",") if lang == "es" else number


def error_text(lang: str, error: Mapping[str, Any]) -> str:
    """An error's three sentences as one text."""
    return " ".join(part for part in error_parts(lang, error) if part)


def error_parts(lang: str, error: Mapping[str, Any]) -> tuple[str, str, str]:
    """What happened, what was kept, what to do; empty where there is nothing to say."""
    code = str(error.get("code", "fault"))
    code = code if has(f"error.{code}.what") else "fault"
    facts = _resolved(lang, error.get("facts", {}))
    what, kept, do = (
        text(lang, key, **facts) if has(key := f"error.{code}.{part}") else ""
        for part in ("what", "kept", "do")
    )
    return what, kept, do


def _resolved(lang: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of ``KEYS`` put into words, and a field by the name that the page gives it."""
    keys = {name: str(facts[name]) for name in KEYS if has(str(facts.get(name)))}
    words = {name: text(lang, key, **facts) for name, key in keys.items()}
    field = f"generate.{facts.get('field')}"
    if has(field):
        words["field"] = text(lang, field).lower()
    return {**facts, **words}


def _worded(lang: str, name: str, value: Any) -> Any:
    if name.endswith("_bytes") and isinstance(value, int | float):
        return size(lang, value)
    if isinstance(value, list | tuple):
        return ", ".join(text(lang, one) if has(one) else str(one) for one in value)
    if isinstance(value, float):
        return decimal(lang, f"{value:.1f}")
    return value
