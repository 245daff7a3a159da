"""An axis is what was written, and every cell is asked for with exactly its own values."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura import i18n
from aura.errors import BadRequest
from aura.grids import CELLS_MAX, PARAMETERS, Axis, axis, cells
from aura.requests import Larger, Lora, Start


@pytest.mark.parametrize(
    "parameter, text, values",
    [
        ("steps", "10, 20, 30", (10, 20, 30)),
        ("steps", "1-5", (1, 2, 3, 4, 5)),
        ("steps", "1-5 (+2)", (1, 3, 5)),
        ("steps", "1-6 (+2)", (1, 3, 5)),
        ("steps", "10-30 [3]", (10, 20, 30)),
        ("steps", "4, 10-20(+5)", (4, 10, 15, 20)),
        ("steps", "10, 10, 20", (10, 20)),
        ("guidance", "1.5-3 (+0.5)", (1.5, 2.0, 2.5, 3.0)),
        ("guidance", "0-1 [3]", (0.0, 0.5, 1.0)),
        ("lora", "-1 - 1", (-1.0, 0.0, 1.0)),
        ("scheduler", "euler, ddim", ("euler", "ddim")),
        ("prompt", 'red, "blue, with a shadow"', ("red", "blue, with a shadow")),
        ("size", "512x768, 16:9", ((512, 768), "16:9")),
        ("seed", "7", (7,)),
    ],
)
def test_an_axis_is_what_was_written(parameter, text, values):
    assert axis(parameter, text).values == values


@pytest.mark.parametrize(
    "parameter, text",
    [
        ("colour", "red"),
        ("steps", ""),
        ("steps", " , "),
        ("steps", "many"),
        ("steps", "1.5"),
        ("steps", "5-1"),
        ("steps", "1-5 (+0)"),
        ("steps", "1-9 [1]"),
        ("steps", "1-100000"),
        ("guidance", "nan"),
        ("guidance", "inf"),
        ("scheduler", "magic"),
        ("size", "512"),
        ("seed", ", ".join(str(n) for n in range(CELLS_MAX + 1))),
    ],
)
def test_what_is_no_axis_is_refused_in_words(parameter, text):
    with pytest.raises(BadRequest) as refused:
        axis(parameter, text)
    for lang in i18n.LANGUAGES:
        assert "{" not in i18n.error_text(lang, refused.value.as_dict())


@given(st.sampled_from(sorted(PARAMETERS)), st.text(max_size=30))
def test_whatever_is_written_is_an_axis_or_an_error_of_ours(parameter, text):
    try:
        found = axis(parameter, text)
    except BadRequest:
        return
    assert 1 <= len(found.values) <= CELLS_MAX


@given(
    st.lists(st.integers(1, 150), min_size=1, max_size=4, unique=True),
    st.lists(st.integers(0, 99), min_size=1, max_size=4, unique=True),
    st.lists(st.floats(0, 30), min_size=1, max_size=3, unique=True),
)
def test_cells_go_by_page_then_row_then_column(steps, seeds, guidances):
    axes = [
        Axis(parameter="steps", values=tuple(steps)),
        Axis(parameter="seed", values=tuple(seeds)),
        Axis(parameter="guidance", values=tuple(guidances)),
    ]
    found = [(c["guidance"], c["seed"], c["steps"]) for c in cells(axes, {"prompt": "x"})]
    assert found == list(itertools.product(guidances, seeds, steps))


def test_words_are_put_in_place_of_the_first_ones():
    found = [c["prompt"] for c in cells([axis("prompt", "red, blue")], {"prompt": "a red star"})]
    assert found == ["a red star", "a blue star"]


def test_a_weight_is_put_on_every_lora_and_a_strength_on_what_has_one():
    asked = {"prompt": "x", "loras": (Lora(id="a"), Lora(id="b"))}
    (half,) = cells([axis("lora", "0.5")], asked)
    assert half["loras"] == (Lora(id="a", weight=0.5), Lora(id="b", weight=0.5))
    begun = {"start": Start(pictures=("p",)), "larger": Larger(width=64, height=64)}
    (weak,) = cells([axis("strength", "0.2")], begun)
    assert (weak["start"].strength, weak["larger"].strength) == (0.2, 0.3)
    (second,) = cells([axis("strength", "0.2")], {"larger": begun["larger"]})
    assert second["larger"].strength == 0.2
    assert begun["start"].strength == 0.6, "what was asked stays as it was"


def test_another_size_is_not_enlarged_to_what_the_first_one_was():
    asked = {"prompt": "x", "ratio": "1:1", "larger": Larger(width=512, height=512)}
    found = [
        (c["ratio"], c["width"], c["larger"]) for c in cells([axis("size", "16:9, 64x96")], asked)
    ]
    assert found == [("16:9", None, None), (None, 64, None)]


@pytest.mark.parametrize(
    "axes, asked",
    [
        ([], {}),
        ([axis("steps", "1"), axis("steps", "2")], {}),
        ([axis(name, "1") for name in ("steps", "seed", "guidance", "clip_skip")], {}),
        ([axis("steps", "1-50"), axis("seed", "1-50")], {}),
        ([axis("prompt", "green, red")], {"prompt": "a red star"}),
        ([axis("lora", "1")], {"loras": ()}),
        ([axis("lora", "9")], {"loras": (Lora(id="a"),)}),
        ([axis("strength", "2")], {"start": Start(pictures=("p",))}),
        ([axis("strength", "0.5")], {"prompt": "x"}),
        ([axis("strength", "0.5")], {"start": None, "larger": None}),
    ],
)
def test_a_grid_that_cannot_be_is_refused_in_words(axes, asked):
    with pytest.raises(BadRequest) as refused:
        list(cells(axes, asked))
    assert all(i18n.error_text(lang, refused.value.as_dict()) for lang in i18n.LANGUAGES)


@given(st.integers(2, CELLS_MAX), st.integers(0, 20), st.integers(1, 1000))
def test_a_range_of_so_many_has_both_its_ends(count, first, span):
    found = axis("guidance", f"{first}-{first + span} [{count}]").values
    assert (found[0], found[-1]) == (first, first + span)
    assert all(math.isfinite(value) for value in found) and list(found) == sorted(found)
