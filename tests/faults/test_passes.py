"""An engine that dies in the middle of a later pass, and the next one that goes on."""

from __future__ import annotations

import itertools
import sys
from contextlib import closing

from aura.engine.protocol import Done, Notice, Saved
from aura.engine.supervisor import Supervisor
from aura.settings import Settings
from tests.engine.atelier import Atelier, larger

MORTAL = [sys.executable, "-m", "tests.faults.mortal"]


def played(folder, kills):
    request = Atelier(folder).request(count=2, larger=larger())
    supervisor = Supervisor(
        Settings(data_dir=folder), command=MORTAL, pauses_s=(0.05,), kills=kills
    )
    with closing(supervisor):
        supervisor.start()
        events = list(supervisor.run("j", request))
    saved = [event.picture for event in events if isinstance(event, Saved)]
    return events, saved, (folder / "works").read_text().split("\n")[:-1]


def test_want_of_memory_in_the_second_pass_goes_on_there_and_nothing_is_drawn_again(tmp_path):
    events, saved, works = played(tmp_path, itertools.count().__next__)
    assert isinstance(events[-1], Done)
    assert [(picture.width, len(picture.passes)) for picture in saved] == [(320, 3)] * 2
    assert works == ["drawn 0", "anew 0", "anew 0", "anew 0"]  # the second of them died
    assert "engine.starved" in [event.code for event in events if isinstance(event, Notice)]
    assert not list((tmp_path / "drafts").iterdir())


def test_a_fault_in_the_second_pass_saves_what_was_drawn(tmp_path):
    events, saved, works = played(tmp_path, lambda: 0)
    assert events[-1].error["code"] == "engine_lost"
    assert len(saved) == 2 and works == ["drawn 0", "anew 0"]
    for picture in saved:
        assert picture.notices[-1]["code"] == "passes.unfinished.lost"
