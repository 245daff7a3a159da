"""Runs one request to its end, stepping down to cheaper plans where memory runs out.

Each attempt is strictly cheaper than the last, so there are only so many. What was drawn
is kept: the next attempt goes on at the first picture that is missing, with its seed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from aura.errors import MemoryRefused, OutOfMemory
from aura.families.base import Drawn, Happening, Noticed, StageBegun
from aura.memory.exhaustion import ran_out
from aura.memory.plan import Plan
from aura.requests import Work

if TYPE_CHECKING:
    from aura.catalog.models import Model
    from aura.memory.manager import Manager

ATTEMPTS = 8


def run(manager: Manager, model: Model, request: Work) -> Generator[Plan | Happening, None, None]:
    """Yield each plan it goes on under, what happens, and a ``Noticed`` at each step down.

    Closing the generator gives everything back. Raises MemoryRefused when nothing fits
    from the start, OutOfMemory when the last plan ran out too.
    """
    plan: Plan | None = manager.plans(model, request)[0]
    climb = Climb(manager, model, request)
    while plan is not None:
        yield plan
        yield from climb.attempt(plan)
        if climb.finished:
            return
        # Here, outside any except block, the failed attempt's frames are gone and with
        # them the tensors they held.
        if climb.ran_out:
            manager.ledger.ran_out(manager.device.snapshot().name, plan, request)
        manager.release()
        manager.device.empty_cache()
        failed, plan = plan, climb.next_plan(plan)
        if plan is not None:
            yield Noticed("plan.climbed", _change(model.name, failed, plan))
    raise OutOfMemory(model=model.name, tried=", ".join(climb.tried))


class Climb:
    """How far one request is: which pictures are drawn, which plans were tried."""

    def __init__(self, manager: Manager, model: Model, request: Work) -> None:
        self.manager, self.model, self.request = manager, model, request
        self.first = 0
        self.tried: list[str] = []
        self.finished = False
        self.ran_out = False

    def attempt(self, plan: Plan) -> Iterator[Happening]:
        """One run under ``plan``; ends early, without ``finished``, if memory runs out."""
        self.tried.append(plan.rung)
        try:
            yield from self._run(plan)
            self.finished = True
        except Exception as fault:
            self.ran_out = ran_out(fault)
            if not self.ran_out and not isinstance(fault, MemoryRefused):
                raise  # refused here: other programs took the memory after it was planned

    def next_plan(self, failed: Plan) -> Plan | None:
        if len(self.tried) >= ATTEMPTS:
            return None
        # Planned anew: other programs may have taken memory meanwhile.
        plans = self.manager.plans(self.model, self.request)
        return next((plan for plan in plans if plan.cheaper_than(failed)), None)

    def _run(self, plan: Plan) -> Iterator[Happening]:
        device, begun = self.manager.device, self.first
        device.reset_peak()
        times = Times(self.manager.clock)
        with self.manager.lend(self.model, self.request, plan) as loan:
            family = self.manager.families[self.model.family]
            happenings = family.run(loan.loaded, self.request, plan, first=self.first)
            try:
                for happening in times.watch(happenings):
                    if isinstance(happening, Drawn):
                        self.first = happening.index + 1
                    yield happening
            finally:
                _close(happenings)
            self.manager.ledger.done(
                device.snapshot().name,
                plan,
                self.request,
                self._measured(plan),
                times.stages,
                self.request.count - begun,
            )

    def _measured(self, plan: Plan) -> int:
        """The model's own part of the device's peak; 0 where the device does not compute."""
        if plan.on_card or self.manager.device.snapshot().kind == "cpu":
            return max(0, self.manager.device.peak() - self.manager.beside(self.model.id))
        return 0


class Times:
    """Seconds per stage, counting the family's work alone and not its reader's."""

    def __init__(self, clock) -> None:  # type: ignore[no-untyped-def]
        self.clock = clock
        self.stages: dict[str, float] = {}

    def watch(self, happenings: Iterator[Happening]) -> Iterator[Happening]:
        stage = "encoding"
        while True:
            begun = self.clock()
            happening = next(happenings, None)
            self.stages[stage] = self.stages.get(stage, 0.0) + self.clock() - begun
            if happening is None:
                return
            if isinstance(happening, StageBegun):
                stage = happening.stage
            yield happening


def _change(name: str, before: Plan, after: Plan) -> dict[str, object]:
    """The facts of a step down: what is done now that was not before."""
    was, now = before.explanation["facts"]["how"], after.explanation["facts"]["how"]
    return {"model": name, "how": [step for step in now if step not in was] or now}


def _close(happenings: Iterator[Happening]) -> None:
    close = getattr(happenings, "close", None)
    if close is not None:
        close()
