"""The worker with the real manager, ladder and files: events, cancel, timing, errors."""

from __future__ import annotations

import logging
from itertools import count
from pathlib import Path

import pytest
from PIL import Image

from aura.engine.lock import DeviceLock
from aura.engine.protocol import (
    Cancelled,
    Done,
    Failed,
    Notice,
    Planned,
    Preview,
    Run,
    Saved,
    Stage,
)
from aura.errors import DiskFull
from aura.families.base import StageBegun
from aura.library.results import save_picture
from tests.engine.painter import Bench
from tests.memory.simulation import GIB


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def kinds(events, *wanted):
    return [event for event in events if isinstance(event, wanted)]


def test_a_job_tells_its_plan_its_stages_and_its_picture(bench):
    events = list(bench.events())
    assert len(kinds(events, Planned)) == 1 and isinstance(events[-1], Done)
    stages = [event.stage for event in kinds(events, Stage)]
    assert stages == ["loading", "encoding", "denoising", "decoding", "saving"]
    (saved,) = kinds(events, Saved)
    with Image.open(saved.picture.path) as picture:
        assert picture.size == (saved.picture.width, saved.picture.height)
        assert "parameters" in picture.info


def test_every_picture_of_a_request_is_saved_once(bench):
    saved = kinds(bench.events(count=3), Saved)
    assert [event.index for event in saved] == [0, 1, 2]
    assert len({event.picture.path for event in saved}) == len(bench.files()) == 3


def test_stopping_at_any_event_saves_nothing_and_frees_what_was_lent(tmp_path):
    total = len(list(Bench(tmp_path / "whole").events()))
    for stop_after in range(1, total - 1):  # the last but one is the picture itself
        bench = Bench(tmp_path / str(stop_after))
        events = []
        for event in bench.events():
            events.append(event)
            if len(events) == stop_after:
                bench.worker.stop("a")
        assert isinstance(events[-1], Cancelled), stop_after
        assert len(events) <= stop_after + 1
        assert bench.files() == []
        assert not any(resident.lent for resident in bench.manager.residents())
        bench.manager.release()
        assert bench.device.used == bench.device.host_used == 0


def test_a_stop_in_the_middle_of_saving_leaves_no_picture(tmp_path):
    def slowly(*args, **facts):
        bench.worker.stop("a")
        return save_picture(*args, **facts)

    bench = Bench(tmp_path, save=slowly)
    assert isinstance(list(bench.events())[-1], Cancelled)
    assert bench.files() == []


def test_a_stop_in_the_second_picture_keeps_the_first(bench):
    for event in bench.events(count=2):
        if isinstance(event, Stage) and event.index == 1:
            bench.worker.stop("a")
    assert isinstance(event, Cancelled) and len(bench.files()) == 1


def test_a_job_stopped_before_its_turn_loads_nothing(bench):
    bench.worker.stop("a")
    assert [type(event) for event in bench.events()] == [Cancelled]
    assert bench.family.loads == 0


def test_a_stop_is_for_one_job_only(bench):
    bench.worker.stop("a")
    list(bench.events("a"))
    assert isinstance(list(bench.events("b"))[-1], Done)


def test_seconds_are_counted_for_the_stage_that_took_them(tmp_path):
    # Each look at the clock takes a second: a stage is as long as what happens in it.
    ticks = count()
    bench = Bench(tmp_path, clock=lambda: float(next(ticks)))
    events = list(bench.events(count=2))
    done, saved = events[-1], kinds(events, Saved)
    assert set(done.stages) >= {"loading", "encoding", "denoising", "decoding", "saving"}
    assert "loading" in saved[0].picture.stages
    assert set(saved[1].picture.stages) == {"encoding", "denoising", "decoding"}
    for event in saved:
        assert event.picture.seconds == sum(event.picture.stages.values())
    assert sum(done.stages.values()) >= sum(event.picture.seconds for event in saved)


def test_the_measured_peak_is_told_and_saved(bench):
    events = list(bench.events())
    (saved,) = kinds(events, Saved)
    assert events[-1].peak_bytes == saved.picture.peak_bytes > GIB


