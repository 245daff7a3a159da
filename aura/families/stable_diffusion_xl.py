"""Stable Diffusion XL and its kin: Turbo, SSD-1B, Lightning."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import (
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLInpaintPipeline,
    StableDiffusionXLPipeline,
)

from aura.families.denoiser import Begun, Staged
from aura.families.hearing import clips_of
from aura.families.loaded import Embeddings
from aura.families.pipeline import Diffusion
from aura.families.prompts import Reader, read_pair
from aura.families.weighting import Fragments, plain

EMBEDDINGS = (
    "prompt_embeds",
    "negative_prompt_embeds",
    "pooled_prompt_embeds",
    "negative_pooled_prompt_embeds",
)


class Pipeline(Staged, StableDiffusionXLPipeline):
    """Computes where its stages are placed."""


class ImagePipeline(Begun, StableDiffusionXLImg2ImgPipeline):
    """Starts from a picture."""


class MaskPipeline(Begun, StableDiffusionXLInpaintPipeline):
    """Draws a part of a picture anew."""


class StableDiffusionXL(Diffusion):
    name = "stable_diffusion_xl"
    pipeline, image_pipeline, mask_pipeline = Pipeline, ImagePipeline, MaskPipeline
    encoders = ("text_encoder", "text_encoder_2")
    clips = (("tokenizer", "text_encoder"), ("tokenizer_2", "text_encoder_2"))
    absent = {"image_encoder": None, "feature_extractor": None, "add_watermarker": False}

    def encode(self, pipe: Any, prompt: str, negative: str | None) -> Embeddings:
        """An empty negative prompt is none: the model was published to be guided by zeros."""
        made = pipe.encode_prompt(
            prompt,
            device=pipe.computes_on,
            do_classifier_free_guidance=negative is not None,
            negative_prompt=negative or None,
        )
        return _named(*made)

    def weigh(
        self, pipe: Any, told: Fragments, denied: Fragments | None, clip_skip: int
    ) -> Embeddings:
        """Of its last layer it never makes use, and of the first encoder's pooled vector."""
        skipped = clip_skip + 1
        clips = clips_of(self, pipe)
        readers = [Reader(clip, pipe.computes_on, skipped, normed=False) for clip in clips]
        said, unsaid = read_pair(readers, told, denied)
        if denied is None or unsaid is None:
            return _named(said, None, readers[-1].pooled(told), None)
        pooled = [readers[-1].pooled(one) for one in (told, denied)]
        if not plain(denied) and pipe.config.force_zeros_for_empty_prompt:
            unsaid, pooled[1] = torch.zeros_like(unsaid), torch.zeros_like(pooled[1])
        return _named(said, unsaid, *pooled)


def _named(*made: torch.Tensor | None) -> Embeddings:
    return {name: one for name, one in zip(EMBEDDINGS, made, strict=True) if one is not None}
