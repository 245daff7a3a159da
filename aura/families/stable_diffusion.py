"""Stable Diffusion 1.x and its kin, from a folder in the diffusers layout."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from safetensors import SafetensorError

from aura.catalog.models import Model
from aura.errors import ModelDamaged, ModelMissing
from aura.families.base import Drawn, Happening, Noticed, PreviewMade, StageBegun, StepDone
from aura.families.preview import Previewer, decode, to_image
from aura.families.schedulers import scheduler
from aura.families.steps import steps
from aura.memory.abilities import ABILITIES
from aura.memory.footprint import Footprint
from aura.memory.pipelines import pipeline_footprint, published_footprint
from aura.memory.plan import Plan
from aura.requests import SEED_MAX, GenerateRequest

RUNGS = ABILITIES["stable_diffusion"]
DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


@dataclass
class Loaded:
    """A pipeline in its place. ``embeddings`` remembers the prompts of this residency."""

    pipe: Any
    published: Any  # the scheduler the model came with
    previewer: Previewer
    device: torch.device
    embeddings: dict[tuple[str, str, bool], Any] = field(default_factory=dict)


class StableDiffusion:
    """The family; see ``base.Family`` for what each method promises."""

    name = "stable_diffusion"

    def footprint(self, model: Model, folder: Path | None, request: GenerateRequest) -> Footprint:
        if folder is not None:
            return pipeline_footprint(model.id, folder, request, RUNGS)
        published = published_footprint(model.id, request, RUNGS)
        if published is None:
            raise ModelMissing(model=model.name)
        return published

    def load(self, model: Model, folder: Path, plan: Plan) -> Loaded:
        try:
            pipe = StableDiffusionPipeline.from_pretrained(
                folder,
                dtype=DTYPES[plan.dtype],
                local_files_only=True,
                use_safetensors=True,
                safety_checker=None,
                requires_safety_checker=False,
                feature_extractor=None,
            )
        except (OSError, ValueError, KeyError, SafetensorError) as broken:
            raise ModelDamaged(model=model.name, path=str(folder)) from broken
        pipe.set_progress_bar_config(disable=True)
        device = torch.device(plan.device)
        return Loaded(_place(pipe, plan, device), pipe.scheduler, Previewer(pipe.vae), device)

    def run(
        self, loaded: Loaded, request: GenerateRequest, plan: Plan, first: int = 0
    ) -> Iterator[Happening]:
        _apply(loaded.pipe, plan)
        for index in range(first, request.count):
            yield StageBegun("encoding", index)
            yield from _shortened(loaded.pipe, request, index)
            embeddings = _encoded(loaded, request, index, plan)
            yield StageBegun("denoising", index)
            latents = yield from _denoised(loaded, request, index, embeddings)
            yield StageBegun("decoding", index)
            yield Drawn((yield from _decoded(loaded.pipe.vae, latents)), index)

    def unload(self, loaded: Loaded) -> None:
        loaded.pipe.remove_all_hooks()
        loaded.embeddings.clear()
        loaded.pipe = None
        loaded.previewer.forget()


def _place(pipe: Any, plan: Plan, device: torch.device) -> Any:
    """Weights where the plan's rung wants them before the first stage."""
    for name in ("unet", "vae") if plan.rung == "encoders_out" else ("unet", "vae", "text_encoder"):
        getattr(pipe, name).to(device)
    return pipe


def _apply(pipe: Any, plan: Plan) -> None:
    """What costs no reload to change between two jobs."""
    for switch, part in (("vae_tiling", "tiling"), ("vae_slicing", "slicing")):
        verb = "enable" if switch in plan.switches else "disable"
        getattr(pipe.vae, f"{verb}_{part}")()


def _shortened(pipe: Any, request: GenerateRequest, index: int) -> Iterator[Noticed]:
    """Say so when a prompt is longer than the text encoder reads."""
    most = pipe.tokenizer.model_max_length
    words = pipe.tokenizer(request.prompts[index], truncation=False, verbose=False).input_ids
    if len(words) > most:
        kept = pipe.tokenizer.decode(words[1 : most - 1])
        yield Noticed("families.prompt_shortened", {"kept": kept[-60:]})


@torch.no_grad()
def _encoded(loaded: Loaded, request: GenerateRequest, index: int, plan: Plan) -> Any:
    """Prompt and negative embeddings, each 1 × tokens × width, on the device."""
    guided = request.guidance > 1
    key = (request.prompts[index], request.negatives[index], guided)
    if key not in loaded.embeddings:
        home = loaded.pipe.text_encoder.device
        loaded.pipe.text_encoder.to(loaded.device)
        loaded.embeddings[key] = loaded.pipe.encode_prompt(
            key[0], loaded.device, 1, guided, negative_prompt=key[1] if guided else None
        )
        loaded.pipe.text_encoder.to(home)
    return loaded.embeddings[key]


def _denoised(
    loaded: Loaded, request: GenerateRequest, index: int, embeddings: Any
) -> Generator[Happening, None, Any]:
    """Yield steps and previews; return the latents, 1 × 4 × height/8 × width/8."""
    loaded.pipe.scheduler = scheduler(request.scheduler, loaded.published)
    seed = (request.seed + index) % (SEED_MAX + 1)
    drawing = steps(
        loaded.pipe,
        prompt_embeds=embeddings[0],
        negative_prompt_embeds=embeddings[1],
        width=request.width,
        height=request.height,
        num_inference_steps=request.steps,
        guidance_scale=request.guidance,
        generator=torch.Generator("cpu").manual_seed(seed),
        output_type="latent",
    )
    loaded.previewer.begin()
    try:
        while True:
            done = next(drawing)
            yield StepDone(done.step + 1, request.steps, index)
            if loaded.previewer.due():
                yield PreviewMade(loaded.previewer.draw(done.latents), index)
    except StopIteration as end:
        return end.value.images
    finally:
        drawing.close()


def _decoded(vae: Any, latents: torch.Tensor) -> Generator[Happening, None, Image.Image]:
    """The finished picture. Half precision that overflows is decoded once more in fp32."""
    pixels = decode(vae, latents)
    if not torch.isfinite(pixels).all() and vae.dtype != torch.float32:
        yield Noticed("families.decoded_again", {})
        half = vae.dtype
        pixels = decode(vae.to(torch.float32), latents)
        vae.to(half)
    return to_image(pixels)
