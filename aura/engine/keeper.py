"""Keeps an engine process alive: starts it, reads what it says until it ends, starts the next."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from pydantic import ValidationError

from aura.engine.process import Process
from aura.engine.protocol import EVENTS, Event, JobEvent, Ready, Status
from aura.settings import Settings

DEATHS_MAX = 3  # in a row, then who waits for an engine is told that there is none
PAUSES_S = (0.2, 1.0, 3.0, 10.0, 30.0)  # before the next start, by deaths in a row
PAUSE_MAX_S = 3.0  # while a job waits
STEADY_S = 60.0  # after so long a life the count of deaths begins anew
GRACE_S = 5.0

log = logging.getLogger(__name__)


class Listener(Protocol):
    """Whom the keeper tells, in its own thread. ``lost`` is called under ``changed``."""

    def heard(self, event: JobEvent) -> None: ...

    def told(self, status: Status) -> None: ...

    def lost(self, returncode: int | None, last: Status | None) -> None: ...

    def waits(self) -> bool:
        """Whether a job waits for an engine."""
        ...


class Keeper:
    """One thread is the life of the engine. ``changed`` guards and tells of all that is here."""

    def __init__(
        self,
        settings: Settings,
        listener: Listener,
        *,
        command: Sequence[str] | None,
        clock: Callable[[], float] = time.monotonic,
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        self.settings, self.listener = settings, listener
        self.command, self.clock, self.pauses_s = command, clock, pauses_s
        self.changed = threading.Condition()
        self.process: Process | None = None
        self.ready: Ready | None = None
        self.status: Status | None = None
        self.closing = False
        self._deaths = 0  # in a row, of engines that were of no use
        self._served = False  # whether the engine that lives now was given a job
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep, name="engine", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the engine, whatever it does. Safe to call twice."""
        with self.changed:
            self.closing = True
            process = self.process
            self.changed.notify_all()
        if process is not None:
            process.end(GRACE_S)
        if self._thread is not None:
            self._thread.join()

    def engine(self, given_up: Callable[[], bool]) -> Process | None:
        """Wait for one that is ready; None if given up, closed, or it keeps dying."""
        with self.changed:
            deaths = self._deaths
            while not (self.closing or given_up()):
                if self.ready is not None and self.process is not None:
                    self._served = True
                    return self.process
                if self._deaths >= DEATHS_MAX and self._deaths != deaths:
                    break
                self.changed.wait()
            return None

    # --- its own thread

    def _keep(self) -> None:
        while not self.closing:
            begun = self.clock()
            try:
                self._live()
            except OSError:
                log.exception("the engine could not be started")
            if not self.closing:
                self._rest(useful=self._served or self.clock() - begun > STEADY_S)

    def _rest(self, useful: bool) -> None:
        """A pause before the next engine, longer and longer while none is of any use."""
        with self.changed:
            self._deaths = 1 if useful else self._deaths + 1
            pause_s = self.pauses_s[min(self._deaths, len(self.pauses_s)) - 1]
            log.warning("the engine ended; the next one starts in %.1f s", pause_s)
            self.changed.notify_all()
            at_least_s = min(pause_s, PAUSE_MAX_S)
            self.changed.wait_for(lambda: self.closing, at_least_s)
            self.changed.wait_for(
                lambda: self.closing or self.listener.waits(), pause_s - at_least_s
            )

    def _live(self) -> None:
        """One process from start to end."""
        process = Process.start(self.settings, self.command)
        with self.changed:
            self.process, self._served = process, False
        if self.closing:
            process.end(0)
        try:
            for line in process.lines():
                self._take(line)
        finally:
            process.end(0)
            with self.changed:
                last, self.status = self.status, None
                self.process = self.ready = None
                self.listener.lost(process.returncode, last)
                self.changed.notify_all()

    def _take(self, line: bytes) -> None:
        try:
            event: Event = EVENTS.validate_json(line)
        except ValidationError:
            log.error("the engine said what is no event: %.200r", line)
            return
        match event:
            case Ready():
                with self.changed:
                    self.ready = event
                    self.changed.notify_all()
            case Status():
                self.status = event
                self.listener.told(event)
            case _:
                self.listener.heard(event)
