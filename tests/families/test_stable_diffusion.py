"""The Stable Diffusion family on a tiny random pipeline in the published layout."""

from __future__ import annotations

import gc
import shutil
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch

from aura.catalog.models import Defaults, Model
from aura.errors import ModelDamaged
from aura.families import speed
from aura.families.base import Drawn, Noticed, PreviewMade, StageBegun, StepDone
from aura.families.pipeline import REMEMBERED
from aura.families.preview import Previewer, decode
from aura.families.schedulers import SCHEDULERS
from aura.families.speed import Machine
from aura.families.stable_diffusion import StableDiffusion
from aura.ratios import RATIOS, size_for
from tests.engine.scripted import request
from tests.families.plans import plan
from tools.train.publish import PACK

PLACES = [
    ("encoders_out", 1.0),
    ("model_offload", 1.0),
    ("partial_blocks", 0.5),
    ("group_offload", 1.0),
]
MODEL = Model(
    id="tiny",
    name="Tiny",
    family="stable_diffusion",
    task="generate",
    area=64 * 64,
    defaults=Defaults(steps=2, guidance=5.0),
    licence="Apache-2.0",
    commercial=True,
    good_for={"en": "tests", "es": "pruebas"},
)


@pytest.fixture(scope="module")
def loaded(tiny_pack):
    family = StableDiffusion()
    loaded = family.load(MODEL, tiny_pack, plan())
    yield loaded
    family.unload(loaded)


def drawn(loaded, asked, under=None):
    happenings = StableDiffusion().run(loaded, asked, under or plan())
    return [one.image for one in happenings if isinstance(one, Drawn)]


@pytest.mark.parametrize("ratio", RATIOS)
def test_every_ratio_comes_out_in_its_own_size(loaded, ratio):
    width, height = size_for(ratio, MODEL.area, MODEL.multiple)
    (image,) = drawn(loaded, request(width=width, height=height, steps=1))
    assert image.size == (width, height)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_sampler_takes_any_number_of_steps(name):
    """Also where its rounded timesteps repeat, or are more than it was distilled for."""
    shapes = Model(**(MODEL.model_dump() | {"id": "shapes"}))
    family = StableDiffusion()
    loaded = family.load(shapes, PACK, plan())
    for steps in (1, 21, 60):
        asked = request(width=64, height=64, steps=steps, guidance=0, scheduler=name)
        assert len(drawn(loaded, asked)) == 1
    family.unload(loaded)


@pytest.mark.parametrize("name", ["auto", *SCHEDULERS])
def test_every_scheduler_draws_the_same_picture_from_the_same_seed(loaded, name):
    asked = request(scheduler=name, steps=4)
    first, second = drawn(loaded, asked)[0], drawn(loaded, asked)[0]
    assert np.array_equal(first, second)


def test_each_scheduler_is_its_own(loaded):
    # DDIM without noise and Euler solve the same equation by the same steps.
    names = [name for name in SCHEDULERS if name != "ddim"]
    pictures = {drawn(loaded, request(scheduler=name, steps=4))[0].tobytes() for name in names}
    assert len(pictures) == len(names)


def test_another_seed_is_another_picture(loaded):
    assert not np.array_equal(drawn(loaded, request())[0], drawn(loaded, request(seed=8))[0])


def test_the_second_of_two_pictures_is_the_first_of_the_next_seed(loaded):
    pair = request(prompts=("a red circle",) * 2, negatives=("",) * 2)
    assert np.array_equal(drawn(loaded, pair)[1], drawn(loaded, request(seed=8))[0])


def test_a_job_continues_at_the_picture_it_is_told(loaded):
    pair = request(prompts=("a red circle",) * 2, negatives=("",) * 2)
    happenings = list(StableDiffusion().run(loaded, pair, plan(), first=1))
    assert [one.index for one in happenings if isinstance(one, Drawn)] == [1]


def test_the_negative_prompt_changes_the_picture(loaded):
    without, with_one = request(), request(negatives=("blue",))
    assert not np.array_equal(drawn(loaded, without)[0], drawn(loaded, with_one)[0])


