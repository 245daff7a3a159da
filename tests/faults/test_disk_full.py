"""A disk that fills up while pictures are saved."""

from __future__ import annotations

import errno
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from aura.jobs.journal import Journal
from aura.jobs.queue import Jobs
from aura.library.atomic import Disk
from aura.library.results import save_picture
from tests.engine.painter import Bench
from tests.faults.in_process import InProcess


class Filling(Disk):
    """Has room for so many operations of a save, then for none until it is emptied."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, path: Path, data: bytes) -> None:
        if self.room <= 0:
            path.write_bytes(data[: len(data) // 2])  # as far as it got
        self._spend()
        super().write(path, data)

    def place(self, temp: Path, final: Path) -> None:
        self._spend()
        super().place(temp, final)

    def _spend(self) -> None:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= 1


@pytest.mark.parametrize("room", range(6))
def test_a_disk_that_fills_up_at_any_write_breaks_nothing_and_the_queue_waits(tmp_path, room):
    disk = Filling(room)
    bench = Bench(tmp_path, save=partial(save_picture, disk=disk))
    jobs = Jobs(InProcess(bench.worker), Journal(tmp_path / "jobs.db"))
    jobs.pause()
    jobs.start()
    first, second = (jobs.submit("me", bench.request(count=3)) for _ in range(2))
    jobs.resume()
    failed = list(jobs.follow(first, seconds=30))[-1]
    assert failed.error["code"] == "disk_full" and len(failed.pictures) == room // 2
    assert jobs.pause_reason["code"] == "jobs.paused_disk_full"
    assert jobs.view(second).state == "queued"

    disk.room = 1000  # a person has made space
    jobs.resume()
    assert list(jobs.follow(second, seconds=30))[-1].state == "done"
    assert list(jobs.follow(jobs.retry(first), seconds=30))[-1].state == "done"
    jobs.close()
    assert len(bench.files()) == room // 2 + 6
    for path in bench.files():
        with Image.open(path) as picture:
            picture.load()
