"""Every family of pipelines end to end, tiny and random, from folders in the published layout."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from aura.catalog.models import LIST, shipped
from aura.families.base import Drawn, Noticed, PreviewMade, StageBegun, StepDone
from aura.families.homes import bytes_of
from aura.families.registry import by_name
from aura.ratios import RATIOS, size_for
from aura.requests import GenerateRequest
from tests.engine import scripted
from tests.families import components
from tests.families.plans import plan
from tools import full_size

MODELS = {model.id: model for model in shipped(LIST)}
NAMES = ("sdxl", "flux1-schnell", "flux2-klein-4b", "z-image-turbo", "sana-sprint-0.6b")
AREA = 64 * 64
PLACES = [
    ("encoders_out", 1.0),
    ("model_offload", 1.0),
    ("partial_blocks", 0.5),
    ("group_offload", 1.0),
    ("leaf_offload", 1.0),
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    return {name: full_size.write(name, folder / name, tiny=True) for name in NAMES}


class Bench:
    """One model, loaded, and its family."""

    def __init__(self, name: str, folder, **placed) -> None:
        self.model, self.folder = MODELS[name], folder
        self.family = by_name()[self.model.family]
        self.plan = plan(**placed)
        self.loaded = self.family.load(self.model, folder, self.plan)

    def request(self, **changes) -> GenerateRequest:
        return scripted.request(**{"model": self.model.id, **changes})

    def happenings(self, under=None, **changes):
        return self.family.run(self.loaded, self.request(**changes), under or self.plan)

    def drawn(self, under=None, **changes):
        happenings = list(self.happenings(under, **changes))
        (image,) = [one.image for one in happenings if isinstance(one, Drawn)]
        return np.asarray(image, int)

    def unload(self) -> None:
        self.family.unload(self.loaded)


@pytest.fixture(scope="module")
def benches(folders):
    made = {name: Bench(name, folders[name]) for name in NAMES}
    yield made
    for bench in made.values():
        bench.unload()


@pytest.fixture(params=NAMES)
def bench(request, benches):
    return benches[request.param]


def test_every_ratio_comes_out_in_its_own_size(bench):
    for ratio in RATIOS:
        width, height = size_for(ratio, AREA, bench.model.multiple)
        picture = bench.drawn(width=width, height=height, steps=1)
        assert picture.shape[:2] == (height, width)


def test_a_seed_is_a_picture(bench):
    assert np.array_equal(bench.drawn(), bench.drawn())
    assert not np.array_equal(bench.drawn(), bench.drawn(seed=8))


def test_the_prompt_changes_the_picture(bench):
    other = bench.drawn(prompt="a sea", prompts=("blue waves under a sky",))
    assert not np.array_equal(bench.drawn(), other)


def test_stages_and_steps_come_in_order(bench):
    happenings = list(bench.happenings(steps=3))
    stages = [one.stage for one in happenings if isinstance(one, StageBegun)]
    assert stages == ["encoding", "denoising", "decoding"]
    assert [one.step for one in happenings if isinstance(one, StepDone)] == [1, 2, 3]
    previews = [one.image for one in happenings if isinstance(one, PreviewMade)]
    assert previews and previews[0].size == (64, 64)


def test_closing_at_any_happening_leaves_the_next_run_unharmed(bench):
    expected = bench.drawn()
    for stop_at in range(1, 8):
        run = bench.happenings()
        for _ in range(stop_at):
            next(run, None)
        run.close()
    assert np.array_equal(bench.drawn(), expected)


def test_a_parked_model_draws_the_same_when_it_is_wanted_again(bench):
    expected = bench.drawn()
    bench.family.park(bench.loaded)
    bench.family.unpark(bench.loaded, bench.plan)
    assert np.array_equal(bench.drawn(), expected)


@pytest.mark.parametrize(("rung", "share"), PLACES)
def test_every_placement_draws_the_same_picture(bench, rung, share):
    placed = Bench(bench.model.id, bench.folder, rung=rung, share=share, device="cpu:0")
    assert np.array_equal(placed.drawn(), bench.drawn())
    assert placed.loaded.placement.here == set(placed.loaded.placement.resting)
    placed.unload()


@pytest.mark.parametrize(
    ("name", "formats"),
    [
        ("sdxl", {"unet": "fp8"}),
        ("sdxl", {"unet": "int8"}),
        ("flux1-schnell", {"transformer": "fp8", "text_encoder_2": "fp8"}),
        ("flux1-schnell", {"transformer": "int8", "text_encoder_2": "int8"}),
        ("flux1-schnell", {"transformer": "nf4", "text_encoder_2": "nf4"}),
        ("flux2-klein-4b", {"transformer": "fp8", "text_encoder": "fp8"}),
        ("flux2-klein-4b", {"transformer": "nf4", "text_encoder": "int8"}),
        ("z-image-turbo", {"transformer": "int8", "text_encoder": "nf4"}),
        ("z-image-turbo", {"transformer": "nf4", "text_encoder": "fp8"}),
        ("sana-sprint-0.6b", {"transformer": "fp8", "text_encoder": "int8"}),
        ("sana-sprint-0.6b", {"transformer": "int8", "text_encoder": "nf4"}),
    ],
)
def test_weights_stored_smaller_draw_nearly_the_same_picture(folders, name, formats):
    half = Bench(name, folders[name], dtype="bf16")
    small = Bench(name, folders[name], dtype="bf16", formats=formats)
    assert 0 < np.abs(small.drawn() - half.drawn()).mean() < 16


def test_flux_draws_from_a_gguf_file_beside_its_other_parts(folders, tmp_path):
    folder = shutil.copytree(folders["flux1-schnell"], tmp_path / "flux")
    half = Bench("flux1-schnell", folder, dtype="bf16")
    file = folder / "transformer" / "flux1-schnell-Q8_0.gguf"
    components.write_gguf(half.loaded.pipe.transformer, file, "Q8_0")
    rungs = half.family.footprint(half.model, folder, half.request()).rungs
    assert "gguf_q8" in rungs and "gguf_q4" not in rungs
    small = Bench(
        "flux1-schnell",
        folder,
        dtype="bf16",
        rung="leaf_offload",
        device="cpu:0",
        formats={"transformer": "gguf_q8", "text_encoder_2": "fp8"},
    )
    assert 0 < np.abs(small.drawn() - half.drawn()).mean() < 16


def test_a_folder_tells_the_bytes_that_loading_takes(bench):
    footprint = bench.family.footprint(bench.model, bench.folder, bench.request())
    for part in footprint.components:
        module = getattr(bench.loaded.pipe, part.name)
        buffers = sum(b.numel() * b.element_size() for b in module.buffers())
        assert part.weights["fp32"] == pytest.approx(bytes_of(module) - buffers, rel=0.01)


def test_klein_is_told_no_guidance_and_z_image_heeds_it(benches):
    klein, z_image = benches["flux2-klein-4b"], benches["z-image-turbo"]
    assert np.array_equal(klein.drawn(guidance=1.0), klein.drawn(guidance=5.0))
    plain = z_image.drawn(guidance=0.0)
    assert np.array_equal(z_image.drawn(guidance=0.0, negatives=("blue",)), plain)
    guided = z_image.drawn(guidance=4.0)
    assert not np.array_equal(guided, plain)
    assert not np.array_equal(z_image.drawn(guidance=4.0, negatives=("blue",)), guided)


def test_klein_evens_out_its_patches_as_its_file_says(folders, benches, tmp_path):
    folder = shutil.copytree(folders["flux2-klein-4b"], tmp_path / "klein")
    (file,) = (folder / "vae").glob("*.safetensors")
    tensors = load_file(file)
    save_file(tensors | {"bn.running_mean": tensors["bn.running_mean"] + 1}, file)
    bench = Bench("flux2-klein-4b", folder)
    assert bench.loaded.pipe.vae.bn.running_mean.eq(1).all()
    assert not np.array_equal(bench.drawn(), benches["flux2-klein-4b"].drawn())


@pytest.mark.parametrize("name", ["flux2-klein-4b", "z-image-turbo", "sana-sprint-0.6b"])
def test_a_prompt_is_cut_where_a_language_model_stops_reading(benches, name):
    def noticed(prompt):
        happenings = benches[name].happenings(prompt=prompt, prompts=(prompt,), steps=1)
        return [one.code for one in happenings if isinstance(one, Noticed)]

    assert not noticed("red " * 50)
    assert noticed("red " * 400) == ["families.prompt_shortened"]


def test_tiles_of_a_deep_decoder_give_nearly_the_whole_picture(benches):
    asked = {"width": 1024, "height": 64, "steps": 1}
    whole = benches["sana-sprint-0.6b"].drawn(**asked)
    tiled = benches["sana-sprint-0.6b"].drawn(plan(switches=("vae_tiling",)), **asked)
    assert tiled.shape == whole.shape
    assert 0 < np.abs(tiled - whole).mean() < 16


def test_sdxl_draws_the_same_with_prompts_in_turn(benches):
    split = benches["sdxl"].drawn(plan(switches=("cfg_split",)))
    assert np.abs(split - benches["sdxl"].drawn()).max() <= 1


def test_sdxl_heeds_a_negative_prompt_only_with_guidance(benches):
    bench = benches["sdxl"]
    assert not np.array_equal(bench.drawn(negatives=("blue",)), bench.drawn())
    without = bench.drawn(guidance=0.0)
    assert np.array_equal(bench.drawn(guidance=0.0, negatives=("blue",)), without)


def test_flux_says_which_sampler_it_did_not_use(benches):
    bench = benches["flux1-schnell"]
    noticed = [one for one in bench.happenings(scheduler="ddim") if isinstance(one, Noticed)]
    assert [one.facts for one in noticed] == [{"sampler": "ddim"}]
    assert np.array_equal(bench.drawn(scheduler="ddim"), bench.drawn())


def test_flux_reads_far_more_of_a_prompt_than_its_first_encoder(benches):
    def noticed(prompt):
        bench = benches["flux1-schnell"]
        happenings = bench.happenings(prompt=prompt, prompts=(prompt,), steps=1)
        return [one.code for one in happenings if isinstance(one, Noticed)]

    assert not noticed("red " * 40)
    assert noticed("red " * 300) == ["families.prompt_shortened"]
