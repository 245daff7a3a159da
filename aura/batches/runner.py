"""Draws batches: keeps a few of their jobs in the queue until every picture is there.

The batch's file and its pictures are all that it remembers by, so a studio that was killed
goes on with exactly what is missing.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

from aura.batches.batch import Batch, finished, key, keys, missing
from aura.batches.progress import Progress, progress
from aura.batches.sheet import save_sheet
from aura.batches.store import Store
from aura.errors import AuraError
from aura.jobs.job import JobView
from aura.jobs.queue import Jobs
from aura.library.history import History
from aura.requests import GenerateRequest, Picture

AHEAD = 3  # jobs of one batch that wait in the queue
BEAT_S = 10.0  # how often open batches are looked after, besides when a job ends
LOST = ("failed", "cancelled")

log = logging.getLogger(__name__)


class State(NamedTuple):
    """Of each picture of a batch by its key: drawn, lost with its error, or on its way."""

    drawn: dict[str, Picture]
    lost: dict[str, dict[str, Any] | None]
    waiting: tuple[JobView, ...]


class Batches:
    """Thread-safe. ``outputs`` is where the sheets of grids go, as pictures."""

    def __init__(self, folder: Path, jobs: Jobs, history: History, outputs: Path) -> None:
        self.store, self.jobs, self.history, self.outputs = Store(folder), jobs, history, outputs
        self._lock = threading.RLock()
        self._news = threading.Event()
        self._ends = threading.Condition()  # told when a batch is over
        self._closing = False
        self._version = 0  # another one after each change that the history does not see
        self._told: dict[str, tuple[Any, Progress]] = {}  # by batch: when it was told, and what
        self._thread: threading.Thread | None = None

    # --- life

    def start(self) -> None:
        """Go on with what the last studio left open."""
        self.store.prune()
        self._news.set()
        self._thread = threading.Thread(target=self._work, name="batches", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """What is open stays so, for the next time."""
        self._closing = True
        self._news.set()
        if self._thread is not None:
            self._thread.join()

    def look(self, view: JobView) -> None:
        """A job has changed: if it was one of a batch and has ended, the next may come."""
        if view.ended and view.request.batch:
            self._changed()

    # --- asking for something

    def submit(self, owner: str, batch: Batch) -> Batch:
        """Draw what is missing of it. Raises DiskFull, FolderUnwritable."""
        with self._lock:
            known = self.store.get(batch.id)
            opened = batch.model_copy(
                update={"owner": owner, "open": True, "sheet": known.sheet if known else None}
            )
            self.store.keep(opened)
            self._feed(opened)
        self._changed()
        return opened

    def resume(self, batch: Batch) -> None:
        """Go on with one that was stopped, and try again what failed. Raises as ``submit``."""
        self.submit(batch.owner, batch.model_copy(update={"begun": time.time(), "done": False}))

    def stop(self, id: str) -> None:
        """Its queued jobs are cancelled, the running one stops; what is drawn stays."""
        with self._lock:
            batch = self.store.get(id)
            if batch is None:
                return
            self.store.keep(batch.model_copy(update={"open": False}))
            for view in self.jobs.of_batch(id):
                if not view.ended:
                    self.jobs.stop(view.id)
            self._version += 1

    def stop_all(self, owner: str) -> None:
        for batch in self.of(owner):
            if batch.open:
                self.stop(batch.id)

    # --- looking

    def of(self, owner: str) -> list[Batch]:
        """This owner's, the newest first."""
        return [batch for batch in self.store.all() if batch.owner == owner]

    def get(self, id: str) -> Batch | None:
        return self.store.get(id)

    def pictures(self, batch: Batch) -> list[Picture]:
        """Those that are drawn, in the batch's order."""
        drawn = self._state(batch).drawn
        wanted = (one for request in batch.requests for one in keys(request))
        return [drawn[one] for one in wanted if one in drawn]

    def wait(self, batch: Batch) -> Batch:
        """As it is once it is no longer drawn: done, stopped, or cut short by the end."""
        while not self._closing:
            known = self.store.get(batch.id)
            if known is None or not known.open:
                return known or batch
            with self._ends:
                self._ends.wait(1.0)
        return batch

    def fault(self, batch: Batch) -> dict[str, Any] | None:
        """What the first of its lost pictures came to nothing for."""
        return next((error for error in self._state(batch).lost.values() if error), None)

    def progress(self, batch: Batch) -> Progress:
        """As it was when anything last changed."""
        stamp = (self._version, self.history.stamp())
        before = self._told.get(batch.id)
        if before is None or before[0] != stamp:
            state = self._state(batch)
            self._told[batch.id] = before = (stamp, progress(batch, state.drawn, state.lost))
        return before[1]

    def _changed(self) -> None:
        self._version += 1
        self._news.set()

    # --- its own thread

    def _work(self) -> None:
        while not self._closing:
            self._news.clear()
            with self._lock:
                opened = [batch for batch in self.store.all() if batch.open]
                for batch in opened:
                    self._tended(batch)
            self._news.wait(BEAT_S if opened else None)

    def _tended(self, batch: Batch) -> None:
        try:
            self._feed(batch)
        except AuraError as refused:  # a full disk: the queue is paused by then, and says so
            log.error("the batch %s waits: %s", batch.id, refused)
        except Exception:  # the boundary of a batch
            log.exception("the batch %s cannot go on", batch.id)
            self.store.keep(batch.model_copy(update={"open": False}))

    def _feed(self, batch: Batch) -> None:
        """Queue the next of its requests; once none is left, bring it to its end."""
        state = self._state(batch)
        known = {*state.drawn, *state.lost, *(k for v in state.waiting for k in keys(v.request))}
        left = list(missing(batch, known))
        for request in left[: max(0, AHEAD - len(state.waiting))]:
            self.jobs.submit(batch.owner, request)
        if not left and not state.waiting:
            self._end(batch, state)

    def _end(self, batch: Batch, state: State) -> None:
        ended = batch.model_copy(update={"open": False, "done": not state.lost})
        if batch.grid and not (batch.sheet and Path(batch.sheet).is_file()):
            made = save_sheet(self.outputs, batch, state.drawn, state.lost)
            self.history.add(made.picture, made.request, made.created)
            ended = ended.model_copy(update={"sheet": made.picture.path})
        self.store.keep(ended)
        self._version += 1
        with self._ends:
            self._ends.notify_all()

    def _state(self, batch: Batch) -> State:
        drawn: dict[str, Picture] = {}
        for entry in self.history.of_batch(batch.id):
            if finished(entry.picture):
                drawn[_key(entry.picture, entry.request)] = entry.picture
        lost: dict[str, dict[str, Any] | None] = {}
        views = self.jobs.of_batch(batch.id)
        for view in views:
            for picture in filter(finished, view.pictures if view.created >= batch.begun else ()):
                drawn.setdefault(_key(picture, view.request), picture)
            if view.state in LOST and view.created >= batch.begun:
                lost |= dict.fromkeys(keys(view.request), view.error)
        lost = {one: error for one, error in lost.items() if one not in drawn}
        return State(drawn, lost, tuple(view for view in views if not view.ended))


def _key(picture: Picture, request: GenerateRequest) -> str:
    """Of the picture, by where its seed stands among those of its request."""
    return key(request, request.index_of(picture.seed))
