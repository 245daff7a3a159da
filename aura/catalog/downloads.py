"""The downloads of a studio: one at a time, remembered, and none of them in anybody's way.

They belong to the studio and not to a page. What was waiting or running when it ended goes
on at the next start; what was paused stays so.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Protocol

from pydantic import ValidationError

from aura.catalog import kept, store
from aura.catalog.download import Download
from aura.catalog.licences import Licences
from aura.catalog.models import Model
from aura.catalog.progress import Meter, Progress
from aura.catalog.remote import Hub
from aura.catalog.sound import Sound
from aura.errors import AuraError, Offline, Stopped, StorageError
from aura.requests import Plain

State = Literal["queued", "running", "paused", "failed", "done", "cancelled"]
ENDED = frozenset({"failed", "done", "cancelled"})
WAITING = frozenset({"queued", "paused", "failed"})  # nothing of it is under way

log = logging.getLogger(__name__)


class DownloadView(Plain):
    """One download as it stands. ``error`` is an ``AuraError.as_dict``."""

    model: str  # its id
    state: State = "queued"
    progress: Progress = Progress()
    error: dict[str, Any] | None = None


class Fetch(Protocol):
    """Fetches a model, tells how far it is, ends when ``stop`` is set. Raises AuraError."""

    def __call__(
        self, model: Model, seen: Callable[[Progress], None], stop: threading.Event
    ) -> None: ...


def fetching(hub: Hub, sound: Sound) -> Fetch:
    """From ``hub``, into the standard cache; ``sound`` remembers what was read on the way."""

    def fetch(model: Model, seen: Callable[[Progress], None], stop: threading.Event) -> None:
        Download(model, hub, Meter(seen), stop=stop, proven=sound.proven).run()

    return fetch


class Downloads:
    """Thread-safe. ``find`` gives the model of an id; ``seen`` hears of every change.

    ``offline``: nothing is begun, and what waits goes on waiting.
    """

    def __init__(
        self,
        data_dir: Path,
        find: Callable[[str], Model],
        fetch: Fetch,
        *,
        offline: bool = False,
        seen: Callable[[DownloadView], None] = lambda view: None,
    ) -> None:
        self.offline = offline
        self.path, self.find, self.fetch, self.seen = data_dir / "downloads.json", find, fetch, seen
        self.licences = Licences(data_dir)
        self._changed = threading.Condition()
        self._views = _restored(self.path)  # in the order they were asked for
        self._stop = threading.Event()
        self._wish: State = "queued"  # what the running one becomes when it is stopped
        self._closing = False
        self._thread: threading.Thread | None = None

    # --- life

    def start(self) -> None:
        """Take up what was left."""
        if self.offline:
            return
        self._thread = threading.Thread(target=self._work, name="downloads", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End; what is under way waits for the next start."""
        with self._changed:
            self._closing = True
            self._stop.set()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    # --- asking for something

    def get(self, id: str) -> None:
        """Fetch a model, now or after those before it.

        Raises UnknownModel, Offline, LicenceNotAccepted, DiskFull, FolderUnwritable.
        """
        model = self.find(id)
        if self.offline:
            raise Offline(model=model.name)
        self.licences.require(model)
        with self._changed:
            view = self._views.get(id)
            if view is None or view.state in ENDED or view.state == "paused":
                self._put(DownloadView(model=id, progress=view.progress if view else Progress()))
            elif view.state == "running":
                self._wish = "queued"  # it may have been told to stop just now

    def pause(self, id: str) -> None:
        """What has come stays, and ``get`` goes on from there."""
        with self._changed:
            view = self._views.get(id)
            if view and view.state == "queued":
                self._put(view.model_copy(update={"state": "paused"}))
            elif view and view.state == "running":
                self._end_running("paused")

    def cancel(self, id: str) -> None:
        """Give it up: files in part are deleted, whole ones stay."""
        with self._changed:
            view = self._views.get(id)
            if view and view.state in WAITING:
                self._discard(id)
                self._put(DownloadView(model=id, state="cancelled"))
            elif view and view.state == "running":
                self._end_running("cancelled")

    def forget(self, id: str) -> None:
        """Drop one that has ended from the list."""
        with self._changed:
            if id in self._views and self._views[id].state in ENDED:
                del self._views[id]
                self._keep()

    # --- what there is

    def views(self) -> list[DownloadView]:
        """All of them, the first asked for first."""
        with self._changed:
            return list(self._views.values())

    def view(self, id: str) -> DownloadView | None:
        with self._changed:
            return self._views.get(id)

    # --- the thread

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._next() is not None)
                view = self._next()
                if self._closing or view is None:
                    return
                self._stop, self._wish = threading.Event(), "queued"
                self._settle(view.model_copy(update={"state": "running", "error": None}))
            ended = self._fetched(view.model, self._stop)
            with self._changed:
                if ended.state == "cancelled":
                    self._discard(view.model)
                self._settle(ended)

    def _fetched(self, id: str, stop: threading.Event) -> DownloadView:
        """The running download as it ended."""
        try:
            self.fetch(self.find(id), lambda progress: self._told(id, progress), stop)
            return self._ended(id, "done")
        except Stopped:
            return self._ended(id, self._wish)
        except AuraError as error:
            return self._ended(id, "failed", error)
        except Exception:  # the thread must outlive any one download
            log.exception("a download of %s failed", id)
            return self._ended(id, "failed", AuraError())

    def _ended(self, id: str, state: State, error: AuraError | None = None) -> DownloadView:
        with self._changed:
            progress = Progress() if state == "cancelled" else self._views[id].progress
        still = progress.model_copy(update={"speed": None, "left": None})
        told = error.as_dict() if error else None
        return DownloadView(model=id, state=state, progress=still, error=told)

    def _told(self, id: str, progress: Progress) -> None:
        with self._changed:
            view = self._views[id].model_copy(update={"progress": progress})
            self._views[id] = view
        self.seen(view)

    # --- under the lock

    def _next(self) -> DownloadView | None:
        return next((view for view in self._views.values() if view.state == "queued"), None)

    def _end_running(self, wish: State) -> None:
        self._wish = wish
        self._stop.set()

    def _discard(self, id: str) -> None:
        repo = self.find(id).repo
        if repo:
            store.discard_partial(repo)

    def _put(self, view: DownloadView) -> None:
        """The new state, kept on the disk. One that begins anew goes behind the others."""
        before = dict(self._views)
        if view.state == "queued":
            self._views.pop(view.model, None)
        self._views[view.model] = view
        try:
            self._keep()
        except StorageError:
            self._views = before
            raise
        self._changed.notify_all()
        self.seen(view)

    def _settle(self, view: DownloadView) -> None:
        """As ``_put``, from the thread: a full disk must not end it."""
        self._views[view.model] = view
        try:
            self._keep()
        except StorageError as failed:
            log.error("the downloads cannot be kept: %s", failed)
        self.seen(view)

    def _keep(self) -> None:
        told = [view.model_dump(mode="json") for view in self._views.values()]
        kept.write(self.path, {"downloads": told})


def _restored(path: Path) -> dict[str, DownloadView]:
    """What was kept; what was running waits again."""
    views: dict[str, DownloadView] = {}
    rows = kept.read(path).get("downloads")
    for row in rows if isinstance(rows, list) else ():
        try:
            view = DownloadView.model_validate(row)
        except ValidationError as unreadable:
            log.error("a download cannot be read: %s", unreadable)
            continue
        waits = view.state == "running"
        views[view.model] = view.model_copy(update={"state": "queued"}) if waits else view
    return views
