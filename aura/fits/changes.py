"""What would change a verdict: a cheaper way, a better card, or what a refused model lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aura.catalog.models import Model
from aura.fits.elsewhere import Elsewhere
from aura.fits.layout import layout
from aura.memory import verdict
from aura.memory.device import GIB, MIB, Snapshot
from aura.memory.examples import example
from aura.memory.footprint import Footprint
from aura.memory.plan import Plan
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
    elsewhere: Elsewhere


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
    of = partial(verdict.footprint_of, case.model, folder=case.folder)
    for change in verdict.changes(case.model.name, of, case.snapshot, asked):
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
    if plan.seconds and best.seconds and plan.timed == best.timed == "measured":
        times = round(plan.seconds / best.seconds, 1)
        return Change(code="fits.change.cheaper_timed", facts=facts | {"times": times})
    if streamed:
        return Change(code="fits.change.cheaper_streamed", facts=facts | {"moved_bytes": streamed})
    return Change(code="fits.change.cheaper", facts=facts)


def _better(case: Case) -> Iterator[Change]:
    """The smallest card on which it is slow no more, and the one that holds it whole.

    A processor that does it quickly enough needs none.
    """
    best = case.fit[0]
    wants_speed, wants_room = case.slow, not _whole(best) and (best.on_card or case.slow)
    for gigabytes in verdict.CARDS:
        card = gigabytes * GIB
        reached, plan = case.elsewhere.on(gigabytes)
        if plan is None or not (case.snapshot.shares_ram or card > case.snapshot.total):
            continue
        facts = {"card_bytes": card, "peak_bytes": plan.peak}
        if wants_room and _whole(plan):
            yield Change(code="fits.change.whole_card", facts=facts)
            return
        if wants_speed and reached == "fits":
            wants_speed = False
            yield Change(code="fits.change.faster_card", facts=facts)


def _whole(plan: Plan) -> bool:
    """Nothing is moved out, shrunk or left to the processor."""
    return plan.rung == "resident" and plan.on_card and not plan.formats
