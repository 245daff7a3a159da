"""Runs one request to its end, stepping down to cheaper plans where memory runs out.

Each attempt is strictly cheaper than the last, so there are only so many. What was drawn
is kept: the next attempt goes on at the first picture that is missing, with its seed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aura.errors import MemoryRefused, OutOfMemory
from aura.families.base import Happening, Noticed, Result, StageBegun
from aura.memory.exhaustion import RamIsLow, ram_is_low, ran_out, ran_out_of_ram
from aura.memory.plan import Plan
from aura.memory.wishes import unmet, wish_of
from aura.requests import Work

if TYPE_CHECKING:
    from aura.catalog.models import Model
    from aura.memory.manager import Manager

ATTEMPTS = 8


@dataclass(frozen=True)
class Begun:
    """How far an earlier engine came that died of want of memory."""

    failed: Plan
    tried: tuple[str, ...]  # rungs, the failed plan's the last
    following: int  # the first picture that is missing


def run(
    manager: Manager, model: Model, request: Work, begun: Begun | None = None
) -> Generator[Plan | Happening, None, None]:
    """Yield each plan it goes on under, what happens, and a ``Noticed`` at each step down.

    Closing the generator gives everything back. Raises MemoryRefused when nothing fits
    from the start, OutOfMemory when the last plan ran out too.
    """
    climb = Climb(manager, model, request, begun)
    failed, wish = begun.failed if begun else None, wish_of(request)
    told = unmet(wish, failed) if failed else ()
    while (plan := climb.next_plan(failed)) is not None:
        if failed is not None:
            yield Noticed("plan.climbed", _change(model.name, failed, plan))
        if (wanted := unmet(wish, plan)) and wanted != told:
            yield Noticed("plan.wish_unmet", {"model": model.name, "wishes": list(wanted)})
            told = wanted
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
        failed = plan
    raise OutOfMemory(model=model.name, tried=", ".join(climb.tried))


class Climb:
    """How far one request is: which pictures are drawn, which plans were tried."""

    def __init__(
        self, manager: Manager, model: Model, request: Work, begun: Begun | None = None
    ) -> None:
        self.manager, self.model, self.request = manager, model, request
        self.first = begun.following if begun else 0
        self.tried = list(begun.tried) if begun else []
        self.finished = False
        self.ran_out = False
        self.in_ram = begun is not None  # an engine dies of want of RAM, not of a card's

    def attempt(self, plan: Plan) -> Iterator[Happening]:
        """One run under ``plan``; ends early, without ``finished``, if memory runs out."""
        self.tried.append(plan.rung)
        try:
            yield from self._run(plan)
            self.finished = True
        except Exception as fault:
            self.ran_out, self.in_ram = ran_out(fault), ran_out_of_ram(fault)
            if not self.ran_out and not isinstance(fault, MemoryRefused):
                raise  # refused here: other programs took the memory after it was planned

    def next_plan(self, failed: Plan | None) -> Plan | None:
        """The best one, or the best of those that need less than the one that failed."""
        if len(self.tried) >= ATTEMPTS:
            return None
        # Planned anew each time: other programs may have taken memory meanwhile.
        if failed is None:
            return self.manager.plans(self.model, self.request)[0]
        if self.in_ram and (lighter := self._lighter(failed)):
            return lighter
        plans = self.manager.plans(self.model, self.request)
        return next((plan for plan in plans if plan.cheaper_than(failed)), None)

    def _run(self, plan: Plan) -> Iterator[Happening]:
        device, begun = self.manager.device, self.first
        times, as_planned = Times(self.manager.clock), True
        with self.manager.lend(self.model, self.request, plan) as loan:
            device.reset_peak()  # what was evicted to make room is none of its peak
            family = self.manager.families[self.model.family]
            happenings = family.run(loan.loaded, self.request, plan, first=self.first)
            try:
                for happening in times.watch(happenings):
                    if isinstance(happening, Result):
                        self.first = happening.following
                    elif isinstance(happening, Noticed):
                        as_planned &= not happening.unplanned
                    yield happening
                    if not isinstance(happening, Result) and self._starves(plan):
                        raise RamIsLow
            finally:
                _close(happenings)
            if as_planned:
                self._learnt(plan, times, self.request.count - begun)

    def _learnt(self, plan: Plan, times: Times, pictures: int) -> None:
        name, measured = self.manager.device.snapshot().name, self._measured(plan)
        self.manager.ledger.done(name, plan, self.request, measured, times.stages, pictures)

    def _starves(self, plan: Plan) -> bool:
        """RAM is running out under a plan that lives in it, and a lighter one is left.

        The system would kill the engine where a card merely refuses. Idle models go first.
        """
        device, in_ram = self.manager.device, plan.ram or not plan.on_card
        if not in_ram or not ram_is_low(device.snapshot()):
            return False
        self.manager.release()
        still = ram_is_low(device.snapshot()) and len(self.tried) < ATTEMPTS
        return still and self._lighter(plan) is not None

    def _lighter(self, plan: Plan) -> Plan | None:
        """The best plan with less in RAM: what needs less of a card often needs more there."""
        most = plan.ram - 1
        try:
            plans = self.manager.plans(self.model, self.request, leaving=True, ram_most=most)
        except MemoryRefused:
            return None
        return next((p for p in plans if p.ram <= most and p.on_card == plan.on_card), None)

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
