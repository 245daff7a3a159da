"""What the journal keeps, and what it does when the disk or the file will not have it."""

from __future__ import annotations

import sqlite3

import pytest

from aura.errors import DiskFull, FolderUnwritable
from aura.jobs.job import JobView
from aura.jobs.journal import Journal
from tests.engine.scripted import request


def view(job: str, state: str = "queued") -> JobView:
    return JobView(id=job, owner="me", request=request(), state=state, created=1.0)


@pytest.fixture
def journal(tmp_path):
    one = Journal(tmp_path / "jobs.db")
    yield one
    one.close()


def test_what_was_added_is_on_the_disk_at_once(journal):
    journal.add(view("a"))
    with sqlite3.connect(f"file:{journal.path}?mode=ro", uri=True) as other:
        assert other.execute("select id from jobs").fetchall() == [("a",)]
    other.close()


def test_a_prompt_comes_back_to_the_letter(journal):
    asked = request(prompt='círculo "rojo"\n😀', prompts=("círculo 😀",))
    journal.add(view("a").model_copy(update={"request": asked}))
    assert journal.get("a").request == asked


def test_fronted_jobs_come_back_ahead_the_last_moved_first(journal):
    for job in "abcd":
        journal.add(view(job))
    journal.front("c")
    journal.front("d")
    assert [(one.id, front) for one, front in journal.queued()] == [
        ("d", True),
        ("c", True),
        ("a", False),
        ("b", False),
    ]


def test_only_the_newest_ended_jobs_are_kept_and_no_queued_one_is_pruned(journal):
    journal.add(view("queued"))
    for number in range(10):
        journal.add(view(f"done-{number}", "done"))
    journal.prune(keep=3)
    assert [one.id for one in journal.ended(99)] == ["done-7", "done-8", "done-9"]
    assert [one.id for one, _ in journal.queued()] == ["queued"]


def test_a_damaged_file_is_set_aside_and_a_new_one_begun(tmp_path):
    path = tmp_path / "jobs.db"
    path.write_bytes(b"this is no database at all" * 200)
    journal = Journal(path)
    journal.add(view("a"))
    journal.close()
    assert len(list(tmp_path.glob("jobs.damaged-*.db"))) == 1


def test_a_file_damaged_inside_is_set_aside_too(tmp_path):
    path = tmp_path / "jobs.db"
    journal = Journal(path)
    for number in range(40):
        journal.add(view(f"job-{number}"))
    journal.close()
    body = bytearray(path.read_bytes())
    body[4096 : len(body)] = b"\xa5" * (len(body) - 4096)
    path.write_bytes(bytes(body))
    again = Journal(path)
    again.add(view("a"))
    again.close()
    assert len(list(tmp_path.glob("jobs.damaged-*.db"))) == 1


def test_a_folder_that_takes_no_file_is_said_and_nothing_is_set_aside(tmp_path):
    (tmp_path / "jobs.db").mkdir()
    with pytest.raises(FolderUnwritable):
        Journal(tmp_path / "jobs.db")
    assert [path.name for path in tmp_path.iterdir()] == ["jobs.db"]


def test_a_job_that_cannot_be_read_does_not_hide_the_others(journal):
    journal.add(view("a"))
    journal.add(view("b"))
    with journal._db:
        journal._db.execute("update jobs set view = '{}' where id = 'a'")
    assert [one.id for one, _ in journal.queued()] == ["b"]


def test_a_full_disk_refuses_a_job_in_plain_words_and_keeps_the_others(journal):
    journal.add(view("a"))
    pages = journal._db.execute("pragma page_count").fetchone()[0]
    journal._db.execute(f"pragma max_page_count = {pages}")
    with pytest.raises(DiskFull):
        for number in range(100):
            journal.add(view(f"more-{number}"))
    assert next(iter(journal.queued()))[0].id == "a"
