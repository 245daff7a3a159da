"""The rows of the picture: for each model its plan on a machine, and what would change it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from aura.catalog.models import Model
from aura.errors import ModelDamaged
from aura.fits.changes import Case, Change, changes
from aura.fits.elsewhere import Elsewhere, Verdict
from aura.fits.layout import Layout, layout
from aura.memory.device import Snapshot, host_budget
from aura.memory.examples import example
from aura.memory.footprint import Footprint
from aura.memory.plan import Plan
from aura.memory.planner import NOTHING, Known, fitting, ladder
from aura.memory.verdict import footprint_of, is_slow
from aura.requests import Plain

OTHERS = (3, 4, 6, 8, 12, 16, 24)  # GB of the cards each model is also tried on


class Row(Plain):
    """``plan`` is the one it would run under; if refused, the one that comes closest.

    ``explanation`` is a ``{"code", "facts"}`` as a plan has; ``elsewhere`` says of cards by
    their GB what would become of it there, beside the same RAM.
    """

    model: Model
    verdict: Verdict
    plan: Plan
    layout: Layout
    explanation: dict[str, Any]
    changes: tuple[Change, ...]
    elsewhere: tuple[tuple[int, Verdict], ...]


def rows(
    models: Iterable[Model],
    snapshot: Snapshot,
    installed: Callable[[Model], Path | None] = lambda model: None,
    known: Callable[[Model], Known] = lambda model: NOTHING,
) -> tuple[Row, ...]:
    """In the order of ``models``, without those that nobody knows the needs of and those that
    only become part of others."""
    whole = (model for model in models if not model.added)
    found = (_row(model, snapshot, installed(model), known(model)) for model in whole)
    return tuple(row for row in found if row is not None)


def _row(model: Model, snapshot: Snapshot, folder: Path | None, known: Known) -> Row | None:
    footprint, folder = _footprint(model, folder)
    if footprint is None:
        return None
    plans = ladder(model.name, footprint, snapshot, known=known)
    fit = fitting(plans, snapshot, known=known)
    plan = fit[0] if fit else _nearest(plans, host_budget(snapshot))
    verdict: Verdict = "refused"
    if fit:
        verdict = "slow" if is_slow(plan, snapshot) else "fits"
    elsewhere = Elsewhere(footprint, snapshot.host_total)
    case = Case(model, snapshot, footprint, folder, fit, verdict == "slow", elsewhere)
    return Row(
        model=model,
        verdict=verdict,
        plan=plan,
        layout=layout(plan, footprint),
        explanation=plan.explanation if fit else _refusal(model, plan, snapshot),
        changes=tuple(changes(case)),
        elsewhere=tuple((size, elsewhere.on(size)[0]) for size in OTHERS),
    )


def _footprint(model: Model, folder: Path | None) -> tuple[Footprint | None, Path | None]:
    """By the files that are here if they are sound, else as published."""
    if folder is not None:
        try:
            return _of_files(model.model_dump_json(), folder, _written(folder)), folder
        except (ModelDamaged, LookupError):
            pass  # it is still a model that could be fetched
    return footprint_of(model, example(model)), None


@lru_cache(maxsize=256)
def _of_files(model: str, folder: Path, written: int) -> Footprint | None:
    """Remembered as long as no file is ``written`` anew: headers are long to read."""
    known = Model.model_validate_json(model)
    return footprint_of(known, example(known), folder)


def _written(folder: Path) -> int:
    files = (folder,) if folder.is_file() else folder.rglob("*.safetensors")
    return max((path.stat().st_mtime_ns for path in files), default=0)


def _nearest(plans: tuple[Plan, ...], ram: int) -> Plan:
    """The plan that is the fewest bytes short."""
    return min(plans, key=lambda p: max(0, p.peak - p.budget) + max(0, p.ram - ram))


def _refusal(model: Model, plan: Plan, snapshot: Snapshot) -> dict[str, Any]:
    facts = {"model": model.name, "need_bytes": plan.peak, "free_bytes": plan.budget}
    if plan.peak > plan.budget:
        return {"code": "fits.refused", "facts": facts}
    facts |= {"need_bytes": plan.ram, "free_bytes": host_budget(snapshot)}
    return {"code": "fits.refused_ram", "facts": facts}
