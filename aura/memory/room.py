"""Makes room: idle models leave the card for RAM, and RAM for good, and no more than needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from aura.memory.claims import NOTHING, Claim, claim
from aura.memory.device import Device, budget, host_budget
from aura.memory.plan import Plan
from aura.memory.planner import refusal
from aura.memory.residency import Entry, Residency

if TYPE_CHECKING:
    from aura.catalog.models import Model

SETTLE_S, SETTLE_POLLS = 0.25, 20  # for the driver to report freed memory

Place = Literal["card", "ram"]


class Room:
    """Decides who leaves. Called under the manager's lock alone."""

    def __init__(
        self, device: Device, residency: Residency, sleep: Callable[[float], None]
    ) -> None:
        self.device, self.residency, self.sleep = device, residency, sleep
        self._tight = False  # whether the last look found less than is held

    def make(self, model: Model, plan: Plan) -> None:
        """Evict idle models until the plan fits, never more than that. Raises MemoryRefused."""
        own = self.residency[model.id]
        more_ram = max(0, claim(plan).ram - (own.resting.ram if own else 0))
        evicted = False
        while short := self._short(self._with(model.id, plan)):
            if self._one_leaves(short, but=own, ram=more_ram):
                evicted = True
            elif not (evicted and self._came_back(model.id, plan)):
                raise refusal(model.name, (plan,), self.device.snapshot())

    def set_aside(self, entry: Entry, ram: int = 0) -> None:
        """Off the card: a copy stays in RAM where that leaves ``ram`` bytes, else none does."""
        if self._may_park(entry) and self._room_in_ram(entry, ram):
            self.residency.park(entry)
        else:
            self.residency.drop(entry)

    def give_way(self) -> None:
        """Idle models leave where other programs have taken what they rest in.

        Only on the second look in a row that finds it so: a driver takes its time to
        report what was freed.
        """
        was_tight, self._tight = self._tight, self._short(self._held()) is not None
        while was_tight and (short := self._short(self._held())):
            if not self._one_leaves(short):
                return

    # --- who leaves

    def _one_leaves(self, short: Place, but: Entry | None = None, ram: int = 0) -> bool:
        """The idle model least worth keeping, of those that hold what is short; False if none."""
        idle = [entry for entry in self.residency.idle() if entry is not but]
        there = [entry for entry in idle if getattr(entry.resting, short)]
        if not there:
            return False
        # Copies first: what rests in RAM without being one is on its way to compute.
        least = min(there, key=lambda entry: (not entry.parked, *entry.worth))
        if short == "card":
            self.set_aside(least, ram)
        else:
            self.residency.drop(least)
        return True

    def _may_park(self, entry: Entry) -> bool:
        on_card = entry.plan.on_card and not entry.parked
        return on_card and not self.device.snapshot().shares_ram

    def _room_in_ram(self, entry: Entry, ram: int) -> bool:
        """Drop copies that are worth less than this one would be, if that makes room for it."""
        taken = self._held().ram + entry.resting.card + ram
        over = taken - host_budget(self.device.snapshot())
        lesser = [one for one in self.residency.idle() if one.parked and one.worth < entry.worth]
        if over > sum(one.resting.ram for one in lesser):
            return False
        for one in sorted(lesser, key=lambda one: one.worth):
            if over > 0:
                over -= one.resting.ram
                self.residency.drop(one)
        return True

    # --- how much there is

    def _held(self) -> Claim:
        return sum((entry.claims for entry in self.residency.all()), NOTHING)

    def _with(self, model_id: str, plan: Plan) -> Claim:
        """What would be held with the plan at its peak, where it takes anything at all."""
        wanted, others = claim(plan), self.residency.beside(model_id)
        return Claim(
            wanted.card and wanted.card + others.card, wanted.ram and wanted.ram + others.ram
        )

    def _short(self, held: Claim) -> Place | None:
        """Which of both is too small for so much; None if it fits."""
        snapshot = self.device.snapshot()
        if held.card > budget(snapshot):
            return "card"
        return "ram" if held.ram > host_budget(snapshot) else None

    def _came_back(self, model_id: str, plan: Plan) -> bool:
        """Wait a little for the driver to report what was just freed."""
        for _ in range(SETTLE_POLLS):
            self.sleep(SETTLE_S)
            if self._short(self._with(model_id, plan)) is None:
                return True
        return False
