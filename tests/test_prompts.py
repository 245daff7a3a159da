"""Wildcards: every picture its own prompt, the same seed the same one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.errors import BadRequest
from aura.prompts import LENGTH_MAX, escape, expand

SEEDS = range(60)


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    folder = tmp_path / "wildcards"
    (folder / "places").mkdir(parents=True)
    (folder / "animals.txt").write_text("# who lives here\n\ncat\ndog\n  owl  \n")
    (folder / "places" / "cities.txt").write_text("Cádiz\nBilbao\n", encoding="utf-8")
    (folder / "scenes.txt").write_text("a __animals__ in {snow|rain}\n")
    (folder / "empty.txt").write_text("# nothing yet\n")
    (folder / "loop.txt").write_text("again __loop__\n")
    (tmp_path / "secret.txt").write_text("not for prompts\n")
    return folder


def written(template: str, lists: Path | None = None) -> set[str]:
    return {expand(template, seed, lists) for seed in SEEDS}


def test_each_option_comes_up():
    assert written("a {red|blue} star") == {"a red star", "a blue star"}


def test_options_nest():
    assert written("{a {small|big} cat|owl}") == {"a small cat", "a big cat", "owl"}


def test_an_option_may_be_empty():
    assert written("cat{| in snow}") == {"cat", "cat in snow"}


def test_two_of_three_are_different_ones():
    pairs = {tuple(prompt.split(", ")) for prompt in written("{2$$a|b|c}")}
    assert len(pairs) == 6
    assert all(len(set(pair)) == 2 for pair in pairs)


def test_a_range_with_its_own_joint():
    assert written("{1-2$$ and $$a|b}") == {"a", "b", "a and b", "b and a"}


def test_more_than_there_are_gives_all():
    assert written("{5$$a|b}") == {"a, b", "b, a"}


def test_a_list_gives_its_lines_without_comments(lists):
    assert written("a __animals__", lists) == {"a cat", "a dog", "a owl"}


def test_a_list_in_a_folder(lists):
    assert written("__places/cities__", lists) == {"Cádiz", "Bilbao"}


def test_a_line_may_hold_wildcards(lists):
    assert "a owl in rain" in written("__scenes__", lists)


@pytest.mark.parametrize("name", ["dragons", "places", "places/../../secret"])
def test_a_list_that_is_not_in_the_folder_is_named(lists, name):
    with pytest.raises(BadRequest) as refused:
        expand(f"a __{name}__", 1, lists)
    assert refused.value.facts["field"] == f"__{name}__"


def test_a_link_out_of_the_folder_leads_nowhere(lists, tmp_path):
    (lists / "escape.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(BadRequest):
        expand("__escape__", 1, lists)


def test_without_a_folder_no_list_is_there():
    with pytest.raises(BadRequest):
        expand("__animals__", 1, None)


def test_an_empty_list_is_refused(lists):
    with pytest.raises(BadRequest) as refused:
        expand("__empty__", 1, lists)
    assert refused.value.facts["problem"] == "error.problem.wildcard_empty"


def test_lists_that_lead_into_one_another_end(lists):
    with pytest.raises(BadRequest):
        expand("__loop__", 1, lists)


def test_a_list_that_grows_out_of_itself_ends(lists):
    (lists / "bomb0.txt").write_text("x" * 100)
    for level in range(1, 15):
        (lists / f"bomb{level}.txt").write_text(f"__bomb{level - 1}__" * 10)
    with pytest.raises(BadRequest):
        expand("__bomb14__", 1, lists)


@pytest.mark.parametrize(
    "prompt",
    [
        "{",
        "}",
        "a { b",
        "{{{|",
        "(red:1.2) [x]",
        "_a_",
        "{one}",
        "5 | 6",
        "__",
        "{}",
        "__../secret__",
    ],
)
def test_what_is_no_choice_stays_as_typed(prompt):
    assert written(prompt) == {prompt}


def test_a_backslash_keeps_the_marks():
    assert written(r"\{a\|b\} \_\_x\_\_") == {"{a|b} __x__"}


@given(st.text(max_size=200), st.integers(0, 2**32 - 1))
def test_an_escaped_prompt_expands_to_itself(prompt, seed):
    assert expand(escape(prompt), seed) == prompt


@given(st.text(alphabet="{}|_$\\ab1-", max_size=120), st.integers(0, 2**32 - 1))
def test_anything_typed_gives_one_prompt_or_a_clear_refusal(template, seed):
    try:
        first = expand(template, seed)
    except BadRequest:
        return
    assert first == expand(template, seed)
    assert len(first) <= LENGTH_MAX


@given(st.lists(st.sampled_from("abcdef"), min_size=2, unique=True), st.integers(0, 2**32 - 1))
def test_a_choice_is_always_one_of_its_options(options, seed):
    assert expand("{" + "|".join(options) + "}", seed) in options
