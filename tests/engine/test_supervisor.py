"""The supervisor against real processes that speak the protocol but load no model."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time

import pytest

from aura.engine.protocol import Cancelled, Done, Failed, Notice, Stage, Step
from aura.engine.supervisor import Supervisor
from aura.settings import Settings
from tests.engine.scripted import request

DOUBLE = [sys.executable, "-m", "tests.engine.child_double"]


@pytest.fixture
def open_supervisor(tmp_path):
    opened = []

    def open_one(*extra: str, **options) -> Supervisor:
        settings = Settings(data_dir=tmp_path)
        one = Supervisor(settings, command=[*DOUBLE, *extra], pauses_s=(0.05,), **options)
        one.start()
        opened.append(one)
        return one

    yield open_one
    for one in opened:
        one.close()


def ending(supervisor, job, prompt, **changes):
    return list(supervisor.run(job, request(prompt=prompt, **changes)))[-1]


def pid(supervisor) -> int:
    wait_until(lambda: supervisor.ready)
    return int(supervisor.ready.versions["pid"])


def wait_until(true, seconds=20.0):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def test_a_job_is_relayed_to_its_end(open_supervisor):
    supervisor = open_supervisor()
    wait_until(lambda: supervisor.ready)
    events = list(supervisor.run("a", request(prompt="draw", steps=3)))
    assert [type(event) for event in events] == [Stage, Step, Step, Step, Done]


def test_a_job_whose_engine_dies_ends_as_lost_and_the_next_one_is_drawn(open_supervisor):
    supervisor = open_supervisor()
    lost = ending(supervisor, "a", "die")
    assert isinstance(lost, Failed) and lost.error["code"] == "engine_lost"
    assert isinstance(ending(supervisor, "b", "draw"), Done)


def test_twenty_crashes_in_a_row_cost_twenty_jobs_and_no_more(open_supervisor):
    supervisor = open_supervisor()
    for number in range(20):
        assert isinstance(ending(supervisor, f"die-{number}", "die"), Failed)
    assert isinstance(ending(supervisor, "after", "draw"), Done)


def test_a_killed_idle_engine_is_replaced_before_the_next_job(open_supervisor):
    supervisor = open_supervisor()
    first = pid(supervisor)
    os.kill(first, signal.SIGTERM)
    wait_until(lambda: supervisor.ready is None or pid(supervisor) != first)
    assert isinstance(ending(supervisor, "a", "draw"), Done)
    assert pid(supervisor) != first


def test_lines_that_are_no_events_harm_nothing(open_supervisor):
    assert isinstance(ending(open_supervisor(), "a", "garbage"), Done)


def test_a_stop_ends_the_job_as_cancelled(open_supervisor):
    supervisor = open_supervisor()
    events = supervisor.run("a", request(prompt="endless"))
    seen = []
    for event in events:
        seen.append(event)
        if isinstance(event, Step) and event.step == 2:
            supervisor.stop("a")
    assert isinstance(seen[-1], Cancelled)


def test_a_job_stopped_before_its_first_event_is_asked_for_is_cancelled(open_supervisor):
    supervisor = open_supervisor()
    events = supervisor.run("a", request(prompt="endless"))
    supervisor.stop("a")
    assert isinstance(list(events)[-1], Cancelled)


def test_a_reader_that_goes_away_stops_its_job(open_supervisor):
    supervisor = open_supervisor()
    wait_until(lambda: supervisor.ready)
    events = supervisor.run("a", request(prompt="endless"))
    next(events)
    events.close()
    assert isinstance(ending(supervisor, "b", "draw"), Done)


def test_an_engine_that_does_not_answer_a_stop_is_told_of_and_ends_on_the_second(open_supervisor):
    supervisor = open_supervisor(stop_bound_s=0.1)
    first = pid(supervisor)
    seen = []
    for event in supervisor.run("a", request(prompt="hang")):
        seen.append(event)
        if isinstance(event, Stage) and event.stage == "denoising":
            supervisor.stop("a")
        if isinstance(event, Notice):
            assert event.code == "engine.slow_to_stop"
            os.kill(first, 0)  # nobody has killed it
            supervisor.stop("a")
    assert isinstance(seen[-1], Cancelled)
    assert isinstance(ending(supervisor, "b", "draw"), Done)


def test_an_engine_that_never_gets_ready_fails_the_job_that_waits(open_supervisor):
    lost = ending(open_supervisor("never-ready"), "a", "draw")
    assert isinstance(lost, Failed) and lost.error["code"] == "engine_lost"


def test_a_job_that_waits_for_an_engine_can_be_stopped(open_supervisor, tmp_path):
    supervisor = Supervisor(Settings(data_dir=tmp_path))  # not started: it is never ready
    events = supervisor.run("a", request())
    threading.Timer(0.05, supervisor.stop, ["a"]).start()
    assert [type(event) for event in events] == [Stage, Cancelled]


def test_a_job_that_waits_for_an_engine_says_that_something_is_being_loaded(tmp_path):
    events = Supervisor(Settings(data_dir=tmp_path)).run("a", request())
    assert next(events).stage == "loading"


def test_closing_ends_an_engine_in_the_middle_of_a_job(open_supervisor):
    supervisor = open_supervisor()
    child = pid(supervisor)
    events = supervisor.run("a", request(prompt="endless"))
    next(events)
    supervisor.close()
    assert isinstance(list(events)[-1], Failed)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_an_engine_whose_studio_is_gone_goes_too(open_supervisor):
    supervisor = open_supervisor()
    child = pid(supervisor)
    supervisor._keeper.process._close_stdin()  # what the system does when a process dies
    wait_until(lambda: supervisor.ready is None or pid(supervisor) != child)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


# --- memory


def told(supervisor) -> list[str]:
    """The commands about memory that the engine has had, in order."""
    status = supervisor.status()
    return [json.loads(command)["op"] for command in status.leaks] if status else []


def test_typing_warms_a_model_once(open_supervisor):
    supervisor = open_supervisor()
    pid(supervisor)
    for _ in range(20):
        supervisor.warm("never-there")
    supervisor.release()  # behind them: once it has been told, they have too
    wait_until(lambda: "release" in told(supervisor))
    assert told(supervisor) == ["warm", "release"]


def test_a_model_asked_for_before_the_engine_is_ready_is_warmed_once_it_is(open_supervisor):
    supervisor = open_supervisor()
    supervisor.warm("never-there")
    wait_until(lambda: told(supervisor) == ["warm"])


def test_a_model_that_is_there_is_not_warmed_again(open_supervisor):
    now = [0.0]
    supervisor = open_supervisor(clock=lambda: now[0])
    pid(supervisor)
    supervisor.warm("tiny")
    wait_until(lambda: told(supervisor) == ["warm"])
    now[0] += 3600
    supervisor.warm("tiny")
    supervisor.warm("other")
    wait_until(lambda: told(supervisor) == ["warm", "warm"])
    assert [one.model for one in supervisor.status().residents] == ["tiny", "other"]


def test_a_model_that_was_released_can_be_warmed_again(open_supervisor):
    supervisor = open_supervisor()
    pid(supervisor)
    for _ in range(2):
        supervisor.warm("never-there")
        supervisor.release("never-there")
    wait_until(lambda: len(told(supervisor)) == 4)
    assert told(supervisor) == ["warm", "release"] * 2


def test_nothing_is_warmed_beside_a_job(open_supervisor):
    supervisor = open_supervisor()
    pid(supervisor)
    events = supervisor.run("a", request(prompt="endless"))
    supervisor.warm("tiny")
    next(events)
    supervisor.release()
    wait_until(lambda: told(supervisor) == ["release"])
    events.close()


def test_how_long_models_are_kept_holds_for_engines_to_come(open_supervisor):
    supervisor = open_supervisor()
    first = pid(supervisor)
    supervisor.keep_for(42.0)
    wait_until(lambda: supervisor.status() and supervisor.status().keep_for == 42.0)
    os.kill(first, signal.SIGTERM)
    wait_until(lambda: supervisor.ready is None or pid(supervisor) != first)
    pid(supervisor)
    supervisor.release()
    wait_until(lambda: told(supervisor) == ["release"])
    assert supervisor.status().keep_for == 42.0
