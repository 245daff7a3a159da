"""Relays jobs between the studio and the engine that is kept alive for it.

A fault in the engine costs the job that was running, no more; one that the system killed
for want of RAM not even that: the job goes on once, in a way that needs less.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from typing import Any

from aura.engine.drafts import rescued
from aura.engine.errand import Errand, Sign
from aura.engine.keeper import PAUSES_S, Keeper
from aura.engine.process import Process
from aura.engine.protocol import (
    Cancelled,
    Command,
    Done,
    Failed,
    JobEvent,
    KeepFor,
    Notice,
    Ready,
    Release,
    Run,
    Stage,
    Status,
    Stop,
    Warm,
)
from aura.errors import EngineLost, EngineStarved, Stopped
from aura.memory import exhaustion
from aura.memory.ledger import Ledger
from aura.memory.plan import Plan
from aura.requests import Request
from aura.settings import Settings

STOP_BOUND_S = 30.0  # one step of a huge model on a slow card
STARVED = Notice(job="", code="engine.starved")
WARM_AGAIN_S = 30.0  # an engine that was told to load a model has done so by then, or will not

log = logging.getLogger(__name__)


class Supervisor:
    """One engine. Every method may be called from any thread; ``run`` for one job at a time."""

    def __init__(
        self,
        settings: Settings,
        *,
        command: Sequence[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        stop_bound_s: float = STOP_BOUND_S,
        pauses_s: Sequence[float] = PAUSES_S,
        kills: Callable[[], int] = exhaustion.kills,
    ) -> None:
        self.clock, self.stop_bound_s, self.kills = clock, stop_bound_s, kills
        self._keeper = Keeper(settings, self, command=command, clock=clock, pauses_s=pauses_s)
        self._watcher: Callable[[Status], None] = lambda status: None
        self._errands: dict[str, Errand] = {}
        self._warmed: tuple[str, float] | None = None  # the model told of last, and when
        self._wish: str | None = None  # the model to warm once an engine is ready

    # --- life

    def start(self) -> None:
        """Begin to keep an engine; it is ready some seconds later."""
        self._keeper.start()

    def close(self) -> None:
        """End the engine, whatever it does; a running job ends as lost. Safe to call twice."""
        self._keeper.close()

    def watch(self, watcher: Callable[[Status], None]) -> None:
        """Tell every status from now on to ``watcher``, in the thread that keeps the engine."""
        self._watcher = watcher

    @property
    def settings(self) -> Settings:
        """Those the next engine starts with."""
        return self._keeper.settings

    @property
    def ready(self) -> Ready | None:
        return self._keeper.ready

    def status(self) -> Status | None:
        """The last status of the engine that lives now."""
        return self._keeper.status

    # --- work

    def run(self, job: str, request: Request) -> Iterator[JobEvent]:
        """Relay a job's events; the last one is Done, Failed or Cancelled.

        From this call on the job can be stopped, also before its first event is asked for.
        """
        errand = Errand(Run(job=job, request=request))
        with self._keeper.changed:
            self._errands[job] = errand
            self._keeper.changed.notify_all()
        return self._relayed(errand)

    def stop(self, job: str) -> None:
        """Stop a job at its next event.

        An engine that has not answered for ``stop_bound_s`` is said to be slow; stopping
        once more then ends it, and the job with it.
        """
        with self._keeper.changed:
            errand = self._errands.get(job)
            if errand is None:
                return
            errand.given_up = errand.told_slow
            if errand.stopped_at is None:
                errand.stopped_at = self.clock()
                errand.inbox.put(Sign.STOPPED)
            self._keeper.changed.notify_all()
            process = errand.sent_to
        if process is not None:
            process.send(Stop(job=job))
            if errand.given_up:
                process.end(0)

    def release(self, model: str | None = None) -> None:
        """Give the memory of one model back, or of all that are not in use."""
        self._warmed = None
        self._tell(Release(model=model))

    def keep_for(self, seconds: float) -> None:
        """How long unused models stay, also in engines to come; 0: for ever."""
        changed = {"idle_release": seconds}
        self._keeper.settings = self._keeper.settings.model_copy(update=changed)
        self._tell(KeepFor(seconds=seconds))

    def warm(self, model: str) -> None:
        """Load a model ahead of use, such as while its prompt is typed; may be called often.

        Does nothing while a job is here, nor for a model that is there or on its way.
        """
        self._wish = model if self.ready is None else None
        if self._wish:
            return
        now, (last, told) = self.clock(), self._warmed or ("", 0.0)
        on_its_way = last == model and now - told < WARM_AGAIN_S
        if not (self._errands or on_its_way or self._is_there(model)):
            self._warmed = model, now
            self._tell(Warm(model=model))

    def _is_there(self, model: str) -> bool:
        status = self.status()
        here = status.residents if status else ()
        return any(one.model == model and not one.parked for one in here)

    def _tell(self, command: Command) -> None:
        process = self._keeper.process
        if process is not None and self.ready is not None:
            process.send(command)

    # --- one job

    def _relayed(self, errand: Errand) -> Iterator[JobEvent]:
        try:
            yield from self._sent(errand)
        finally:
            with self._keeper.changed:
                del self._errands[errand.job]
            if errand.sent_to is not None:
                errand.sent_to.send(Stop(job=errand.job))  # its reader went away

    def _sent(self, errand: Errand) -> Iterator[JobEvent]:
        if self._keeper.ready is None:
            yield self._loading(errand)
        while (process := self._engine_for(errand)) is not None:
            process.send(errand.run)
            sign = yield from self._heard(errand)
            if sign is None:
                return
            if sign is not Sign.STARVED or not self._goes_on(errand):
                yield from self._lost_with(errand, sign)
                return
            yield STARVED.model_copy(update={"job": errand.job})
            yield self._loading(errand)
        yield from self._lost_with(errand, Sign.LOST)

    def _loading(self, errand: Errand) -> Stage:
        return Stage(job=errand.job, stage="loading", count=errand.run.request.count)

    def _heard(self, errand: Errand) -> Generator[JobEvent, None, Sign | None]:
        """Yield what the engine says; return None once the job has ended, else what cut it."""
        while True:
            try:
                event = errand.inbox.get(timeout=self._patience(errand))
            except queue.Empty:
                errand.told_slow = True
                yield Notice(job=errand.job, code="engine.slow_to_stop")
                continue
            if event is Sign.STOPPED:
                continue  # from here on its patience runs
            if isinstance(event, Sign):
                return event
            if isinstance(event, Done | Failed | Cancelled):
                errand.sent_to = None
                yield event
                return None
            errand.note(event)
            yield event

    def _goes_on(self, errand: Errand) -> bool:
        """Once, in a cheaper way than the one it died in; that one is remembered for next time."""
        stopped = self._keeper.closing or errand.stopped_at is not None
        if stopped or errand.plan is None:
            return False
        self._remember(errand, errand.plan)
        if errand.run.resumed is not None:
            return False
        errand.note(STARVED)
        errand.resume(errand.plan)
        return True

    def _remember(self, errand: Errand, plan: dict[str, Any]) -> None:
        if errand.last_status is None:
            return  # nobody knows on which device
        try:
            with closing(Ledger(self.settings.data_dir / "ledger.db")) as ledger:
                device = errand.last_status.device.name
                ledger.ran_out(device, Plan(**plan), errand.work)
        except (sqlite3.Error, OSError):
            log.exception("what ran out is not in the ledger")

    def _engine_for(self, errand: Errand) -> Process | None:
        """Wait for an engine that is ready; None if stopped, closed, or it keeps dying."""
        with self._keeper.changed:
            process = self._keeper.engine(lambda: errand.stopped_at is not None)
            errand.sent_to, errand.kills = process, self.kills()
            return process

    def _lost_with(self, errand: Errand, sign: Sign) -> Iterator[JobEvent]:
        """What it had drawn is saved as it is; then its end."""
        ending = self._ending(errand, sign)
        why = ending.error["code"] if isinstance(ending, Failed) else Stopped.code
        yield from rescued(self.settings.data_dir, errand.job, why)
        yield ending

    def _ending(self, errand: Errand, sign: Sign) -> Failed | Cancelled:
        started, errand.sent_to = errand.sent_to is not None, None
        if errand.given_up or (errand.stopped_at is not None and not self._keeper.closing):
            return Cancelled(job=errand.job)
        error: EngineLost | EngineStarved = EngineLost(started=started)
        if sign is Sign.STARVED and errand.run.resumed is not None:
            error = EngineStarved(tried=", ".join(errand.tried))
        return Failed(job=errand.job, error=error.as_dict())

    def _patience(self, errand: Errand) -> float | None:
        """Seconds until a stopped job counts as slow to stop; None: for as long as it takes."""
        if errand.told_slow or errand.stopped_at is None:
            return None
        return max(0.0, errand.stopped_at + self.stop_bound_s - self.clock())

    # --- in the keeper's thread

    def heard(self, event: JobEvent) -> None:
        errand = self._errands.get(event.job)
        if errand is None:
            log.info("an event of a job that nobody follows: %s", event.job)
        else:
            errand.inbox.put(event)

    def told(self, status: Status) -> None:
        self._watcher(status)
        if self._wish:
            self.warm(self._wish)

    def lost(self, returncode: int | None, last: Status | None) -> None:
        self._warmed = None
        for errand in self._errands.values():
            if errand.sent_to is not None:
                errand.last_status = last
                kills, device = self.kills() - errand.kills, last.device if last else None
                starved = exhaustion.starved(returncode, kills, device)
                errand.inbox.put(Sign.STARVED if starved else Sign.LOST)

    def waits(self) -> bool:
        return bool(self._errands)
