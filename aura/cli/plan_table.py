"""The picture of what fits, drawn in letters, as wide as the terminal and plain in a file."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from aura.fits import words
from aura.fits.layout import Stage
from aura.fits.rows import Row
from aura.i18n import size, text
from aura.memory.device import Snapshot, budget

NARROW, WIDE = 60, 140  # columns that are used
COLOURS = {"fits": "32", "slow": "33", "refused": "31", "dim": "2", "bold": "1"}


@dataclass(frozen=True)
class Signs:
    """``weights`` and ``working`` fill a bar, ``edge`` stands where what can be used ends."""

    fits: str
    slow: str
    refused: str
    weights: str
    working: str
    empty: str
    edge: str
    beyond: str
    dash: str


DRAWN = Signs("✓", "~", "✗", "█", "▒", "·", "│", "▶", "–")
PLAIN = Signs("+", "~", "x", "#", ":", ".", "|", ">", "-")


@dataclass(frozen=True)
class Sheet:
    """What it is drawn on. ``scale`` bytes are as wide as a bar."""

    lang: str
    columns: int
    coloured: bool
    signs: Signs
    snapshot: Snapshot

    @classmethod
    def of(cls, out: TextIO, lang: str, snapshot: Snapshot) -> Sheet:
        """Colours for a terminal alone, unless NO_COLOR is set; signs that ``out`` can write."""
        terminal = out.isatty()
        columns = shutil.get_terminal_size((100, 24)).columns
        return cls(
            lang,
            max(NARROW, min(columns - 1, WIDE)),
            terminal and not os.environ.get("NO_COLOR"),
            DRAWN if _writes(out, DRAWN) else PLAIN,
            snapshot,
        )

    def say(self, key: str, **facts: object) -> str:
        return text(self.lang, key, **facts)

    def paint(self, look: str, letters: str) -> str:
        return f"\x1b[{COLOURS[look]}m{letters}\x1b[0m" if self.coloured else letters

    @property
    def name(self) -> int:
        return 24 if self.columns >= 90 else 20

    @property
    def bar(self) -> int:
        return max(16, min(40, (self.columns - self.name) * 2 // 5))

    @property
    def rest(self) -> int:
        """Columns for words beside a sign, a name, a bar and a size."""
        return self.columns - self.name - self.bar - 15


def _writes(out: TextIO, signs: Signs) -> bool:
    try:
        "".join(vars(signs).values()).encode(out.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def table(sheet: Sheet, rows: tuple[Row, ...]) -> Iterator[str]:
    yield sheet.paint("bold", words.machine(sheet.lang, sheet.snapshot))
    yield sheet.paint("dim", sheet.say("fits.budget", budget_bytes=budget(sheet.snapshot)))
    for task in words.TASKS:
        own = [row for row in rows if row.model.task == task]
        if own:
            yield ""
            yield sheet.paint("bold", sheet.say(f"fits.task.{task}"))
        for row in own:
            yield from _lines(sheet, row)
    yield ""
    yield from legend(sheet)


def _lines(sheet: Sheet, row: Row) -> Iterator[str]:
    sign = getattr(sheet.signs, row.verdict)
    name = textwrap.shorten(row.model.name, sheet.name, placeholder="…")
    peak = size(sheet.lang, row.plan.peak).rjust(9)
    head = f"{sheet.paint(row.verdict, sign)} {name:<{sheet.name}} {bar(sheet, row)} {peak}"
    said = _said(sheet, row)
    if len(said) <= sheet.rest:
        yield f"{head}  {said}"
        return
    yield head
    indent = " " * (sheet.name + 3)
    yield from textwrap.wrap(said, sheet.columns, initial_indent=indent, subsequent_indent=indent)


def _said(sheet: Sheet, row: Row) -> str:
    if row.verdict == "refused":
        helps = next((words.change(sheet.lang, change) for change in row.changes), "")
        return f"{sheet.say('fits.verdict.refused')}. {helps}"
    said = ", ".join([words.rung(sheet.lang, row), *words.extras(sheet.lang, row)])
    if row.plan.on_card and row.plan.ram:
        said += "; " + sheet.say("fits.in_ram", ram_bytes=row.plan.ram)
    return said


def bar(sheet: Sheet, row: Row, stage: Stage | None = None) -> str:
    """Weights and working memory at the worst stage, or at ``stage``, and where room ends."""
    signs, width = sheet.signs, sheet.bar
    shown = stage or row.layout.worst
    total = sheet.snapshot.total if _on_device(sheet, row) else sheet.snapshot.host_total
    weights = round(width * (shown.peak - shown.working) / total)
    ends = max(1, round(width * shown.peak / total))
    filled = signs.weights * min(weights, ends) + signs.working * (ends - min(weights, ends))
    drawn = list(filled.ljust(width, signs.empty)[:width])
    drawn[min(width - 1, width * row.plan.budget // total)] = signs.edge
    if ends > width:
        drawn[-1] = signs.beyond
    return sheet.paint(row.verdict, "".join(drawn))


def _on_device(sheet: Sheet, row: Row) -> bool:
    """False where a card is there and the processor computes."""
    return row.plan.on_card or sheet.snapshot.shares_ram


def legend(sheet: Sheet) -> Iterator[str]:
    signs, say = sheet.signs, sheet.say
    verdicts = (
        f"{getattr(signs, v)} {say(f'fits.verdict.{v}')}" for v in ("fits", "slow", "refused")
    )
    fills = (f"{signs.weights} {say('fits.weights')}", f"{signs.working} {say('fits.working')}")
    ends = (f"{signs.edge} {say('fits.edge')}",)
    kept = "   ".join(entry.replace(" ", "\xa0") for entry in (*verdicts, *fills, *ends))
    yield from (line.replace("\xa0", " ") for line in textwrap.wrap(kept, sheet.columns))
    yield from textwrap.wrap(say("fits.predicted"), sheet.columns)


def details(sheet: Sheet, row: Row) -> Iterator[str]:
    """Everything about one model: the sentence, each stage, what would change it."""
    yield ""
    yield from textwrap.wrap(words.explanation(sheet.lang, row), sheet.columns)
    yield ""
    for stage in row.layout.stages:
        name = words.stage(sheet.lang, stage.name)
        peak = size(sheet.lang, stage.peak).rjust(9)
        yield f"  {name:<{sheet.name}} {bar(sheet, row, stage)} {peak}"
    if row.changes:
        yield ""
    for change in row.changes:
        yield from textwrap.wrap(
            words.change(sheet.lang, change),
            sheet.columns,
            initial_indent=f"{sheet.signs.dash} ",
            subsequent_indent="  ",
        )
