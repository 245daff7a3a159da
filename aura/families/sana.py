"""SANA-Sprint."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from diffusers import SanaSprintImg2ImgPipeline, SanaSprintPipeline

from aura.families.denoiser import Begun, Staged
from aura.families.loaded import Embeddings
from aura.families.pipeline import Diffusion
from aura.requests import GenerateRequest

TOKENS = 300  # of a prompt, beside the instruction before it
TWO = 2  # steps, the only number for which a time in between was trained
CALL = inspect.signature(SanaSprintPipeline.__call__).parameters
INSTRUCTION = CALL["complex_human_instruction"].default  # the one it was trained with


class Exact:
    """Mixed into its pipelines: they draw in the very size that is asked of them."""

    def __call__(self, *, num_inference_steps: int, **how: Any) -> Any:
        if num_inference_steps != TWO:
            how["intermediate_timesteps"] = None
        return super().__call__(  # type: ignore[misc]  # that of the pipeline beside it
            num_inference_steps=num_inference_steps, use_resolution_binning=False, **how
        )


class Pipeline(Exact, Staged, SanaSprintPipeline):
    """Computes where its stages are placed."""


class ImagePipeline(Exact, Begun, SanaSprintImg2ImgPipeline):
    """Starts from a picture."""

    def prepare_image(self, image: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        """It comes as latents, which only want the spread of its training."""
        return image * self.scheduler.config.sigma_data


class Sana(Diffusion):
    """Guidance goes into the model, so that there is one pass and no negative prompt."""

    name = "sana"
    pipeline, image_pipeline = Pipeline, ImagePipeline
    core = "transformer"
    samplers = ("auto",)  # it was distilled into its own

    def guided(self, request: GenerateRequest) -> bool:
        return False

    def reader(self, pipe: Any) -> tuple[Any, int]:
        return pipe.tokenizer, TOKENS

    def encode(self, pipe: Any, prompt: str, negative: str | None) -> Embeddings:
        told, mask = pipe.encode_prompt(
            prompt, device=pipe.computes_on, complex_human_instruction=INSTRUCTION
        )
        return {"prompt_embeds": told, "prompt_attention_mask": mask}

    def grid(self, pipe: Any, latents: torch.Tensor, request: GenerateRequest) -> torch.Tensor:
        """It steps in the spread of its own training."""
        return latents / pipe.scheduler.config.sigma_data

    def finished(self, pipe: Any, latents: torch.Tensor, request: GenerateRequest) -> torch.Tensor:
        return latents
