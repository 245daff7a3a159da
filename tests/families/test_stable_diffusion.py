"""The Stable Diffusion family on a tiny random pipeline in the published layout."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from aura.catalog.models import Defaults, Model
from aura.errors import ModelDamaged
from aura.families.base import Drawn, Noticed, PreviewMade, StageBegun, StepDone
from aura.families.preview import Previewer, decode
from aura.families.schedulers import SCHEDULERS
from aura.families.stable_diffusion import StableDiffusion, _decoded
from aura.memory.plan import Plan
from aura.ratios import RATIOS, size_for
from aura.requests import GenerateRequest

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


def plan(**changes) -> Plan:
    fields = {
        "model": "tiny",
        "device": "cpu",
        "rung": "resident",
        "dtype": "fp32",
        "stages": {},
        "peak": 0,
        "ram": 0,
        "budget": 0,
        "explanation": {"code": "plan.fits", "facts": {}},
    }
    return Plan(**(fields | changes))


def request(**changes) -> GenerateRequest:
    fields = {
        "model": "tiny",
        "prompt": "a red circle",
        "prompts": ("a red circle",),
        "negatives": ("",),
        "width": 64,
        "height": 64,
        "steps": 2,
        "guidance": 5.0,
        "seed": 7,
    }
    return GenerateRequest(**(fields | changes))


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


def test_tiling_and_slicing_are_switched_by_the_plan_and_off_again(loaded):
    drawn(loaded, request(), plan(switches=("vae_tiling", "vae_slicing")))
    assert loaded.pipe.vae.use_tiling and loaded.pipe.vae.use_slicing
    drawn(loaded, request(), plan())
    assert not loaded.pipe.vae.use_tiling and not loaded.pipe.vae.use_slicing


def test_a_prompt_longer_than_the_model_reads_is_said(loaded):
    long = "red circle " * 40
    happenings = StableDiffusion().run(loaded, request(prompt=long, prompts=(long,)), plan())
    assert any(isinstance(one, Noticed) for one in happenings)


def test_a_truncated_weight_file_is_named_as_damaged(tiny_pack, tmp_path: Path):
    broken = shutil.copytree(tiny_pack, tmp_path / "broken")
    weights = broken / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(ModelDamaged):
        StableDiffusion().load(MODEL, broken, plan())


def test_an_overflowing_half_precision_picture_is_decoded_again_in_full(loaded):
    class Overflowing:
        """A decoder that overflows in half precision, as published ones do."""

        config, dtype = loaded.pipe.vae.config, torch.float16

        def to(self, dtype):
            self.dtype = dtype
            return self

        def decode(self, latents, return_dict):
            value = float("nan") if self.dtype == torch.float16 else 1.0
            return (torch.full((1, 3, 8, 8), value),)

    happenings = _decoded(Overflowing(), torch.zeros(1, 4, 1, 1))
    notice = next(happenings)
    assert notice.code == "families.decoded_again"
    with pytest.raises(StopIteration) as end:
        next(happenings)
    assert np.asarray(end.value.value).min() == 255


def test_previews_without_decoding_have_the_colours_of_the_decoded_picture(loaded):
    previewer = Previewer(loaded.pipe.vae)
    previewer.small = False
    latents = torch.randn(1, 4, 1, 1, generator=torch.Generator().manual_seed(1))
    latents = latents.expand(-1, -1, 8, 8)
    seen = np.asarray(previewer.draw(latents)).mean(axis=(0, 1))
    pixels = decode(loaded.pipe.vae, latents / latents.std().clamp(min=1))[0]
    true = (pixels.mean(dim=(1, 2)) / 2 + 0.5) * 255
    assert np.abs(seen - true.numpy()).max() < 30
