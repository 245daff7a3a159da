"""What a picture says of itself: written for every tool to read, and read from any tool.

Aura writes two texts into a PNG: ``parameters``, as other studios write and show it, and
``aura``, the whole record as JSON, from which a picture can be drawn again exactly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL.PngImagePlugin import PngInfo
from pydantic import Field, ValidationError

import aura
from aura.errors import BadMetadata
from aura.library import foreign, images
from aura.library.samplers import NAMES
from aura.passes.order import LANCZOS
from aura.requests import GenerateRequest, Picture, Plain

VERSION = 1  # of the record
FIELDS = ("model", "prompt", "negative", "style", "width", "height", "steps", "guidance")
# What few pictures have: told where it differs from a request without it.
PARTS = ("preset", "loras", "vae", "clip_skip", "start", "larger", "repair", "way")


class Record(Plain):
    """All that is kept with a picture. ``picture`` has every field but ``path``."""

    version: int
    request: GenerateRequest
    index: int = Field(ge=0)
    created: float  # wall clock, seconds since 1970
    versions: dict[str, str]
    picture: dict[str, Any]

    def placed(self, path: Path) -> Picture:
        """The picture as it lies at ``path`` now."""
        return Picture(path=str(path), **self.picture)


def record(
    request: GenerateRequest,
    index: int,
    picture: Mapping[str, Any],
    *,
    created: float,
    versions: Mapping[str, str],
) -> dict[str, Any]:
    """The record of one picture as plain data."""
    kept = Record(
        version=VERSION,
        request=request,
        index=index,
        created=created,
        versions=dict(versions),
        picture=dict(picture),
    )
    return kept.model_dump(mode="json")


def embed(request: GenerateRequest, index: int, record: Mapping[str, Any]) -> PngInfo:
    """The texts of a PNG file."""
    chunks = PngInfo()
    chunks.add_text("parameters", parameters_text(request, index))
    chunks.add_text("aura", json.dumps(record))  # ASCII, so that any reader can take it
    return chunks


def parameters_text(request: GenerateRequest, index: int) -> str:
    """Picture ``index`` in the form that A1111 made common."""
    sampler, schedule = NAMES[request.scheduler]
    settings = {
        "Steps": request.steps,
        "Sampler": sampler,
        "Schedule type": schedule,
        "CFG scale": f"{request.guidance:.12g}",
        "Seed": request.seed_of(index),
        "Size": f"{request.width}x{request.height}",
        "Model": request.model,
        **({"VAE": request.vae} if request.vae else {}),
        **({"Clip skip": request.clip_skip + 1} if request.clip_skip else {}),
        **_hires(request),
        "Version": f"Aura {aura.__version__}",
    }
    spoken = "".join(f" <lora:{one.id}:{one.weight:.12g}>" for one in request.loras)
    lines = [request.prompts[index] + spoken]
    if request.negatives[index]:
        lines.append(f"Negative prompt: {request.negatives[index]}")
    lines.append(", ".join(f"{name}: {value}" for name, value in settings.items()))
    return "\n".join(lines)


def _hires(request: GenerateRequest) -> dict[str, Any]:
    """The second pass, or image to image, by the names that A1111 gave their parts."""
    larger, start = request.larger, request.start
    if larger is None:
        return {"Denoising strength": f"{start.strength:.12g}"} if start else {}
    steps = {"Hires steps": request.redrawn_steps} if larger.strength else {}
    return {
        "Denoising strength": f"{larger.strength:.12g}",
        "Hires upscale": f"{larger.width / request.width:.4g}",
        **steps,
        "Hires upscaler": "Lanczos" if larger.upscaler == LANCZOS else larger.upscaler,
    }


def read_record(path: Path) -> Record:
    """Aura's own record of a picture. Raises BadImage, BadMetadata."""
    return _record(path, images.open_header(path, path.name))


def read_settings(path: Path) -> dict[str, Any]:
    """Keywords for ``compose`` that draw this picture again, as far as it tells them.

    Reads Aura's record, A1111's parameters and Fooocus' JSON, in PNG texts or in the EXIF of
    JPEG and WebP. Raises BadImage, BadMetadata.
    """
    header = images.open_header(path, path.name)
    try:
        return _settings(_record(path, header))
    except BadMetadata:
        found = foreign.read(header)
    if not found:
        raise BadMetadata(name=path.name)
    return found


def _settings(kept: Record) -> dict[str, Any]:
    request = kept.request.part(kept.index)
    return {
        **{field: getattr(request, field) for field in FIELDS},
        **{field: getattr(request, field) for field in PARTS if _told(request, field)},
        "scheduler": request.scheduler,
        "seed": request.seed,
        "count": 1,
    }


def _told(request: GenerateRequest, field: str) -> bool:
    return bool(getattr(request, field) != GenerateRequest.model_fields[field].default)


def _record(path: Path, header: images.Header) -> Record:
    text = header.texts.get("aura", "")
    try:
        kept = Record.model_validate(json.loads(text))
        kept.placed(path)
        kept.request.prompts[kept.index]
    except (ValueError, ValidationError, TypeError, IndexError, RecursionError):
        raise BadMetadata(name=path.name) from None
    return kept
