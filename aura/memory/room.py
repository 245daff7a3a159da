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
        """Evict idle models until the plan fits, never more than that. Raises MemoryRefused.

        Copies also leave RAM for a model that has to pass through it on its way from the disk.
        """
        own, ram = self.residency[model.id], claim(plan).ram
        passing = max(ram, sum(claim(plan, lent=False)))
        more_ram = max(0, ram - own.resting.ram) if own else passing
        evicted = False
        while short := self._short(self._with(model.id, plan)):
            if any(self._one_leaves(place, but=own, ram=more_ram) for place in short):
                evicted = True
            elif not (evicted and self._came_back(model.id, plan)):
                raise refusal(model.name, (plan,))
        if own is None:
            self._make_way(passing)

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
        was_tight, self._tight = self._tight, bool(self._short(self._held()))
        while was_tight and any(self._one_leaves(place) for place in self._short(self._held())):
            pass

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

    def _make_way(self, passing: int) -> None:
        """Copies leave RAM for so many bytes more; where that is not enough, the disk's cache."""
        if self.device.snapshot().shares_ram:
            return
        for one in sorted(self.residency.idle(), key=lambda one: one.worth):
            if one.parked and self._held().ram + passing > host_budget(self.device.snapshot()):
                self.residency.drop(one)

    # --- how much there is

    def _held(self) -> Claim:
        return sum((entry.claims for entry in self.residency.all()), NOTHING)

    def _with(self, model_id: str, plan: Plan) -> Claim:
        """What would be held with the plan at its peak, where it takes anything at all."""
        wanted, others = claim(plan), self.residency.beside(model_id)
        return Claim(
            wanted.card and wanted.card + others.card, wanted.ram and wanted.ram + others.ram
        )

    def _short(self, held: Claim) -> tuple[Place, ...]:
        """Which of both is too small for so much; none if it fits."""
        snapshot = self.device.snapshot()
        card: tuple[Place, ...] = ("card",) if held.card > budget(snapshot) else ()
        return (*card, "ram") if held.ram > host_budget(snapshot) else card

    def _came_back(self, model_id: str, plan: Plan) -> bool:
        """Wait a little for the driver to report what was just freed."""
        for _ in range(SETTLE_POLLS):
            self.sleep(SETTLE_S)
            if not self._short(self._with(model_id, plan)):
                return True
        return False
