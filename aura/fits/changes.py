"""What would change a verdict: a cheaper way, a better card, or what a refused model lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aura.catalog.models import Model
from aura.fits.layout import layout
from aura.memory import verdict
from aura.memory.device import GIB, MIB, Snapshot
from aura.memory.examples import example
from aura.memory.footprint import Footprint
from aura.memory.plan import Plan
from aura.memory.planner import fitting, ladder
from aura.memory.simulated import imagined
from aura.requests import Plain

WORTH = 256 * MIB  # a cheaper plan is told of if it saves this much
LAST_RESORT = "plan.change.smaller_model"


class Change(Plain):
    """``code`` is a key of the texts, ``facts`` fill its blanks; sizes in bytes."""

    code: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One model on one machine. ``fit``: the plans that fit there, best first."""

    model: Model
    snapshot: Snapshot
    footprint: Footprint
    folder: Path | None
    fit: tuple[Plan, ...]
    slow: bool


def changes(case: Case) -> Iterator[Change]:
    """The cheaper ways first, then the better machines; for a refusal what would help."""
    if not case.fit:
        yield from _helps(case)
        return
    yield from _cheaper(case)
    yield from _better(case)


def _helps(case: Case) -> Iterator[Change]:
    """Each kind of change once, in the least amount that does."""
    asked = example(case.model)
    told: set[str] = set()
    for change in verdict.changes(case.model, case.snapshot, asked, case.folder):
        if change["code"] not in told and not (told and change["code"] == LAST_RESORT):
            told.add(change["code"])
            yield Change(**change)


def _cheaper(case: Case) -> Iterator[Change]:
    """The next cheaper plan that makes a difference, and the cheapest there is."""
    best = case.fit[0]
    less = [p for p in case.fit if p.device == best.device and p.peak <= best.peak - WORTH]
    for plan in dict.fromkeys((less[0].signature, less[-1].signature)) if less else ():
        yield _instead(next(p for p in less if p.signature == plan), best, case.footprint)


def _instead(plan: Plan, best: Plan, footprint: Footprint) -> Change:
    facts: dict[str, Any] = {
        "peak_bytes": plan.peak,
        "instead_bytes": best.peak,
        "how": plan.explanation["facts"]["how"],
    }
    streamed = layout(plan, footprint).streamed
    if plan.seconds and best.seconds:
        times = round(plan.seconds / best.seconds, 1)
        return Change(code="fits.change.cheaper_timed", facts=facts | {"times": times})
    if streamed:
        return Change(code="fits.change.cheaper_streamed", facts=facts | {"moved_bytes": streamed})
    return Change(code="fits.change.cheaper", facts=facts)


def _better(case: Case) -> Iterator[Change]:
    """The smallest card on which it is slow no more, and the one that holds it whole."""
    best = case.fit[0]
    wanted = {"fits.change.faster_card": case.slow, "fits.change.whole_card": not _whole(best)}
    for size in verdict.CARDS:
        card = size * GIB
        if not case.snapshot.shares_ram and card <= case.snapshot.total:
            continue
        there = imagined(card, case.snapshot.host_total)
        fit = fitting(ladder(case.model.name, case.footprint, there), there)
        if not fit:
            continue
        reached = {
            "fits.change.faster_card": not verdict.is_slow(fit[0], there),
            "fits.change.whole_card": _whole(fit[0]),
        }
        if wanted["fits.change.whole_card"] and reached["fits.change.whole_card"]:
            wanted["fits.change.faster_card"] = False  # the same card does both
        for code in [code for code in wanted if wanted[code] and reached[code]]:
            wanted[code] = False
            yield Change(code=code, facts={"card_bytes": card, "peak_bytes": fit[0].peak})


def _whole(plan: Plan) -> bool:
    """Nothing is moved out, shrunk or left to the processor."""
    return plan.rung == "resident" and plan.on_card and not plan.formats
