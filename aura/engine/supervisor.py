"""Keeps an engine process alive and relays between it and the studio.

One thread is the life of the engine: it starts the process, reads what it says until it
ends, and starts the next. A fault over there costs the job that was running, no more.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from enum import Enum

from pydantic import ValidationError

from aura.engine.process import Process
from aura.engine.protocol import (
    EVENTS,
    Cancelled,
    Command,
    Done,
    Event,
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
from aura.errors import EngineLost
from aura.requests import Request
from aura.settings import Settings

STOP_BOUND_S = 30.0  # one step of a huge model on a slow card
DEATHS_MAX = 3  # in a row, then a job that waits for an engine has failed
PAUSES_S = (0.2, 1.0, 3.0, 10.0, 30.0)  # before the next start, by deaths in a row
PAUSE_MAX_S = 3.0  # while a job waits
STEADY_S = 60.0  # after so long a life the count of deaths begins anew
GRACE_S = 5.0

log = logging.getLogger(__name__)


class Sign(Enum):
    """What an errand is told besides events."""

    STOPPED = "stopped"
    LOST = "lost"


class Errand:
    """One job on its way through the engine."""

    def __init__(self, job: str) -> None:
        self.job = job
        self.inbox: queue.Queue[JobEvent | Sign] = queue.Queue()
        self.stopped_at: float | None = None
        self.sent_to: Process | None = None
        self.told_slow = False
        self.given_up = False  # the person chose to end the engine with it


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
    ) -> None:
        self.settings, self.command, self.clock = settings, command, clock
        self.stop_bound_s, self.pauses_s = stop_bound_s, pauses_s
        self._changed = threading.Condition()
        self._process: Process | None = None
        self._ready: Ready | None = None
        self._status: Status | None = None
        self._watcher: Callable[[Status], None] = lambda status: None
        self._errands: dict[str, Errand] = {}
        self._deaths = 0  # in a row, of engines that were of no use
        self._served = False  # whether the engine that lives now was given a job
        self._closing = False
        self._keeper: threading.Thread | None = None

    # --- life

    def start(self) -> None:
        """Begin to keep an engine; it is ready some seconds later."""
        if self._keeper is None:
            self._keeper = threading.Thread(target=self._keep, name="engine", daemon=True)
            self._keeper.start()

    def close(self) -> None:
        """End the engine, whatever it does; a running job ends as lost. Safe to call twice."""
        with self._changed:
            self._closing = True
            process = self._process
            self._changed.notify_all()
        if process is not None:
            process.end(GRACE_S)
        if self._keeper is not None:
            self._keeper.join()

    def watch(self, watcher: Callable[[Status], None]) -> None:
        """Tell every status from now on to ``watcher``, in the thread that keeps the engine."""
        self._watcher = watcher

    @property
    def ready(self) -> Ready | None:
        return self._ready

    def status(self) -> Status | None:
        """The last status of the engine that lives now."""
        return self._status

    # --- work

    def run(self, job: str, request: Request) -> Iterator[JobEvent]:
        """Relay a job's events; the last one is Done, Failed or Cancelled.

        From this call on the job can be stopped, also before its first event is asked for.
        """
        errand = Errand(job)
        with self._changed:
            self._errands[job] = errand
            self._changed.notify_all()
        return self._relayed(errand, Run(job=job, request=request))

    def stop(self, job: str) -> None:
        """Stop a job at its next event.

        An engine that has not answered for ``stop_bound_s`` is said to be slow; stopping
        once more then ends it, and the job with it.
        """
        with self._changed:
            errand = self._errands.get(job)
            if errand is None:
                return
            errand.given_up = errand.told_slow
            if errand.stopped_at is None:
                errand.stopped_at = self.clock()
                errand.inbox.put(Sign.STOPPED)
            self._changed.notify_all()
            process = errand.sent_to
        if process is not None:
            process.send(Stop(job=job))
            if errand.given_up:
                process.end(0)

    def release(self, model: str | None = None) -> None:
        """Give the memory of one model back, or of all that are not in use."""
        self._tell(Release(model=model))

    def keep_for(self, seconds: float) -> None:
        """How long unused models stay, also in engines to come; 0: for ever."""
        self.settings = self.settings.model_copy(update={"idle_release": seconds})
        self._tell(KeepFor(seconds=seconds))

    def warm(self, model: str) -> None:
        """Load the model ahead of use. May be called often; while a job is here, it is not."""
        if not self._errands:
            self._tell(Warm(model=model))

    def _tell(self, command: Command) -> None:
        process = self._process
        if process is not None and self._ready is not None:
            process.send(command)

    # --- one job

    def _relayed(self, errand: Errand, run: Run) -> Iterator[JobEvent]:
        try:
            yield from self._sent(errand, run)
        finally:
            with self._changed:
                del self._errands[run.job]
            if errand.sent_to is not None:
                errand.sent_to.send(Stop(job=run.job))  # its reader went away

    def _sent(self, errand: Errand, run: Run) -> Iterator[JobEvent]:
        if self._ready is None:
            yield Stage(job=errand.job, stage="loading", count=run.request.count)
        process = self._engine_for(errand)
        if process is None:
            yield self._without_engine(errand)
            return
        process.send(run)
        while True:
            try:
                event = errand.inbox.get(timeout=self._patience(errand))
            except queue.Empty:
                errand.told_slow = True
                yield Notice(job=errand.job, code="engine.slow_to_stop")
                continue
            if event is Sign.STOPPED:
                continue  # from here on its patience runs
            if event is Sign.LOST:
                yield self._without_engine(errand)
                return
            if isinstance(event, Done | Failed | Cancelled):
                errand.sent_to = None
                yield event
                return
            yield event

    def _engine_for(self, errand: Errand) -> Process | None:
        """Wait for an engine that is ready; None if stopped, closed, or it keeps dying."""
        with self._changed:
            deaths = self._deaths
            while True:
                if self._closing or errand.stopped_at is not None:
                    return None
                if self._ready is not None and self._process is not None:
                    errand.sent_to = self._process
                    self._served = True
                    return self._process
                if self._deaths >= DEATHS_MAX and self._deaths != deaths:
                    return None
                self._changed.wait()

    def _without_engine(self, errand: Errand) -> JobEvent:
        started, errand.sent_to = errand.sent_to is not None, None
        if errand.given_up or (errand.stopped_at is not None and not self._closing):
            return Cancelled(job=errand.job)
        return Failed(job=errand.job, error=EngineLost(started=started).as_dict())

    def _patience(self, errand: Errand) -> float | None:
        """Seconds until a stopped job counts as slow to stop; None: for as long as it takes."""
        if errand.told_slow or errand.stopped_at is None:
            return None
        return max(0.0, errand.stopped_at + self.stop_bound_s - self.clock())

    # --- the keeper's thread

    def _keep(self) -> None:
        while not self._closing:
            begun = self.clock()
            try:
                self._live()
            except OSError:
                log.exception("the engine could not be started")
            if not self._closing:
                self._rest(useful=self._served or self.clock() - begun > STEADY_S)

    def _rest(self, useful: bool) -> None:
        """A pause before the next engine, longer and longer while none is of any use."""
        with self._changed:
            self._deaths = 1 if useful else self._deaths + 1
            pause_s = self.pauses_s[min(self._deaths, len(self.pauses_s)) - 1]
            log.warning("the engine ended; the next one starts in %.1f s", pause_s)
            self._changed.notify_all()
            at_least_s = min(pause_s, PAUSE_MAX_S)
            self._changed.wait_for(lambda: self._closing, at_least_s)
            self._changed.wait_for(lambda: self._closing or self._errands, pause_s - at_least_s)

    def _live(self) -> None:
        """One process from start to end."""
        process = Process.start(self.settings, self.command)
        with self._changed:
            self._process, self._served = process, False
        if self._closing:
            process.end(0)
        try:
            for line in process.lines():
                self._take(line)
        finally:
            process.end(0)
            self._lost()

    def _lost(self) -> None:
        with self._changed:
            self._process = self._ready = self._status = None
            for errand in self._errands.values():
                if errand.sent_to is not None:
                    errand.inbox.put(Sign.LOST)
            self._changed.notify_all()

    def _take(self, line: bytes) -> None:
        try:
            event: Event = EVENTS.validate_json(line)
        except ValidationError:
            log.error("the engine said what is no event: %.200r", line)
            return
        match event:
            case Ready():
                with self._changed:
                    self._ready = event
                    self._changed.notify_all()
            case Status():
                self._status = event
                self._watcher(event)
            case _:
                self._deliver(event)

    def _deliver(self, event: JobEvent) -> None:
        errand = self._errands.get(event.job)
        if errand is None:
            log.info("an event of a job that nobody follows: %s", event.job)
        else:
            errand.inbox.put(event)
