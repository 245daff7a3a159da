"""The judge sees what a drawing shows, from its pixels alone."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tools.train import judge as judge_module
from tools.train.judge import Seen, judge
from tools.train.names import COLOURS, FRAMES, PLACES, SHAPES, SIZES
from tools.train.world import Scene, draw, scene_at_random


def look(scene: Scene, frame: str = "1:1") -> Seen:
    return judge(Image.fromarray(draw(scene, *FRAMES[frame])))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", SIZES)
def test_every_shape_is_recognised_at_every_size(shape: str, size: str) -> None:
    seen = look(Scene(shape, "red", "white", size=size, shadow=True))
    assert (seen.shape, seen.extent) == (shape, size)


@pytest.mark.parametrize("colour", COLOURS)
def test_every_colour_is_recognised_on_every_other(colour: str) -> None:
    for ground in COLOURS:
        if ground != colour:
            seen = look(Scene("circle", colour, ground, gradient=True, shadow=True))
            assert (seen.colour, seen.background, seen.shape) == (colour, ground, "circle")


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("place", PLACES)
def test_every_place_is_recognised_in_every_frame(place: str, frame: str) -> None:
    assert look(Scene("star", "blue", "yellow", size="large", place=place), frame).place == place


def test_hardly_any_random_drawing_is_misread() -> None:
    rng = np.random.default_rng(5)
    scenes = [scene_at_random(rng) for _ in range(150)]
    wrong = [
        scene
        for scene in scenes
        if (seen := look(scene)).shape != scene.shape
        or seen.colour != scene.colour
        or seen.background != scene.background
        or seen.place != scene.place
    ]
    assert len(wrong) <= 1


def test_an_empty_picture_shows_no_shape() -> None:
    seen = judge(Image.new("RGB", (256, 256), (40, 92, 222)))
    assert (seen.shape, seen.colour, seen.background) == (None, None, "blue")


def test_a_blot_is_no_shape() -> None:
    rng = np.random.default_rng(1)
    coarse = Image.fromarray((rng.random((7, 7)) * 255).astype(np.uint8))
    blot = np.asarray(coarse.resize((256, 256), Image.Resampling.BICUBIC)) > 120
    blot[:40], blot[-40:], blot[:, :40], blot[:, -40:] = False, False, False, False
    picture = np.where(blot[..., None], (220, 30, 30), (250, 250, 250)).astype(np.uint8)
    assert judge(Image.fromarray(picture)).shape is None


def test_the_judge_shares_only_names_with_the_drawings() -> None:
    tree = ast.parse(Path(judge_module.__file__).read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)} | {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert not {name for name in imported if name and name.startswith("tools")} - {
        "tools.train.names"
    }
    assert "torch" not in imported
