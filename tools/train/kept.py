"""What training never sees: combinations of shape, colour and background kept for the exam."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tools.train.names import COLOURS, PLACES, SHAPES, SIZES
from tools.train.world import Scene, wiggle

KEPT = 16  # of 4 shapes x 8 colours x 7 backgrounds = 224: seven in a hundred


def kept_combinations() -> list[tuple[str, str, str]]:
    """Spread evenly: each shape four times, each colour and each background twice."""
    found = []
    for k in range(KEPT):
        colour = k // 2
        step = 3 if k % 2 else 6
        background = (colour + step) % len(COLOURS)
        found.append((SHAPES[(k + k // 4) % len(SHAPES)], COLOURS[colour], COLOURS[background]))
    return found


def scene_for_training(rng: np.random.Generator) -> Scene:
    """A scene of the world, the usual choices more often, never a kept combination."""
    never = set(kept_combinations())
    while True:
        colour, background = (COLOURS[i] for i in rng.choice(len(COLOURS), 2, replace=False))
        if rng.random() < 0.12:
            background = "black" if colour == "white" else "white"
        scene = Scene(
            shape=SHAPES[rng.integers(len(SHAPES))],
            colour=colour,
            background=background,
            size=SIZES[rng.choice(3, p=(0.27, 0.46, 0.27))],
            place=PLACES[rng.choice(5, p=(0.36, 0.16, 0.16, 0.16, 0.16))],
            gradient=bool(rng.random() < 0.3),
            shadow=bool(rng.random() < 0.35),
        )
        if scene.combination not in never:
            return wiggle(scene, rng)


def with_combination(scene: Scene, combination: tuple[str, str, str]) -> Scene:
    shape, colour, background = combination
    return replace(scene, shape=shape, colour=colour, background=background)
