"""An engine that the system kills for want of RAM: its job goes on, once, and needs less."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from PIL import Image

from aura.engine.drafts import Draft, Drafts
from aura.engine.errand import Errand
from aura.engine.protocol import Cancelled, Done, Failed, Notice, Planned, Run, Saved, Stage
from aura.engine.supervisor import Supervisor
from aura.memory.ledger import Ledger
from aura.passes.piece import Sketch
from aura.requests import Larger
from aura.settings import Settings
from tests.engine.child_double import PLAN
from tests.engine.scripted import request
from tests.engine.test_supervisor import DOUBLE


@pytest.fixture
def open_supervisor(tmp_path):
    opened = []

    def open_one(kills) -> Supervisor:
        one = Supervisor(Settings(data_dir=tmp_path), command=DOUBLE, pauses_s=(0.05,), kills=kills)
        one.start()
        opened.append(one)
        return one

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def starving(open_supervisor):
    """On a system whose count of kills rises whenever somebody looks."""
    return open_supervisor(itertools.count().__next__)


@pytest.fixture
def healthy(open_supervisor):
    return open_supervisor(lambda: 0)


def played(supervisor, prompt):
    return list(supervisor.run("a", request(prompt=prompt)))


def notices(events):
    return {event.code: event.facts for event in events if isinstance(event, Notice)}


def test_its_job_goes_on_at_the_first_picture_that_is_missing(starving):
    events = played(starving, "killed")
    assert isinstance(events[-1], Done)
    resumed = notices(events)["resumed"]
    assert resumed["following"] == 1 and resumed["tried"] == ["resident"]
    assert resumed["plan"] == PLAN.model_dump(mode="json")
    assert resumed["stages"] == {"denoising": 2.0}
    assert len([event for event in events if isinstance(event, Saved)]) == 1


def test_the_person_is_told_and_it_is_saved_with_the_pictures(starving):
    told = notices(played(starving, "killed"))
    assert list(told) == ["engine.starved", "resumed"]
    assert told["resumed"]["notices"] == [{"code": "engine.starved", "facts": {}}]


def test_a_second_such_death_ends_the_job_in_plain_words(starving):
    events = played(starving, "doomed")
    assert isinstance(events[-1], Failed) and events[-1].error["code"] == "engine_starved"
    assert len([event for event in events if isinstance(event, Saved)]) == 2
    assert isinstance(played(starving, "draw")[-1], Done)


def test_nearly_no_ram_in_its_last_status_is_want_of_ram_too(healthy):
    assert isinstance(played(healthy, "full")[-1], Done)


def test_the_way_it_died_in_is_remembered(starving, tmp_path):
    played(starving, "killed")
    known = Ledger(tmp_path / "ledger.db").known("Simulated 8 GB", "tiny", request())
    assert known.failed == {PLAN.signature}


def test_one_that_a_person_killed_fails_its_job_at_once(healthy, tmp_path):
    events = played(healthy, "killed")
    assert isinstance(events[-1], Failed) and events[-1].error["code"] == "engine_lost"
    assert notices(events) == {}
    known = Ledger(tmp_path / "ledger.db").known("Simulated 8 GB", "tiny", request())
    assert known.failed == frozenset()


def test_a_crash_is_no_want_of_memory(starving):
    events = played(starving, "crashed")
    assert isinstance(events[-1], Failed) and events[-1].error["code"] == "engine_lost"


def test_a_job_can_be_stopped_while_the_next_engine_comes(starving):
    events = starving.run("a", request(prompt="killed"))
    for event in events:
        if isinstance(event, Notice) and event.code == "engine.starved":
            starving.stop("a")
        last = event
    assert isinstance(last, Cancelled)


def test_while_the_next_engine_comes_the_job_says_that_it_loads(starving):
    events = played(starving, "killed")
    died = next(n for n, event in enumerate(events) if isinstance(event, Notice))
    assert isinstance(events[died + 1], Stage) and events[died + 1].stage == "loading"


# --- jobs of several passes


def test_the_next_engine_is_told_in_which_pass_the_last_one_died():
    errand, work = Errand(Run(job="a", request=request())), request(width=128)
    second = PLAN.model_copy(update={"rung": "cpu"}).model_dump(mode="json")
    for event in (
        Planned(job="a", plan=PLAN.model_dump(mode="json")),
        Stage(job="a", stage="loading", part=2, parts=3),
        Planned(job="a", plan=second, work=work),
        Stage(job="a", stage="denoising", part=2, parts=3),
    ):
        errand.note(event)
    errand.resume(errand.plan)
    assert errand.run.resumed.part == 2 and errand.run.resumed.plan == second
    assert errand.tried == ("cpu",) and errand.work == work


@pytest.mark.parametrize("prompt", ["crashed", "doomed"])
def test_what_an_engine_had_drawn_that_died_is_saved(starving, tmp_path, prompt):
    asked = request(prompt=prompt, larger=Larger(width=128, height=128))
    drafts = Drafts(tmp_path, "a")
    drafts.begin(asked, {})
    drafts.keep(Draft(index=0), Sketch(Image.new("RGB", (64, 64))))
    drafts.close()
    events = played(starving, prompt)
    assert isinstance(events[-1], Failed)
    picture = events[-2].picture
    assert picture.notices[-1]["code"].startswith("passes.unfinished")
    assert Path(picture.path).is_file() and not drafts.folder.exists()
