"""FLUX.1 schnell and dev."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import FluxImg2ImgPipeline, FluxInpaintPipeline, FluxPipeline

from aura.catalog.models import Model
from aura.families.denoiser import Begun, Staged
from aura.families.formats import of_one_file
from aura.families.loaded import DTYPES, Embeddings
from aura.families.pipeline import Diffusion
from aura.memory.plan import Plan
from aura.requests import GenerateRequest

TOKENS, TOKENS_OF_SCHNELL = 512, 256  # of a prompt, as each was trained


class Pipeline(Staged, FluxPipeline):
    """Computes where its stages are placed."""


class ImagePipeline(Begun, FluxImg2ImgPipeline):
    """Starts from a picture."""


class MaskPipeline(Begun, FluxInpaintPipeline):
    """Draws a part of a picture anew."""


class Flux(Diffusion):
    """Guidance goes into the model, so that there is one pass and no negative prompt."""

    name = "flux"
    pipeline, image_pipeline, mask_pipeline = Pipeline, ImagePipeline, MaskPipeline
    encoders = ("text_encoder", "text_encoder_2")
    core = "transformer"
    absent = {"image_encoder": None, "feature_extractor": None}
    samplers = ("auto",)  # it follows a flow; the samplers for noise do not apply

    def _of_file(self, model: Model, plan: Plan, own: Mapping[str, Any]) -> Any:
        """Such a file holds the transformer; everything else is the lender's."""
        lender, form = Path(str(model.lender)), plan.formats.get(self.core)
        dtype, device = DTYPES[plan.dtype], torch.device(plan.device)
        core = of_one_file(Path(str(model.file)), lender, form, dtype, device)
        return self._pipe(lender, plan, {**own, self.core: core})

    def guided(self, request: GenerateRequest) -> bool:
        return False

    def reader(self, pipe: Any) -> tuple[Any, int]:
        return pipe.tokenizer_2, _tokens(pipe)

    def encode(self, pipe: Any, prompt: str, negative: str | None) -> Embeddings:
        told, pooled, _ = pipe.encode_prompt(
            prompt, None, device=pipe.computes_on, max_sequence_length=_tokens(pipe)
        )
        return {"prompt_embeds": told, "pooled_prompt_embeds": pooled}

    def grid(self, pipe: Any, latents: torch.Tensor, request: GenerateRequest) -> torch.Tensor:
        """It steps through a row of patches."""
        return pipe._unpack_latents(latents, request.height, request.width, pipe.vae_scale_factor)


def _tokens(pipe: Any) -> int:
    return TOKENS if pipe.transformer.config.guidance_embeds else TOKENS_OF_SCHNELL
