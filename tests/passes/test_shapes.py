"""Passes on the built-in model, judged by what the pictures show."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from aura.catalog import Catalog
from aura.engine.protocol import Run, Saved
from aura.engine.worker import Worker
from aura.families.base import Box, Drawn
from aura.memory import ladder
from aura.passes import refine, repair
from aura.passes.piece import Desk, Sketch
from aura.requests import Larger, Picture, Repair
from aura.settings import Settings
from tests.engine.scripted import request
from tests.passes.desks import played
from tools.train.judge import judge

PROMPT = "a red circle on a blue background"
TWIN = "twin"  # the same weights, as another model


def asked(**changes):
    drawn = {"model": "aura-shapes", "prompt": PROMPT, "prompts": (PROMPT,), "seed": 41}
    size = {"width": 256, "height": 256, "steps": 8, "guidance": 2.5}
    return request(**(drawn | size | changes))


@pytest.fixture(scope="module")
def worker(tmp_path_factory) -> Worker:
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"), device="cpu")
    shipped = Catalog.read(settings)
    shapes = shipped.get("aura-shapes")
    twin = shapes.model_copy(update={"id": TWIN, "name": "Twin"})
    return Worker(settings, catalog=Catalog((shapes, twin), shipped.root))


@pytest.fixture(scope="module")
def larger(worker) -> Picture:
    """Drawn, and at twice the size drawn over by the other model, in one step."""
    larger = Larger(width=512, height=512, model=TWIN, steps=4, strength=0.3)
    events = worker.handle(Run(job="j", request=asked(larger=larger)))
    (saved,) = [event for event in events if isinstance(event, Saved)]
    return saved.picture


@pytest.fixture
def play(worker, tmp_path):
    """What a pass makes of an image with the built-in model."""

    def played_with(make, sketch, request, tile=0):
        model = worker.model("aura-shapes")
        count = iter(range(100))

        def put(image):
            path = tmp_path / f"{next(count)}.png"
            image.save(path)
            return str(path)

        def drawn(work):
            happenings = ladder.run(worker.manager, model, work)
            return next(one for one in list(happenings) if isinstance(one, Drawn))

        return played(make(sketch, Desk(request, model, model, put, tile)), drawn)[0].image

    return played_with


def test_the_second_pass_keeps_the_content_at_twice_the_size(larger):
    with Image.open(larger.path) as image:
        assert image.size == (512, 512)
        seen = judge(image)
    assert (seen.shape, seen.colour, seen.background) == ("circle", "red", "blue")
    assert seen.place == "centre"
    assert [one.model for one in larger.passes] == ["aura-shapes", None, TWIN]


def test_tiles_look_as_the_whole_does_and_nobody_sees_where_they_meet(larger, play):
    with Image.open(larger.path) as image:
        begun = image.convert("RGB").resize((384, 384))
    request = asked(larger=Larger(width=384, height=384, steps=10, strength=0.1))
    whole = np.asarray(play(refine.made, Sketch(begun), request), dtype=float)
    tiled = np.asarray(play(refine.made, Sketch(begun), request, tile=256), dtype=float)
    assert judge(Image.fromarray(tiled.astype(np.uint8))).shape == "circle"
    assert np.abs(whole - tiled).mean() < 4
    steps = [np.abs(np.diff(tiled - whole, axis=axis)).mean(axis=(1 - axis, 2)) for axis in (0, 1)]
    assert max(line.max() for line in steps) < 4 * np.median(np.concatenate(steps)) + 1


def test_a_repair_draws_what_its_prompt_says_and_only_there(larger, play):
    with Image.open(larger.path) as image:
        begun = image.convert("RGB").resize((256, 256))
    prompt = "a yellow circle on a blue background"
    request = asked(repair=Repair(prompt=prompt, strength=0.9, detector="eye"))
    box = Box(80, 80, 176, 176, 1.0, "circle")
    made = play(repair.made, Sketch(begun, things=(box,)), request)
    seen = judge(made)
    assert (seen.colour, seen.background, seen.place) == ("yellow", "blue", "centre")
    changed = (np.asarray(made) != np.asarray(begun)).any(axis=2)
    inside = np.zeros_like(changed)
    inside[80 - 12 : 176 + 12, 80 - 12 : 176 + 12] = True
    assert changed[inside].mean() > 0.5 and not changed[~inside].any()
