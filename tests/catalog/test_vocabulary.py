"""A small model says which words it was never taught."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aura.catalog import Model
from aura.catalog.models import LIST, shipped
from aura.catalog.vocabulary import unknown_words

WORDS = {
    "shapes": {"circle": {"en": ["circle"], "es": ["círculo"]}},
    "colours": {"red": {"en": ["red"], "es": ["rojo", "roja"]}},
    "fillers": ["a", "on the", "un", "sobre"],
}


@pytest.fixture
def model() -> Model:
    return shipped(LIST)[0]


@pytest.fixture
def root(tmp_path: Path, model: Model) -> Path:
    folder = model.path(tmp_path)
    folder.mkdir(parents=True)
    (folder / model.vocabulary).write_text(json.dumps(WORDS), encoding="utf-8")
    return tmp_path


def test_words_it_knows_pass_in_both_languages_whatever_their_accents_and_case(model, root):
    assert unknown_words(model, root, "a Red circle, on the CIRCULO rojo (un círculo)!") == ()


def test_words_it_never_learned_are_told_as_typed_each_once_in_order(model, root):
    prompt = "a Lighthouse on a red cliff, lighthouse, día 7"
    assert unknown_words(model, root, prompt) == ("Lighthouse", "cliff", "día")


def test_a_model_of_any_vocabulary_is_never_doubted(model, root):
    free = model.model_copy(update={"vocabulary": None})
    assert unknown_words(free, root, "lighthouse") == ()


@pytest.mark.parametrize("text", [None, "", "{", "[" * 5000, "7"])
def test_without_its_list_nothing_is_held_against_a_word(model, root, text):
    path = model.path(root) / model.vocabulary
    path.unlink()
    if text is not None:
        path.write_text(text)
    assert unknown_words(model, root, "lighthouse") == ()
