"""The history: newest first, stars kept, words found, and nothing shown that is gone."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from aura.library.history import PAGE, History
from tests.library.pictures import Quick, drawn, request, save

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    return tmp_path / "outputs"


@pytest.fixture
def history(tmp_path: Path):
    opened = History(tmp_path / "history.db")
    yield opened
    opened.close()


def kept(history: History, outputs: Path, prompt: str = "a red circle", at: float = 0) -> str:
    asked = request(prompt=prompt, prompts=(prompt,))
    picture = save(outputs, asked, created=at, disk=Quick())
    history.add(picture, asked, at)
    return picture.path


def paths(history: History, limit: int = 99, **wanted) -> list[str]:
    return [entry.picture.path for entry in history.recent(limit, **wanted)]


def test_the_newest_come_first_page_by_page(history, outputs):
    made = [kept(history, outputs, at=float(n // 2)) for n in range(7)]  # pairs of one time
    newest = made[::-1]
    assert paths(history) == newest
    assert paths(history, 3) == newest[:3]
    assert paths(history, 3, before=newest[2]) == newest[3:6]
    assert paths(history, 3, before=newest[5]) == newest[6:]
    assert paths(history, 3, before=newest[6]) == []


def test_an_entry_tells_all_that_was_told_of_the_picture(history, outputs):
    asked = request(prompts=("{red} star",), style="Ink")
    picture = save(outputs, asked, created=3)
    history.add(picture, asked, 3)
    entry = history.get(picture.path)
    assert (entry.picture, entry.request) == (picture, asked)
    assert (entry.created, entry.starred) == (3, False)
    assert history.get("/nowhere.png") is None


def test_stars_stay_and_can_be_taken_away(history, outputs, tmp_path):
    first, second = kept(history, outputs, at=1), kept(history, outputs, at=2)
    history.star(first, True)
    history.add(history.get(first).picture, request(), 1)
    assert paths(history, starred=True) == [first]
    again = History(tmp_path / "history.db")
    assert paths(again, starred=True) == [first]
    again.close()
    history.star(first, False)
    assert paths(history, starred=True) == []
    assert paths(history) == [second, first]


def test_words_are_found_whatever_their_case_and_accents(history, outputs):
    circle = kept(history, outputs, "Un CÍRCULO rojo")
    kept(history, outputs, "a blue star")
    assert paths(history, search="circulo Rojo") == [circle]
    assert paths(history, search="rojo azul") == []
    assert len(paths(history, search="  ")) == 2


@pytest.mark.parametrize("mark", ["%", "_", "\\", "'", '"', "100%", "a_b", ";--", "*"])
def test_marks_in_a_search_stand_for_themselves(history, outputs, mark):
    marked = kept(history, outputs, f"x{mark}y")
    kept(history, outputs, "xzy plain 100 a-b")
    assert paths(history, search=mark) == [marked]


def test_a_picture_that_is_gone_is_not_shown_and_the_page_is_filled(history, outputs):
    made = [kept(history, outputs, at=float(n)) for n in range(4)]
    Path(made[3]).unlink()
    Path(made[1]).unlink()
    assert paths(history, 2) == [made[2], made[0]]


def test_a_long_history_of_gone_pictures_is_passed_over(history, outputs):
    first = kept(history, outputs, at=0)
    gone = history.get(first).picture
    for n in range(PAGE + 5):
        moved = gone.model_copy(update={"path": f"/gone/{n}.png"})
        history.add(moved, request(), float(n + 1))
    assert paths(history, 3) == [first]


def test_a_name_used_again_does_not_inherit_a_star(history, outputs):
    first = kept(history, outputs, at=1)
    history.star(first, True)
    Path(first).unlink()
    assert kept(history, outputs, at=2) == first
    assert not history.get(first).starred


def test_forgetting_leaves_the_file(history, outputs):
    path = kept(history, outputs)
    history.forget(path)
    assert paths(history) == []
    assert Path(path).is_file()


def test_a_lost_index_is_read_again_from_the_pictures(history, outputs, tmp_path):
    two = request(prompts=("one", "two"), negatives=("", ""))
    for index in (0, 1):
        picture = save(outputs, two, index, created=float(index))
        history.add(picture, two, float(index))
    lost = History(tmp_path / "new.db")
    assert lost.rescan(outputs) == 2
    assert lost.recent(9) == history.recent(9)
    assert lost.rescan(outputs) == 0
    lost.close()


def test_a_rescan_keeps_stars_and_forgets_what_is_gone(history, outputs):
    made = [kept(history, outputs, at=float(n)) for n in range(3)]
    history.star(made[0], True)
    history.star(made[1], True)
    Path(made[1]).unlink()
    assert history.rescan(outputs) == 0
    assert history.get(made[1]) is None
    assert paths(history, starred=True) == [made[0]]


def test_a_rescan_reads_files_without_stopping_those_who_look(history, outputs, monkeypatch):
    """Each look takes the history's lock; with it held by the rescan this would not end."""
    known = kept(history, outputs)
    save(outputs)
    looked: list[list[str]] = []
    from aura.library import metadata

    reads = metadata.read_record

    def read_and_look(path: Path):
        looked.append(paths(history))
        return reads(path)

    monkeypatch.setattr(metadata, "read_record", read_and_look)
    assert history.rescan(outputs) == 1
    assert looked == [[known]]


