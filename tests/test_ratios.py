"""The size a person gets is the ratio they chose."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.catalog.models import LIST, shipped
from aura.ratios import RATIOS, parts, size_for
from aura.requests import SIDE_MAX, SIDE_MIN

MODELS = [model for model in shipped(LIST) if model.task == "generate"]
AREAS = st.integers(64 * 64, 2048 * 2048)
MULTIPLES = st.sampled_from([8, 16, 32, 64])


def exactness(ratio: str, size: tuple[int, int]) -> float:
    """1.0 where the size has exactly this ratio."""
    across, down = parts(ratio)
    return size[0] * down / (size[1] * across)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
@pytest.mark.parametrize("ratio", RATIOS)
def test_every_model_draws_every_ratio_within_a_hundredth_near_its_native_area(ratio, model):
    width, height = size_for(ratio, model.area, model.multiple)
    assert exactness(ratio, (width, height)) == pytest.approx(1, rel=0.01)
    assert width * height == pytest.approx(model.area, rel=0.2)
    assert width % model.multiple == height % model.multiple == 0


@pytest.mark.parametrize("ratio", RATIOS)
def test_an_exact_size_is_taken_where_one_is_near(ratio):
    assert exactness(ratio, size_for(ratio, 1024 * 1024)) == 1
    assert exactness(ratio, size_for(ratio, 512 * 512)) == 1


def test_a_square_has_the_native_side():
    assert size_for("1:1", 512 * 512) == (512, 512)
    assert size_for("1:1", 256 * 256) == (256, 256)


@given(ratio=st.sampled_from(RATIOS), area=AREAS, multiple=MULTIPLES)
def test_sides_are_always_multiples_within_the_bounds(ratio, area, multiple):
    width, height = size_for(ratio, area, multiple)
    assert width % multiple == height % multiple == 0
    assert SIDE_MIN <= min(width, height) <= max(width, height) <= SIDE_MAX


@given(ratio=st.sampled_from(RATIOS), area=AREAS, multiple=MULTIPLES)
def test_the_ratio_is_wrong_by_less_than_one_step_of_the_longer_side(ratio, area, multiple):
    width, height = size_for(ratio, area, multiple)
    across, down = parts(ratio)
    if across < down:
        width, height, across, down = height, width, down, across
    assert abs(width - height * across / down) < multiple


@given(ratio=st.sampled_from(RATIOS), area=st.integers(128 * 128, 2048 * 2048))
def test_the_area_stays_near_wherever_the_short_side_allows(ratio, area):
    width, height = size_for(ratio, area, 8)
    across, down = parts(ratio)
    smallest = SIDE_MIN**2 * max(across / down, down / across)
    near = abs(math.log(width * height / max(area, smallest)))
    assert near <= math.log(1.2) + 1e-9


@given(ratio=st.sampled_from(RATIOS), area=AREAS, multiple=MULTIPLES)
def test_a_turned_ratio_gives_the_turned_size(ratio, area, multiple):
    across, down = ratio.split(":")
    turned = f"{down}:{across}"
    if turned in RATIOS:
        assert size_for(turned, area, multiple) == size_for(ratio, area, multiple)[::-1]


@given(ratio=st.sampled_from(RATIOS), area=AREAS, odd=st.integers(1, 64))
def test_a_factor_of_any_kind_still_gives_sides_that_a_request_takes(ratio, area, odd):
    width, height = size_for(ratio, area, odd)
    assert width % 8 == height % 8 == 0
    assert width % odd == height % odd == 0


def test_what_is_no_ratio_is_refused():
    with pytest.raises(ValueError, match="5:4"):
        size_for("5:4", 512 * 512)
