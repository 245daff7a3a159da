"""What the families of diffusion pipelines share: encode, denoise and decode, stage by stage."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from aura.catalog import decoders
from aura.catalog.models import Model
from aura.errors import ModelDamaged, ModelMissing
from aura.families import speed
from aura.families.base import Drawn, Happening, Noticed, PreviewMade, StageBegun, StepDone
from aura.families.decoder import Decoder
from aura.families.denoiser import denoiser
from aura.families.formats import class_of, component
from aura.families.homes import RAM
from aura.families.placement import Placement
from aura.families.preview import Previewer
from aura.families.schedulers import SCHEDULERS, scheduler
from aura.families.steps import steps
from aura.families.stored import BROKEN, network
from aura.memory.abilities import abilities
from aura.memory.exhaustion import ran_out
from aura.memory.footprint import Footprint
from aura.memory.pipelines import pipeline_footprint, published_footprint
from aura.memory.plan import Plan
from aura.requests import SEED_MAX, GenerateRequest

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
REMEMBERED = 16  # prompts; up to 4 MB each
Embeddings = Mapping[str, torch.Tensor]  # what a pipeline's call takes instead of a prompt


@dataclass
class Loaded:
    """A pipeline in its place. ``embeddings`` remembers its last prompts, in RAM."""

    pipe: Any
    published: Any  # the scheduler the model came with
    previewer: Previewer
    decoder: Decoder
    placement: Placement
    machine: speed.Machine
    to_compile: bool = False  # at the first steps, which then take a minute longer
    embeddings: dict[tuple[str, str, bool], Embeddings] = field(default_factory=dict)

    @property
    def device(self) -> torch.device:
        return self.placement.device


class Diffusion:
    """One kind of pipeline; see ``base.Family`` for what each method promises.

    A family says which class of diffusers it is, which of its parts encode and which
    denoises, and how it encodes a prompt.
    """

    name: str
    pipeline: Any
    encoders: tuple[str, ...] = ("text_encoder",)
    core = "unet"
    samplers: tuple[str, ...] = ("auto", *SCHEDULERS)  # that make sense for it
    dtypes: tuple[str, ...] = ("fp32", "fp16", "bf16")  # in which its numbers stay in range
    absent: Mapping[str, Any] = {}  # parts of the published pipeline that are never loaded

    def __init__(self, compiled: bool = False) -> None:
        self.compiled = compiled  # a person wants the blocks compiled where that works

    def encode(self, pipe: Any, prompt: str, negative: str | None) -> Embeddings:
        """What the pipeline's call takes for them; ``negative`` is None without guidance."""
        raise NotImplementedError

    def grid(self, pipe: Any, latents: torch.Tensor, request: GenerateRequest) -> torch.Tensor:
        """Latents as the pipeline steps through them → 1 × channels × h × w."""
        return latents

    def finished(self, pipe: Any, latents: torch.Tensor, request: GenerateRequest) -> torch.Tensor:
        """Latents as the pipeline returns them → 1 × channels × h × w."""
        return self.grid(pipe, latents, request)

    def guided(self, request: GenerateRequest) -> bool:
        """Whether a negative prompt plays a part."""
        return request.guidance > 1

    def reader(self, pipe: Any) -> tuple[Any, int]:
        """The tokenizer of the encoder that reads most, and how many tokens that is."""
        return pipe.tokenizer, pipe.tokenizer.model_max_length

    # --- the contract

    def footprint(self, model: Model, folder: Path | None, request: GenerateRequest) -> Footprint:
        rungs = abilities(self.name, folder)
        if folder is not None:
            return pipeline_footprint(
                model.id, folder, request, rungs, self.dtypes, lender=model.lender
            )
        published = published_footprint(model.id, request, rungs, self.dtypes)
        if published is None:
            raise ModelMissing(model=model.name)
        return published

    def load(self, model: Model, folder: Path, plan: Plan) -> Loaded:
        try:
            pipe = self._of_file(model, plan) if model.file else self._pipe(folder, plan)
        except BROKEN as broken:
            if ran_out(broken):
                raise
            raise ModelDamaged(model=model.name, path=str(folder)) from broken
        pipe.set_progress_bar_config(disable=True)
        device = torch.device(plan.device)
        machine = speed.machine(device)
        for part in (getattr(pipe, self.core), pipe.vae):
            speed.arrange(part, machine, DTYPES[plan.dtype])
        placement = self._placement(pipe, plan)
        placement.settle()
        speed.attend(getattr(pipe, self.core), device, DTYPES[plan.dtype])
        return Loaded(
            pipe=pipe,
            published=pipe.scheduler,
            previewer=Previewer(pipe.vae),
            decoder=Decoder(pipe.vae, decoders.tiny(self.name)),
            placement=placement,
            machine=machine,
            to_compile=self.compiled and speed.compiling_works(machine, plan),
        )

    def run(
        self, loaded: Loaded, request: GenerateRequest, plan: Plan, first: int = 0
    ) -> Iterator[Happening]:
        loaded.decoder.set(plan)
        passes = request.steps * (request.count - first)
        try:
            with speed.tuned(loaded.machine, plan, passes):
                for index in range(first, request.count):
                    yield from self._drawn(loaded, request, plan, index)
        finally:
            loaded.placement.leave()

    def park(self, loaded: Loaded) -> None:
        loaded.placement.lift()
        loaded.embeddings.clear()
        loaded.previewer.rest()

    def unpark(self, loaded: Loaded, plan: Plan) -> None:
        loaded.placement = self._placement(loaded.pipe, plan)
        loaded.placement.settle()

    def parts(self, loaded: Loaded) -> tuple[object, ...]:
        return tuple(loaded.placement.modules.values())

    def unload(self, loaded: Loaded) -> None:
        loaded.placement.forget()
        loaded.embeddings.clear()
        loaded.pipe = loaded.published = None
        loaded.previewer.forget()
        loaded.decoder.forget()

    # --- loading

    def _pipe(self, folder: Path, plan: Plan, **given: Any) -> Any:
        """The pipeline with its weights in RAM, mapped from their files where dtypes agree.

        ``given``: parts of it that come from elsewhere.
        """
        dtype, device = DTYPES[plan.dtype], torch.device(plan.device)
        parts = dict(given)
        for name in {*self.encoders, self.core, "vae"} - set(given):
            form = plan.formats.get(name)
            parts[name] = (
                component(folder, name, form, dtype, device)
                if form
                else network(class_of(folder, name), folder / name, dtype)
            )
        return self.pipeline.from_pretrained(folder, local_files_only=True, **self.absent, **parts)

    def _of_file(self, model: Model, plan: Plan) -> Any:
        """The same from one file, and from its lender what no file of weights holds."""
        return self.pipeline.from_single_file(
            model.file,
            config=model.lender,
            local_files_only=True,
            torch_dtype=DTYPES[plan.dtype],
            **self.absent,
        )

    def _placement(self, pipe: Any, plan: Plan) -> Placement:
        pipe.computes_on = torch.device(plan.device)
        modules = {name: getattr(pipe, name) for name in (*self.encoders, self.core, "vae")}
        uses = {"encoding": self.encoders, "denoising": (self.core,), "decoding": ("vae",)}
        return Placement(modules, uses, self.core, plan, pipe.computes_on)

    # --- stages

    def _drawn(
        self, loaded: Loaded, request: GenerateRequest, plan: Plan, index: int
    ) -> Iterator[Happening]:
        yield StageBegun("encoding", index)
        yield from self._heard(loaded.pipe, request, index)
        embeddings = self._encoded(loaded, request, index)
        yield StageBegun("denoising", index)
        latents = yield from self._denoised(loaded, request, plan, index, embeddings)
        yield StageBegun("decoding", index)
        if loaded.decoder.uses_vae(plan):
            loaded.placement.enter("decoding")
        yield Drawn((yield from loaded.decoder.decoded(latents, plan)), index)

    def _heard(self, pipe: Any, request: GenerateRequest, index: int) -> Iterator[Noticed]:
        """Say what of the request the model does not take."""
        words, most = self.reader(pipe)
        read = words(request.prompts[index], truncation=False, verbose=False).input_ids
        if len(read) > most:
            kept = words.decode(read[: most - 1], skip_special_tokens=True)
            yield Noticed("families.prompt_shortened", {"kept": kept[-60:]})
        if request.scheduler not in self.samplers:
            yield Noticed("families.sampler_kept", {"sampler": request.scheduler})

    @torch.no_grad()
    def _encoded(self, loaded: Loaded, request: GenerateRequest, index: int) -> Embeddings:
        """The embeddings of one picture's prompts, on the device."""
        guided = self.guided(request)
        key = (request.prompts[index], request.negatives[index], guided)
        remembered = loaded.embeddings
        if key not in remembered:
            loaded.placement.enter("encoding")
            dtype = getattr(loaded.pipe, self.core).dtype
            made = self.encode(loaded.pipe, key[0], key[1] if guided else None)
            remembered[key] = {name: one.to(RAM, dtype) for name, one in made.items()}
            while len(remembered) > REMEMBERED:
                remembered.pop(next(iter(remembered)))
        return {name: one.to(loaded.device) for name, one in remembered[key].items()}

    def _denoised(
        self,
        loaded: Loaded,
        request: GenerateRequest,
        plan: Plan,
        index: int,
        embeddings: Embeddings,
    ) -> Generator[Happening, None, torch.Tensor]:
        """Yield steps and previews; return the latents, 1 × channels × h × w."""
        if not loaded.previewer.ready:
            loaded.placement.enter("decoding")
            loaded.previewer.prepare()
        loaded.placement.enter("denoising")
        if loaded.to_compile:
            loaded.to_compile = False
            yield Noticed("families.compiling", {})
            speed.compile_blocks(getattr(loaded.pipe, self.core))
        chosen = request.scheduler if request.scheduler in self.samplers else "auto"
        sampler = scheduler(chosen, loaded.published)
        pipe = denoiser(loaded.pipe, sampler, self.core, "cfg_split" in plan.switches)
        seed = (request.seed + index) % (SEED_MAX + 1)
        drawing = steps(
            pipe,
            **embeddings,
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
                    latents = self.grid(loaded.pipe, done.latents, request)
                    yield PreviewMade(loaded.previewer.draw(latents), index)
        except StopIteration as end:
            return self.finished(loaded.pipe, end.value.images, request)
        finally:
            drawing.close()
