"""From noise, or from a picture, to the latents of the finished one: step by step."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import torch

from aura.families import speed
from aura.families.base import Happening, Noticed, PreviewMade, StepDone
from aura.families.denoiser import denoiser
from aura.families.loaded import Embeddings, Loaded
from aura.families.schedulers import scheduler
from aura.families.start import FromNoise
from aura.families.steps import steps
from aura.memory.plan import Plan
from aura.requests import GenerateRequest


def denoised(
    family: Any,
    loaded: Loaded,
    request: GenerateRequest,
    plan: Plan,
    index: int,
    embeddings: Embeddings,
    begun: FromNoise,
) -> Generator[Happening, None, torch.Tensor]:
    """Yield steps and previews; return the latents, 1 × channels × h × w."""
    if not loaded.previewer.ready:
        loaded.placement.enter("decoding")
        loaded.previewer.prepare()
    loaded.placement.enter("denoising")
    if loaded.to_compile:
        loaded.to_compile = False
        yield Noticed("families.compiling", {})
        speed.compile_blocks(getattr(loaded.pipe, family.core))
    chosen = request.scheduler if request.scheduler in family.samplers else "auto"
    sampler = scheduler(chosen, loaded.published, request.steps)
    pipe = denoiser(begun.view(loaded.pipe), sampler, family.core, "cfg_split" in plan.switches)
    drawing = steps(
        pipe,
        **embeddings,
        **begun.arguments,
        guidance_scale=request.guidance,
        generator=torch.Generator("cpu").manual_seed(request.seed_of(index)),
        output_type="latent",
    )
    loaded.previewer.begin()
    try:
        while True:
            done = next(drawing)
            yield StepDone(done.step + 1, pipe.num_timesteps, index)
            if loaded.previewer.due():
                latents = family.grid(loaded.pipe, done.latents, request)
                yield PreviewMade(loaded.previewer.draw(latents), index)
    except StopIteration as end:
        return family.finished(loaded.pipe, end.value.images, request)
    finally:
        drawing.close()
