"""The footprint of models that are no diffusion pipeline: one network, or a few towers.

Captioners, embedders, segmenters, upscalers. The towers of a model are components of
their own, because a request rarely needs them all: pictures never pass the text tower.
Nothing is loaded: a folder tells by its configuration and the headers of its files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aura.catalog import complete, upscalers
from aura.errors import ModelDamaged
from aura.memory.activations import Entry, activations, enlarging, entry, like, work
from aura.memory.batches import batch, tile
from aura.memory.footprint import Footprint
from aura.memory.published import DTYPES, published
from aura.memory.weights import Parts, component, divided, folder_shapes, tensor_shapes, towers
from aura.requests import CaptionRequest, EmbedRequest, RemoveRequest, UpscaleRequest, Work

# Class of the model as its configuration names it → its towers, by the names of tensors.
# The last one takes what carries no tower's name.
TOWERS: Mapping[str, tuple[str, ...]] = {
    "BlipForConditionalGeneration": ("vision_model", "text_decoder"),
    "SiglipModel": ("text_model", "vision_model"),
    "XLMRobertaModel": ("encoder",),
    "ClapModel": ("text_model", "audio_model"),
    "Sam3Model": ("vision_encoder", "text_encoder", "detector"),
    "Owlv2ForObjectDetection": ("text_model", "vision_model"),
}
# The stages of a task, and the towers that compute in each.
STAGES: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "caption": (("encoding", ("vision_model",)), ("captioning", ("text_decoder",))),
    "text": (("encoding", ("text_model", "encoder")),),
    "picture": (("encoding", ("vision_model",)),),
    "sound": (("encoding", ("audio_model",)),),
    "segment": (("encoding", ("vision_encoder", "text_encoder")), ("segmenting", ("detector",))),
    "remove": (("removing", ("generator",)),),
    "upscale": (("upscaling", ("generator",)),),
    "detect": (("encoding", ("text_model",)), ("detecting", ("vision_model",))),
}
# Where a configuration describes each tower, if not at its top.
DESCRIBED: Mapping[str, str] = {
    "vision_model": "vision_config",
    "vision_encoder": "vision_config",
    "text_model": "text_config",
    "text_decoder": "text_config",
    "text_encoder": "text_config",
    "audio_model": "audio_config",
    "detector": "detr_encoder_config",
}


@dataclass(frozen=True)
class Tower:
    """One tower, wherever it was read. ``patches``: positions of one picture or clip."""

    parts: Parts
    traced: Entry
    width: int | None = None
    patches: int = 1
    tokens: int = 512  # the most it reads


def footprint(
    model: str,
    folder: Path | None,
    request: Work,
    rungs: tuple[str, ...],
    dtypes: tuple[str, ...] = DTYPES,
) -> Footprint | None:
    """Of the model in ``folder`` (or its file), or as published; None if it was never traced.

    ``rungs`` and ``dtypes`` are those the family can carry out. Raises ModelDamaged.
    """
    found = _read(model, folder)
    if found is None:
        return None
    uses = _uses(request, tuple(found))
    return Footprint(
        model=model,
        components=tuple(component(name, tower.parts, dtypes) for name, tower in found.items()),
        activations={stage: _most(found, names, request) for stage, names in uses.items()},
        uses=uses,
        rungs=rungs,
        relief=_relief(found, uses, request),
        work={stage: _worked(found, names, request) for stage, names in uses.items()},
    )


def reads(model: str) -> tuple[str, ...]:
    """What a published embedder turns into vectors: of "text", "picture", "sound"."""
    names = published().get(model, {})
    kinds = ("picture", "sound", "text")
    return tuple(kind for kind in kinds if any(n in names for n in STAGES[kind][0][1]))


def _read(model: str, folder: Path | None) -> dict[str, Tower] | None:
    if folder is not None and folder.is_file():
        return _of_upscaler(folder, model)
    bare = "generator" in published().get(model, {})  # its file has no configuration beside it
    return _of_folder(folder, model) if folder and not bare else _as_published(model)


def _as_published(model: str) -> dict[str, Tower] | None:
    names = published().get(model)
    if names is None:
        return None
    traced = {name: entry(key) for name, key in names.items()}
    return {
        name: Tower(Parts(**one["weights"]), one, patches=one["patches"], tokens=one["tokens"])
        for name, one in traced.items()
    }


def _of_folder(folder: Path, model: str) -> dict[str, Tower]:
    config = complete.read_json(folder / "config.json") or {}
    kind = next((k for k in config.get("architectures") or () if k in TOWERS), None)
    if kind is None:
        raise ModelDamaged(model=model, path=str(folder / "config.json"))
    parts = towers(folder_shapes(folder), TOWERS[kind])
    return {name: _tower(name, kind, config, parts[name]) for name in parts}


def _of_upscaler(file: Path, model: str) -> dict[str, Tower]:
    shapes = tensor_shapes(file)
    known = upscalers.about(shapes)
    if known is None:
        raise ModelDamaged(model=model, path=str(file))
    return {"generator": Tower(divided(shapes), enlarging(known))}


def _tower(name: str, kind: str, config: Mapping[str, Any], parts: Parts) -> Tower:
    own = config.get(DESCRIBED.get(name, ""), config)
    own = own | (own.get("backbone_config") or {})
    traced = like(kind, name)
    side, patch = own.get("image_size"), own.get("patch_size")
    return Tower(
        parts=parts,
        traced=traced,
        width=own.get("hidden_size"),
        patches=(side // patch) ** 2 if side and patch else traced["patches"],
        tokens=own.get("max_position_embeddings") or traced["tokens"],
    )


def _uses(request: Work, names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    key = request.kind if isinstance(request, EmbedRequest) else request.task
    stages = ((stage, tuple(n for n in wanted if n in names)) for stage, wanted in STAGES[key])
    return {stage: wanted for stage, wanted in stages if wanted}


def _relief(
    found: Mapping[str, Tower], uses: Mapping[str, tuple[str, ...]], request: Work
) -> dict[str, dict[str, dict[str, int]]]:
    """Of working through less at once, where there is more than one piece of work."""
    switch = {EmbedRequest: "small_batch", UpscaleRequest: "small_tile"}.get(type(request))
    if switch is None:
        return {}
    return {switch: {stage: _most(found, names, request, switch) for stage, names in uses.items()}}


def _most(
    found: Mapping[str, Tower], names: tuple[str, ...], request: Work, *switches: str
) -> dict[str, int]:
    """The most that any of them takes; they compute one after another."""
    each = [_activations(found, name, request, switches) for name in names]
    shared = [dtype for dtype in DTYPES if all(dtype in one for one in each)]
    return {dtype: max(one[dtype] for one in each) for dtype in shared}


def _worked(found: Mapping[str, Tower], names: tuple[str, ...], request: Work) -> float:
    """Operations for every item of the request; none known where a picture's size is not."""
    if isinstance(request, UpscaleRequest):
        return 0.0
    each = (
        work(found[n].traced, _each(found[n], request, (), _patches(found)), found[n].width)
        for n in names
    )
    return request.count * sum(each)


def _activations(
    found: Mapping[str, Tower], name: str, request: Work, switches: tuple[str, ...]
) -> dict[str, int]:
    tower = found[name]
    positions = batch(request, switches) * _each(tower, request, switches, _patches(found))
    return activations(tower.traced, positions, tower.width)


def _each(tower: Tower, request: Work, switches: tuple[str, ...], patches: int) -> int:
    """What one item is worth, in the tower's unit."""
    tokens = request.tokens if isinstance(request, EmbedRequest | CaptionRequest) else tower.tokens
    match tower.traced["unit"]:
        case "patches":
            return tower.patches
        case "tokens":
            return min(tokens, tower.tokens)
        case "context":  # a caption looks at its picture and at its own words
            return patches + tokens
        case "pixels" if isinstance(request, RemoveRequest):
            return request.width * request.height
        case "pixels" if isinstance(request, UpscaleRequest):
            return tile(request, switches) ** 2
    return 1


def _patches(found: Mapping[str, Tower]) -> int:
    """Positions of a picture, as its tower makes them."""
    return max((t.patches for t in found.values() if t.traced["unit"] == "patches"), default=1)
