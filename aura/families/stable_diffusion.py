"""Stable Diffusion 1.x and 2.x and their kin, from a folder in the diffusers layout."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import (
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
)

from aura.families.denoiser import Begun, Staged
from aura.families.hearing import clips_of
from aura.families.loaded import Embeddings
from aura.families.pipeline import Diffusion
from aura.families.prompts import Reader, read_pair
from aura.families.weighting import Fragments


class Pipeline(Staged, StableDiffusionPipeline):
    """Computes where its stages are placed."""


class ImagePipeline(Begun, StableDiffusionImg2ImgPipeline):
    """Starts from a picture."""


class MaskPipeline(Begun, StableDiffusionInpaintPipeline):
    """Draws a part of a picture anew."""


class StableDiffusion(Diffusion):
    name = "stable_diffusion"
    pipeline, image_pipeline, mask_pipeline = Pipeline, ImagePipeline, MaskPipeline
    clips = (("tokenizer", "text_encoder"),)
    absent = {
        "safety_checker": None,
        "requires_safety_checker": False,
        "feature_extractor": None,
    }

    def encode(self, pipe: Any, prompt: str, negative: str | None) -> Embeddings:
        told, denied = pipe.encode_prompt(
            prompt, pipe.computes_on, 1, negative is not None, negative_prompt=negative
        )
        return _named(told, denied)

    def weigh(
        self, pipe: Any, told: Fragments, denied: Fragments | None, clip_skip: int
    ) -> Embeddings:
        readers = [Reader(clip, pipe.computes_on, clip_skip) for clip in clips_of(self, pipe)]
        return _named(*read_pair(readers, told, denied))


def _named(told: torch.Tensor, denied: torch.Tensor | None) -> Embeddings:
    without = {} if denied is None else {"negative_prompt_embeds": denied}
    return {"prompt_embeds": told} | without
