"""What is loaded, where it rests, and the moves between card, RAM and disk."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aura.memory.claims import NOTHING, Claim, claim
from aura.memory.device import Device, Snapshot
from aura.memory.exhaustion import ran_out
from aura.memory.leaks import Leaks
from aura.memory.plan import Plan
from aura.requests import Plain

if TYPE_CHECKING:
    from aura.catalog.models import Model
    from aura.families.base import Family

log = logging.getLogger(__name__)


class Resident(Plain):
    """A model that holds memory now.

    ``bytes`` on the device it computes on, ``ram`` in RAM beside a card. A ``parked`` one
    waits in RAM alone. ``idle`` is seconds since it was last used.
    """

    model: str
    bytes: int
    ram: int = 0
    device: str
    lent: bool
    parked: bool = False
    idle: float


@dataclass
class Entry:
    """One loaded model, and the plan of each loan it is out on (usually one or none)."""

    model: Model
    plan: Plan
    loaded: Any
    load_s: float
    used: float
    loans: list[Plan] = field(default_factory=list)
    failed: bool = False
    parked: bool = False

    @property
    def resting(self) -> Claim:
        """What it holds between two jobs."""
        placed = claim(self.plan, lent=False)
        return Claim(0, sum(placed)) if self.parked else placed

    @property
    def claims(self) -> Claim:
        """What rests, and the rest of the peak for each loan."""
        peaks = (claim(loan) - claim(loan, lent=False) for loan in self.loans)
        return sum(peaks, self.resting)

    @property
    def worth(self) -> tuple[float, float]:
        """The least is worth keeping least: what loads again fastest for its bytes."""
        return self.load_s / max(sum(self.resting), 1), self.used

    def resident(self, now: float) -> Resident:
        held = self.claims
        return Resident(
            model=self.model.id,
            bytes=held.card if self.plan.on_card else held.ram,
            ram=held.ram if self.plan.on_card else 0,
            device=self.plan.device,
            lent=bool(self.loans),
            parked=self.parked,
            idle=0.0 if self.loans else max(0.0, now - self.used),
        )


class Residency:
    """Every loaded model. Who changes anything here holds the manager's lock."""

    def __init__(
        self, device: Device, families: Mapping[str, Family], clock: Callable[[], float]
    ) -> None:
        self.device, self.families, self.clock = device, families, clock
        self.leaks = Leaks()
        self._entries: dict[str, Entry] = {}

    # --- asking

    def __getitem__(self, model_id: str) -> Entry | None:
        return self._entries.get(model_id)

    def all(self) -> list[Entry]:
        """A copy, so that a page can look on while models come and go."""
        return list(self._entries.values())

    def idle(self) -> list[Entry]:
        return [entry for entry in self.all() if not entry.loans]

    def lent(self, snapshot: Snapshot, but: str = "") -> Claim:
        """What loans keep, but for one model's: nothing of it can be evicted."""
        out = (entry for entry in self.all() if entry.loans and entry.model.id != but)
        lent = sum((entry.claims for entry in out), NOTHING)
        return Claim(sum(lent), sum(lent)) if snapshot.shares_ram else lent

    def beside(self, model_id: str) -> Claim:
        """What is held besides this model's own resting part."""
        held = sum((entry.claims for entry in self.all()), NOTHING)
        own = self._entries.get(model_id)
        return held - own.resting if own else held

    # --- moving

    def load(self, model: Model, folder: Path, plan: Plan) -> Entry:
        if not self._entries:
            self.device.rebase()
        begun = self.clock()
        loaded = self.families[model.family].load(model, folder, plan)
        entry = Entry(model, plan, loaded, self.clock() - begun, self.clock())
        self._entries[model.id] = entry
        return entry

    def park(self, entry: Entry) -> bool:
        """From the card into RAM. False where RAM ran out; the model is unloaded then."""
        try:
            self.families[entry.model.family].park(entry.loaded)
        except Exception as fault:
            self.drop(entry)
            if not ran_out(fault):
                raise
            log.info("no room in RAM for a copy of %s: %s", entry.model.id, fault)
            return False
        entry.parked = True
        self.device.empty_cache()
        return True

    def unpark(self, entry: Entry, plan: Plan) -> None:
        """From RAM to where the plan wants it. One that fails halfway is unloaded."""
        try:
            self.families[entry.model.family].unpark(entry.loaded, plan)
        except BaseException:
            self.drop(entry)
            raise
        entry.plan, entry.parked = plan, False

    def drop(self, entry: Entry) -> None:
        self._entries.pop(entry.model.id, None)
        loaded, entry.loaded = entry.loaded, None
        family = self.families[entry.model.family]
        for watched in (loaded, *family.parts(loaded)):
            self.leaks.watch(entry.model.id, watched, self.clock())
        del watched
        family.unload(loaded)
        del loaded
        self.device.empty_cache()
