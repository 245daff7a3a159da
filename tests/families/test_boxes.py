"""One box for every thing, however often it was seen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aura.families.base import Box
from aura.families.boxes import SAME, overlap, suppressed

SIDES = st.tuples(st.integers(0, 50), st.integers(1, 50))
BOXES = st.lists(
    st.builds(
        lambda across, down, score, thing: Box(
            across[0], down[0], sum(across), sum(down), score, thing
        ),
        SIDES,
        SIDES,
        st.floats(0, 1),
        st.sampled_from(("face", "hand")),
    ),
    max_size=12,
)


@given(BOXES, st.integers(1, 12))
def test_what_is_kept_comes_surest_first_within_bounds_and_never_twice(boxes, most):
    kept = suppressed(boxes, most)
    assert len(kept) <= most and set(kept) <= set(boxes)
    assert [box.score for box in kept] == sorted((box.score for box in kept), reverse=True)
    for number, one in enumerate(kept):
        for other in kept[number + 1 :]:
            assert one.thing != other.thing or overlap(one, other) <= SAME


@given(BOXES)
def test_what_is_left_out_lies_on_a_surer_box_of_the_same_thing(boxes):
    kept = suppressed(boxes, len(boxes) + 1)
    for box in set(boxes) - set(kept):
        assert any(
            box.thing == other.thing and box.score <= other.score and overlap(box, other) > SAME
            for other in kept
        )


@given(BOXES)
def test_leaving_out_once_is_enough(boxes):
    kept = suppressed(boxes, len(boxes) + 1)
    assert suppressed(kept, len(boxes) + 1) == kept


def test_a_box_and_its_half_share_a_half():
    whole, half = Box(0, 0, 10, 10, 0.9, "face"), Box(0, 0, 5, 10, 0.8, "face")
    assert overlap(whole, half) == 0.5 and overlap(whole, whole) == 1.0
    assert overlap(half, Box(5, 0, 10, 10, 0.9, "face")) == 0.0


def test_two_things_may_be_in_one_place():
    face, hand = Box(0, 0, 10, 10, 0.9, "face"), Box(0, 0, 10, 10, 0.8, "hand")
    assert suppressed((hand, face), 10) == (face, hand)
