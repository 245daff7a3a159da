"""Prompts, one a line, from a text field or from a file."""

from __future__ import annotations

import codecs
from pathlib import Path

from aura.errors import BadRequest
from aura.requests import PROMPT_MAX

LINES_MAX = 1000
FILE_MAX = 4 * 2**20  # bytes
MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def of_text(text: str) -> tuple[str, ...]:
    """Every line that is neither blank nor a comment (#). Raises BadRequest."""
    lines = [line.strip() for line in text.splitlines()]
    found = tuple(line for line in lines if line and not line.startswith("#"))
    if not found:
        raise _bad("none")
    if len(found) > LINES_MAX:
        raise _bad("many", most=LINES_MAX)
    for number, line in enumerate(found, 1):
        if len(line) > PROMPT_MAX:
            raise _bad("long", number=number)
    return found


def of_file(path: Path) -> tuple[str, ...]:
    """The same of a text file: UTF-8, UTF-16 as Windows writes it, or its old code page."""
    try:
        if path.stat().st_size > FILE_MAX:
            raise _bad("large")
        return of_text(decoded(path.read_bytes()))
    except OSError:
        raise _bad("file") from None


def decoded(data: bytes) -> str:
    if data.startswith(MARKS):
        return data.decode("utf-16", errors="replace")
    if b"\0" in data:
        raise _bad("file")  # no text: an archive, a picture
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _bad(what: str, **facts: object) -> BadRequest:
    return BadRequest(field="prompts", problem=f"error.problem.prompts_{what}", **facts)
