"""Z-Image, and Z-Image-Turbo."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import ZImagePipeline

from aura.families.chat import room
from aura.families.denoiser import Staged
from aura.families.pipeline import Diffusion, Embeddings

TOKENS = 512  # of a prompt, in its template


class Pipeline(Staged, ZImagePipeline):
    """Computes where its stages are placed."""

    @torch.no_grad()
    def __call__(
        self,
        *,
        prompt_embeds: torch.Tensor,
        guidance_scale: float,
        negative_prompt_embeds: torch.Tensor | None = None,
        **how: Any,
    ) -> Any:
        """Prompts differ in length, so that a batch of them is a list; 0 is no guidance."""
        denied = negative_prompt_embeds is not None
        return super().__call__(
            prompt_embeds=list(prompt_embeds),
            negative_prompt_embeds=list(negative_prompt_embeds) if denied else None,
            guidance_scale=guidance_scale if denied else 0.0,
            **how,
        )


class ZImage(Diffusion):
    """A language model reads the prompt."""

    name = "z_image"
    pipeline = Pipeline
    core = "transformer"
    dtypes = ("fp32", "bf16")  # as published; its language model overflows in fp16
    samplers = ("auto",)  # it follows a flow; the samplers for noise do not apply

    def reader(self, pipe: Any) -> tuple[Any, int]:
        return pipe.tokenizer, room(pipe.tokenizer, TOKENS, thinking=True)

    def encode(self, pipe: Any, prompt: str, negative: str | None) -> Embeddings:
        told, denied = pipe.encode_prompt(
            prompt,
            device=pipe.computes_on,
            do_classifier_free_guidance=negative is not None,
            negative_prompt=negative,
        )
        without = {"negative_prompt_embeds": denied[0][None]} if denied else {}
        return {"prompt_embeds": told[0][None]} | without
