"""The real engine process with a real, tiny model: from a request to a picture on the disk."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

from aura.engine.protocol import Cancelled, Done, Failed, Notice, Preview, Saved, Step
from aura.engine.supervisor import Supervisor
from aura.library.metadata import read_settings
from aura.settings import Settings
from tests.engine.scripted import request

WAIT_S = 120.0
UNENDING = {"prompts": ("a",) * 64, "negatives": ("",) * 64, "steps": 150}
TWO = {"prompts": ("a red circle",) * 2, "negatives": ("",) * 2, "steps": 20}


@pytest.fixture(scope="module")
def settings(tiny_pack, tmp_path_factory) -> Settings:
    data = tmp_path_factory.mktemp("data")
    return Settings(data_dir=data, models_dirs=(tiny_pack,), device="cpu")


@pytest.fixture(scope="module")
def supervisor(settings):
    one = Supervisor(settings)
    one.start()
    yield one
    one.close()


def asked(tiny_pack: Path, **changes):
    return request(model=tiny_pack.name, **changes)


def child_of_this_process() -> psutil.Process:
    (child,) = (
        child
        for child in psutil.Process().children()
        if "aura.engine.child" in " ".join(child.cmdline())
    )
    return child


def outputs(settings) -> list[Path]:
    return [path for path in (settings.data_dir / "outputs").rglob("*") if path.is_file()]


def wait_until(true):
    until = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def test_a_picture_is_drawn_saved_and_can_be_drawn_again(supervisor, settings, tiny_pack):
    events = list(supervisor.run("first", asked(tiny_pack, steps=3)))
    assert isinstance(events[-1], Done), events[-1]
    assert any(isinstance(event, Preview) for event in events)
    (saved,) = (event.picture for event in events if isinstance(event, Saved))
    assert read_settings(Path(saved.path))["seed"] == 7
    again = list(supervisor.run("again", asked(tiny_pack, steps=3)))
    (second,) = (event.picture for event in again if isinstance(event, Saved))
    with Image.open(saved.path) as one, Image.open(second.path) as other:
        assert one.tobytes() == other.tobytes()


def test_the_status_tells_the_device_and_what_is_resident(supervisor, tiny_pack):
    supervisor.warm(tiny_pack.name)
    wait_until(lambda: supervisor.status() and supervisor.status().residents)
    assert supervisor.status().device.kind == "cpu"
    assert supervisor.status().residents[0].model == tiny_pack.name


def test_the_status_goes_on_while_a_job_runs(supervisor, tiny_pack):
    lent = False
    for _ in supervisor.run("long", asked(tiny_pack, **UNENDING)):
        status = supervisor.status()
        if status is not None and any(resident.lent for resident in status.residents):
            lent = True
            supervisor.stop("long")
    assert lent


def test_a_stopped_job_ends_as_cancelled_and_saves_nothing(supervisor, settings, tiny_pack):
    before = outputs(settings)
    for event in supervisor.run("stopped", asked(tiny_pack, **UNENDING)):
        if isinstance(event, Step):
            supervisor.stop("stopped")
    assert isinstance(event, Cancelled) and outputs(settings) == before


def test_released_models_are_gone_from_the_status(supervisor):
    supervisor.release()
    wait_until(lambda: supervisor.status() and not supervisor.status().residents)


def test_a_warmed_model_is_resident_before_any_job(supervisor, tiny_pack):
    supervisor.warm(tiny_pack.name)
    wait_until(lambda: supervisor.status() and supervisor.status().residents)


def test_a_killed_engine_costs_its_job_and_the_next_is_drawn(supervisor, settings, tiny_pack):
    before = outputs(settings)
    for event in supervisor.run("killed", asked(tiny_pack, **UNENDING)):
        if isinstance(event, Step) and (event.index, event.step) == (0, 1):
            child_of_this_process().kill()
    assert isinstance(event, Failed) and event.error["code"] == "engine_lost"
    assert outputs(settings) == before
    assert isinstance(list(supervisor.run("next", asked(tiny_pack)))[-1], Done)


def test_an_engine_killed_for_memory_costs_no_picture(supervisor, tiny_pack, monkeypatch):
    monkeypatch.setattr(supervisor, "kills", itertools.count().__next__)
    saved, notices = [], []
    for event in supervisor.run("starved", asked(tiny_pack, **TWO)):
        if isinstance(event, Step) and (event.index, event.step) == (1, 1) and not notices:
            child_of_this_process().kill()
        notices += [event.code] if isinstance(event, Notice) else []
        saved += [event] if isinstance(event, Saved) else []
    assert isinstance(event, Done)
    assert notices == ["engine.starved", "plan.climbed"]
    assert [one.index for one in saved] == [0, 1]
    first, second = (one.picture for one in saved)
    assert second.seed == first.seed + 1 and not first.notices
    assert [told["code"] for told in second.notices] == notices
    assert second.plan["peak"] < first.plan["peak"]
