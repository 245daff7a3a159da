"""Z-Image, and Z-Image-Turbo."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import ZImageImg2ImgPipeline, ZImageInpaintPipeline, ZImagePipeline
from torch.nn.functional import interpolate

from aura.families.chat import room
from aura.families.denoiser import Begun, Staged
from aura.families.loaded import Embeddings
from aura.families.pipeline import Diffusion

TOKENS = 512  # of a prompt, in its template


class Listed:
    """Mixed into pipelines that take a batch as a list, because prompts differ in length."""

    vae: Any
    image_processor: Any

    def __call__(
        self,
        *,
        prompt_embeds: torch.Tensor,
        guidance_scale: float,
        negative_prompt_embeds: torch.Tensor | None = None,
        **how: Any,
    ) -> Any:
        """Without a negative prompt there is no guidance. Pictures come as latents."""
        denied = None if negative_prompt_embeds is None else list(negative_prompt_embeds)
        channels = self.vae.config.latent_channels
        self.image_processor.register_to_config(vae_latent_channels=channels)
        return super().__call__(  # type: ignore[misc]  # that of the pipeline beside it
            prompt_embeds=list(prompt_embeds),
            negative_prompt_embeds=denied,
            guidance_scale=0.0 if denied is None else guidance_scale,
            **how,
        )


class Pipeline(Listed, Staged, ZImagePipeline):
    """Computes where its stages are placed."""


class ImagePipeline(Listed, Begun, ZImageImg2ImgPipeline):
    """Starts from a picture."""


class MaskPipeline(Listed, Begun, ZImageInpaintPipeline):
    """Draws a part of a picture anew."""

    def prepare_mask_latents(
        self, mask: torch.Tensor, latents: torch.Tensor, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The mask in the size of the latents; what lies under it is never looked at."""
        return interpolate(mask.to(latents), latents.shape[-2:]), latents


class ZImage(Diffusion):
    """A language model reads the prompt."""

    name = "z_image"
    pipeline, image_pipeline, mask_pipeline = Pipeline, ImagePipeline, MaskPipeline
    core = "transformer"
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
