"""A picture is on the disk whole, under a name of its own, or not at all."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from aura.errors import DiskFull, FolderUnwritable
from aura.library import atomic
from aura.library.metadata import read_record
from aura.library.results import pictures, slug, sweep
from tests.library.pictures import Quick, request, save

ROOT = Path(__file__).resolve().parents[2]
STAMP = datetime(2026, 3, 4, 5, 6, 7).timestamp()


def visible(outputs: Path) -> list[Path]:
    return [path for path in outputs.rglob("*") if path.is_file()]


def test_a_picture_lies_in_the_folder_of_its_day_under_a_name_that_tells_it(tmp_path):
    asked = request(prompts=("Un círculo rojo, ¡grande!",), seed=5)
    path = Path(save(tmp_path, asked, created=STAMP).path)
    assert path == tmp_path / "2026-03-04" / "0001-5-un-circulo-rojo-grande.png"
    assert Image.open(path).getpixel((3, 3)) == (255, 0, 0)


def test_what_is_told_of_it_is_what_was_saved_with_it(tmp_path):
    two = request(prompts=("one", "two"), negatives=("", ""), seed=2**32 - 1)
    picture = save(tmp_path, two, 1, created=STAMP)
    kept = read_record(Path(picture.path))
    assert picture.seed == 0 and picture.prompt == "two"
    assert kept.placed(Path(picture.path)) == picture
    assert (kept.request, kept.index, kept.created) == (two, 1, STAMP)
    assert kept.versions["torch"] == "2"


def test_a_thousand_in_one_second_are_a_thousand_files(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(save, tmp_path, created=STAMP, disk=Quick()) for _ in range(1000)]
    paths = {job.result().path for job in jobs}
    assert len(paths) == 1000
    assert len(visible(tmp_path)) == 1000


def test_several_processes_never_overwrite_one_another(tmp_path):
    code = (
        "import sys; from pathlib import Path; from tests.library.pictures import *\n"
        "for _ in range(25): save(Path(sys.argv[1]), request(steps=int(sys.argv[2])), created=1e9)"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(n)], cwd=ROOT)
        for n in (1, 2, 3)
    ]
    assert [run.wait(60) for run in runs] == [0, 0, 0]
    steps = [read_record(path).request.steps for path in pictures(tmp_path)]
    assert sorted(steps) == [1] * 25 + [2] * 25 + [3] * 25


def test_a_file_that_has_the_name_is_never_overwritten(tmp_path):
    class Taken(atomic.Disk):
        """Somebody else takes the first name just before it is given."""

        def place(self, temp: Path, final: Path) -> None:
            if not taken:
                taken.append(final)
                final.write_text("somebody else's")
            super().place(temp, final)

    taken: list[Path] = []
    picture = save(tmp_path, disk=Taken())
    assert taken[0].read_text() == "somebody else's"
    assert Path(picture.path) != taken[0]
    assert read_record(Path(picture.path))


def test_a_disk_without_links_keeps_the_same_promise(tmp_path, monkeypatch):
    def link(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", link)
    paths = [Path(save(tmp_path).path) for _ in range(3)]
    assert len(set(paths)) == 3
    assert all(read_record(path) for path in paths)
    assert len(visible(tmp_path)) == 3


class Failing(atomic.Disk):
    """Refuses at the ``at``-th operation; a write leaves half of its bytes, as disks do."""

    def __init__(self, at: int, code: int) -> None:
        self.at, self.code, self.done = at, code, 0

    def _step(self) -> None:
        self.done += 1
        if self.done > self.at:
            raise OSError(self.code, os.strerror(self.code))

    def write(self, path: Path, data: bytes) -> None:
        try:
            self._step()
        except OSError:
            path.write_bytes(data[: len(data) // 2])
            raise
        super().write(path, data)

    def place(self, temp: Path, final: Path) -> None:
        self._step()
        super().place(temp, final)


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize(
    "code, error",
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EACCES, FolderUnwritable),
        (errno.EROFS, FolderUnwritable),
        (errno.EIO, FolderUnwritable),
    ],
)
def test_a_disk_that_fails_at_any_write_leaves_nothing_to_be_seen(tmp_path, at, code, error):
    save(tmp_path)
    before = visible(tmp_path)
    with pytest.raises(error) as refused:
        save(tmp_path, disk=Failing(at, code))
    assert refused.value.facts["path"].startswith(str(tmp_path))
    assert visible(tmp_path) == before
    save(tmp_path)
    assert len(visible(tmp_path)) == 2


def test_a_full_disk_tells_how_much_is_needed_and_free(tmp_path):
    with pytest.raises(DiskFull) as refused:
        save(tmp_path, disk=Failing(0, errno.ENOSPC))
    assert refused.value.facts["need_bytes"] > 100
    assert refused.value.facts["free_bytes"] > 0


def test_a_folder_that_cannot_be_is_a_clear_error(tmp_path):
    (tmp_path / "outputs").write_text("a file")
    with pytest.raises(FolderUnwritable):
        save(tmp_path / "outputs")


KILLED = """
import json, os, random, signal, sys, time
from pathlib import Path
from tests.library.pictures import save

chance, told = random.Random(4), []
for _ in range(30):
    read, write = os.pipe()
    child = os.fork()
    if not child:
        while True:
            os.write(write, save(Path(sys.argv[1])).path.encode() + b"\\n")
    os.close(write)
    said = os.read(read, 4096)  # it has begun
    time.sleep(chance.uniform(0, 0.03))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(read, 4096):
        said += more
    os.close(read)
    told += said.decode().splitlines()
print(json.dumps(told))
"""


def test_thirty_kills_while_saving_break_nothing_and_lose_nothing(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    told = set(json.loads(run.stdout))
    left = len(visible(tmp_path))
    swept = sweep(tmp_path)
    kept = {str(path) for path in pictures(tmp_path)}
    assert len(told) >= 30
    assert told <= kept
    assert kept == {str(path) for path in visible(tmp_path)}
    assert len(kept) + swept == left
    for path in kept:
        with Image.open(path) as image:
            image.load()
        assert read_record(Path(path))


def test_sweeping_spares_what_a_living_process_is_writing(tmp_path):
    day = tmp_path / "2026-03-04"
    day.mkdir()
    living = day / f"{atomic.PREFIX}{os.getpid()}-x{atomic.SUFFIX}"
    dead = day / f"{atomic.PREFIX}{2**22 + 1}-x{atomic.SUFFIX}"
    older = day / f"{atomic.PREFIX}{os.getpid()}-y{atomic.SUFFIX}"
    for path in (living, dead, older):
        path.write_bytes(b"half a picture")
    os.utime(older, (1, 1))  # a process of that number, long ago
    (day / "0001-1-x.png").write_bytes(b"")
    (day / "notes.txt").write_bytes(b"")
    picture = save(tmp_path)
    assert sweep(tmp_path) == 3
    assert set(visible(tmp_path)) == {living, day / "notes.txt", Path(picture.path)}


def test_sweeping_a_folder_that_is_not_there_is_nothing(tmp_path):
    assert sweep(tmp_path / "gone") == 0


@given(st.text(max_size=300))
def test_any_prompt_makes_a_short_safe_name(prompt):
    name = slug(prompt)
    assert 1 <= len(name) <= 48
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not name.startswith("-") and not name.endswith("-")