def test_stages_and_steps_come_in_order(loaded):
    happenings = list(StableDiffusion().run(loaded, request(steps=3), plan()))
    stages = [one.stage for one in happenings if isinstance(one, StageBegun)]
    assert stages == ["encoding", "denoising", "decoding"]
    assert [one.step for one in happenings if isinstance(one, StepDone)] == [1, 2, 3]
    assert any(isinstance(one, PreviewMade) for one in happenings)


def test_closing_at_any_happening_stops_the_pipeline_and_the_next_run_is_unharmed(loaded):
    expected = drawn(loaded, request())[0]
    for stop_at in range(1, 8):
        run = StableDiffusion().run(loaded, request(), plan())
        for _ in range(stop_at):
            next(run, None)
        run.close()
        assert np.array_equal(drawn(loaded, request())[0], expected)


def test_the_tail_of_a_prompt_longer_than_the_model_reads_at_a_time_matters(loaded):
    long = "red circle " * 14
    told = [request(prompt=text, prompts=(text,)) for text in (long + "blue", long + "green")]
    happenings = StableDiffusion().run(loaded, told[0], plan())
    assert not any(isinstance(one, Noticed) for one in happenings)
    assert not np.array_equal(drawn(loaded, told[0])[0], drawn(loaded, told[1])[0])


def test_a_model_published_in_half_precision_alone_draws(tiny_pack, loaded, tmp_path: Path):
    half = shutil.copytree(tiny_pack, tmp_path / "half")
    for path in half.rglob("*.safetensors"):
        path.rename(path.with_name(f"{path.stem}.fp16.safetensors"))
    drawing = StableDiffusion().load(MODEL, half, plan())
    assert np.array_equal(drawn(drawing, request())[0], drawn(loaded, request())[0])


def test_a_truncated_weight_file_is_named_as_damaged(tiny_pack, tmp_path: Path):
    broken = shutil.copytree(tiny_pack, tmp_path / "broken")
    weights = broken / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(ModelDamaged):
        StableDiffusion().load(MODEL, broken, plan())


def test_previews_without_decoding_have_the_colours_of_the_decoded_picture(loaded):
    previewer = Previewer(loaded.pipe.vae)
    previewer.small = False
    previewer.prepare()
    latents = torch.randn(1, 4, 1, 1, generator=torch.Generator().manual_seed(1))
    latents = latents.expand(-1, -1, 8, 8)
    seen = np.asarray(previewer.draw(latents)).mean(axis=(0, 1))
    pixels = decode(loaded.pipe.vae, latents / latents.std().clamp(min=1))[0]
    true = (pixels.mean(dim=(1, 2)) / 2 + 0.5) * 255
    assert np.abs(seen - true.numpy()).max() < 30


@pytest.mark.parametrize(("rung", "share"), [*PLACES, ("leaf_offload", 1.0)])
def test_every_placement_draws_the_same_picture(tiny_pack, loaded, rung, share):
    family, under = StableDiffusion(), plan(rung=rung, share=share, device="cpu:0")
    pair = request(prompts=("a red circle", "a blue square"), negatives=("",) * 2)
    placed = family.load(MODEL, tiny_pack, under)
    for mine, plain in zip(drawn(placed, pair, under), drawn(loaded, pair), strict=True):
        assert np.array_equal(mine, plain)
    assert placed.placement.here == set(placed.placement.resting)
    family.unload(placed)


def test_a_parked_model_is_in_ram_and_draws_the_same_when_it_is_back(tiny_pack, loaded):
    family, under = StableDiffusion(), plan(rung="group_offload", device="cpu:0")
    parked = family.load(MODEL, tiny_pack, under)
    drawn(parked, request(), under)
    family.park(parked)
    assert not parked.placement.here and not parked.embeddings
    back = plan(rung="model_offload", device="cpu:0")
    family.unpark(parked, back)
    assert np.array_equal(drawn(parked, request(), back)[0], drawn(loaded, request())[0])


