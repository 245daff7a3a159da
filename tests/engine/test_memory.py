"""What a worker does about memory: resumed jobs, warmth, idle time, what its status tells."""

from __future__ import annotations

import pytest

from aura.engine.protocol import Done, Notice, Planned, Resumed, Run, Saved
from aura.errors import OutOfMemory
from aura.memory.device import budget
from aura.memory.plan import Plan
from tests.engine.painter import Bench


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def kinds(events, kind):
    return [event for event in events if isinstance(event, kind)]


def resumed(bench, count=3, **changes):
    asked = bench.request(count=count)
    died = bench.manager.plans(bench.model, asked)[0].model_dump(mode="json")
    how_far = Resumed(**{"plan": died, "tried": ("resident",), "following": 1} | changes)
    return died, list(bench.worker.handle(Run(job="a", request=asked, resumed=how_far)))


def test_a_resumed_job_draws_what_is_missing_with_its_own_seeds(bench):
    _, events = resumed(bench)
    saved = kinds(events, Saved)
    assert isinstance(events[-1], Done)
    assert [event.index for event in saved] == [1, 2]
    seed = bench.request().seed
    assert [event.picture.seed for event in saved] == [seed + 1, seed + 2]


def test_a_resumed_job_says_what_changed_and_saves_it_with_every_picture(bench):
    told = {"code": "engine.starved", "facts": {}}
    died, events = resumed(bench, notices=(told,))
    (planned,) = kinds(events, Planned)
    assert Plan(**planned.plan).cheaper_than(Plan(**died))
    assert [event.code for event in kinds(events, Notice)] == ["plan.climbed"]
    for event in kinds(events, Saved):
        assert [one["code"] for one in event.picture.notices] == ["engine.starved", "plan.climbed"]


def test_the_seconds_of_pictures_that_were_saved_before_still_count(bench):
    _, events = resumed(bench, stages={"denoising": 100.0})
    assert events[-1].stages["denoising"] >= 100.0


def test_a_resumed_job_without_a_cheaper_way_fails_in_plain_words(bench):
    bench.family.rungs = ("resident",)
    _, events = resumed(bench)
    assert events[-1].error["code"] == OutOfMemory.code
    assert bench.family.loads == 0


def test_warming_what_is_there_moves_and_loads_nothing(bench):
    with bench.manager.lend(bench.model, bench.request(width=64, height=64)) as loan:
        placed = loan.plan
    for _ in range(3):
        assert bench.worker.warm(bench.model.id)
    with bench.manager.lend(bench.model, bench.request(width=64, height=64)) as loan:
        assert loan.plan == placed
    assert (bench.family.loads, bench.family.parks) == (1, 0)


def test_a_model_that_does_not_fit_is_not_warmed(bench):
    bench.device.foreign = bench.device.total
    bench.device.host_foreign = bench.device.host
    assert not bench.worker.warm(bench.model.id)
    assert bench.family.loads == 0


def test_the_idle_time_of_the_settings_holds_until_another_is_chosen(bench):
    assert bench.worker.status().keep_for == bench.manager.keep_s
    bench.worker.keep_for(5.0)
    assert bench.worker.status().keep_for == 5.0


def test_tending_gives_back_what_nobody_has_used_for_so_long(bench):
    assert bench.worker.warm(bench.model.id)
    bench.worker.keep_for(1e-9)
    bench.worker.tend()
    assert [one.parked for one in bench.worker.status().residents] == [True]
    bench.worker.tend()
    assert bench.worker.status().residents == ()
    assert bench.device.used == bench.device.host_used == 0


def test_the_status_tells_what_is_held_and_what_may_be(bench):
    assert bench.worker.warm(bench.model.id)
    status = bench.worker.status()
    assert status.budget == budget(status.device)
    (here,) = status.residents
    assert (here.model, here.bytes, here.parked) == (bench.model.id, bench.device.used, False)
    assert status.leaks == ()
