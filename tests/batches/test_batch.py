"""What belongs together, and exactly what of it is still missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.batches.batch import Batch, key, keys, missing
from aura.errors import BadRequest
from aura.requests import Start
from tests.batches.making import composed, grid, prompts


def test_a_line_is_a_request_and_no_two_pictures_share_a_seed():
    batch = prompts("a red star", "a blue star", count=3)
    assert [r.prompt for r in batch.requests] == ["a red star", "a blue star"]
    assert [r.seed for r in batch.requests] == [5, 8]
    assert batch.count == 6 and {r.batch for r in batch.requests} == {batch.id}


def test_the_same_wishes_with_the_same_seed_are_the_same_batch():
    assert prompts("a", "b").id == prompts("a", "b").id
    others = [
        prompts("a"),
        prompts("b", "a"),
        prompts("a", "b", seed=6),
        prompts("a", "b", steps=3),
    ]
    assert prompts("a", "b").id not in {one.id for one in others}


def test_without_a_seed_an_unfinished_one_goes_on_with_its_own_and_others_begin_anew():
    first = prompts("a", "b", seed=None)
    again = prompts("a", "b", seed=None, unfinished={first.described: first}.get)
    assert again.id == first.id and again.requests == first.requests
    assert prompts("a", "b", seed=None).id != first.id


@given(
    counts=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    gone=st.sets(st.integers(0, 19)),
)
def test_exactly_what_is_missing_is_asked_for_with_its_own_seed(counts, gone):
    requests = [composed(prompt=f"p{i}", seed=100 * i, count=n) for i, n in enumerate(counts)]
    batch = Batch(id="b", described="d", owner="me", seed=0, begun=0, requests=tuple(requests))
    every = [one for request in requests for one in keys(request)]
    there = [one for place, one in enumerate(every) if place not in gone]
    asked = list(missing(batch, there))
    assert [one for request in asked for one in keys(request)] == [
        one for place, one in enumerate(every) if place in gone
    ]
    wanted = {(r.prompt, r.seed + i) for r in requests for i in range(r.count)}
    assert {(r.prompt, r.seed + i) for r in asked for i in range(r.count)} <= wanted


def test_a_part_of_a_request_starts_from_its_own_picture():
    start = Start(pictures=("a", "b", "c"), masks=("x", "y", "z"))
    part = composed(prompt="p", seed=7, count=3, start=start).part(1)
    assert (part.start.pictures, part.start.masks, part.seed) == (("b",), ("y",), 8)


def test_the_key_is_of_the_settings_and_the_seed_and_of_nothing_else():
    two = composed(prompt="p", seed=7, count=2)
    assert key(two, 1) == key(composed(prompt="p", seed=8))
    assert key(two) == key(two.model_copy(update={"batch": "other"}))
    assert key(two) != key(two.model_copy(update={"steps": 3}))


def test_cells_of_a_grid_share_the_seed_and_the_labels_say_what_differs():
    batch = grid("steps=1,2,3", "prompt=red,blue", "guidance=1.5,3", lang="es")
    assert {request.seed for request in batch.requests} == {5}
    assert [r.steps for r in batch.requests[:3]] == [1, 2, 3]
    assert batch.grid.columns == ("Pasos: 1", "Pasos: 2", "Pasos: 3")
    assert batch.grid.rows == ("red", "blue")
    assert batch.grid.pages == ("Guía: 1,5", "Guía: 3")


def test_a_list_and_a_grid_at_once_are_refused():
    from aura.batches.making import made
    from aura.grids import axis

    for lines, axes in (((), ()), (("a",), (axis("steps", "1"),))):
        with pytest.raises(BadRequest):
            made({"prompt": "x"}, composed, lambda described: None, lines=lines, axes=axes)
