"""Which passes follow from a request."""

from __future__ import annotations

import pytest

from aura.passes.order import final_size, parts
from aura.requests import Larger, Repair
from tests.engine.scripted import request

LARGER = Larger(width=128, height=128)


def told(**changes) -> list[tuple[str, str | None]]:
    return [(part.name, part.model) for part in parts(request(**changes))]


def test_a_plain_request_is_drawn_and_no_more():
    assert told() == [("draw", "tiny")]


@pytest.mark.parametrize(
    "larger, follows",
    [
        (LARGER, [("enlarge", None), ("refine", "tiny")]),
        (LARGER.model_copy(update={"strength": 0.0}), [("enlarge", None)]),
        (
            LARGER.model_copy(update={"upscaler": "esrgan", "model": "sd15"}),
            [("enlarge", "esrgan"), ("refine", "sd15")],
        ),
    ],
)
def test_a_larger_picture_is_enlarged_and_then_drawn_over(larger, follows):
    assert told(larger=larger) == [("draw", "tiny"), *follows]


def test_things_are_found_and_repaired_last_with_the_model_that_drew_last():
    repair = Repair(detector="owl")
    assert told(repair=repair) == [("draw", "tiny"), ("find", "owl"), ("repair", "tiny")]
    refined = LARGER.model_copy(update={"model": "sd15"})
    assert told(larger=refined, repair=repair)[-2:] == [("find", "owl"), ("repair", "sd15")]
    only = LARGER.model_copy(update={"strength": 0.0, "model": "sd15"})
    assert told(larger=only, repair=repair)[-1] == ("repair", "tiny")


def test_the_final_size_is_that_of_the_last_pass():
    assert final_size(request()) == (64, 64)
    assert final_size(request(larger=LARGER)) == (128, 128)
