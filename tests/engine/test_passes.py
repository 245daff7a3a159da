"""Jobs of several passes: in order, with drafts that outlive whatever ends them."""

from __future__ import annotations

from itertools import groupby

import pytest
from PIL import Image, ImageChops

from aura.engine import drafts
from aura.engine.protocol import (
    Cancelled,
    Done,
    Failed,
    Notice,
    Planned,
    Resumed,
    Run,
    Saved,
    Stage,
    Step,
)
from aura.errors import DiskFull
from aura.library.metadata import read_record
from aura.library.results import save_picture
from tests.engine.atelier import SIDE, Atelier, larger, repair


@pytest.fixture
def atelier(tmp_path):
    return Atelier(tmp_path)


def kinds(events, *wanted):
    return [event for event in events if isinstance(event, wanted)]


def notices(events):
    return {event.code: event.facts for event in kinds(events, Notice)}


EVERYTHING = {"larger": larger(upscaler="big", model="b"), "repair": repair()}


def test_all_pictures_pass_one_part_before_the_next_and_every_model_is_loaded_once(atelier):
    events = list(atelier.events(count=3, **EVERYTHING))
    assert isinstance(events[-1], Done)
    stages = kinds(events, Stage)
    assert [part for part, _ in groupby(event.part for event in stages)] == [0, 1, 2, 3, 4]
    assert {event.parts for event in stages} == {5}
    names = {part: {event.stage for event in stages if event.part == part} for part in (1, 3)}
    assert names == {1: {"loading", "enlarging"}, 3: {"loading", "finding"}}
    assert (atelier.artist.loads, atelier.tool.loads) == (2, 2)
    assert [event.index for event in kinds(events, Saved)] == [0, 1, 2]


def test_the_picture_is_saved_at_its_final_size_with_all_that_its_passes_took(atelier):
    (saved,) = kinds(atelier.events(**EVERYTHING), Saved)
    picture = saved.picture
    assert (picture.width, picture.height) == (320, 192)
    names = [(one.name, one.model) for one in picture.passes]
    assert names == [
        ("draw", "a"), ("enlarge", "big"), ("refine", "b"), ("find", "eye"), ("repair", "b"),
    ]  # fmt: skip
    assert picture.seconds == pytest.approx(sum(one.seconds for one in picture.passes))
    assert picture.peak_bytes == max(one.peak_bytes for one in picture.passes) > 0
    assert [one.plan["model"] for one in picture.passes] == ["a", "big", "b", "eye", "b"]
    assert picture.plan == picture.passes[-1].plan
    with Image.open(picture.path) as image:
        assert image.size == (320, 192)
    record = read_record(atelier.outputs()[0])
    assert record.request == atelier.request(**EVERYTHING)
    assert record.placed(picture.path) == picture


def test_nothing_is_left_of_a_job_that_is_done(atelier):
    list(atelier.events(count=2, **EVERYTHING))
    assert len(atelier.outputs()) == 2 and atelier.drafts() == []
    assert atelier.at_rest()


def test_a_plain_picture_tells_of_no_passes_and_writes_no_draft(atelier):
    seen, events = [], []
    for event in atelier.events():
        seen += atelier.drafts()
        events.append(event)
    (saved,) = kinds(events, Saved)
    assert seen == [] and saved.picture.passes == ()


def test_each_picture_is_drawn_over_with_the_seed_it_was_drawn_with(atelier):
    list(atelier.events(count=3, larger=larger()))
    assert [work.seed for work in atelier.artist.works[1:]] == [7, 8, 9]


def test_the_steps_of_tiles_count_as_those_of_their_picture(atelier):
    events = list(atelier.events(larger=larger(tile=64)))
    steps = [event for event in kinds(events, Step) if event.index == 0][3:]
    assert len({event.steps for event in steps}) == 1
    assert steps[-1].step == steps[-1].steps > 10
    assert len(kinds(events, Planned)) == 2  # not one for every tile
    told = [event for event in kinds(events, Stage) if event.part == 2]
    assert [event.stage for event in told] == [
        "loading", "encoding", "denoising", "decoding", "saving",
    ]  # fmt: skip


