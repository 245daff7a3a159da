"""The index of all pictures: stars, search, and what is needed to show them.

The pictures themselves hold everything but the stars, so the index can be lost and read
again from them. A picture whose file is gone is not shown.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

from pydantic import ValidationError

from aura.errors import InputError
from aura.library import metadata, results
from aura.requests import GenerateRequest, Picture, Plain

SCHEMA = """
CREATE TABLE IF NOT EXISTS pictures (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    created REAL NOT NULL,  -- wall clock, seconds since 1970
    starred INTEGER NOT NULL DEFAULT 0,
    words TEXT NOT NULL,  -- what a search looks in, folded
    picture TEXT NOT NULL,
    request TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS newest ON pictures (created DESC, id DESC);
CREATE INDEX IF NOT EXISTS batches ON pictures (json_extract(request, '$.batch'));
"""
INSERT = "INSERT INTO pictures (path, created, words, picture, request) VALUES (?, ?, ?, ?, ?)"
# A name is free again once its file is deleted: the star was the other picture's.
AGAIN = (
    "ON CONFLICT (path) DO UPDATE SET"
    " starred = CASE created WHEN excluded.created THEN starred ELSE 0 END,"
    " created = excluded.created, words = excluded.words,"
    " picture = excluded.picture, request = excluded.request"
)
BUSY_S = 10.0  # how long to wait for another process that writes
PAGE = 200  # rows read at once
WORDS_MAX = 16  # of one search


class Entry(Plain):
    """One picture of the history."""

    picture: Picture
    request: GenerateRequest
    created: float
    starred: bool = False


class History:
    """May be used from any thread and from several processes at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = _opened(path)

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def stamp(self) -> tuple[int, int]:
        """Another one after every change, whoever made it: this process or another."""
        with self._reading() as database:
            (others,) = database.execute("PRAGMA data_version").fetchone()
            return database.total_changes, others

    def add(self, picture: Picture, request: GenerateRequest, created: float) -> None:
        """Take a picture in. One that is known keeps its star."""
        with self._writing() as database:
            database.execute(f"{INSERT} {AGAIN}", _row(picture, request, created))

    def recent(
        self,
        limit: int,
        before: str | None = None,
        starred: bool = False,
        search: str = "",
    ) -> list[Entry]:
        """The newest ``limit`` entries, or those that come after the one at path ``before``.

        ``search``: words that the prompts must hold, each anywhere; accents and case do not
        matter.
        """
        found: list[Entry] = []
        for entry in self._newest(before, starred, search):
            if len(found) >= limit:
                break
            if Path(entry.picture.path).is_file():
                found.append(entry)
        return found

    def get(self, path: str) -> Entry | None:
        with self._reading() as database:
            row = database.execute("SELECT * FROM pictures WHERE path = ?", (path,)).fetchone()
        return _entry(row) if row else None

    def of_batch(self, batch: str) -> list[Entry]:
        """The pictures of a batch whose files are there, oldest first."""
        query = "SELECT * FROM pictures WHERE json_extract(request, '$.batch') = ? ORDER BY id"
        with self._reading() as database:
            rows = database.execute(query, (batch,)).fetchall()
        entries = (entry for row in rows if (entry := _entry(row)))
        return [entry for entry in entries if Path(entry.picture.path).is_file()]

    def star(self, path: str, on: bool) -> None:
        with self._writing() as database:
            database.execute("UPDATE pictures SET starred = ? WHERE path = ?", (on, path))

    def forget(self, path: str) -> None:
        """Out of the index; the file stays where it is."""
        with self._writing() as database:
            database.execute("DELETE FROM pictures WHERE path = ?", (path,))

    def rescan(self, outputs: Path, stopped: Callable[[], bool] = lambda: False) -> int:
        """Take in pictures that are not known and forget those that are gone.

        Returns how many were new. ``stopped`` is asked now and then: the rest is for the next
        time. Where ``outputs`` is not there, as on a drive that is not
        plugged in, nothing is forgotten.
        """
        outputs = outputs.absolute()
        if not outputs.is_dir():
            return 0
        known = self._paths()
        fresh = [path for path in results.pictures(outputs) if str(path) not in known]
        gone = [path for path in known if _below(path, outputs) and not Path(path).is_file()]
        with self._writing() as database:
            database.executemany("DELETE FROM pictures WHERE path = ?", [(p,) for p in gone])
        pages = (fresh[at : at + PAGE] for at in range(0, len(fresh), PAGE))
        return sum(self._take_in(page) for page in takewhile(lambda _: not stopped(), pages))

    def _take_in(self, paths: list[Path]) -> int:
        """Index pictures from what they say themselves; files are read without the lock."""
        rows = [row for path in paths if (row := _told(path))]
        with self._writing() as database:
            return database.executemany(f"{INSERT} ON CONFLICT DO NOTHING", rows).rowcount

    def _newest(self, before: str | None, starred: bool, search: str) -> Iterator[Entry]:
        conditions, values = _wanted(starred, search)
        place = self._place(before)
        while True:
            bound = ["(created, id) < (?, ?)"] if place else []
            where = " AND ".join([*bound, *conditions]) or "1"
            query = f"SELECT * FROM pictures WHERE {where} ORDER BY created DESC, id DESC LIMIT ?"
            with self._reading() as database:
                rows = database.execute(query, [*(place or ()), *values, PAGE]).fetchall()
            yield from (entry for row in rows if (entry := _entry(row)))
            if len(rows) < PAGE:
                return
            place = rows[-1]["created"], rows[-1]["id"]

    def _place(self, before: str | None) -> tuple[float, int] | None:
        if before is None:
            return None
        with self._reading() as database:
            row = database.execute(
                "SELECT created, id FROM pictures WHERE path = ?", (before,)
            ).fetchone()
        return (row["created"], row["id"]) if row else None

    def _paths(self) -> set[str]:
        with self._reading() as database:
            return {row["path"] for row in database.execute("SELECT path FROM pictures")}

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            yield self._database

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._database:
            yield self._database


def _opened(path: Path) -> sqlite3.Connection:
    """The index, or a new one in place of a damaged one, which is put aside."""
    try:
        return _connected(path)
    except sqlite3.DatabaseError as broken:
        if isinstance(broken, sqlite3.OperationalError):
            raise  # busy, or a folder we may not write: not damaged
        path.replace(path.with_name(f"{path.name}.damaged-{time.time():.0f}"))
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        return _connected(path)


def _connected(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=BUSY_S, check_same_thread=False)
    try:
        database.row_factory = sqlite3.Row
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.executescript(SCHEMA)
        database.execute("SELECT count(*) FROM pictures").fetchone()
    except sqlite3.Error:
        database.close()
        raise
    return database


def _row(picture: Picture, request: GenerateRequest, created: float) -> tuple[object, ...]:
    words = folded("\n".join((picture.prompt, request.prompt, request.negative)))
    return picture.path, created, words, picture.model_dump_json(), request.model_dump_json()


def _told(path: Path) -> tuple[object, ...] | None:
    """A row from what a picture says itself; None for one that is not Aura's."""
    try:
        kept = metadata.read_record(path)
    except InputError:
        return None
    return _row(kept.placed(path), kept.request, kept.created)


def _wanted(starred: bool, search: str) -> tuple[list[str], list[str]]:
    """SQL conditions and the values in them."""
    words = folded(search).split()[:WORDS_MAX]
    conditions = ["starred = 1"] if starred else []
    conditions += [r"words LIKE ? ESCAPE '\'" for _ in words]
    return conditions, [f"%{_literal(word)}%" for word in words]


def _literal(word: str) -> str:
    for mark in "\\%_":
        word = word.replace(mark, "\\" + mark)
    return word


def _entry(row: sqlite3.Row) -> Entry | None:
    """An entry as it was written; None for one of another time that no longer fits."""
    try:
        return Entry(
            picture=Picture.model_validate_json(row["picture"]),
            request=GenerateRequest.model_validate_json(row["request"]),
            created=row["created"],
            starred=bool(row["starred"]),
        )
    except ValidationError:
        return None


def folded(text: str) -> str:
    """Small letters without accents: how prompts and searches are compared."""
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in split if not unicodedata.combining(letter))


def _below(path: str, folder: Path) -> bool:
    return Path(path).is_relative_to(folder)
