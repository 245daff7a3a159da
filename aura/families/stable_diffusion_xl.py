"""Stable Diffusion XL and its kin: Turbo, SSD-1B, Lightning."""

from __future__ import annotations

from typing import Any

from diffusers import (
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLInpaintPipeline,
    StableDiffusionXLPipeline,
)

from aura.families.denoiser import Begun, Staged
from aura.families.pipeline import Diffusion, Embeddings

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
    absent = {"image_encoder": None, "feature_extractor": None, "add_watermarker": False}

    def encode(self, pipe: Any, prompt: str, negative: str | None) -> Embeddings:
        """An empty negative prompt is none: the model was published to be guided by zeros."""
        made = pipe.encode_prompt(
            prompt,
            device=pipe.computes_on,
            do_classifier_free_guidance=negative is not None,
            negative_prompt=negative or None,
        )
        pairs = zip(EMBEDDINGS, made, strict=True)
        return {name: one for name, one in pairs if one is not None}
