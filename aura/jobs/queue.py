"""The queue: it accepts, orders, runs one at a time, and tells how far each job is.

Jobs live here and not in pages: a page may go and come back. One thread of its own takes
the jobs in turn and reads their events from the engine.
"""

from __future__ import annotations

import logging
import math
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from aura.engine.host import Engine
from aura.engine.protocol import Failed, JobEvent, Saved
from aura.errors import BadRequest, EngineFault, EngineLost, StorageError
from aura.jobs import pauses
from aura.jobs.forecast import Pace
from aura.jobs.job import JobView
from aura.jobs.journal import Journal
from aura.jobs.pauses import Reason
from aura.jobs.record import Record
from aura.jobs.turns import Turns
from aura.requests import Picture, Request

REMEMBERED = 200  # ended jobs in memory; the journal has more
BEAT_S = 1.0

log = logging.getLogger(__name__)


class Jobs:
    """Thread-safe. ``saved`` is called with each picture, its request and the time of day.

    ``seen`` is called with each job that runs, after every change of it.
    """

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        *,
        saved: Callable[[Picture, Request, float], None] | None = None,
        seen: Callable[[JobView], None] = lambda view: None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        remembered: int = REMEMBERED,
    ) -> None:
        self.engine, self.journal, self.saved, self.seen = engine, journal, saved, seen
        self.clock, self.now, self.remembered = clock, now, remembered
        self._changed = threading.Condition()
        self._records: dict[str, Record] = {}  # oldest first
        self._turns = Turns()
        self._running: Record | None = None
        self._paused: Reason | None = None
        self._closing = False
        self._past: dict[str, Pace] = {}  # by model
        self._thread: threading.Thread | None = None
        with self._changed:
            self._restore()

    # --- life

    def start(self) -> None:
        """Start the engine and take up the queue."""
        self.engine.start()
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the engine and the queue; a running job ends as interrupted."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self.engine.close()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.journal.close()

    # --- asking for something

    def submit(self, owner: str, request: Request) -> str:
        """The new job's id; it is on the disk by then. Raises DiskFull, FolderUnwritable."""
        job = secrets.token_hex(8)
        view = JobView(id=job, owner=owner, request=request, state="queued", created=self.now())
        with self._changed:
            self.journal.add(view)
            self._records[job] = Record(view)
            self._turns.put(owner, job)
            self._reordered()
        return job

    def stop(self, job: str) -> None:
        """A queued job is cancelled at once, a running one within a step."""
        with self._changed:
            record = self._records.get(job)
            if record is None or record.kept.ended:
                return
            record.stopping = True
            if self._turns.remove(job):
                self._end(record, "cancelled")
                self._reordered()
                return
        self.engine.stop(job)

    def retry(self, job: str) -> str:
        """Ask for the same once more; the new job's id. Raises BadRequest."""
        view = self.view(job)
        if view is None:
            raise BadRequest(field="job", problem="jobs.gone")
        return self.submit(view.owner, view.request)

    def front(self, job: str) -> None:
        """Make a queued job the next."""
        with self._changed:
            if self._turns.front(job):
                self.journal.front(job)
                self._reordered()

    def clear(self, owner: str) -> None:
        """Cancel all that this owner has queued; what runs goes on."""
        with self._changed:
            for record in list(self._records.values()):
                if record.kept.owner == owner and self._turns.remove(record.kept.id):
                    self._end(record, "cancelled")
            self._reordered()

    def pause(self) -> None:
        """Begin no further job until ``resume``."""
        self._pause(pauses.BY_HAND)

    def resume(self) -> None:
        with self._changed:
            self._paused = None
            self._changed.notify_all()

    # --- looking

    @property
    def paused(self) -> bool:
        return self._paused is not None

    @property
    def pause_reason(self) -> Reason | None:
        """Why it is paused: a key of the texts and its facts."""
        return self._paused

    def view(self, job: str) -> JobView | None:
        with self._changed:
            record = self._records.get(job)
            return self._view(record) if record is not None else self.journal.get(job)

    def views(self, owner: str | None = None) -> tuple[JobView, ...]:
        """The jobs of one owner, or all that are in memory, the newest last."""
        with self._changed:
            records = self._records.values()
            return tuple(self._view(r) for r in records if owner in (None, r.kept.owner))

    def of_batch(self, batch: str) -> tuple[JobView, ...]:
        """The jobs of a batch, oldest first, also those that are no longer in memory."""
        with self._changed:
            kept = self.journal.of_batch(batch)
            return tuple(
                self._view(self._records[v.id]) if v.id in self._records else v for v in kept
            )

    def current(self) -> JobView | None:
        """The job that runs now."""
        with self._changed:
            return self._view(self._running) if self._running is not None else None

    def follow(self, job: str, seconds: float | None = None) -> Iterator[JobView]:
        """The job now and after each change, until it has ended, or for so many seconds.

        A reader that is slower than the changes gets the newest only. Without a change the
        job is told once in BEAT_S all the same: its times have gone on, and whoever hosts
        the reader can end one whose page is gone.
        """
        until = math.inf if seconds is None else self.clock() + seconds
        seen = -1
        while True:
            with self._changed:
                record = self._records.get(job)
                seen = self._news(record, seen, until)
                view = self.view(job)
            if view is None:
                return
            yield view
            if view.ended or self._closing or self.clock() >= until:
                return

    def _news(self, record: Record | None, seen: int, until: float) -> int:
        """Wait, under the lock, until there is something to tell; the version there is then."""
        if record is None:
            return seen
        wait_s = min(BEAT_S, until - self.clock())
        self._changed.wait_for(lambda: self._closing or record.version != seen, max(0.0, wait_s))
        return record.version

    # --- the queue's own thread

    def _work(self) -> None:
        while (record := self._next()) is not None:
            self._relay(record)

    def _next(self) -> Record | None:
        """Wait for the job whose turn it is; None when closing."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or (len(self._turns) and not self._paused))
            job = None if self._closing else self._turns.next()
            if job is None:
                return None
            self._running = record = self._records[job]
            record.begin(self.clock())
            self._keep(record)
            self._reordered()
            return record

    def _relay(self, record: Record) -> None:
        try:
            events = self.engine.run(record.kept.id, record.kept.request)
            if record.stopping:  # asked for before the engine knew of the job
                self.engine.stop(record.kept.id)
            for event in events:
                self._apply(record, event)
        except Exception as fault:  # the boundary of the job
            log.exception("the engine of job %s met a fault", record.kept.id)
            told = f"{type(fault).__name__}: {fault}"[:300]
            self._apply(record, _failed(record, EngineFault(fault=told, log="")))
        if not record.kept.ended:
            self._apply(record, _failed(record, EngineLost()))
        with self._changed:
            self._running = None
            self._changed.notify_all()

    def _apply(self, record: Record, event: JobEvent) -> None:
        if isinstance(event, Saved):
            self._tell_saved(record, event.picture)
        with self._changed:
            if record.kept.ended:
                return
            if self._closing and isinstance(event, Failed):
                record.end("interrupted", self.clock())
            else:
                record.apply(event, self.clock())
            if record.kept.ended or isinstance(event, Saved):
                self._keep(record)
            if record.kept.ended:
                self._ended(record)
            if isinstance(event, Failed) and (reason := pauses.after(event.error)):
                self._pause(reason)  # before anybody hears of the failure
            self._changed.notify_all()
        self._tell(self.seen, record.kept)

    def _tell_saved(self, record: Record, picture: Picture) -> None:
        if self.saved is not None:  # what fails there: the picture is on the disk all the same
            self._tell(self.saved, picture, record.kept.request, self.now())

    def _tell(self, listener: Callable[..., None], *news: Any) -> None:
        """What goes wrong with a listener is its own affair, never the queue's."""
        try:
            listener(*news)
        except Exception:  # the boundary to others
            log.exception("%s could not take %s", listener, type(news[0]).__name__)

    # --- under the lock

    def _restore(self) -> None:
        """What the last studio left: ended jobs to look at, queued ones to run."""
        try:
            self.journal.interrupt()
            self.journal.prune()
        except StorageError as refused:  # a full disk: what was drawn can be looked at all the same
            log.error("the journal cannot be written: %s", refused)
            self._pause(pauses.disk_full(refused.facts))
        for view in self.journal.ended(self.remembered):
            self._records[view.id] = Record(view)
            self._learn(view)
        queued = list(self.journal.queued())
        for view, _ in queued:
            self._records[view.id] = Record(view)
            self._turns.put(view.owner, view.id)
        for view, fronted in reversed(queued):
            if fronted:
                self._turns.front(view.id)
        self._reordered()

    def _view(self, record: Record) -> JobView:
        return record.view(self.clock(), self._past.get(record.kept.request.model))

    def _end(self, record: Record, state: str) -> None:
        record.end(state, self.clock())
        self._keep(record)
        self._ended(record)

    def _ended(self, record: Record) -> None:
        self._learn(record.kept)
        ended = [job for job, one in self._records.items() if one.kept.ended]
        for job in ended[: max(0, len(ended) - self.remembered)]:
            del self._records[job]

    def _learn(self, view: JobView) -> None:
        if view.state == "done":
            self._past[view.request.model] = Pace.of(view)

    def _reordered(self) -> None:
        for place, job in enumerate(self._turns.order()):
            self._records[job].place(place)
        self._changed.notify_all()

    def _keep(self, record: Record) -> None:
        """Into the journal; a disk that refuses stops the queue, not the job."""
        try:
            self.journal.write(record.kept)
        except StorageError as refused:
            log.error("job %s is not in the journal: %s", record.kept.id, refused)
            self._pause(pauses.disk_full(refused.facts))

    def _pause(self, reason: Reason) -> None:
        with self._changed:
            self._paused = self._paused or reason
            self._changed.notify_all()


def _failed(record: Record, error: EngineFault | EngineLost) -> Failed:
    return Failed(job=record.kept.id, error=error.as_dict())