def test_an_unloaded_model_is_forgotten(tiny_pack):
    family = StableDiffusion()
    loaded = family.load(MODEL, tiny_pack, plan(rung="leaf_offload", device="cpu:0"))
    drawn(loaded, request(), plan(rung="leaf_offload", device="cpu:0"))
    unet = weakref.ref(loaded.pipe.unet)
    family.unload(loaded)
    gc.collect()
    assert unet() is None


def test_only_the_last_prompts_are_remembered(loaded):
    for index in range(REMEMBERED + 3):
        drawn(loaded, request(prompts=(f"{index} circles",), steps=1))
    assert len(loaded.embeddings) == REMEMBERED
    assert not any("0 circles" in prompts for prompts in loaded.embeddings)


def test_a_job_that_is_stopped_leaves_nothing_on_the_device(tiny_pack):
    family, under = StableDiffusion(), plan(rung="model_offload", device="cpu:0")
    loaded = family.load(MODEL, tiny_pack, under)
    run = family.run(loaded, request(), under)
    while not isinstance(next(run), StepDone):
        pass
    run.close()
    assert not loaded.placement.here


def test_prompts_in_turn_draw_the_same_picture(loaded):
    split = drawn(loaded, request(steps=4), plan(switches=("cfg_split",)))[0]
    both = drawn(loaded, request(steps=4))[0]
    assert np.abs(np.asarray(split, int) - np.asarray(both, int)).max() <= 1


def test_prompts_in_turn_never_compute_more_than_one_row(loaded, monkeypatch):
    rows = []
    forward = loaded.pipe.unet.forward

    def watched(sample, *inputs, **named):
        rows.append(len(sample))
        return forward(sample, *inputs, **named)

    monkeypatch.setattr(loaded.pipe.unet, "forward", watched)
    drawn(loaded, request(), plan(switches=("cfg_split",)))
    assert set(rows) == {1} and len(rows) == 4


@pytest.mark.parametrize("form", ["fp8", "int8"])
def test_a_picture_from_smaller_weights_is_nearly_the_same(tiny_pack, form):
    family = StableDiffusion()
    half, small = plan(dtype="bf16"), plan(dtype="bf16", formats={"unet": form})
    expected = drawn(family.load(MODEL, tiny_pack, half), request(), half)[0]
    picture = drawn(family.load(MODEL, tiny_pack, small), request(), small)[0]
    assert 0 < np.abs(np.asarray(picture, int) - np.asarray(expected, int)).mean() < 12


class Compiled:
    """Stands for the compiler: remembers that it was asked."""

    def __init__(self, monkeypatch) -> None:
        self.asked = 0
        monkeypatch.setattr(speed, "compile_blocks", lambda core: self.ask())
        monkeypatch.setattr(speed, "machine", lambda device: Machine("cpu", compiler=True))

    def ask(self) -> None:
        self.asked += 1


@pytest.mark.parametrize("wanted", [True, False])
def test_blocks_are_compiled_once_if_a_person_wants_it_and_they_are_told(
    tiny_pack, monkeypatch, wanted
):
    compiler, family = Compiled(monkeypatch), StableDiffusion(compiled=wanted)
    loaded = family.load(MODEL, tiny_pack, plan())
    happenings = [one for _ in range(2) for one in family.run(loaded, request(), plan())]
    told = [one for one in happenings if isinstance(one, Noticed)]
    assert [one.code for one in told] == ["families.compiling"] * wanted
    assert compiler.asked == wanted


def test_a_decoder_too_large_for_previews_is_asked_once_and_then_left_out(tiny_pack, loaded):
    family, under = StableDiffusion(), plan(rung="model_offload", device="cpu:0")
    placed = family.load(MODEL, tiny_pack, under)
    placed.previewer.small = False
    here = [
        set(placed.placement.here)
        for one in family.run(placed, request(), under)
        if isinstance(one, PreviewMade)
    ]
    assert here and all(names == {"unet"} for names in here)
    assert np.array_equal(drawn(placed, request(), under)[0], drawn(loaded, request())[0])
