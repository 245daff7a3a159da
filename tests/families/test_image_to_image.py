"""Drawing from a picture: by meaning on the built-in model, by its promises on tiny ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from diffusers import UNet2DConditionModel
from PIL import Image, ImageDraw

from aura.catalog.models import LIST, shipped
from aura.errors import CannotInpaint, CannotStart
from aura.families.base import Drawn, StageBegun, StepDone
from aura.families.registry import by_name
from aura.families.stable_diffusion import StableDiffusion
from aura.library.canvas import extend
from aura.requests import Start
from tests.engine import scripted
from tests.families.plans import plan
from tests.packs import tiny_stable_diffusion
from tools import full_size
from tools.train.judge import judge
from tools.train.publish import PACK

MODELS = {model.id: model for model in shipped(LIST)}
TINY = ("sd15", "sdxl", "flux1-schnell", "z-image-turbo", "sana-sprint-0.6b")
MASKED = TINY[:-1]  # the families that draw a part of a picture anew
ONE_PART = {"rung": "model_offload", "device": "cpu:0"}
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


def begun(kept, *images: Image.Image, **changes) -> dict:
    """What a request with a start says; of a circle where no picture is given."""
    return {"steps": 4, "start": Start(pictures=kept(*images or [circle(64)]), **changes)}


def test_the_same_seed_and_picture_draw_the_same_and_others_another(bench, kept):
    first, again, reseeded, moved = (
        bench.drawn(**begun(kept, circle(64, x), strength=0.5), seed=seed)[0]
        for x, seed in ((0.5, 7), (0.5, 7), (0.5, 8), (0.2, 7))
    )
    assert first.size == (64, 64)
    assert first.tobytes() == again.tobytes()
    assert len({image.tobytes() for image in (first, reseeded, moved)}) == 3


@pytest.mark.parametrize(
    ("steps", "strength", "taken"), [(4, 1.0, 4), (4, 0.6, 2), (10, 0.29, 2), (1, 0.5, 1)]
)
def test_just_the_steps_are_taken_that_the_strength_leaves(bench, kept, steps, strength, taken):
    asked = begun(kept, strength=strength) | {"steps": steps}
    done = [(one.step, one.steps) for one in bench.run(**asked) if isinstance(one, StepDone)]
    assert done == [(step + 1, taken) for step in range(taken)]
    assert scripted.request(**asked).worked_steps == taken


def test_each_picture_of_a_batch_starts_from_its_own(bench, kept):
    left, right = circle(64, 0.3), circle(64, 0.7)
    pair = {"prompts": ("a red circle",) * 2, "negatives": ("",) * 2}
    both = bench.drawn(**pair, **begun(kept, left, right, strength=0.5))
    alone = bench.drawn(**begun(kept, right, strength=0.5), seed=8)
    assert len(both) == 2 and both[1].tobytes() == alone[0].tobytes()
    shared = bench.drawn(**pair, **begun(kept, left, strength=0.5))
    assert shared[0].tobytes() == both[0].tobytes() != shared[1].tobytes()


@pytest.mark.parametrize("name", MASKED)
@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_a_mask_is_drawn_anew_and_all_around_it_stays_to_the_bit(benches, kept, name, strength):
    old, mask = circle(64), white((64, 64), (8, 24, 40, 56))
    (new,) = benches[name].drawn(**begun(kept, old, masks=kept(mask), strength=strength))
    inside = np.asarray(mask) > 0
    assert same(old, new, ~inside)
    assert (np.asarray(old)[inside] != np.asarray(new)[inside]).any(axis=-1).mean() > 0.9


@pytest.fixture(scope="module")
def offloaded(folders):
    """The same models, one part on the device at a time."""
    return {name: Bench(name, folders[name], **ONE_PART) for name in TINY}


def test_a_model_that_comes_part_by_part_draws_the_same_picture(benches, offloaded, kept):
    mask = white((64, 64), (8, 8, 48, 48))
    for name in TINY:
        for masks in ((), kept(mask)) if name in MASKED else ((),):
            asked = begun(kept, masks=masks, strength=0.5)
            assert benches[name].drawn(**asked) == offloaded[name].drawn(**asked)


def test_so_does_one_that_is_streamed(benches, folders, kept):
    placed = Bench("sdxl", folders["sdxl"], rung="leaf_offload", device="cpu:0")
    assert placed.drawn(**begun(kept)) == benches["sdxl"].drawn(**begun(kept))
    assert not placed.loaded.placement.here


def test_while_a_picture_is_encoded_nothing_but_the_vae_is_on_the_device(offloaded, kept):
    placed = offloaded["sdxl"]
    seen, encode = [], placed.loaded.pipe.vae.encode

    def watched(*inputs, **named):
        seen.append(set(placed.loaded.placement.here))
        return encode(*inputs, **named)

    placed.loaded.pipe.vae.encode = watched
    placed.drawn(**begun(kept))
    placed.loaded.pipe.vae.encode = encode
    assert seen == [{"vae"}]


def test_a_job_stopped_at_any_stage_leaves_nothing_on_the_device(offloaded, kept):
    for name in MASKED:
        placed = offloaded[name]
        asked = begun(kept, masks=kept(white((64, 64), (8, 8, 48, 48))))
        whole = list(placed.run(**asked))
        stages = [one.stage for one in whole if isinstance(one, StageBegun)]
        assert stages == ["encoding", "denoising", "decoding"]
        for stop_at in range(1, len(whole)):
            run = placed.run(**asked)
            for _ in range(stop_at):
                next(run)
            run.close()
            assert not placed.loaded.placement.here


@pytest.mark.parametrize("sampler", ["euler_a", "heun", "lcm", "dpmpp_sde"])
def test_other_samplers_start_from_a_picture_too(benches, kept, sampler):
    asked = begun(kept, strength=0.5) | {"scheduler": sampler}
    happenings = list(benches["sd15"].run(**asked))
    done = [one for one in happenings if isinstance(one, StepDone)]
    assert [one.step for one in done] == list(range(1, done[-1].steps + 1))
    assert benches["sd15"].drawn(**asked)[0].size == (64, 64)


def test_what_a_family_cannot_start_from_is_said_before_anything_is_loaded(kept):
    picture, mask = kept(circle(64)), kept(white((64, 64), (0, 0, 32, 64)))
    for name, start, error in (
        ("sana-sprint-0.6b", Start(pictures=picture, masks=mask), CannotInpaint),
        ("flux2-klein-4b", Start(pictures=picture), CannotStart),
    ):
        model = MODELS[name]
        with pytest.raises(error):
            by_name()[model.family].footprint(model, None, scripted.request(start=start))


# --- models made for inpainting


@pytest.fixture(scope="module")
def inpainter(folders, tmp_path_factory):
    """The tiny Stable Diffusion with a UNet that is told of the mask."""
    folder = tiny_stable_diffusion(tmp_path_factory.mktemp("inpainting") / "model")
    config = UNet2DConditionModel.load_config(folder / "unet")
    UNet2DConditionModel.from_config(config | {"in_channels": 9}).save_pretrained(folder / "unet")
    return Bench("sd15", folder)


def test_a_model_made_for_inpainting_sees_what_the_mask_leaves(inpainter, kept):
    given, forward = [], inpainter.loaded.pipe.unet.forward

    def watched(sample, *inputs, **named):
        given.append(sample[0])
        return forward(sample, *inputs, **named)

    inpainter.loaded.pipe.unet.forward = watched
    old, mask = circle(64), white((64, 64), (0, 0, 32, 64))
    (new,) = inpainter.drawn(**begun(kept, old, masks=kept(mask), strength=1.0))
    inpainter.loaded.pipe.unet.forward = forward
    assert same(old, new, np.asarray(mask) == 0)
    told = given[0][4]
    assert (told[:, :4] == 1).all() and (told[:, 4:] == 0).all()
    left, right = given[0][5:, :, 0], given[0][5:, :, -1]
    assert not np.allclose(left, right)


@pytest.mark.parametrize("start", [False, True])
def test_without_a_mask_it_draws_the_whole_picture(inpainter, kept, start):
    asked = begun(kept, strength=0.5) if start else {}
    (image,) = inpainter.drawn(**asked)
    assert np.asarray(image).std() > 1
    assert image.tobytes() == inpainter.drawn(**asked)[0].tobytes()


# --- what a model cannot do


class Drawer(StableDiffusion):
    image_pipeline = mask_pipeline = None


class Starter(StableDiffusion):
    mask_pipeline = None


def test_a_family_that_cannot_start_from_a_picture_says_so_before_anything_is_loaded(kept):
    model, pictures = MODELS["sd15"], kept(circle(64))
    masked = scripted.request(start=Start(pictures=pictures, masks=pictures))
    plain = scripted.request(start=Start(pictures=pictures))
    with pytest.raises(CannotStart):
        Drawer().footprint(model, None, plain)
    with pytest.raises(CannotInpaint):
        Starter().footprint(model, None, masked)
    assert Starter().footprint(model, None, plain).uses["encoding"] == ("text_encoder", "vae")
