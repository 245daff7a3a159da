"""The written coefficients, held against tracing the published configurations again."""

from __future__ import annotations

import pytest
import torch

from aura.memory.activations import activations, entry, work
from aura.memory.pipelines import published_footprint
from aura.memory.verdict import example
from tests.memory.simulation import MIB, model, request
from tools import footprints

LINES = [(name, way) for name in footprints.names() for way in ("", *footprints.ways(name))]


@pytest.mark.parametrize(("name", "way"), LINES)
def test_a_trace_of_today_agrees_with_what_is_written(name, way):
    forward, forms = footprints.forward_of(name, way), footprints.forms(name)
    dtype, torch_dtype = ("bf16", torch.bfloat16) if "half" in forms else ("fp32", torch.float32)
    traced = footprints.traced(name, torch_dtype, *forward.check, way)
    positions = forward.positions(*forward.check)
    taken = activations(entry(name), positions, way=way)[dtype]
    assert taken == pytest.approx(traced.peak, rel=0.05)
    size, batch = forward.check
    done = work(entry(name), forward.positions(size, 1), way=way) * batch
    assert done == pytest.approx(traced.work, rel=0.05)


def test_half_of_the_batch_is_what_a_split_guidance_was_traced_to_take():
    traced = footprints.traced("unet_sd15", torch.bfloat16, 512, 1).peak
    footprint = published_footprint("sd15", example(model("sd15", area=512 * 512)), ())
    split = footprint.relief["cfg_split"]["denoising"]["bf16"]
    assert split == pytest.approx(traced, rel=0.05)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("unet_sd15", 859_520_964),
        ("unet_sdxl", 2_567_463_684),
        ("t5_xxl", 4_762_310_656),
        ("unet_ssd1b", 1_331_334_404),
        ("unet_objectclear", 2_567_478_084),
        ("postfuse", 14_173_696),
        ("bge_m3.encoder", 567_754_752),
        ("lama", 50_975_939),
        ("realesrgan", 16_697_987),
        ("compact", 1_213_296),
        ("owlv2_base.text_model", 63_134_720),
        ("owlv2_base.vision_model", 91_832_072),
    ],
)
def test_full_size_models_have_their_published_number_of_parameters(name, parameters):
    assert entry(name)["weights"]["parameters"] == parameters


def test_the_headers_of_a_folder_give_the_bytes_that_loading_takes(tiny_pack):
    from diffusers import StableDiffusionPipeline

    from aura.memory.pipelines import pipeline_footprint

    of = model("tiny", area=64 * 64)
    footprint = pipeline_footprint("tiny", tiny_pack, example(of), ("resident",))
    pipe = StableDiffusionPipeline.from_pretrained(tiny_pack, safety_checker=None)
    for name in ("unet", "vae", "text_encoder"):
        loaded = sum(p.numel() * p.element_size() for p in getattr(pipe, name).parameters())
        assert footprint.component(name).weights["fp32"] == pytest.approx(loaded, rel=0.01)


def test_activations_grow_with_the_picture_and_shrink_in_tiles():
    of = model("sd15")
    small, large = (
        published_footprint("sd15", request(of, width=side, height=side), ("resident",))
        for side in (512, 1024)
    )
    assert large.activations["denoising"]["bf16"] > 3.9 * small.activations["denoising"]["bf16"]
    tiled = large.relief["vae_tiling"]["decoding"]["bf16"]
    assert tiled < large.activations["decoding"]["bf16"] / 3
    assert tiled == pytest.approx(389 * MIB, rel=0.05)