def test_a_drive_that_is_not_plugged_in_forgets_nothing(history, outputs, tmp_path):
    path = kept(history, outputs)
    outputs.rename(tmp_path / "away")
    assert history.rescan(outputs) == 0
    assert history.get(path) is not None


def test_other_files_among_the_pictures_are_left_alone(history, outputs):
    path = Path(kept(history, outputs))
    drawn().save(path.with_name("holiday.png"))
    path.with_name("broken.png").write_bytes(path.read_bytes()[:60])
    path.with_name("notes.txt").write_text("x")
    (outputs / "loop").symlink_to(outputs)
    assert history.rescan(outputs) == 0
    assert paths(history) == [str(path)]


@pytest.mark.parametrize("damage", [b"not a database at all " * 99, b"\0" * 4096])
def test_a_damaged_index_is_put_aside_and_a_new_one_begun(outputs, tmp_path, damage):
    save(outputs)
    (tmp_path / "history.db").write_bytes(damage)
    opened = History(tmp_path / "history.db")
    assert opened.rescan(outputs) == 1
    opened.close()
    aside = next(tmp_path.glob("history.db.damaged-*"))
    assert aside.read_bytes() == damage


def test_threads_and_another_process_write_at_once(history, outputs, tmp_path):
    code = (
        "import sys; from pathlib import Path; from aura.library.history import History\n"
        "from tests.library.pictures import request, save\n"
        "h = History(Path(sys.argv[1]))\n"
        "for n in range(20): h.add(save(Path(sys.argv[2])), request(), n)\n"
        "h.close()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "history.db"), str(outputs)], cwd=ROOT
    )
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: kept(history, outputs, at=float(n)), range(20)))
    assert other.wait(60) == 0
    assert len(paths(history)) == 40


def test_an_entry_of_another_time_is_passed_over(history, outputs, tmp_path):
    path = kept(history, outputs)
    with sqlite3.connect(tmp_path / "history.db") as raw:
        raw.execute('UPDATE pictures SET request = \'{"task": "older"}\'')
    raw.close()
    assert history.get(path) is None
    assert paths(history) == []


class Shelf(RuleBasedStateMachine):
    """The history against a plain list that says what it must show."""

    @initialize(root=st.just(None))
    def open(self, root: None) -> None:
        import tempfile

        self.root = Path(tempfile.mkdtemp())
        self.history = History(self.root / "history.db")
        self.shown: list[str] = []  # oldest first
        self.starred: set[str] = set()
        self.now = 0.0

    @rule()
    def draw(self) -> None:
        self.now += 1
        self.shown.append(kept(self.history, self.root / "o", at=self.now))

    @precondition(lambda self: self.shown)
    @rule(data=st.data(), on=st.booleans())
    def star(self, data: st.DataObject, on: bool) -> None:
        path = data.draw(st.sampled_from(self.shown))
        self.history.star(path, on)
        (self.starred.add if on else self.starred.discard)(path)

    @precondition(lambda self: self.shown)
    @rule(data=st.data())
    def vanish(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(self.shown))
        Path(path).unlink()
        self.shown.remove(path)
        self.starred.discard(path)

    @rule()
    def rescan(self) -> None:
        assert self.history.rescan(self.root / "o") == 0

    @rule()
    def restart(self) -> None:
        self.history.close()
        self.history = History(self.root / "history.db")

    @invariant()
    def shows_what_it_should(self) -> None:
        assert set(paths(self.history)) == set(self.shown)
        assert set(paths(self.history, starred=True)) == self.starred

    def teardown(self) -> None:
        self.history.close()
        shutil.rmtree(self.root)


Shelf.TestCase.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
TestShelf = Shelf.TestCase


def test_every_change_gives_another_stamp_and_reading_gives_the_same(history, outputs):
    path = kept(history, outputs)
    other = History(history.path)  # another process does as much
    changes = (
        lambda: kept(history, outputs, "a blue star"),
        lambda: history.star(path, True),
        lambda: other.star(path, False),
        lambda: history.forget(path),
        lambda: history.rescan(outputs),
    )
    for change in changes:
        before = history.stamp()
        history.recent(10)
        assert history.stamp() == before
        change()
        assert history.stamp() != before
    other.close()


def test_a_rescan_that_is_stopped_leaves_the_rest_for_the_next(history, outputs, monkeypatch):
    for n in range(4):
        history.forget(kept(history, outputs, at=float(n)))
    monkeypatch.setattr("aura.library.history.PAGE", 2)
    asked = iter((False, True))
    assert history.rescan(outputs, lambda: next(asked)) == 2
    assert history.rescan(outputs) == 2
