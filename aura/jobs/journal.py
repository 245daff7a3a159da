"""The jobs on disk: what was accepted survives a crash, what ended is remembered."""

from __future__ import annotations

import errno
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from aura.errors import DiskFull, FolderUnwritable, StorageError
from aura.jobs.job import ENDED, JobView

REMEMBERED = 2000  # ended jobs

SCHEMA = """
create table if not exists jobs (
    number integer primary key autoincrement,
    id text not null unique,
    rank integer not null,  -- order among the queued; moving one to the front lowers it
    state text not null,
    view text not null      -- JobView as JSON
);
create index if not exists jobs_by_state on jobs (state, rank);
create index if not exists jobs_by_batch on jobs (json_extract(view, '$.request.batch'));
"""

log = logging.getLogger(__name__)


class Journal:
    """One SQLite file. A change is on the disk when its method returns. Thread-safe.

    Every writing method raises DiskFull or FolderUnwritable.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = _opened(path)
        except sqlite3.OperationalError as refused:
            raise _typed(refused, path) from refused
        except sqlite3.DatabaseError as damaged:
            log.error("%s is damaged and set aside: %s", path, damaged)
            _set_aside(path)
            self._db = _opened(path)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def add(self, view: JobView) -> None:
        """A job accepted just now, behind all others."""
        with self._writing() as db:
            db.execute(
                "insert into jobs (id, rank, state, view)"
                " values (?, (select coalesce(max(number), 0) + 1 from jobs), ?, ?)",
                (view.id, view.state, view.model_dump_json()),
            )

    def write(self, view: JobView) -> None:
        """The job as it stands now."""
        with self._writing() as db:
            db.execute(
                "update jobs set state = ?, view = ? where id = ?",
                (view.state, view.model_dump_json(), view.id),
            )

    def front(self, job: str) -> None:
        with self._writing() as db:
            db.execute(
                "update jobs set rank = (select min(0, min(rank)) - 1 from jobs) where id = ?",
                (job,),
            )

    def queued(self) -> Iterator[tuple[JobView, bool]]:
        """Queued jobs in their order; true for those that were moved to the front."""
        for text, rank in self._rows("where state = 'queued' order by rank"):
            yield from ((view, rank < 0) for view in _read(text))

    def ended(self, limit: int) -> list[JobView]:
        """The last ``limit`` jobs that ended, oldest first."""
        states = ", ".join(f"'{state}'" for state in sorted(ENDED))
        rows = self._rows(f"where state in ({states}) order by number desc limit {limit}")
        return [view for text, _ in reversed(rows) for view in _read(text)]

    def get(self, job: str) -> JobView | None:
        rows = self._rows("where id = ?", job)
        return next((view for text, _ in rows for view in _read(text)), None)

    def of_batch(self, batch: str) -> list[JobView]:
        """Every job of it that is remembered, oldest first."""
        rows = self._rows("where json_extract(view, '$.request.batch') = ? order by number", batch)
        return [view for text, _ in rows for view in _read(text)]

    def interrupt(self) -> list[JobView]:
        """Jobs that were running when the last studio ended are interrupted from now on."""
        cut = [
            view.model_copy(update={"state": "interrupted", "preview": None, "eta": None})
            for text, _ in self._rows("where state = 'running' order by number")
            for view in _read(text)
        ]
        for view in cut:
            self.write(view)
        return cut

    def prune(self, keep: int = REMEMBERED) -> None:
        """Forget the oldest ended jobs; their pictures stay."""
        with self._writing() as db:
            db.execute(
                "delete from jobs where state not in ('queued', 'running') and number <="
                " (select coalesce(max(number), 0) from jobs) - ?",
                (keep,),
            )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock, self._db:
                yield self._db
        except sqlite3.DatabaseError as refused:
            raise _typed(refused, self.path) from refused

    def _rows(self, where: str, *values: str) -> list[tuple[str, int]]:
        with self._lock:
            return self._db.execute(f"select view, rank from jobs {where}", values).fetchall()


def _opened(path: Path) -> sqlite3.Connection:
    """Raises OperationalError where it cannot be had, DatabaseError where it is damaged."""
    db = sqlite3.connect(path, check_same_thread=False)
    try:
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = full")
        db.executescript(SCHEMA)
        (flaw,) = db.execute("pragma quick_check(1)").fetchone()
        if flaw != "ok":
            raise sqlite3.DatabaseError(flaw)
    except sqlite3.DatabaseError:
        db.close()
        raise
    return db


def _set_aside(path: Path) -> None:
    """Never deleted: somebody may be able to read what is in it."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    path.replace(path.with_suffix(f".damaged-{stamp}.db"))
    for tail in ("-wal", "-shm"):
        path.with_name(path.name + tail).unlink(missing_ok=True)


def _read(text: str) -> Iterator[JobView]:
    """One view, or none where another version of Aura wrote what this one cannot read."""
    try:
        yield JobView.model_validate_json(text)
    except ValidationError as unreadable:
        log.error("a job in the journal cannot be read: %s", unreadable)


def _typed(refused: sqlite3.DatabaseError, path: Path) -> StorageError:
    code = getattr(refused, "sqlite_errorcode", None)
    full = code == sqlite3.SQLITE_FULL if code is not None else "full" in str(refused)
    if full or getattr(refused, "errno", None) == errno.ENOSPC:
        return DiskFull(path=str(path), need_bytes=2**20, free_bytes=0)
    return FolderUnwritable(path=str(path))