def test_running_out_of_memory_goes_on_under_a_cheaper_plan_and_says_so(bench):
    bench.family.fault = MemoryError("the card is full")
    events = list(bench.events())
    first, second = kinds(events, Planned)
    assert second.plan["peak"] < first.plan["peak"]
    (notice,) = kinds(events, Notice)
    (saved,) = kinds(events, Saved)
    assert saved.picture.notices == ({"code": notice.code, "facts": notice.facts},)
    assert saved.picture.plan == second.plan


def test_a_fault_of_ours_is_told_plainly_and_its_trace_is_in_the_log_alone(bench, caplog):
    bench.family.fault = ZeroDivisionError("a fault of ours")
    with caplog.at_level(logging.ERROR):
        failed = list(bench.events())[-1]
    assert isinstance(failed, Failed) and failed.error["code"] == "engine_fault"
    assert "Traceback" not in str(failed) and "Traceback" in caplog.text
    assert isinstance(list(bench.events("b"))[-1], Done)


def test_an_unknown_model_is_refused_by_name(bench):
    asked = bench.request().model_copy(update={"model": "nothing"})
    (failed,) = bench.worker.handle(Run(job="a", request=asked))
    assert failed.error["code"] == "unknown_model"


def test_a_full_disk_fails_the_job_and_keeps_what_was_saved(tmp_path):
    def filling(outputs, image, request, index, **facts):
        if index == 1:
            raise DiskFull(path=str(outputs), need_bytes=10, free_bytes=0)
        return save_picture(outputs, image, request, index, **facts)

    bench = Bench(tmp_path, save=filling)
    events = list(bench.events(count=2))
    assert events[-1].error["code"] == "disk_full"
    assert [Path(event.picture.path) for event in kinds(events, Saved)] == bench.files()


def test_a_disk_that_takes_no_preview_costs_no_picture(bench):
    bench.worker.previews.folder.rmdir()
    events = list(bench.events())
    assert isinstance(events[-1], Done) and not kinds(events, Preview)


def test_previews_are_small_pictures_and_only_the_last_few_stay(bench):
    previews = kinds(bench.events(count=9), Preview)
    assert len({event.path for event in previews}) == 9
    with Image.open(previews[-1].path) as preview:
        assert preview.format == "JPEG" and max(preview.size) <= 512
    assert len(list(bench.worker.previews.folder.iterdir())) <= 4


def test_the_status_names_what_is_resident_also_while_a_job_runs(bench):
    seen = []

    def look(happening):
        if isinstance(happening, StageBegun) and happening.stage == "denoising":
            seen.extend(bench.worker.status().residents)

    bench.family.seen = look
    list(bench.events())
    assert [(resident.model, resident.lent) for resident in seen] == [("a", True)]


# --- one device, several processes


@pytest.fixture
def neighbour(bench):
    """Another process's hold on the same device."""
    lock = DeviceLock(bench.settings.data_dir / "locks", "cuda:0")
    assert lock.take()
    yield lock
    lock.free()


def test_a_job_waits_for_a_neighbour_and_says_so(bench, neighbour):
    events = bench.events()
    assert next(events).stage == "waiting"
    assert next(events).code == "engine.device_busy"
    neighbour.free()
    assert isinstance(list(events)[-1], Done)


def test_the_wait_for_a_neighbour_can_be_stopped(bench, neighbour):
    events = bench.events()
    next(events)
    bench.worker.stop("a")
    assert isinstance(list(events)[-1], Cancelled)
    assert bench.family.loads == 0


def test_the_device_is_free_after_every_end(bench):
    lock = DeviceLock(bench.settings.data_dir / "locks", "cuda:0")
    for fault in (None, ZeroDivisionError()):
        bench.family.fault = fault
        list(bench.events())
        assert lock.take()
        lock.free()


def test_who_waits_is_next_although_the_neighbour_asks_again_at_once(bench, neighbour):
    waiting = DeviceLock(bench.settings.data_dir / "locks", "cuda:0")
    assert not waiting.take()
    neighbour.free()
    assert not neighbour.take()
    neighbour.free()
    waiting.wait(lambda: False)
    waiting.free()


def test_a_model_is_warmed_only_while_the_device_is_free(bench, neighbour):
    assert not bench.worker.warm("a")
    neighbour.free()
    assert bench.worker.warm("a") and bench.family.loads == 1
    list(bench.events())
    assert bench.family.loads == 1