def test_tiles_look_like_the_whole(tmp_path):
    pictures = []
    for name, tile in (("whole", 0), ("tiles", 64)):
        atelier = Atelier(tmp_path / name)
        (saved,) = kinds(atelier.events(larger=larger(tile=tile)), Saved)
        pictures.append(Image.open(saved.picture.path).convert("RGB"))
    difference = ImageChops.difference(*pictures)
    assert max(most for _, most in difference.getextrema()) <= 1


# --- memory


@pytest.mark.parametrize("limit", ["most", "fits"])
def test_where_the_whole_does_not_fit_or_is_refused_it_is_drawn_over_in_tiles(atelier, limit):
    setattr(atelier.artist, limit, SIDE)
    events = list(atelier.events(count=2, larger=larger()))
    assert isinstance(events[-1], Done)
    assert notices(events)["passes.tiled"] == {"tile": SIDE}
    saved = kinds(events, Saved)
    assert len(saved) == 2 and saved[0].picture.width == 320
    assert "passes.tiled" in [notice["code"] for notice in saved[0].picture.notices]
    assert atelier.at_rest()


def test_a_size_that_the_whole_fits_is_drawn_over_whole(atelier):
    events = list(atelier.events(larger=larger()))
    assert "passes.tiled" not in notices(events)
    assert (atelier.artist.works[-1].width, atelier.artist.works[-1].height) == (320, 192)


# --- what ends a job early


def unfinished(saved, why, missing):
    (notice,) = [n for n in saved.picture.notices if n["code"].startswith("passes.unfinished")]
    assert notice["code"] == f"passes.unfinished.{why}"
    assert list(notice["facts"]["missing"]) == [f"passes.name.{name}" for name in missing]


def test_what_was_drawn_is_kept_where_a_later_pass_fails(atelier):
    atelier.tool.fault = ZeroDivisionError("a fault of ours")
    events = list(atelier.events(count=2, **EVERYTHING))
    assert isinstance(events[-1], Failed)
    saved = kinds(events, Saved)
    assert [event.picture.width for event in saved] == [SIDE, SIDE]
    for event in saved:
        unfinished(event, "failed", ["enlarge", "refine", "find", "repair"])
    assert atelier.drafts() == [] and atelier.at_rest()


def test_what_was_drawn_is_kept_where_memory_refuses_the_second_pass(atelier):
    atelier.artist.most = SIDE
    events = list(atelier.events(larger=larger(tile=160)))
    assert events[-1].error["code"] == "memory_refused"
    (saved,) = kinds(events, Saved)
    assert (saved.picture.width, saved.picture.height) == (320, 192)  # enlarged by then
    unfinished(saved, "memory", ["refine"])


def test_stopping_anywhere_in_a_later_pass_keeps_what_was_drawn(tmp_path):
    whole = list(Atelier(tmp_path / "whole").events(count=2, larger=larger()))
    begun = next(n for n, event in enumerate(whole) if isinstance(event, Stage) and event.part)
    end = next(n for n, event in enumerate(whole) if isinstance(event, Saved))
    for stop_after in range(begun, end, 3):
        atelier = Atelier(tmp_path / str(stop_after))
        events = []
        for event in atelier.events(count=2, larger=larger()):
            events.append(event)
            if len(events) == stop_after:
                atelier.worker.stop("j")
        assert isinstance(events[-1], Cancelled)
        saved = kinds(events, Saved)
        assert len(saved) == len(atelier.outputs()) == 2
        assert atelier.drafts() == [] and atelier.at_rest()


def test_a_stop_while_the_second_picture_is_drawn_keeps_the_first(atelier):
    events = []
    for event in atelier.events(count=2, larger=larger()):
        events.append(event)
        if isinstance(event, Stage) and event.index == 1:
            atelier.worker.stop("j")
    (saved,) = kinds(events, Saved)
    unfinished(saved, "stopped", ["enlarge", "refine"])


