"""Estimates from a job's own steps and from what the model took before."""

from __future__ import annotations

import pytest

from aura.engine.protocol import Done, Planned, Stage, Step
from aura.jobs.forecast import Pace
from aura.jobs.job import JobView
from aura.jobs.record import Record
from aura.requests import Larger
from tests.engine.scripted import request


def record(**changes) -> Record:
    asked = request(**changes)
    one = Record(JobView(id="a", owner="me", request=asked, state="queued", created=0))
    one.begin(0.0)
    return one


def stepped(one: Record, *times: float) -> None:
    one.apply(Stage(job="a", stage="denoising"), 0.0)
    for number, now in enumerate(times, 1):
        one.apply(Step(job="a", step=number, steps=one.kept.request.steps), now)


PAST = JobView(
    id="p",
    owner="me",
    request=request(steps=10),
    state="done",
    created=0,
    stages={"loading": 4.0, "encoding": 1.0, "denoising": 20.0, "decoding": 2.0, "saving": 1.0},
)


def test_nothing_is_promised_while_nothing_is_known():
    assert record().view(1.0, None).eta is None


def test_the_rest_is_told_from_the_steps_that_are_done():
    one = record(steps=10)
    stepped(one, 5.0, 7.0, 9.0)  # the first one warmed up
    assert one.view(9.0, None).eta == pytest.approx(7 * 2.0)


def test_the_pictures_still_to_come_count():
    one = record(steps=10, prompts=("a", "b"), negatives=("", ""))
    stepped(one, 2.0, 4.0)
    assert one.view(4.0, None).eta == pytest.approx(8 * 2.0 + 10 * 2.0)


def test_a_job_that_has_only_begun_is_estimated_by_the_one_before():
    one = record(steps=5)
    one.apply(Stage(job="a", stage="loading"), 0.0)
    assert one.view(1.0, Pace.of(PAST)).eta == pytest.approx(3 + 1 + 10 + 2 + 1)


def test_a_larger_picture_is_expected_to_take_longer():
    small, large = record(steps=5), record(steps=5, width=128)
    assert large.view(0, Pace.of(PAST)).eta > small.view(0, Pace.of(PAST)).eta


def test_without_any_experience_the_plan_speaks():
    one = record()
    one.apply(Planned(job="a", plan={"seconds": 30.0}), 1.0)
    assert one.view(10.0, None).eta == pytest.approx(20.0)


def test_an_ended_job_has_a_fixed_time_and_no_estimate():
    one = record()
    stepped(one, 1.0)
    one.apply(Done(job="a", stages={}, peak_bytes=0), 3.0)
    assert (one.view(99.0, None).elapsed, one.view(99.0, None).eta) == (3.0, None)


# --- jobs of several passes

LARGER = Larger(width=128, height=128, strength=0.5)


def test_the_passes_still_to_come_count_by_their_size():
    one = record(steps=10, larger=LARGER)
    stepped(one, 1.0, 2.0)  # a step of 64 × 64 pixels takes a second
    five_of_four_times_the_pixels = 5 * 4.0
    assert one.view(2.0, None).eta == pytest.approx(8 + five_of_four_times_the_pixels)


def test_tiles_are_counted_as_the_steps_of_one_picture():
    one = record(steps=10, larger=LARGER, prompts=("a", "b"), negatives=("", ""))
    one.apply(Stage(job="a", stage="denoising", part=2, parts=3, index=0), 0.0)
    for number in range(1, 6):
        one.apply(Step(job="a", step=number, steps=20), 2.0 * number)
    assert one.view(10.0, None).eta == pytest.approx(15 * 2.0 + 20 * 2.0)


def test_what_a_model_took_for_several_passes_tells_how_long_one_takes():
    several = PAST.model_copy(update={"request": request(steps=10, larger=LARGER)})
    # Ten steps of one size and five of four times as many pixels: thirty of the first.
    assert Pace.of(several).step * 64 * 64 == pytest.approx(20.0 / 30)


def test_a_view_tells_which_of_the_passes_runs():
    one = record(larger=LARGER)
    one.apply(Stage(job="a", stage="enlarging", part=1, parts=3), 1.0)
    view = one.view(1.0, None)
    assert (view.part, view.parts, view.stage) == (1, 3, "enlarging")
