"""The written coefficients, held against tracing the published configurations again."""

from __future__ import annotations

import pytest
import torch

from aura.memory.abilities import EVERYTHING
from aura.memory.activations import activations, entry, work
from aura.memory.pipelines import pipeline_footprint, published_footprint
from aura.memory.planner import ladder
from aura.memory.simulated import imagined
from aura.memory.verdict import example
from aura.requests import Start
from tests.memory.simulation import GIB, MIB, model, request
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


# --- a picture to start from


def started(of, **changes):
    start = Start(**({"pictures": ("a.png",), "strength": 0.5} | changes))
    return request(of, steps=20, width=1024, height=1024, start=start)


@pytest.mark.parametrize("name", ["sd15", "sdxl", "flux1-schnell"])
def test_a_picture_to_start_from_is_encoded_before_half_of_the_steps(name):
    of = model(name)
    plain = published_footprint(name, request(of, steps=20), EVERYTHING)
    begun = published_footprint(name, started(of), EVERYTHING)
    seen = activations(entry("vae_flux" if "flux" in name else "vae_sd"), 1024**2, way="encode")
    assert begun.uses["encoding"] == (*plain.uses["encoding"], "vae")
    assert begun.activations["encoding"]["bf16"] == seen["bf16"]
    assert begun.work["encoding"] > plain.work["encoding"]
    assert begun.passes == plain.passes / 2 == 10
    assert begun.work["denoising"] == pytest.approx(plain.work["denoising"] / 2)
    assert begun.encoders == plain.encoders


def test_tiles_help_a_picture_into_the_model_as_they_help_it_out():
    of = model("sdxl")
    relief = published_footprint("sdxl", started(of), EVERYTHING).relief["vae_tiling"]
    whole = published_footprint("sdxl", started(of), EVERYTHING).activations["encoding"]
    assert relief["encoding"]["bf16"] < whole["bf16"] / 2
    assert (
        "encoding" not in published_footprint("sdxl", request(of), EVERYTHING).relief["vae_tiling"]
    )


def test_a_folder_counts_the_encoder_like_the_published_model(tiny_pack):
    of = model("tiny", area=64 * 64)
    footprint = pipeline_footprint("tiny", tiny_pack, started(of), ("resident",))
    assert footprint.uses["encoding"] == ("text_encoder", "vae")
    assert footprint.passes == 10


def test_while_a_picture_is_encoded_the_vae_counts_whole_even_where_layers_are_streamed():
    of = model("sdxl")
    machine = imagined(4 * GIB, 32 * GIB)
    footprint = published_footprint("sdxl", started(of), ("leaf_offload",))
    (plan,) = ladder("SDXL", footprint, machine)
    vae = footprint.component("vae").weights[plan.dtype]
    assert plan.stages["encoding"] > vae + footprint.activations["encoding"][plan.dtype]