def test_a_disk_that_refuses_the_pictures_too_keeps_the_drafts_for_the_next_start(tmp_path):
    def refusing(outputs, *args, **facts):
        raise DiskFull(path=str(outputs), need_bytes=10, free_bytes=0)

    atelier = Atelier(tmp_path, save=refusing)
    events = list(atelier.events(count=2, larger=larger()))
    assert events[-1].error["code"] == "disk_full" and not atelier.outputs()
    assert drafts.sweep(tmp_path) == 2
    assert len(atelier.outputs()) == 2 and not list((tmp_path / "drafts").iterdir())


def test_what_a_killed_studio_left_is_saved_at_the_next_start(atelier, tmp_path):
    events = atelier.events(count=2, larger=larger())
    for event in events:
        if isinstance(event, Stage) and event.part == 2:
            break
    assert drafts.sweep(tmp_path) == 0  # somebody works on them
    events.close()
    assert drafts.sweep(tmp_path) == 2
    record = read_record(atelier.outputs()[0])
    assert record.request.larger == larger()
    (notice,) = record.picture["notices"]
    assert notice["code"] == "passes.unfinished.lost"


# --- an engine that died


def died(atelier, **changes):
    """The job as its engine died in the middle of the last pass, and what had been told."""
    events = []
    playing = atelier.events(**changes)
    for event in playing:
        events.append(event)
        if isinstance(event, Step) and kinds(events, Stage)[-1].part == 2:
            break
    playing.close()
    return events


def test_the_next_engine_goes_on_in_the_pass_in_which_one_died_and_draws_nothing_again(tmp_path):
    first = Atelier(tmp_path)
    plan = kinds(died(first, count=3, larger=larger()), Planned)[-1]
    assert plan.work is not None and plan.work.width == 320
    second = Atelier(tmp_path)
    told = Resumed(plan=plan.plan, tried=(plan.plan["rung"],), part=2)
    events = list(second.events(told, count=3, larger=larger()))
    assert isinstance(events[-1], Done)
    assert len(kinds(events, Saved)) == len(second.outputs()) == 3
    assert all(work.start for work in second.artist.works)
    passes = kinds(events, Saved)[0].picture.passes
    assert [one.name for one in passes] == ["draw", "enlarge", "refine"]
    assert passes[2].plan["peak"] < plan.plan["peak"]


def test_an_engine_that_died_while_drawing_goes_on_at_the_picture_that_is_missing(tmp_path):
    first, told = Atelier(tmp_path), None
    playing = first.events(count=3, larger=larger())
    for event in playing:
        if isinstance(event, Planned):
            told = event
        if isinstance(event, Stage) and event.index == 2:
            break
    playing.close()
    second = Atelier(tmp_path)
    resumed = Resumed(plan=told.plan, tried=(told.plan["rung"],))
    events = list(second.events(resumed, count=3, larger=larger()))
    drawn = [event.index for event in kinds(events, Stage) if event.stage == "denoising"]
    assert drawn[0] == 2 and len(kinds(events, Saved)) == 3


def test_an_unknown_refiner_is_refused_before_anything_is_drawn(atelier):
    asked = atelier.request(larger=larger(model="nothing"))
    (failed,) = atelier.worker.handle(Run(job="j", request=asked))
    assert failed.error["code"] == "unknown_model" and not atelier.artist.works


def test_a_full_disk_in_the_middle_keeps_the_pictures_that_were_finished(tmp_path):
    def filling(outputs, image, request, index, **facts):
        if (
            index == 1
            and image.width == 320
            and not any(notice["code"].startswith("passes.") for notice in facts["notices"])
        ):
            raise DiskFull(path=str(outputs), need_bytes=10, free_bytes=0)
        return save_picture(outputs, image, request, index, **facts)

    atelier = Atelier(tmp_path, save=filling)
    events = list(atelier.events(count=3, larger=larger()))
    assert isinstance(events[-1], Failed)
    assert sorted(event.index for event in kinds(events, Saved)) == [0, 1, 2]


def test_what_a_model_cannot_do_is_refused_before_anything_is_drawn(atelier):
    atelier.artist.inpaints = False
    (failed,) = atelier.events(repair=repair())
    assert failed.error["code"] == "cannot_inpaint" and not atelier.artist.works
