"""What a pipeline of one's own is used as: told by its configurations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aura.catalog import local

VAE = {"block_out_channels": [128, 256, 512, 512]}
DEEP = {"encoder_block_out_channels": [128, 256, 512, 512, 1024, 1024]}


def pipeline(folder: Path, kind: str, index: Any = None, **configs: Any) -> Path:
    folder.mkdir(parents=True)
    (folder / "model_index.json").write_text(json.dumps({"_class_name": kind} | (index or {})))
    for part, config in ({"vae": VAE} | configs).items():
        (folder / part).mkdir()
        name = "scheduler_config.json" if part == "scheduler" else "config.json"
        (folder / part / name).write_text(json.dumps(config))
    return folder


SD, XL, FLUX = "StableDiffusionPipeline", "StableDiffusionXLPipeline", "FluxPipeline"
KLEIN, Z_IMAGE, SANA = "Flux2KleinPipeline", "ZImagePipeline", "SanaSprintPipeline"
TRAILING = {"timestep_spacing": "trailing"}


@pytest.mark.parametrize(
    "kind, configs, family, side, multiple, steps, guidance",
    [
        (SD, {"unet": {"sample_size": 64}}, "stable_diffusion", 512, 8, 20, 7.0),
        (SD, {"unet": {"sample_size": 96}}, "stable_diffusion", 768, 8, 20, 7.0),
        (SD, {"scheduler": TRAILING}, "stable_diffusion", 512, 8, 2, 0.0),
        (XL, {"unet": {"sample_size": 128}}, "stable_diffusion_xl", 1024, 8, 20, 7.0),
        (XL, {}, "stable_diffusion_xl", 1024, 8, 20, 7.0),
        (FLUX, {"transformer": {"guidance_embeds": True}}, "flux", 1024, 16, 28, 3.5),
        (FLUX, {"transformer": {"guidance_embeds": False}}, "flux", 1024, 16, 4, 0.0),
        (KLEIN, {"index": {"is_distilled": True}}, "flux2", 1024, 16, 4, 1.0),
        (KLEIN, {"index": {"is_distilled": False}}, "flux2", 1024, 16, 50, 4.0),
        (Z_IMAGE, {"scheduler": {"shift": 3.0}}, "z_image", 1024, 16, 9, 0.0),
        (Z_IMAGE, {"scheduler": {"shift": 6.0}}, "z_image", 1024, 16, 28, 4.0),
        (SANA, {"vae": DEEP, "transformer": {"sample_size": 32}}, "sana", 1024, 32, 2, 4.5),
    ],
)
def test_size_and_steps_are_those_it_was_made_for(
    tmp_path, kind, configs, family, side, multiple, steps, guidance
):
    (model,) = local.models([pipeline(tmp_path / "x", kind, **configs)])
    assert (model.family, model.area, model.multiple) == (family, side * side, multiple)
    assert (model.defaults.steps, model.defaults.guidance) == (steps, guidance)


def test_pipelines_are_found_where_comfyui_keeps_them(tmp_path):
    pipeline(tmp_path / "models" / "diffusers" / "Mine", XL)
    assert [model.id for model in local.models([tmp_path / "models"])] == ["mine"]
