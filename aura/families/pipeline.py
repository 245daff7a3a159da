"""What the families of diffusion pipelines share: encode, denoise and decode, stage by stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from aura.catalog import decoders
from aura.catalog.additions import NOTHING, Addition, Additions, parameters
from aura.catalog.models import Model
from aura.errors import ModelDamaged, ModelMissing
from aura.families import hearing, speed, start
from aura.families.base import Drawn, Happening, Noticed, StageBegun
from aura.families.conversions import Conversions
from aura.families.decoder import Decoder
from aura.families.denoising import denoised
from aura.families.formats import class_of, component
from aura.families.homes import RAM
from aura.families.loaded import DTYPES, Embeddings, Loaded
from aura.families.openvino import Converted
from aura.families.outfit import Outfit, dress
from aura.families.placement import Placement
from aura.families.preview import Previewer
from aura.families.schedulers import SCHEDULERS
from aura.families.stored import BROKEN, network
from aura.families.substitute import RUNG as OPENVINO
from aura.families.substitute import Substitute, given
from aura.families.weighting import Fragments
from aura.memory.abilities import abilities, dtypes
from aura.memory.additions import grown
from aura.memory.exhaustion import ran_out
from aura.memory.footprint import Footprint
from aura.memory.pipelines import pipeline_footprint, published_footprint
from aura.memory.plan import Plan
from aura.requests import GenerateRequest

REMEMBERED = 16  # prompts; up to 4 MB each


class Diffusion:
    """One kind of pipeline; see ``base.Family`` for what each method promises.

    A family says which class of diffusers it is, which of its parts encode and which
    denoises, and how it encodes a prompt.
    """

    name: str
    pipeline: Any
    image_pipeline: Any = None  # that starts from a picture; None where the model cannot
    mask_pipeline: Any = None  # that draws a part of one anew
    encoders: tuple[str, ...] = ("text_encoder",)
    core = "unet"
    samplers: tuple[str, ...] = ("auto", *SCHEDULERS)  # that make sense for it
    absent: Mapping[str, Any] = {}  # parts of the published pipeline that are never loaded
    clips: tuple[
        tuple[str, str], ...
    ] = ()  # tokenizers and CLIP encoders that words are weighed by

    def __init__(
        self,
        compiled: bool = False,
        additions: Additions = NOTHING,
        conversions: Conversions | None = None,
    ) -> None:
        self.compiled = compiled  # a person wants the blocks compiled where that works
        self.additions = additions
        self.conversions = conversions  # where converted cores are kept; None: nowhere

    def encode(self, pipe: Any, prompt: str, negative: str | None) -> Embeddings:
        """What the pipeline's call takes for them; ``negative`` is None without guidance."""
        raise NotImplementedError

    def weigh(
        self, pipe: Any, told: Fragments, denied: Fragments | None, clip_skip: int
    ) -> Embeddings:
        """The same for prompts with weights or of any length; a family with ``clips`` has it."""
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
        start.check(self, model.name, request)
        able = self._rungs(model, folder), dtypes(self.name)
        found = (
            published_footprint(model.id, request, *able)
            if folder is None
            else pipeline_footprint(model.id, folder, request, *able, lender=model.lender)
        )
        if found is None:
            raise ModelMissing(model=model.name)
        return grown(found, parameters(self.additions, request, self.core))

    def load(self, model: Model, folder: Path, plan: Plan) -> Loaded:
        substitute = self._substitute(model, folder, plan)
        found = substitute.found() if substitute else None
        try:
            own = given(found, self.core)
            pipe = self._of_file(model, plan, own) if model.file else self._pipe(folder, plan, own)
        except BROKEN as broken:
            if ran_out(broken):
                raise
            raise ModelDamaged(model=model.name, path=str(folder)) from broken
        if substitute and (core := found or substitute.made(getattr(pipe, self.core))):
            pipe.__dict__[self.core] = core  # it is no class that a pipeline registers
        pipe.set_progress_bar_config(disable=True)
        device = torch.device(plan.device)
        machine = speed.machine(device)
        for part in (getattr(pipe, self.core), pipe.vae):
            speed.arrange(part, machine, DTYPES[plan.dtype])
        placement = self._placement(pipe, plan)
        placement.settle()
        speed.attend(getattr(pipe, self.core), device, DTYPES[plan.dtype])
        return Loaded(
            name=model.name,
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
        dress(loaded, request, self.additions, self.core)
        loaded.decoder.set(plan)
        found = self.additions.named(self.name, (*request.prompts, *request.negatives))
        passes = request.worked_steps * (request.count - first)
        if plan.rung == OPENVINO and not isinstance(getattr(loaded.pipe, self.core), Converted):
            yield Noticed("families.unconverted", {}, unplanned=True)
        try:
            with speed.tuned(loaded.machine, plan, passes):
                for index in range(first, request.count):
                    yield from self._drawn(loaded, request, plan, index, found)
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
        loaded.outfit = Outfit()
        loaded.previewer.forget()
        loaded.decoder.forget()

    # --- loading

    def _rungs(self, model: Model, folder: Path | None) -> tuple[str, ...]:
        every = abilities(self.name, folder)
        return tuple(rung for rung in every if rung != OPENVINO or not self._hopeless(model))

    def _hopeless(self, model: Model) -> bool:
        return self.conversions is not None and model.id in self.conversions.hopeless

    def _substitute(self, model: Model, folder: Path, plan: Plan) -> Substitute | None:
        if plan.rung != OPENVINO or self.conversions is None or self._hopeless(model):
            return None
        return Substitute(
            self.conversions, model, folder, self.core, plan, dtype=DTYPES[plan.dtype]
        )

    def _pipe(self, folder: Path, plan: Plan, own: Mapping[str, Any]) -> Any:
        """The pipeline with its weights in RAM, mapped from their files where dtypes agree.

        ``own``: parts that are there already.
        """
        dtype, device = DTYPES[plan.dtype], torch.device(plan.device)
        parts = dict(own)
        for name in (*self.encoders, self.core, "vae"):
            if name in own:
                continue
            form = plan.formats.get(name)
            parts[name] = (
                component(folder, name, form, dtype, device)
                if form
                else network(class_of(folder, name), folder / name, dtype)
            )
        return self.pipeline.from_pretrained(folder, local_files_only=True, **self.absent, **parts)

    def _of_file(self, model: Model, plan: Plan, own: Mapping[str, Any]) -> Any:
        """The same from one file, and from its lender what no file of weights holds."""
        return self.pipeline.from_single_file(
            model.file,
            config=model.lender,
            local_files_only=True,
            torch_dtype=DTYPES[plan.dtype],
            **self.absent,
            **own,
        )

    def _placement(self, pipe: Any, plan: Plan) -> Placement:
        pipe.computes_on = torch.device(plan.device)
        modules = {name: getattr(pipe, name) for name in (*self.encoders, self.core, "vae")}
        uses = {"encoding": self.encoders, "denoising": (self.core,), "decoding": ("vae",)}
        uses["starting"] = ("vae",)  # the second half of encoding, where a picture is encoded
        return Placement(modules, uses, self.core, plan, pipe.computes_on)

    # --- stages

    def _drawn(
        self,
        loaded: Loaded,
        request: GenerateRequest,
        plan: Plan,
        index: int,
        found: tuple[Addition, ...] = (),
    ) -> Iterator[Happening]:
        yield StageBegun("encoding", index)
        yield from self._heard(loaded.pipe, request, index, found)
        embeddings = self._encoded(loaded, request, index, found)
        begun = yield from start.started(self, loaded, request, index)
        yield StageBegun("denoising", index)
        latents = yield from denoised(self, loaded, request, plan, index, embeddings, begun)
        yield StageBegun("decoding", index)
        if loaded.decoder.uses_vae(plan):
            loaded.placement.enter("decoding")
        drawn = yield from loaded.decoder.decoded(latents, plan)
        yield Drawn(begun.finished(drawn), index)

    def _heard(
        self, pipe: Any, request: GenerateRequest, index: int, found: tuple[Addition, ...]
    ) -> Iterator[Noticed]:
        """Say what of the request the model does not take."""
        yield from hearing.notices(self, pipe, request, index, found)
        if request.scheduler not in self.samplers:
            yield Noticed("families.sampler_kept", {"sampler": request.scheduler})

    @torch.no_grad()
    def _encoded(
        self,
        loaded: Loaded,
        request: GenerateRequest,
        index: int,
        found: tuple[Addition, ...],
    ) -> Embeddings:
        """The embeddings of one picture's prompts, on the device."""
        taught = tuple(one.path for one in found)
        key = (*hearing.texts_of(self, request, index), request.clip_skip, taught)
        remembered = loaded.embeddings
        if key not in remembered:
            loaded.placement.enter("encoding")
            dtype = getattr(loaded.pipe, self.core).dtype
            made = hearing.heard(self, loaded, request, index, found)
            remembered[key] = {name: one.to(RAM, dtype) for name, one in made.items()}
            while len(remembered) > REMEMBERED:
                remembered.pop(next(iter(remembered)))
        return {name: one.to(loaded.device) for name, one in remembered[key].items()}
