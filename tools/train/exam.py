"""The two hundred prompts of the examination, none of which training has seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tools.train.captions import LANGUAGES, caption
from tools.train.kept import kept_combinations, scene_for_training, with_combination
from tools.train.names import PLACES, SHAPES, SIZES
from tools.train.world import Scene

SEED = 2718
KEPT_EVERY = 10  # each tenth prompt names a combination never trained on


@dataclass(frozen=True)
class Question:
    prompt: str
    scene: Scene
    language: str
    seed: int
    kept: bool


def question(number: int, rng: np.random.Generator) -> Question:
    scene = scene_for_training(rng)
    kept = number % KEPT_EVERY == 0
    never = kept_combinations()
    chosen = (
        never[number // KEPT_EVERY % len(never)]
        if kept
        else (SHAPES[number % 4], scene.colour, scene.background)
    )
    while not kept and chosen in never:
        scene = scene_for_training(rng)
        chosen = SHAPES[number % 4], scene.colour, scene.background
    scene = with_combination(scene, chosen)
    scene = Scene(
        *chosen,
        size=SIZES[rng.integers(3)],
        place=PLACES[rng.integers(5)],
        gradient=scene.gradient,
        shadow=scene.shadow,
    )
    language = LANGUAGES[(number + number // KEPT_EVERY) % 2]
    return Question(
        caption(scene, rng, language, unseen=True), scene, language, seed=SEED + number, kept=kept
    )


def questions(count: int = 200) -> list[Question]:
    rng = np.random.default_rng(SEED)
    return [question(number, rng) for number in range(count)]
