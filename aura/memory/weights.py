"""Bytes of weights, read from safetensors headers or counted from a configuration.

A header is the first few kilobytes of a file; nothing is loaded.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aura.catalog import headers
from aura.catalog.recognise import denoiser_of, precision
from aura.errors import AuraError, ModelDamaged
from aura.memory.footprint import Component

Shapes = Mapping[str, tuple[int, ...]]

HEADER_MAX = 100 * 2**20  # as the format itself bounds it
PLAIN = {"fp32": 4.0, "fp16": 2.0, "bf16": 2.0}  # bytes of a parameter
# Bytes of a parameter of a linear layer; every other parameter stays in two bytes. The
# fractions are the scales: NF4 keeps 4 bytes for 64, GGUF 2 bytes for 32 (Q8_0) and
# about an eighth of a byte for each (Q4_K).
STORED = {"fp8": 1.0, "int8": 1.0, "nf4": 0.5625, "gguf_q8": 1.0625, "gguf_q4": 0.5625}
BLOCK = re.compile(r"([a-z_]+\.\d+)\.")  # as group offload cuts: lists right below the model

HEADS = ("predictions.decoder.weight", "lm_head.weight")  # tied to the table of words


@dataclass(frozen=True)
class Parts:
    """Numbers of parameters: of all; of linear layers that may be stored smaller; of those
    kept ``wide`` (4 bytes where fp16 is asked, never stored smaller: T5's ``wo`` overflows);
    of the largest layer and block, and of what lies outside the ``blocks`` blocks."""

    parameters: int
    linear: int
    wide: int
    leaf: int
    block: int
    outside: int
    blocks: int

    def as_dict(self) -> dict[str, int]:
        return asdict(self)

    def bytes(self, formats: tuple[str, ...]) -> dict[str, int]:
        """Bytes in each of ``formats``."""
        return {name: self._in(name) for name in formats}

    def _in(self, name: str) -> int:
        if name == "fp16":
            return self.parameters * 2 + self.wide * 2
        if name in PLAIN:
            return int(self.parameters * PLAIN[name])
        return int(self.linear * STORED[name] + (self.parameters - self.linear) * 2)


def component(
    name: str, parts: Parts, formats: tuple[str, ...], stored: Mapping[str, int] | None = None
) -> Component:
    """A component of these parts that may be kept in any of ``formats``.

    ``stored``: form → bytes of one that is in that form already, whatever it computes in.
    """
    kept = next(iter(stored.values()), 0) if stored else 0
    plain = {name: kept for name in formats if name in PLAIN}
    return Component(
        name=name,
        weights=plain | dict(stored) if stored else parts.bytes(formats),
        blocks=max(1, parts.blocks),
        block=parts.block * 2,
        outside=parts.outside * 2,
        leaf=parts.leaf * 2,
    )


def divided(shapes: Shapes) -> Parts:
    """Parts of a model, told by the names and shapes of its tensors."""
    layers: dict[str, int] = defaultdict(int)
    blocks: dict[str, int] = defaultdict(int)
    linear = wide = outside = 0
    for name, shape in _untied(shapes).items():
        count = math.prod(shape)
        layers[name.rpartition(".")[0]] += count
        if name.endswith(".wo.weight"):
            wide += count
        elif _is_linear(name, shape):
            linear += count
        block = BLOCK.match(name)
        if block:
            blocks[block[1]] += count
        else:
            outside += count
    total = sum(layers.values())
    leaf, block_size = max(layers.values(), default=0), max(blocks.values(), default=0)
    return Parts(total, linear, wide, leaf, block_size, outside, len(blocks))


def _untied(shapes: Shapes) -> Shapes:
    """Without the copies some files hold of a table that is one in memory."""
    tables = ("embeddings.weight", "embed_tokens.weight")
    embedded = {shape for name, shape in shapes.items() if name.endswith(tables)}
    shared = "shared.weight" in shapes
    return {
        name: shape
        for name, shape in shapes.items()
        if not (name.endswith(HEADS) and shape in embedded)
        and not (name.endswith("embed_tokens.weight") and shared)
    }


def _is_linear(name: str, shape: tuple[int, ...]) -> bool:
    embeds = "embed_tokens" in name or "embeddings" in name or name.startswith("shared.")
    return len(shape) == 2 and name.endswith("weight") and not embeds


def towers(shapes: Shapes, names: tuple[str, ...]) -> dict[str, Parts]:
    """Parts of each tower of a model; what carries no tower's name belongs to the last."""
    own: dict[str, dict[str, tuple[int, ...]]] = {name: {} for name in names}
    for key, shape in shapes.items():
        name = next((name for name in names if f".{name}." in f".{key}"), names[-1])
        own[name][key.rpartition(f"{name}.")[2]] = shape
    return {name: divided(inner) for name, inner in own.items()}


def read(folder: Path) -> Parts:
    """Parts of the component whose safetensors files lie in ``folder``. Raises ModelDamaged."""
    return divided(folder_shapes(folder))


# What a checkpoint in one file calls each component.
SINGLE = {
    "unet": ("model.diffusion_model.",),
    "vae": ("first_stage_model.",),
    "text_encoder": ("cond_stage_model.transformer.", "conditioner.embedders.0.transformer."),
    "text_encoder_2": ("conditioner.embedders.1.model.",),
}


def read_denoiser(file: Path) -> tuple[Parts, dict[str, int]]:
    """Parts of a transformer in a file of its own, and its bytes in the form it is stored in.

    No bytes for plain numbers, which may be loaded in any form. Raises ModelDamaged.
    """
    try:
        header = headers.read(file)
    except AuraError as broken:
        raise ModelDamaged(model=file.stem, path=str(file)) from broken
    tensors = denoiser_of(header.tensors)
    parts, kept = divided({name: one.shape for name, one in tensors.items()}), precision(header)
    if header.format == "gguf":
        wide = kept in ("Q8_0", "F16", "BF16", "F32")
        return parts, {"gguf_q8" if wide else "gguf_q4": file.stat().st_size}
    return parts, parts.bytes(("fp8",)) if kept == "fp8" else {}


STAGES = re.compile(r"(input|output)_blocks\.(\d+)\.")


def read_single(file: Path, name: str, config: Mapping[str, Any]) -> Parts:
    """Parts of the component ``name`` in a checkpoint of one file. Raises ModelDamaged."""
    each = int(config.get("layers_per_block") or 2) + 1  # entries of a block, in its numbering
    own = {
        _diffusers(key.removeprefix(prefix), each): shape
        for key, shape in tensor_shapes(file).items()
        for prefix in SINGLE[name]
        if key.startswith(prefix)
    }
    if not own:
        raise ModelDamaged(model=file.stem, path=str(file))
    return divided(own)


def _diffusers(key: str, each: int) -> str:
    """The name of a layer with the block it loads into: what is streamed goes by those."""
    stage = STAGES.match(key)
    if stage is None or (stage[1] == "input" and stage[2] == "0"):
        return key.replace(".", "_", 1)  # a layer of its own, in no block
    number = int(stage[2])
    down = stage[1] == "input"
    block = f"down_blocks.{(number - 1) // each}" if down else f"up_blocks.{number // each}"
    return f"{block}.{number}.{key[stage.end() :]}"


def folder_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Name → shape of every tensor of the component in ``folder``. Raises ModelDamaged."""
    shapes: dict[str, tuple[int, ...]] = {}
    for path in _files(folder):
        shapes.update(tensor_shapes(path))
    return shapes


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Name → shape, from the header of one safetensors file. Raises ModelDamaged."""
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > HEADER_MAX:
                raise ValueError("header too long")
            header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        return {name: tuple(int(n) for n in entry["shape"]) for name, entry in header.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as broken:
        raise ModelDamaged(model=path.parent.parent.name, path=str(path)) from broken


def _files(folder: Path) -> tuple[Path, ...]:
    """Each tensor once: twins in half precision are left out where the full ones are there."""
    files = sorted(folder.glob("*.safetensors"))
    full = [path for path in files if ".fp16" not in path.name]
    return tuple(full or files)
