"""What plans predicted and what they took, on this machine, so that the next guess is better."""

from __future__ import annotations

import json
import logging
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from aura.memory.plan import Plan
from aura.memory.planner import Known
from aura.requests import Work

log = logging.getLogger(__name__)

RECENT = 20  # runs a lesson is drawn from
LOWER_AFTER = 3  # measured runs, before a prediction may come down
MARGIN = 1.05  # of the highest measured
FORGET_S = 7 * 24 * 3600  # after that a way that failed is tried again

CONVERTED = "%/openvino/%"  # signatures of runs that OpenVINO computed

FORESEEN = "foreseen real not null default 0"  # a column that older files lack

SCHEMA = """
create table if not exists runs (
    id integer primary key,
    at real not null,
    device text not null,
    model text not null,
    signature text not null,
    shape text not null,
    outcome text not null,      -- "done" or "ran_out"
    predicted integer not null, -- bytes
    measured integer not null,  -- bytes
    seconds real not null,      -- of the stages, per picture
    stages text not null,       -- seconds per stage, summed over the pictures
    foreseen real not null default 0 -- seconds per picture; 0: nobody could
);
create table if not exists speeds (
    device text not null,
    dtype text not null,
    setup text not null,
    throughput real not null,   -- floating operations a second
    primary key (device, dtype)
);
create index if not exists runs_by_model on runs (device, model, shape, id);
"""


class Row(NamedTuple):
    """One run, as lessons are drawn from it. Sizes in bytes, times in seconds."""

    signature: str
    outcome: str
    predicted: int
    measured: int
    seconds: float  # per picture
    at: float


def excess(runs: list[Row]) -> int:
    """Bytes to add to the prediction for runs of one way, the newest first; may be negative.

    One run that took more raises it at once, to the highest that was measured. Only
    several that all took clearly less, with none running out, lower it, and not all the
    way: what was measured keeps a margin.
    """
    predicted = runs[0].predicted
    measured = [run.measured for run in runs if run.measured]
    highest = max(measured, default=0)
    if highest >= predicted:
        return highest - predicted
    careful = len(measured) < LOWER_AFTER or any(run.outcome == "ran_out" for run in runs)
    return 0 if careful else min(0, int(highest * MARGIN) - predicted)


