"""Bytes of activations and amounts of work, drawn through traced forward passes.

Activations are a straight line over the work: latent pixels, picture pixels, tokens or
pictures, times the batch. ``coefficients.json`` holds the line of each published
component; an unknown model of the same architecture is scaled by its width.
``tools/footprints.py`` writes that file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from aura.catalog.upscalers import Upscaler

DATA = Path(__file__).with_name("coefficients.json")
TILE = 512  # pixels a side decoded at once when a decoder works in tiles
FORMS = {"fp32": "full", "fp16": "half", "bf16": "half"}
CHANNELS = 64  # of the upscalers that were traced
Entry = Mapping[str, Any]


@cache
def _data() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return loaded


def entry(name: str) -> Entry:
    """What was traced of the published component ``name``."""
    found: Entry = _data()["components"][name]
    return found


def like(kind: str, variant: str | None = None, wide: int | None = None) -> Entry:
    """A traced component of class ``kind``: of the same variant and of nearly the same width
    where there is one."""
    same = [e for e in _data()["components"].values() if e["class"] == kind]
    if not same:
        raise LookupError(f"no {kind} was ever traced")
    alike = [e for e in same if e["variant"] == variant] or same
    return min(alike, key=lambda e: abs(e["width"] - wide) if wide else 0)


def width(config: Mapping[str, Any]) -> int:
    """Channels of the first stage or of every layer, by a configuration; 0 if it tells none."""
    stages = config.get("block_out_channels") or config.get("encoder_block_out_channels") or [0]
    heads, each = config.get("num_attention_heads"), config.get("attention_head_dim")
    layers = heads * each if isinstance(heads, int) and isinstance(each, int) else 0
    named = (config.get(name) for name in ("hidden_size", "d_model", "dim"))
    return next((wide for wide in (*named, stages[0], layers) if wide), 0)


def guided(config: Mapping[str, Any]) -> bool:
    """Whether guidance is a second pass, and not something the model itself is told."""
    return config.get("time_cond_proj_dim") is None and not config.get("guidance_embeds")


def activations(
    traced: Entry, positions: int, width: int | None = None, way: str = ""
) -> dict[str, int]:
    """Peak bytes per dtype for that much work, for a model ``width`` channels wide.

    ``way`` is another way through it, such as "encode" for an autoencoder. Dtypes that the
    model cannot compute in are left out.
    """
    scale = width / traced["width"] if width and traced["width"] else 1.0
    lines = traced["ways"][way] if way else traced["activations"]
    return {
        dtype: int((lines[form]["each"] * positions + lines[form]["once"]) * scale)
        for dtype, form in FORMS.items()
        if form in lines
    }


def enlarging(known: Upscaler) -> Entry:
    """A network of that kind, from those that were traced.

    It holds the most either where it works at the picture's own size or at the end, where the
    picture has its new one; which of the two depends on its factor.
    """
    if known.network != "RRDBNet":
        return entry("compact")
    wide = max(1.0, known.channels / CHANNELS)
    inside, outside = wide / known.fold**2, wide * (known.factor / 4) ** 2
    lines = {
        form: {
            part: max(
                inside * entry("esrgan_1x")["activations"][form][part],
                outside * entry("realesrgan")["activations"][form][part],
            )
            for part in ("each", "once")
        }
        for form in entry("realesrgan")["activations"]
    }
    return {**entry("realesrgan"), "activations": lines}


def work(traced: Entry, positions: int, width: int | None = None, way: str = "") -> float:
    """Floating operations of one forward pass of one item with that many positions.

    A square of the positions where attention looks from each at each. A network of the same
    kind that is twice as wide does four times the work.
    """
    scale = (width / traced["width"]) ** 2 if width and traced["width"] else 1.0
    curve = traced["ways"][way]["work"] if way else traced["work"]
    flops = (curve["square"] * positions + curve["each"]) * positions + curve["once"]
    return float(max(flops, 0.0) * scale)


def workspace(kind: str, stage: str, traced: int, dtype: str) -> int:
    """What a stage really takes on a device of ``kind``, given its traced activations.

    Kernels ask for working memory that a trace does not see: convolutions by the picture
    and hardly by the dtype, so that the factor is smaller for wide numbers. Its constant
    part shrinks with the work: a tiny model never asks for what a full-size one does.
    """
    table = _data()["overhead"]["cpu" if kind == "cpu" else "cuda"]
    more = table.get(stage, table["denoising"])
    return int(more[FORMS[dtype]] * traced) + min(more["bytes"], 6 * traced)
