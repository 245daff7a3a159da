"""The studio: everything that serves one data folder, opened and closed together."""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from aura.batches.runner import Batches
from aura.catalog import Catalog, folders
from aura.catalog.downloads import Downloads, fetching
from aura.catalog.remote import Hub
from aura.catalog.sound import Sound
from aura.engine import drafts
from aura.engine.host import Engine
from aura.engine.side_by_side import SideBySide
from aura.engine.supervisor import Supervisor
from aura.errors import AlreadyRunning, AuraError, FolderUnwritable
from aura.jobs.job import JobView
from aura.jobs.journal import Journal
from aura.jobs.queue import Jobs
from aura.library.history import History
from aura.library.results import sweep
from aura.settings import Settings
from aura.styles import Styles
from aura.timeline import Timeline

log = logging.getLogger(__name__)


class Studio:
    """What the pages and the public endpoint work with. One per data folder at a time."""

    def __init__(self, settings: Settings, engine: Engine, lock: FileLock) -> None:
        self.settings, self.engine, self._lock = settings, engine, lock
        data = settings.data_dir
        self.catalog = Catalog.read(settings)
        kept = folders.joined(settings.model_copy(update={"models_dirs": ()})).models_dirs
        self._given = tuple(one for one in settings.models_dirs if one not in kept)
        self.styles = Styles(data / "styles.json")
        self.history = History(data / "history.db")
        self.timeline = Timeline()
        journal = Journal(data / "jobs.db")
        self.jobs = Jobs(engine, journal, saved=self.history.add, seen=self._seen)
        self.batches = Batches(data / "batches", self.jobs, self.history, data / "outputs")
        engine.watch(self.timeline.hear)
        hub = Hub(offline=settings.offline)
        fetch = fetching(hub, Sound(data / "sound.json"))
        self.downloads = Downloads(data, self.catalog.get, fetch, offline=hub.silent)
        self._closing = threading.Event()
        self._scan = threading.Thread(target=self._take_in, name="history", daemon=True)

    @classmethod
    def open(cls, settings: Settings, engine: Engine | None = None) -> Studio:
        """Raises AlreadyRunning, FolderUnwritable. ``engine`` in a test: a scripted one."""
        lock = _folder_lock(settings.data_dir)
        try:
            sweep(settings.data_dir / "outputs")
            drafts.sweep(settings.data_dir)
            studio = cls(settings, engine or SideBySide(Supervisor(settings)), lock)
            studio.jobs.start()
            studio.downloads.start()
            studio._scan.start()
        except BaseException:
            lock.release()
            raise
        return studio

    def announce(self, url: str) -> None:
        """Where it is served, for the next one who tries to open the same folder."""
        _address(self.settings.data_dir).write_text(url, encoding="utf-8")

    @property
    def models_dirs(self) -> tuple[Path, ...]:
        """The folders of a person's own that are looked in now; those of the options first."""
        given = self.settings.model_copy(update={"models_dirs": self._given})
        return folders.joined(given).models_dirs

    def look_again(self) -> None:
        """Models may have come or gone: read the catalogue and the folders anew."""
        self.catalog.renew(self.settings.model_copy(update={"models_dirs": self.models_dirs}))

    def close(self) -> None:
        """End the engine, keep what is queued for the next time. Safe to call twice."""
        if not self._lock.is_locked:
            return
        self._closing.set()
        self.downloads.close()
        self._scan.join()  # it starts the batches
        self.batches.close()
        self.jobs.close()
        self.history.close()
        _address(self.settings.data_dir).unlink(missing_ok=True)
        self._lock.release()

    def _seen(self, view: JobView) -> None:
        self.timeline.follow(view)
        self.batches.look(view)

    def _take_in(self) -> None:
        """Pictures that a killed studio had saved, but not in its history yet; then the batches
        go on, which would draw them once more."""
        try:
            self.history.rescan(self.settings.data_dir / "outputs", self._closing.is_set)
        except (sqlite3.Error, OSError, AuraError):
            log.exception("the outputs could not be read into the history")
        if not self._closing.is_set():
            self.batches.start()

    def __enter__(self) -> Studio:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _folder_lock(data: Path) -> FileLock:
    locks = data / "locks"
    lock = FileLock(locks / "studio.lock", thread_local=False)
    try:
        locks.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise AlreadyRunning(url=_served_at(data)) from None
    except OSError as refused:
        raise FolderUnwritable(path=str(data)) from refused
    return lock


def _served_at(data: Path) -> str:
    try:
        return _address(data).read_text(encoding="utf-8")
    except OSError:
        return ""


def _address(data: Path) -> Path:
    return data / "locks" / "studio.url"
