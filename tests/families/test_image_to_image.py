"""Drawing from a picture: by meaning on the built-in model, by its promises on tiny ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from aura.catalog.models import LIST, shipped
from aura.families.base import Drawn, StepDone
from aura.families.registry import by_name
from aura.library.canvas import extend
from aura.requests import Start
from tests.engine import scripted
from tests.families.plans import plan
from tests.packs import tiny_stable_diffusion
from tools import full_size
from tools.train.judge import judge
from tools.train.publish import PACK

MODELS = {model.id: model for model in shipped(LIST)}
TINY = ("sd15", "sdxl", "flux1-schnell")
RED, BLUE = (208, 32, 40), (40, 72, 200)


class Bench:
    """One model, loaded, and a folder of pictures for it to start from."""

    def __init__(self, name: str, folder: Path, **placed) -> None:
        self.model, self.folder = MODELS[name], folder
        self.family = by_name()[self.model.family]
        self.plan = plan(**placed)
        self.loaded = self.family.load(self.model, folder, self.plan)

    def run(self, **asked):
        request = scripted.request(**({"model": self.model.id} | asked))
        return self.family.run(self.loaded, request, self.plan)

    def drawn(self, **asked) -> list[Image.Image]:
        return [one.image for one in self.run(**asked) if isinstance(one, Drawn)]


@pytest.fixture(scope="module")
def shapes():
    return Bench("aura-shapes", PACK)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    made = {name: full_size.write(name, folder / name, tiny=True) for name in TINY[1:]}
    return made | {"sd15": tiny_stable_diffusion(folder / "sd15")}


@pytest.fixture(scope="module")
def benches(folders):
    return {name: Bench(name, folders[name]) for name in TINY}


@pytest.fixture(params=TINY)
def bench(request, benches):
    return benches[request.param]


@pytest.fixture
def kept(tmp_path):
    """Saves pictures and answers with their paths, as a request names them."""

    def save(*images: Image.Image) -> tuple[str, ...]:
        paths = []
        for image in images:
            paths.append(str(tmp_path / f"{len(list(tmp_path.iterdir()))}.png"))
            image.save(paths[-1])
        return tuple(paths)

    return save


def circle(side: int, x: float = 0.5, ground=BLUE) -> Image.Image:
    """A red circle, its middle at ``x`` of the width, a third of the height wide."""
    image = Image.new("RGB", (side * 4, side * 4), ground)
    middle, reach = (side * 4 * x, side * 2), side * 0.7
    box = [at + by for by in (-reach, reach) for at in middle]
    ImageDraw.Draw(image).ellipse(box, fill=RED)
    return image.resize((side, side), Image.Resampling.BOX)


def white(size: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    mask = Image.new("L", size)
    mask.paste(255, box)
    return mask


def same(one: Image.Image, other: Image.Image, where: np.ndarray) -> bool:
    return np.array_equal(np.asarray(one)[where], np.asarray(other)[where])


def shown(bench, prompt: str, start: Start, steps: int = 10, side=(256, 256)) -> Image.Image:
    told = {"prompt": prompt, "prompts": (prompt,), "width": side[0], "height": side[1]}
    (image,) = bench.drawn(**told, steps=steps, guidance=2.5, start=start)
    return image


# --- what comes out, on the model that Aura ships


@pytest.mark.parametrize(("strength", "ground"), [(0.1, "blue"), (0.7, "green")])
def test_a_red_circle_stays_where_it_is_and_only_a_high_strength_changes_its_ground(
    shapes, kept, strength, ground
):
    start = Start(pictures=kept(circle(256)), strength=strength)
    seen = judge(shown(shapes, "a red circle on a green background", start))
    assert (seen.shape, seen.colour, seen.background) == ("circle", "red", ground)
    assert seen.place == "centre" and seen.size == pytest.approx(0.35, abs=0.03)


def test_a_masked_circle_becomes_what_the_prompt_says_and_nothing_else_changes(shapes, kept):
    old, mask = circle(256), white((256, 256), (40, 40, 216, 216))
    start = Start(pictures=kept(old), masks=kept(mask), strength=1.0)
    new = shown(shapes, "a yellow square on a blue background", start)
    seen = judge(new)
    assert (seen.shape, seen.colour, seen.background) == ("square", "yellow", "blue")
    assert same(old, new, np.asarray(mask) == 0)


def test_outpainting_keeps_the_old_picture_and_goes_on_with_its_ground(shapes, kept):
    old = circle(192)
    canvas, mask = extend(old, 0, 0, 144, 0, shapes.model.multiple)
    start = Start(pictures=kept(canvas), masks=kept(mask), strength=0.7)
    new = shown(shapes, "a red circle on a blue background", start, side=canvas.size)
    assert new.size == canvas.size == (336, 192)
    assert same(canvas, new, np.asarray(mask) == 0)
    assert judge(new.crop((0, 0, 192, 192))).shape == "circle"
    far = np.median(np.asarray(new)[:, 216:], axis=(0, 1))
    assert np.abs(far - BLUE).max() < 40


# --- what is promised of every family


def asked(kept, **changes):
    return {"steps": 4, "start": Start(pictures=kept(circle(64)), **changes)}


def test_a_seed_and_a_picture_are_a_picture(bench, kept):
    one = asked(kept, strength=0.5)
    first = bench.drawn(**one)[0]
    assert first.size == (64, 64)
    assert first.tobytes() == bench.drawn(**one)[0].tobytes()
    assert first.tobytes() != bench.drawn(**one, seed=8)[0].tobytes()
    other = asked(kept, strength=0.5)["start"].pictures, kept(circle(64, 0.2))
    assert (
        first.tobytes()
        == bench.drawn(steps=4, start=Start(pictures=other[0], strength=0.5))[0].tobytes()
    )
    moved = bench.drawn(steps=4, start=Start(pictures=other[1], strength=0.5))[0]
    assert first.tobytes() != moved.tobytes()


@pytest.mark.parametrize(
    ("steps", "strength", "taken"), [(4, 1.0, 4), (4, 0.6, 2), (10, 0.29, 2), (1, 0.5, 1)]
)
def test_just_the_steps_are_taken_that_the_strength_leaves(bench, kept, steps, strength, taken):
    happenings = list(bench.run(**(asked(kept, strength=strength) | {"steps": steps})))
    done = [(one.step, one.steps) for one in happenings if isinstance(one, StepDone)]
    assert done == [(step + 1, taken) for step in range(taken)]
    request = scripted.request(**(asked(kept, strength=strength) | {"steps": steps}))
    assert request.worked_steps == taken
