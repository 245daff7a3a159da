"""The built-in model opens as any other and draws what it is asked for."""

from __future__ import annotations

import warnings

import pytest
import torch
from diffusers import (
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
    UniPCMultistepScheduler,
)
from diffusers.utils import logging as diffusers_logging

from tools.train.judge import Seen, judge
from tools.train.names import FRAMES
from tools.train.publish import LIMIT, PACK, weight
from tools.train.score import GUIDANCE, STEPS


@pytest.fixture(scope="module")
def pipeline() -> StableDiffusionPipeline:
    made = StableDiffusionPipeline.from_pretrained(PACK)
    made.set_progress_bar_config(disable=True)
    return made


def drawn(
    pipeline: StableDiffusionPipeline, prompts: list[str], frame: str = "1:1", steps: int = STEPS
) -> list[Seen]:
    width, height = FRAMES[frame]
    generators = [torch.Generator().manual_seed(40 + k) for k in range(len(prompts))]
    images = pipeline(
        prompts,
        width=width,
        height=height,
        num_inference_steps=steps,
        guidance_scale=GUIDANCE,
        generator=generators,
    ).images
    return [judge(image) for image in images]


def test_the_pack_weighs_less_than_twenty_megabytes() -> None:
    assert weight(PACK) <= LIMIT


def test_the_pack_opens_without_a_warning(capfd: pytest.CaptureFixture[str]) -> None:
    diffusers_logging.set_verbosity_warning()
    capfd.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        opened = StableDiffusionPipeline.from_pretrained(PACK)
    told = capfd.readouterr().err
    assert "warn" not in told.lower()
    assert "should" not in told
    assert opened.unet.dtype == opened.text_encoder.dtype == opened.vae.dtype == torch.float32
    assert opened.unet.config.sample_size * opened.vae_scale_factor == 256


def test_a_red_circle_on_a_blue_ground_comes_out_in_both_languages(
    pipeline: StableDiffusionPipeline,
) -> None:
    for seen in drawn(
        pipeline,
        [
            "a red circle on a blue background",
            "un círculo rojo sobre un fondo azul",
            "UN CIRCULO ROJO SOBRE FONDO AZUL",
        ],
    ):
        assert (seen.shape, seen.colour, seen.background) == ("circle", "red", "blue")
        assert seen.place == "centre"


def test_shape_colour_place_and_size_follow_the_prompt(pipeline: StableDiffusionPipeline) -> None:
    star, square = drawn(
        pipeline,
        [
            "a large yellow star at the top on a purple background",
            "un cuadrado verde pequeño a la izquierda sobre un fondo negro con una sombra suave",
        ],
    )
    assert (star.shape, star.colour, star.background, star.place, star.extent) == (
        "star",
        "yellow",
        "purple",
        "top",
        "large",
    )
    assert (square.shape, square.colour, square.background, square.place, square.extent) == (
        "square",
        "green",
        "black",
        "left",
        "small",
    )


def test_a_wide_frame_works_too(pipeline: StableDiffusionPipeline) -> None:
    (seen,) = drawn(pipeline, ["an orange triangle on the right on white"], "16:9")
    assert (seen.shape, seen.colour, seen.background, seen.place) == (
        "triangle",
        "orange",
        "white",
        "right",
    )


@pytest.mark.parametrize(
    "sampler",
    [
        DPMSolverMultistepScheduler,
        EulerDiscreteScheduler,
        UniPCMultistepScheduler,
    ],
)
def test_other_samplers_draw_from_the_same_settings(
    pipeline: StableDiffusionPipeline, sampler: type
) -> None:
    usual = pipeline.scheduler
    pipeline.scheduler = sampler.from_config(usual.config)
    try:
        (seen,) = drawn(pipeline, ["a blue square on yellow"], steps=12)
    finally:
        pipeline.scheduler = usual
    assert (seen.shape, seen.colour, seen.background) == ("square", "blue", "yellow")
