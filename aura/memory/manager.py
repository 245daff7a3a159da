"""The one owner of every model: it places, lends, evicts and accounts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aura.errors import MemoryRefused, ModelMissing, Stopped
from aura.memory.claims import claim
from aura.memory.device import Device
from aura.memory.exhaustion import ran_out
from aura.memory.gauge import Gauge, Rivals
from aura.memory.ledger import Ledger
from aura.memory.plan import Plan
from aura.memory.planner import fitting, ladder, refusal
from aura.memory.residency import Entry, Residency, Resident
from aura.memory.room import Room
from aura.memory.verdict import changes, example
from aura.memory.wishes import granted, wish_of
from aura.requests import Work

if TYPE_CHECKING:
    from aura.catalog.models import Model
    from aura.families.base import Family


@dataclass(frozen=True)
class Loan:
    """A loaded model and the plan it is placed by; valid inside ``with manager.lend``."""

    loaded: Any
    plan: Plan


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
        keep_s: float = 0.0,
        rivals: Rivals | None = None,
    ) -> None:
        self.device, self.families, self.ledger = device, families, ledger
        self.locate, self.clock = locate, clock
        self.keep_s = keep_s  # how long unused models stay on the card; 0: for ever
        self._residency = Residency(device, families, clock)
        self._room = Room(device, self._residency, sleep)
        self._lock = threading.RLock()
        self._gauge = Gauge(device, ledger, rivals)
        device.rebase()

    # --- asking

    def plans(
        self,
        model: Model,
        request: Work,
        *,
        leaving: bool = False,
        ram_most: int | None = None,
    ) -> tuple[Plan, ...]:
        """Plans that fit now, the best first, each strictly cheaper. Raises MemoryRefused.

        Those that grant the request's wish come first, if there are any. They count on idle
        models leaving; lent ones stay, but for the model itself if it is ``leaving``. On a
        card they need no more RAM than ``ram_most``, if there are such.
        """
        folder = self.locate(model)
        footprint = self.families[model.family].footprint(model, folder, request)
        snapshot = self.device.snapshot()
        known = self.ledger.known(snapshot.name, model.id, request)
        lent = self._residency.lent(snapshot, but=model.id if leaving else "")
        of = partial(
            ladder,
            model.name,
            footprint,
            snapshot,
            taken=lent.card,
            host_taken=lent.ram,
            ram_most=ram_most,
            known=known,
        )
        fits = partial(fitting, snapshot=snapshot, host_taken=lent.ram, known=known)
        every = of()
        fit = granted(fits(every), wish_of(request), lambda wish: fits(of(wish=wish)), known.failed)
        fit = fit if leaving else self._same_place(model, fit)
        if not fit:
            footprint_of = partial(self.families[model.family].footprint, model, folder)
            change = next(changes(model.name, footprint_of, snapshot, request))
            raise refusal(model.name, every, change)
        return fit

    def residents(self) -> tuple[Resident, ...]:
        now = self.clock()
        return tuple(entry.resident(now) for entry in self._residency.all())

    def beside(self, model_id: str) -> int:
        """Bytes that models other than this one hold where the device computes."""
        here = self.device.snapshot().torch_name
        others = (one for one in self.residents() if one.model != model_id)
        return sum(one.bytes for one in others if one.device == here)

    def leaks(self) -> tuple[str, ...]:
        """Ids of models that were unloaded but that something still holds."""
        return self._residency.leaks.found()

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
        """Load ahead of use, if it fits beside what is lent. False if it does not.

        A model that is in its place already stays as it is.
        """
        entry = self._residency[model.id]
        if entry is not None and not entry.parked:
            return True
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
        """Unload one model, or every one that is not lent, with the copies in RAM.

        Returns the bytes given back.
        """
        with self._lock:
            wanted = [e for e in self._residency.idle() if model_id in (None, e.model.id)]
            given = sum(sum(entry.claims) for entry in wanted)
            for entry in wanted:
                self._residency.drop(entry)
            self.device.empty_cache()
            return given

    # --- between jobs

    def tend(self) -> None:
        """To be called about once a second: what is unused, or in the way of others, leaves.

        Does nothing while models are loaded or moved; the next call will do.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            for entry in self._residency.idle():
                if self._residency[entry.model.id] is entry:  # not gone for another's copy
                    self._rest(entry, self.clock() - entry.used)
            self._room.give_way()
            self._residency.leaks.check(self.clock())
            if self._quiet():
                self._gauge.tend(self._residency.all(), self._quiet)
        finally:
            self._lock.release()

    def _quiet(self) -> bool:
        return not any(entry.loans for entry in self._residency.all())

    def _rest(self, entry: Entry, idle_s: float) -> None:
        """Off the card after ``keep_s``; the copy in RAM goes after the same time again."""
        if not self.keep_s or idle_s < self.keep_s:
            return
        if entry.resting.card:
            self._room.set_aside(entry)
        elif idle_s >= 2 * self.keep_s or self.device.snapshot().shares_ram:
            self._residency.drop(entry)

    # --- placing

    def _taken_out(self, model: Model, plan: Plan) -> Entry:
        with self._lock:
            self._leave_other_place(model, plan)
            self._room.make(model, plan)
            entry = self._residency[model.id]
            if entry is None:
                entry = self._loaded(model, plan)
            elif entry.parked:
                self._residency.unpark(entry, plan)
            elif not entry.loans:
                entry.plan = plan  # what rests may be more: what is added to a model stays on
            entry.loans.append(plan)
            return entry

    def _leave_other_place(self, model: Model, plan: Plan) -> None:
        """A model placed otherwise goes by way of RAM; stored otherwise, it is loaded anew."""
        entry = self._residency[model.id]
        if entry is None or entry.plan.placement == plan.placement:
            return
        if entry.loans:
            raise refusal(model.name, (plan,))
        if entry.plan.stored != plan.stored:
            self._residency.drop(entry)
        elif not entry.parked:
            self._room.set_aside(entry, max(0, claim(plan).ram - sum(entry.resting)))

    def _loaded(self, model: Model, plan: Plan) -> Entry:
        folder = self.locate(model)
        if folder is None:
            raise ModelMissing(model=model.name)
        return self._residency.load(model, folder, plan)

    def _give_back(self, entry: Entry, plan: Plan, failed: bool) -> None:
        with self._lock:
            entry.loans.remove(plan)
            entry.used = self.clock()
            entry.failed |= failed
            if entry.failed and not entry.loans:
                self._residency.drop(entry)

    def _same_place(self, model: Model, plans: tuple[Plan, ...]) -> tuple[Plan, ...]:
        """A model that is lent cannot move: only plans for where it is."""
        entry = self._residency[model.id]
        if entry is None or not entry.loans:
            return plans
        return tuple(plan for plan in plans if plan.placement == entry.plan.placement)
