"""The studio: everything that serves one data folder, opened and closed together."""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from aura.catalog import Catalog
from aura.catalog.downloads import Downloads, fetching
from aura.catalog.remote import Hub
from aura.engine.host import Engine
from aura.engine.side_by_side import SideBySide
from aura.engine.supervisor import Supervisor
from aura.errors import AlreadyRunning, AuraError, FolderUnwritable
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
        self.styles = Styles(data / "styles.json")
        self.history = History(data / "history.db")
        self.timeline = Timeline()
        self.jobs = Jobs(
            engine, Journal(data / "jobs.db"), saved=self.history.add, seen=self.timeline.follow
        )
        engine.watch(self.timeline.hear)
        hub = Hub(offline=settings.offline)
        self.downloads = Downloads(data, self.catalog.get, fetching(hub), offline=hub.silent)
        self._closing = threading.Event()
        self._scan = threading.Thread(target=self._take_in, name="history", daemon=True)

    @classmethod
    def open(cls, settings: Settings, engine: Engine | None = None) -> Studio:
        """Raises AlreadyRunning, FolderUnwritable. ``engine`` in a test: a scripted one."""
        lock = _folder_lock(settings.data_dir)
        try:
            sweep(settings.data_dir / "outputs")
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

    def close(self) -> None:
        """End the engine, keep what is queued for the next time. Safe to call twice."""
        if not self._lock.is_locked:
            return
        self._closing.set()
        self.downloads.close()
        self.jobs.close()
        self._scan.join()
        self.history.close()
        _address(self.settings.data_dir).unlink(missing_ok=True)
        self._lock.release()

    def _take_in(self) -> None:
        """Pictures that a killed studio had saved, but not in its history yet."""
        try:
            self.history.rescan(self.settings.data_dir / "outputs", self._closing.is_set)
        except (sqlite3.Error, OSError, AuraError):
            log.exception("the outputs could not be read into the history")

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
