"""The one owner of every model: it places, lends, evicts and accounts."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from aura.errors import MemoryRefused, ModelMissing, Stopped
from aura.memory.device import Device, Snapshot, budget, host_budget
from aura.memory.exhaustion import ran_out
from aura.memory.ledger import Ledger
from aura.memory.plan import Plan
from aura.memory.planner import fitting, ladder, refusal
from aura.memory.verdict import example
from aura.requests import Plain, Work

if TYPE_CHECKING:
    from aura.catalog.models import Model
    from aura.families.base import Family


SETTLE_S, SETTLE_POLLS = 0.25, 20  # for the driver to report freed memory


class Claim(NamedTuple):
    """Bytes accounted to a model, on the card and in RAM."""

    card: int
    ram: int

    def __add__(self, other: Any) -> Claim:
        return Claim(self.card + other.card, self.ram + other.ram)


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


@dataclass(frozen=True)
class Loan:
    """A loaded model and the plan it is placed by; valid inside ``with manager.lend``."""

    loaded: Any
    plan: Plan


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

    @property
    def claims(self) -> Claim:
        """What rests, and the rest of the peak for each loan."""
        resting = claim(self.plan, lent=False)
        card = sum(claim(loan).card - claim(loan, lent=False).card for loan in self.loans)
        ram = sum(claim(loan).ram - claim(loan, lent=False).ram for loan in self.loans)
        return Claim(resting.card + card, resting.ram + ram)


class Manager:
    """Everything loaded, in one budget. Families, device, disk and clock are handed in.

    One lock holds loads and moves together: libraries patch process-wide state while they
    load. ``residents`` does not take it, so that a page can look on meanwhile.
    """

    def __init__(
        self,
        device: Device,
        families: Mapping[str, Family],
        ledger: Ledger,
        *,
        locate: Callable[[Model], Path | None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.device, self.families, self.ledger = device, families, ledger
        self.locate, self.clock, self.sleep = locate, clock, sleep
        self._entries: dict[str, Entry] = {}
        self._lock = threading.RLock()
        self.keep_s = 0.0  # how long unused models stay; 0: for ever
        self._gone: list[tuple[str, weakref.ref[Any]]] = []
        device.rebase()

    # --- asking

    def plans(self, model: Model, request: Work) -> tuple[Plan, ...]:
        """Plans that fit now, the best first, each strictly cheaper. Raises MemoryRefused.

        They count on idle models leaving; lent ones stay.
        """
        folder = self.locate(model)
        footprint = self.families[model.family].footprint(model, folder, request)
        snapshot = self.device.snapshot()
        known = self.ledger.known(snapshot.name, model.id, request)
        lent = self._lent(snapshot)
        every = ladder(
            model.name, footprint, snapshot, taken=lent.card, host_taken=lent.ram, known=known
        )
        fit = self._same_place(model, fitting(every, snapshot, lent.ram, known))
        if not fit:
            raise refusal(model.name, every, snapshot)
        return fit

    def residents(self) -> tuple[Resident, ...]:
        now = self.clock()
        return tuple(
            Resident(
                model=entry.model.id,
                bytes=entry.claims.card or entry.claims.ram,
                device=entry.plan.device,
                lent=bool(entry.loans),
                idle=0.0 if entry.loans else max(0.0, now - entry.used),
            )
            for entry in list(self._entries.values())
        )

    def beside(self, model_id: str) -> int:
        """Bytes that models other than this one hold on the device."""
        others = [e for e in list(self._entries.values()) if e.model.id != model_id]
        return sum(entry.claims.card or entry.claims.ram for entry in others)

    def leaks(self) -> tuple[str, ...]:
        """Ids of models that were unloaded but that something still holds."""
        self._gone = [(model, ref) for model, ref in self._gone if ref() is not None]
        return tuple(model for model, _ in self._gone)

    # --- lending

    @contextmanager
    def lend(self, model: Model, request: Work, plan: Plan | None = None) -> Iterator[Loan]:
        """The model, loaded and placed, for the time of the ``with`` block.

        Raises MemoryRefused, ModelMissing, ModelDamaged, and whatever running out looks
        like on this device. A model that failed while lent is unloaded: nobody knows in
        what state it is. One that was merely stopped stays for the next job.
        """
        chosen = plan or self.plans(model, request)[0]
        entry = self._taken_out(model, chosen)
        failed = True
        try:
            yield Loan(entry.loaded, chosen)
            failed = False
        except (Stopped, GeneratorExit):
            failed = False
            raise
        finally:
            self._give_back(entry, chosen, failed)

    def warm(self, model: Model) -> bool:
        """Load ahead of use, if it fits beside what is lent. False if it does not."""
        request = example(model)
        try:
            with self.lend(model, request):
                return True
        except (MemoryRefused, ModelMissing):
            return False
        except Exception as fault:
            if not ran_out(fault):
                raise
        return False

    def release(self, model_id: str | None = None) -> int:
        """Unload one model, or every one that is not lent. Returns the bytes given back."""
        with self._lock:
            wanted = [e for e in self._idle() if model_id in (None, e.model.id)]
            given = sum(sum(entry.claims) for entry in wanted)
            for entry in wanted:
                self._drop(entry)
            return given

    # --- placing

    def _taken_out(self, model: Model, plan: Plan) -> Entry:
        with self._lock:
            entry = self._entries.get(model.id)
            if entry is not None and entry.plan.placement != plan.placement:
                if entry.loans:
                    raise refusal(model.name, (plan,), self.device.snapshot())
                self._drop(entry)
                entry = None
            self._make_room(model, plan)
            entry = entry or self._loaded(model, plan)
            entry.loans.append(plan)
            return entry

    def _loaded(self, model: Model, plan: Plan) -> Entry:
        folder = self.locate(model)
        if folder is None:
            raise ModelMissing(model=model.name)
        if not self._entries:
            self.device.rebase()
        begun = self.clock()
        loaded = self.families[model.family].load(model, folder, plan)
        entry = Entry(model, plan, loaded, self.clock() - begun, self.clock())
        self._entries[model.id] = entry
        return entry

    def _give_back(self, entry: Entry, plan: Plan, failed: bool) -> None:
        with self._lock:
            entry.loans.remove(plan)
            entry.used = self.clock()
            entry.failed |= failed
            if entry.failed and not entry.loans:
                self._drop(entry)

    def _drop(self, entry: Entry) -> None:
        with self._lock:
            self._entries.pop(entry.model.id, None)
            loaded, entry.loaded = entry.loaded, None
            self._remember(entry.model.id, loaded)
            self.families[entry.model.family].unload(loaded)
            del loaded
            self.device.empty_cache()

    def _remember(self, model_id: str, loaded: Any) -> None:
        try:
            self._gone.append((model_id, weakref.ref(loaded)))
        except TypeError:  # built-in containers cannot be watched
            return

    # --- room

    def _make_room(self, model: Model, plan: Plan) -> None:
        """Evict idle models until the plan fits, never more than that. Raises MemoryRefused."""
        evicted = False
        while not self._fits(model, plan):
            idle = [entry for entry in self._idle() if entry.model.id != model.id]
            if idle:
                self._drop(min(idle, key=_worth))
                evicted = True
            elif not (evicted and self._came_back(model, plan)):
                raise refusal(model.name, (plan,), self.device.snapshot())

    def _fits(self, model: Model, plan: Plan) -> bool:
        snapshot = self.device.snapshot()
        wanted, others = claim(plan), Claim(0, 0)
        for entry in self._entries.values():
            # Its own entry's resting part is in what is wanted.
            resting = claim(entry.plan, lent=False) if entry.model.id == model.id else Claim(0, 0)
            others += Claim(entry.claims.card - resting.card, entry.claims.ram - resting.ram)
        if snapshot.shares_ram:
            return sum(wanted) + sum(others) <= budget(snapshot)
        on_card = not wanted.card or wanted.card + others.card <= budget(snapshot)
        return on_card and (not wanted.ram or wanted.ram + others.ram <= host_budget(snapshot))

    def _came_back(self, model: Model, plan: Plan) -> bool:
        """Wait a little for the driver to report what was just freed."""
        for _ in range(SETTLE_POLLS):
            self.sleep(SETTLE_S)
            if self._fits(model, plan):
                return True
        return False

    def _idle(self) -> list[Entry]:
        return [entry for entry in self._entries.values() if not entry.loans]

    def _lent(self, snapshot: Snapshot) -> Claim:
        """What loans keep: nothing of it can be evicted."""
        lent = sum((e.claims for e in list(self._entries.values()) if e.loans), Claim(0, 0))
        return Claim(sum(lent), sum(lent)) if snapshot.shares_ram else lent

    def _same_place(self, model: Model, plans: tuple[Plan, ...]) -> tuple[Plan, ...]:
        """A model that is lent cannot move: only plans for where it is."""
        entry = self._entries.get(model.id)
        if entry is None or not entry.loans:
            return plans
        return tuple(plan for plan in plans if plan.placement == entry.plan.placement)


def claim(plan: Plan, lent: bool = True) -> Claim:
    """Bytes a model takes of the card and of RAM: its peak while lent, else what rests.

    On Apple silicon both are one memory, counted once.
    """
    here = plan.peak if lent else plan.resting
    if not plan.on_card:
        return Claim(0, here)
    return Claim(here, 0 if plan.device == "mps" else plan.ram)


def _worth(entry: Entry) -> tuple[float, float]:
    """Least worth keeping first: what loads again fastest for the bytes it frees."""
    return entry.load_s / max(sum(entry.claims), 1), entry.used