class Ledger:
    """One SQLite file; ``:memory:`` forgets at the end. Safe to use from several threads."""

    def __init__(self, path: Path | str, clock: Callable[[], float] = time.time) -> None:
        if isinstance(path, Path):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        self._lock = threading.Lock()
        self._db = _opened(path)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def done(
        self,
        device: str,
        plan: Plan,
        request: Work,
        measured: int,
        stages: dict[str, float],
        pictures: int,
    ) -> None:
        """A run of ``pictures`` pictures ended well.

        ``measured`` is its peak in bytes, 0 where nobody measured.
        """
        seconds = sum(stages.values()) / max(pictures, 1)
        self._add(device, plan, request, "done", measured, seconds, stages)

    def ran_out(self, device: str, plan: Plan, request: Work) -> None:
        self._add(device, plan, request, "ran_out", 0, 0.0, {})

    def known(self, device: str, model: str, request: Work) -> Known:
        """The lessons for this model and shape on this device; none where it cannot be read."""
        try:
            return self._known(device, model, request)
        except sqlite3.Error as refused:
            log.warning("what was learnt cannot be read: %s", refused)
            return Known()

    def _known(self, device: str, model: str, request: Work) -> Known:
        rows = self._rows(device, model, request)
        ways: dict[str, list[Row]] = {}
        for row in rows:
            ways.setdefault(row.signature, []).append(row)
        return Known(
            excess={way: excess(runs) for way, runs in ways.items()},
            seconds={
                way: statistics.median(run.seconds for run in done) * request.count
                for way, runs in ways.items()
                if (done := [run for run in runs if run.outcome == "done"])
            },
            failed=frozenset(way for way, runs in ways.items() if self._failed(runs[0])),
            throughput=self.throughput(device),
            pace=self._pace(device),
            spent=self._spent(device, model, CONVERTED, like=False),
            converted=self._spent(device, model, CONVERTED, like=True) > 0,
        )

    def _spent(self, device: str, model: str, way: str, like: bool) -> float:
        """Seconds that runs of a model took in ways like this one, or in all others."""
        query = (
            "select total(seconds) from runs where device = ? and model = ? and outcome = 'done'"
            f" and signature {'' if like else 'not'} like ?"
        )
        with self._lock:
            return float(self._db.execute(query, (device, model, way)).fetchone()[0])

    def throughput(self, device: str, setup: str | None = None) -> dict[str, float]:
        """Operations a second by dtype, as measured with that setup, or with the last."""
        query = "select dtype, throughput from speeds where device = ? and setup = ifnull(?, setup)"
        with self._lock:
            return dict(self._db.execute(query, (device, setup)).fetchall())

    def gauged(self, device: str, setup: str, throughput: dict[str, float]) -> None:
        rows = [(device, dtype, setup, speed) for dtype, speed in throughput.items()]
        self._write("insert or replace into speeds values (?, ?, ?, ?)", *rows)

    def _pace(self, device: str) -> float:
        """What recent runs took over what was foreseen of them, whatever model."""
        query = (
            "select seconds / foreseen from runs where device = ? and outcome = 'done'"
            " and foreseen > 0 and seconds > 0 order by id desc limit ?"
        )
        with self._lock:
            found = self._db.execute(query, (device, RECENT)).fetchall()
        return statistics.median(ratio for (ratio,) in found) if found else 1.0

    def _failed(self, latest: Row) -> bool:
        return latest.outcome == "ran_out" and latest.at > self._clock() - FORGET_S

    def _rows(self, device: str, model: str, request: Work) -> list[Row]:
        """The newest first."""
        query = (
            "select signature, outcome, predicted, measured, seconds, at from runs"
            " where device = ? and model = ? and shape = ? order by id desc limit ?"
        )
        with self._lock:
            found = self._db.execute(query, (device, model, request.shape, RECENT)).fetchall()
        return [Row(*values) for values in found]

    def _add(
        self,
        device: str,
        plan: Plan,
        request: Work,
        outcome: str,
        measured: int,
        seconds: float,
        stages: dict[str, float],
    ) -> None:
        row = (
            self._clock(),
            device,
            plan.model,
            plan.signature,
            request.shape,
            outcome,
            plan.peak - plan.excess,
            measured,
            seconds,
            json.dumps(stages),
            (plan.foreseen or 0.0) / request.count,
        )
        self._write(
            "insert into runs (at, device, model, signature, shape, outcome, predicted,"
            " measured, seconds, stages, foreseen) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )

    def _write(self, statement: str, *rows: tuple[Any, ...]) -> None:
        """A lesson that cannot be kept, as on a full disk, costs nobody a picture."""
        try:
            with self._lock, self._db:
                self._db.executemany(statement, rows)
        except sqlite3.Error as refused:
            log.warning("a lesson could not be kept: %s", refused)


def _opened(path: Path | str) -> sqlite3.Connection:
    """The database, begun anew if the file is none: lessons can be learnt again."""
    try:
        return _connected(path)
    except sqlite3.OperationalError as refused:  # locked, or a full disk: the file is sound
        log.warning("what is learnt now will be forgotten: %s", refused)
        return _connected(":memory:")
    except sqlite3.DatabaseError:
        Path(path).unlink(missing_ok=True)
        return _connected(path)


def _connected(path: Path | str) -> sqlite3.Connection:
    database = sqlite3.connect(path, check_same_thread=False)
    try:
        with database:
            database.executescript(SCHEMA)
            columns = database.execute("pragma table_info(runs)").fetchall()
            if "foreseen" not in {column[1] for column in columns}:
                with suppress(sqlite3.OperationalError):  # another process was quicker
                    database.execute(f"alter table runs add column {FORESEEN}")
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database
