"""The captions say what is drawn in two languages, and keep some wordings for the exam."""

from __future__ import annotations

import json
import re

import numpy as np

from tools.train.captions import LANGUAGES, ORDERS, UNSEEN_ORDERS, caption
from tools.train.exam import questions
from tools.train.kept import kept_combinations, scene_for_training
from tools.train.publish import PACK
from tools.train.words import plainly, vocabulary
from tools.train.world import Scene


def words_of(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+", text.lower()))


def some_captions(count: int, unseen: bool = False) -> list[str]:
    rng = np.random.default_rng(3)
    return [caption(scene_for_training(rng), rng, LANGUAGES[k % 2], unseen) for k in range(count)]


def test_the_vocabulary_covers_every_caption() -> None:
    said = set().union(*map(words_of, some_captions(4000) + some_captions(1000, unseen=True)))
    assert said <= set(vocabulary())


def test_every_word_of_the_vocabulary_is_trained() -> None:
    said = set().union(*map(words_of, some_captions(8000)))
    assert set(vocabulary()) <= said


def test_the_pack_tells_the_vocabulary() -> None:
    told = json.loads((PACK / "vocabulary.json").read_text(encoding="utf-8"))
    assert told["words"] == vocabulary()
    assert "roja" in told["colours"]["red"]["es"]


def test_kept_combinations_never_reach_training() -> None:
    kept = set(kept_combinations())
    rng = np.random.default_rng(4)
    assert not {scene_for_training(rng).combination for _ in range(3000)} & kept
    assert len(kept) == 16


def test_the_exam_is_half_spanish_and_a_tenth_new_combinations() -> None:
    asked = questions()
    kept = set(kept_combinations())
    assert len(asked) == 200
    assert sum(question.language == "es" for question in asked) == 100
    assert sum(question.scene.combination in kept for question in asked) == 20


def test_the_exam_words_its_prompts_as_training_never_does() -> None:
    assert not set(ORDERS) & set(UNSEEN_ORDERS)
    trained = set(some_captions(6000))
    long = [question.prompt for question in questions() if len(question.prompt.split()) > 5]
    assert not trained & set(long)


def test_spanish_agrees_and_accents_may_be_left_out() -> None:
    rng = np.random.default_rng(0)
    said = [caption(Scene("star", "red", "blue"), rng, "es") for _ in range(300)]
    assert sum("roja" in text for text in said) > sum("rojo" in text for text in said)
    circles = [caption(Scene("circle", "red", "blue"), rng, "es") for _ in range(300)]
    assert any("círculo" in text for text in circles)
    assert any("circulo" in text for text in circles)
    assert plainly("Círculo PÚRPURA") == "circulo purpura"
