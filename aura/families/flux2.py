"""FLUX.2 klein."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import Flux2KleinPipeline

from aura.families.chat import room
from aura.families.denoiser import Staged
from aura.families.loaded import Embeddings
from aura.families.pipeline import Diffusion
from aura.requests import GenerateRequest


class Pipeline(Staged, Flux2KleinPipeline):
    """Computes where its stages are placed."""


class Flux2(Diffusion):
    """A language model reads the prompt; what is denied is always nothing."""

    name = "flux2"
    pipeline = Pipeline
    core = "transformer"
    samplers = ("auto",)  # it follows a flow; the samplers for noise do not apply

    def reader(self, pipe: Any) -> tuple[Any, int]:
        return pipe.tokenizer, room(pipe.tokenizer, pipe.tokenizer_max_length, thinking=False)

    def encode(self, pipe: Any, prompt: str, negative: str | None) -> Embeddings:
        """The distilled models take no guidance, whatever is asked of them."""
        made = {"prompt_embeds": self._read(pipe, prompt)}
        if negative is not None and not pipe.config.is_distilled:
            made["negative_prompt_embeds"] = self._read(pipe, negative)
        return made

    def _read(self, pipe: Any, words: str) -> torch.Tensor:
        told: torch.Tensor = pipe.encode_prompt(words, device=pipe.computes_on)[0]
        return told

    def grid(self, pipe: Any, latents: torch.Tensor, request: GenerateRequest) -> torch.Tensor:
        """It steps through a row of patches, each evened out by what training saw of it."""
        side = pipe.vae_scale_factor * 2
        height, width = request.height // side, request.width // side
        patches = latents.transpose(1, 2).unflatten(2, (height, width))
        seen, config = pipe.vae.bn, pipe.vae.config
        mean = seen.running_mean.view(1, -1, 1, 1).to(patches)
        spread = (seen.running_var + config.batch_norm_eps).sqrt().view(1, -1, 1, 1).to(patches)
        grid: torch.Tensor = pipe._unpatchify_latents(patches * spread + mean)
        return grid

    def finished(self, pipe: Any, latents: torch.Tensor, request: GenerateRequest) -> torch.Tensor:
        return latents  # the pipeline puts them together itself
