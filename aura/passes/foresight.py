"""What a request of several passes will need, told before anything is drawn: a plan for each.

Pure, and without torch. For pictures larger than a model draws, also the best way to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aura.catalog.models import Catalog, Model
from aura.memory.device import Snapshot
from aura.memory.plan import Plan
from aura.memory.planner import NOTHING, Known
from aura.memory.verdict import Verdict, verdict
from aura.passes import enlarge, order, refine
from aura.passes.anew import asked
from aura.passes.piece import Desk, native_side
from aura.requests import DetectRequest, GenerateRequest, Start, UpscaleRequest, Work

KnownOf = Callable[[str, Work], Known]  # what the ledger knows of a model (its id) and a work
STEPPED = ("draw", "refine", "repair")  # what takes the time


def unlearnt(model: str, work: Work) -> Known:
    return NOTHING


@dataclass(frozen=True)
class Outlook:
    """One pass. ``plan`` is for one of ``times`` like pieces of work; None where the pass
    needs no model, nobody knows, or it is refused: then ``change`` would help."""

    name: order.Name
    model: Model | None
    plan: Plan | None = None
    change: Mapping[str, Any] | None = None
    times: int = 1
    tile: int = 0  # pixels a side, where it works in tiles

    @property
    def seconds(self) -> float | None:
        known = self.plan.seconds if self.plan else None
        return None if known is None else known * self.times


@dataclass(frozen=True)
class Foreseen:
    parts: tuple[Outlook, ...]

    @property
    def seconds(self) -> float | None:
        """Of all pictures; None where a pass that draws is not known."""
        if any(part.seconds is None for part in self.parts if part.name in STEPPED):
            return None
        return sum(part.seconds or 0.0 for part in self.parts)

    @property
    def peak(self) -> int:
        """Bytes, predicted."""
        return max((part.plan.peak for part in self.parts if part.plan), default=0)

    @property
    def refused(self) -> Outlook | None:
        """The first pass that no plan fits."""
        return next((part for part in self.parts if part.change), None)


def foreseen(
    request: GenerateRequest, catalog: Catalog, snapshot: Snapshot, known: KnownOf = unlearnt
) -> Foreseen:
    """Raises UnknownModel, ModelDamaged."""
    planner = Planner(catalog.installed, snapshot, known)
    drawn = catalog.get(request.model)
    models = [catalog.get(part.model) if part.model else None for part in order.parts(request)]
    desks = [Desk(request, drawn, model, put=lambda image: "-") for model in models]
    named = zip(order.parts(request), desks, strict=True)
    return Foreseen(tuple(planner.outlook(part.name, desk) for part, desk in named))


@dataclass(frozen=True)
class Planner:
    """Asks for plans on one machine. ``installed``: Catalog.installed."""

    installed: Callable[[Model], Any]
    snapshot: Snapshot
    known: KnownOf

    def outlook(self, name: order.Name, desk: Desk) -> Outlook:
        if desk.model is None:
            return Outlook(name, None)
        if name == "refine":
            return self._refined(desk, desk.model)
        count = desk.request.count
        told = self.told(desk.model, example(name, desk))
        times = count if name == "repair" else 1
        return self._outlook(name, desk.model, told, times)

    def told(self, model: Model, work: Work) -> Verdict | None:
        known = self.known(model.id, work)
        folder = self.installed(model)
        return verdict(model, self.snapshot, work, folder=folder, known=known)

    def _refined(self, desk: Desk, model: Model) -> Outlook:
        count, tiles = desk.request.count, refine.count(desk)
        assert desk.request.larger is not None
        work = refine.whole(desk)
        whole = self.told(model, work) if work else None
        if tiles == 1 or (not desk.request.larger.tile and work and whole is None):
            return self._outlook("refine", model, whole, count)
        tile = self.told(model, refine.tile(desk))
        if desk.request.larger.tile or refine.better_tiled(_plan(whole), _plan(tile)):
            side = refine.tile_side(desk)
            return self._outlook("refine", model, tile, count * tiles, side)
        return self._outlook("refine", model, whole, count)

    def _outlook(
        self, name: order.Name, model: Model, told: Verdict | None, times: int, tile: int = 0
    ) -> Outlook:
        change = told.change if told else None
        return Outlook(name, model, _plan(told), change, times, tile)


def example(name: order.Name, desk: Desk) -> Work:
    """The work of a pass, as far as it is known before there are pictures."""
    request, model = desk.request, desk.model
    assert model is not None
    pictures = ("-",) * request.count
    if name == "enlarge":
        return UpscaleRequest(model=model.id, pictures=pictures, tile=enlarge.TILE)
    if name == "refine":
        return refine.tile(desk)
    if name == "find" and request.repair:
        return DetectRequest(
            model=model.id,
            pictures=pictures,
            things=request.repair.things,
            threshold=request.repair.threshold,
        )
    if name == "repair" and request.repair:
        start = Start(pictures=("-",), masks=("-",), strength=request.repair.strength)
        side = native_side(model)
        return asked(desk, 0, (side, side), start, request.repair.prompt)
    return request


def _plan(told: Verdict | None) -> Plan | None:
    return told.plan if told else None
