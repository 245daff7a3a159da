"""What fits: for one model on one machine, the plan it would run under, or what would help.

Pure, and without torch: the page and the command line ask it for every model they show,
also for ones that are not on this disk and for machines that are not this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

from aura.catalog.models import Model
from aura.memory import towers
from aura.memory.abilities import abilities, dtypes
from aura.memory.device import GIB, Snapshot
from aura.memory.examples import example, smaller
from aura.memory.footprint import Footprint
from aura.memory.pipelines import Drawing, pipeline_footprint, published_footprint
from aura.memory.plan import Plan
from aura.memory.planner import NOTHING, Known, fitting, ladder
from aura.memory.published import published
from aura.memory.wishes import granted, wish_of
from aura.requests import Plain, Work

SLOW_RUNGS = ("cpu", "group_offload", "leaf_offload")
SLOW_S = 180.0  # a request that is known to take longer is slow
LARGE = GIB  # bytes of weights from which a processor is slow
CARDS = (4, 6, 8, 12, 16, 24, 32, 48, 80)  # GB, as they are sold
RAMS = (8, 16, 32, 64, 128)


class Verdict(Plain):
    """``plan`` unless it is refused; then ``change`` is the smallest one that would do.

    A change is ``{"code", "facts"}``. All numbers are predicted, from the model's published
    or actual configuration.
    """

    model: str
    verdict: Literal["fits", "slow", "refused"]
    plan: Plan | None = None
    need_bytes: int = 0  # the most economical plan's peak
    change: dict[str, Any] | None = None


def verdict(
    model: Model,
    snapshot: Snapshot,
    request: Work | None = None,
    *,
    folder: Path | None = None,
    known: Known = NOTHING,
) -> Verdict | None:
    """None for a model that nobody has traced and that is not on this disk, and for what is
    no model by itself."""
    if model.added:
        return None
    asked = request or example(model)
    needs = partial(footprint_of, model, folder=folder)
    footprint = needs(asked)
    if footprint is None:
        return None
    of = partial(ladder, model.name, footprint, snapshot, known=known)
    every = of()
    fits = partial(fitting, snapshot=snapshot, known=known)
    fit = granted(fits(every), wish_of(asked), lambda wish: fits(of(wish=wish)), known.failed)
    if not fit:
        change = next(changes(model.name, needs, snapshot, asked))
        return Verdict(model=model.id, verdict="refused", need_bytes=every[-1].peak, change=change)
    best = fit[0]
    slow = is_slow(best, snapshot)
    return Verdict(
        model=model.id,
        verdict="slow" if slow else "fits",
        plan=best,
        need_bytes=min(plan.peak for plan in fit),
    )


def footprint_of(
    model: Model,
    request: Work,
    folder: Path | None = None,
    rungs: tuple[str, ...] | None = None,
) -> Footprint | None:
    """From the files if they are there, else as published. Raises ModelDamaged.

    ``rungs`` are those of the model's family, unless others are asked about.
    """
    rungs = abilities(model.family, folder) if rungs is None else rungs
    able = rungs, dtypes(model.family)
    if not isinstance(request, Drawing) or "generator" in published().get(model.id, {}):
        return towers.footprint(model.id, folder, request, *able)
    if folder is not None:
        return pipeline_footprint(model.id, folder, request, *able, lender=model.lender)
    return published_footprint(model.id, request, *able)


def is_slow(plan: Plan, snapshot: Snapshot) -> bool:
    if plan.seconds is not None and plan.timed == "measured":
        return plan.seconds > SLOW_S
    processor = snapshot.kind == "cpu" and plan.resting >= LARGE
    return processor or plan.rung in SLOW_RUNGS


def changes(
    name: str,
    footprint_of: Callable[[Work], Footprint | None],
    snapshot: Snapshot,
    request: Work,
) -> Iterator[dict[str, Any]]:
    """Single changes that make it fit, the easiest for a person first; the last always ends."""
    for code, facts, machine, asked in _tries(snapshot, request):
        footprint = footprint_of(asked)
        if footprint and fitting(ladder(name, footprint, machine), machine):
            yield {"code": f"plan.change.{code}", "facts": facts}
    yield {"code": "plan.change.smaller_model", "facts": {}}


def _tries(now: Snapshot, request: Work) -> Iterator[tuple[str, dict[str, Any], Snapshot, Work]]:
    if now.limit is not None or now.host_limit is not None:
        yield "raise_limit", {}, _with(now, limit=None, host_limit=None), request
    yield "close_programs", {}, _emptied(now), request
    for code, less in smaller(request):
        yield code, {}, now, less
    for size in RAMS:
        if size * GIB > now.host_total:
            yield "more_ram", {"ram_bytes": size * GIB}, _with_ram(now, size * GIB), request
    for size in CARDS if not now.shares_ram else ():
        if size * GIB > now.total:
            more = size * GIB - now.total
            card = _with(now, total=size * GIB, free=now.free + more)
            yield "more_card", {"card_bytes": size * GIB}, card, request


def _with(now: Snapshot, **changes: Any) -> Snapshot:
    return now.model_copy(update=changes)


def _emptied(now: Snapshot) -> Snapshot:
    """With other programs closed; a tenth of the RAM is the system's whatever is closed."""
    host_free = max(now.host_free, now.host_total * 9 // 10 - now.host_held)
    free = max(now.free, now.total * 9 // 10 - now.held if now.shares_ram else now.total - now.held)
    return _with(now, free=free, host_free=host_free)


def _with_ram(now: Snapshot, ram: int) -> Snapshot:
    more = ram - now.host_total
    grown = _with(now, host_total=ram, host_free=now.host_free + more)
    if not now.shares_ram:
        return grown
    return _with(grown, total=now.total + more, free=now.free + more)
