"""Requests as people make them, to ask what a model needs before anybody asked it anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from aura.catalog.models import Model
from aura.memory.towers import reads
from aura.requests import EmbedRequest, GenerateRequest, RemoveRequest, UpscaleRequest, Work

WORK: TypeAdapter[Work] = TypeAdapter(Work)
BATCH = {"text": 128, "picture": 32, "sound": 16}  # embedded at once, if nothing else is said
FIELDS: Mapping[str, Mapping[str, Any]] = {
    "generate": {"prompt": "-", "prompts": ("-",), "negatives": ("",)},
    "remove": {"picture": "-", "mask": "-"},
    "caption": {"pictures": ("-",)},
    "segment": {"picture": "-", "prompt": "-"},
    "upscale": {"pictures": ("-",)},
    "detect": {"pictures": ("-",), "things": "face"},
}


def example(model: Model) -> Work:
    """A request as the tab would make it from the model's defaults."""
    fields = _embedded(model) if model.task == "embed" else dict(FIELDS[model.task])
    if model.task in ("generate", "remove"):
        side = max(64, int(model.area**0.5) // model.multiple * model.multiple)
        fields |= {"width": side, "height": side, "seed": 0}
        fields |= {"steps": model.defaults.steps, "guidance": model.defaults.guidance}
    return WORK.validate_python({"task": model.task, "model": model.id, **fields})


def smaller(request: Work) -> Iterator[tuple[str, Work]]:
    """The same work in less memory, as far as its task has such a thing, and what was done."""
    for part in (2, 4):
        if isinstance(request, GenerateRequest | RemoveRequest):
            sides = {"width": request.width, "height": request.height}
            less = {name: max(64, side // part // 16 * 16) for name, side in sides.items()}
            yield "smaller_picture", request.model_copy(update=less)
        elif isinstance(request, EmbedRequest):
            less = {"batch": max(1, request.batch // part**3)}
            yield "smaller_batch", request.model_copy(update=less)
        elif isinstance(request, UpscaleRequest):
            less = {"tile": max(64, request.tile // part)}
            yield "smaller_tile", request.model_copy(update=less)


def _embedded(model: Model) -> dict[str, Any]:
    kind = next(iter(reads(model.id)), "text")
    return {f"{kind}s": ("-",) * BATCH[kind], "batch": BATCH[kind]}
