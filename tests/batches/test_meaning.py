"""Many pictures of the built-in model: each shows what its own line or cell asks for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from aura.batches.batch import Batch
from aura.batches.making import made
from aura.composer import compose
from aura.engine.worker import Worker
from aura.grids import axis
from aura.memory.glance import glance
from aura.presets import applied
from aura.requests import GenerateRequest, Picture
from aura.settings import Settings
from aura.studio import Studio
from tests.faults.in_process import InProcess
from tools.train.judge import judge

PATIENCE_S = 120.0
FEW: dict[str, Any] = {"steps": 5, "seed": 40}


class Person:
    """Somebody at a studio who asks for many pictures and waits for them."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(data_dir=folder, device="cpu")
        self.studio = Studio.open(self.settings, engine=InProcess(Worker(self.settings)))
        self.machine = glance(self.settings)

    def composed(self, **asked: Any) -> GenerateRequest:
        filled = applied(asked, self.studio.catalog, self.machine)
        return compose(self.studio.catalog, self.studio.styles, **filled)

    def draws(self, *, lines=(), axes=(), **asked: Any) -> tuple[Batch, list[Picture]]:
        wanted = made(
            asked, self.composed, lambda described: None, lines=lines,
            axes=[axis(*one.split("=")) for one in axes],
        )  # fmt: skip
        batch = self.studio.batches.submit("me", wanted)
        until = time.monotonic() + PATIENCE_S
        while self.studio.batches.get(batch.id).open:
            assert time.monotonic() < until
            time.sleep(0.05)
        batch = self.studio.batches.get(batch.id)
        return batch, self.studio.batches.pictures(batch)

    def alone(self, **asked: Any) -> np.ndarray:
        job = self.studio.jobs.submit("me", self.composed(**asked))
        (*_, view) = self.studio.jobs.follow(job)
        return pixels(view.pictures[0])


def pixels(picture: Picture) -> np.ndarray:
    with Image.open(picture.path) as image:
        return np.asarray(image.convert("RGB"))


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    one = Person(tmp_path_factory.mktemp("data"))
    yield one
    one.studio.close()


def test_each_line_gives_the_colour_it_names(person: Person):
    colours = ("red", "green", "yellow")
    lines = [f"a large {colour} circle on a blue background" for colour in colours]
    _, pictures = person.draws(lines=lines, **FEW)
    with_seen = [judge(Image.open(picture.path)) for picture in pictures]
    assert [seen.colour for seen in with_seen] == list(colours)


def test_wildcards_give_the_colours_that_their_prompts_name(person: Person):
    line = "a large {red|green|yellow} circle on a blue background"
    _, pictures = person.draws(lines=[line], **FEW | {"count": 3})
    for picture in pictures:
        assert judge(Image.open(picture.path)).colour in picture.prompt


def test_each_cell_of_a_grid_is_the_picture_of_its_parameters(person: Person):
    prompt = "a large red circle on a blue background"
    batch, pictures = person.draws(
        axes=["steps=4, 6", "prompt=red, yellow", "guidance=1.5"], prompt=prompt, **FEW
    )
    assert batch.grid.columns == ("Steps: 4", "Steps: 6")
    assert batch.grid.rows == ("red", "yellow")
    seen = [judge(Image.open(picture.path)).colour for picture in pictures]
    assert seen == ["red", "red", "yellow", "yellow"]
    for cell, colour, steps in ((1, "red", 6), (2, "yellow", 4)):
        asked = FEW | {"prompt": prompt.replace("red", colour), "steps": steps, "guidance": 1.5}
        assert (pixels(pictures[cell]) == person.alone(**asked)).all()


def test_presets_are_compared_from_the_same_seed_with_what_they_took(person: Person):
    batch, pictures = person.draws(
        axes=["preset=ultra_fast, balanced"], prompt="a large red circle on a blue background",
        seed=40,
    )  # fmt: skip
    assert batch.grid.columns == ("Ultra-fast", "Balanced")
    quick, whole = batch.requests
    assert (quick.preset, whole.preset) == ("ultra_fast", "balanced")
    assert quick.seed == whole.seed == 40 and quick.steps < whole.steps
    assert [(p.width, p.height) for p in pictures] == [(256, 256)] * 2, "enlarged to the same size"
    assert all(judge(Image.open(picture.path)).colour == "red" for picture in pictures)
    assert Path(batch.sheet).is_file()
