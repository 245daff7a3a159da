"""The footprint of a diffusion pipeline, from its folder or as it was published.

Nothing is loaded: a folder tells by its configurations and the headers of its files, a
model that is not on this disk by what was traced of its published configuration.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aura.errors import ModelDamaged
from aura.memory.activations import (
    TILE,
    Entry,
    activations,
    entry,
    guided,
    like,
    width,
    work,
)
from aura.memory.footprint import Component, Footprint
from aura.memory.published import DTYPES, published
from aura.memory.weights import PLAIN, Parts, component, read, read_denoiser, read_single
from aura.requests import GenerateRequest, RemoveRequest

Drawing = GenerateRequest | RemoveRequest
DENOISERS = ("unet", "transformer")
TOKENS = 2**16  # more than any encoder is given
ENCODERS = (
    "text_encoder",
    "text_encoder_2",
    "text_encoder_3",
    "image_prompt_encoder",
    "postfuse_module",
)
# Storage forms that each class can be loaded in; nothing else ever is.
STORED: Mapping[str, tuple[str, ...]] = {
    "UNet2DConditionModel": ("fp8", "int8"),
    "FluxTransformer2DModel": ("fp8", "int8", "nf4", "gguf_q8", "gguf_q4"),
    "Flux2Transformer2DModel": ("fp8", "int8", "nf4", "gguf_q8", "gguf_q4"),
    "ZImageTransformer2DModel": ("fp8", "int8", "nf4", "gguf_q8", "gguf_q4"),
    "SanaTransformer2DModel": ("fp8", "int8", "nf4"),
    "T5EncoderModel": ("fp8", "int8", "nf4"),
    "Qwen3Model": ("fp8", "int8", "nf4"),
    "Qwen3ForCausalLM": ("fp8", "int8", "nf4"),
    "Gemma2Model": ("fp8", "int8", "nf4"),
}
# One is told its guidance, the other computes its two passes in turn.
SINGLY = ("FluxTransformer2DModel", "Flux2Transformer2DModel")


@dataclass(frozen=True)
class Piece:
    """One component, wherever it was read. ``shrink``: pixels a side per latent pixel."""

    name: str
    parts: Parts
    traced: Entry
    width: int | None = None
    tokens: int = 77
    tile: int = TILE
    shrink: int = 8
    guided: bool = True  # False: guidance goes into the model, not into a second pass
    stored: Mapping[str, int] = field(default_factory=dict)  # form it is in already → bytes


def pipeline_footprint(
    model: str,
    folder: Path,
    request: Drawing,
    rungs: tuple[str, ...],
    dtypes: tuple[str, ...] = DTYPES,
    lender: str | None = None,
) -> Footprint:
    """Of a folder in the diffusers layout, or of one file. Raises ModelDamaged.

    ``lender`` is the folder with what a single file lacks.

    ``rungs`` and ``dtypes`` are those the family can carry out.
    """
    file = folder if lender else None
    folder = Path(lender) if lender else folder
    index = _json(folder / "model_index.json", model)
    names = [n for n in (*ENCODERS, *DENOISERS, "vae") if n in index and index[n][0] is not None]
    pieces = {name: _of_folder(name, folder, model, index[name][1], file) for name in names}
    return _assembled(model, pieces, request, rungs, dtypes)


def published_footprint(
    model: str,
    request: Drawing,
    rungs: tuple[str, ...],
    dtypes: tuple[str, ...] = DTYPES,
) -> Footprint | None:
    """Of a model by its id in the catalogue; None if it was never traced."""
    names = published().get(model)
    if names is None:
        return None
    pieces = {name: _as_published(name, entry(key)) for name, key in names.items()}
    return _assembled(model, pieces, request, rungs, dtypes)


def _of_folder(name: str, folder: Path, model: str, kind: str, file: Path | None = None) -> Piece:
    config = _json(folder / name / "config.json", model)
    stages = config.get("block_out_channels") or config.get("encoder_block_out_channels") or [0]
    wide = width(config)
    traced = like(kind, config.get("addition_embed_type"), wide)
    parts, stored = _weights(name, folder, config, file)
    return Piece(
        name=name,
        parts=parts,
        stored=stored,
        traced=traced,
        width=wide or None,
        tokens=min(int(config.get("max_position_embeddings") or TOKENS), traced["tokens"]),
        tile=min(TILE, int(config.get("sample_size") or TILE)),
        shrink=2 ** (len(stages) - 1),
        guided=guided(config),
    )


def _weights(
    name: str, folder: Path, config: Mapping[str, Any], file: Path | None
) -> tuple[Parts, Mapping[str, int]]:
    """A file of UNets holds every part, one of transformers that part alone."""
    if file and name == "transformer":
        return read_denoiser(file)
    if file and not (folder / "transformer").is_dir():
        return read_single(file, name, config), {}
    return read(folder / name), {}


def _as_published(name: str, traced: Entry) -> Piece:
    parts = Parts(**traced["weights"])
    shrink = 32 if traced["class"] == "AutoencoderDC" else 8
    return Piece(
        name, parts, traced, tokens=traced["tokens"], shrink=shrink, guided=traced["guided"]
    )


def _assembled(
    model: str,
    pieces: Mapping[str, Piece],
    request: Drawing,
    rungs: tuple[str, ...],
    dtypes: tuple[str, ...],
) -> Footprint:
    if getattr(request, "loras", ()):  # they change weights that a converted core has no more
        rungs = tuple(name for name in rungs if name != "openvino")
    encoders = tuple(name for name in ENCODERS if name in pieces)
    core = next(name for name in DENOISERS if name in pieces)
    twice = pieces[core].guided and pieces[core].traced["class"] not in SINGLY
    batch = 2 if request.guidance > 1 and twice else 1
    read = (*encoders, "vae") if _sees(request) else encoders
    return Footprint(
        model=model,
        components=tuple(_component(piece, rungs, dtypes) for piece in pieces.values()),
        activations={
            "encoding": _encoding(pieces, read, request, batch),
            "denoising": _denoising(pieces, core, request, batch),
            "decoding": _decoding(pieces["vae"], request.width * request.height),
        },
        uses={"encoding": read, "denoising": (core,), "decoding": ("vae",)},
        rungs=rungs,
        relief=_relief(pieces, core, request, batch),
        work={
            "encoding": _read(pieces, read, request, batch),
            "denoising": _stepped(pieces, core, request) * batch,
            "decoding": request.count * _worked(pieces["vae"], request.width * request.height),
        },
        passes=_steps(request) * request.count,
    )


def _sees(request: Drawing) -> bool:
    """Whether the VAE encodes a picture beside the prompt."""
    return isinstance(request, RemoveRequest) or request.start is not None


def _steps(request: Drawing) -> int:
    return request.steps if isinstance(request, RemoveRequest) else request.worked_steps


def _worked(piece: Piece, positions: int, way: str = "") -> float:
    return work(piece.traced, positions, piece.width, way)


def _stepped(pieces: Mapping[str, Piece], core: str, request: Drawing) -> float:
    """Of all steps of all pictures, without guidance."""
    each = _worked(pieces[core], _positions(pieces, core, request))
    return each * _steps(request) * request.count


def _read(
    pieces: Mapping[str, Piece], names: tuple[str, ...], request: Drawing, batch: int
) -> float:
    """Of every encoder for every picture; what was encoded before costs less."""
    total = 0.0
    for piece in (pieces[name] for name in names):
        if piece.name == "vae":
            total += _worked(piece, request.width * request.height, "encode")
        elif piece.traced["unit"] == "tokens":
            total += batch * _worked(piece, piece.tokens)
        else:
            total += _worked(piece, piece.traced["patches"])
    return total * request.count


def _relief(
    pieces: Mapping[str, Piece], core: str, request: Drawing, batch: int
) -> dict[str, dict[str, dict[str, int]]]:
    """Of each switch that helps. Pictures are decoded one by one, so slicing never does."""
    pixels = request.width * request.height
    relief = {
        "vae_tiling": {"decoding": _tiled(pieces["vae"], request)},
        "taesd": {"decoding": activations(entry("taesd"), pixels)},
    }
    if batch > 1:
        relief["cfg_split"] = {"denoising": _denoising(pieces, core, request, 1)}
    if _sees(request):
        encoders = tuple(name for name in ENCODERS if name in pieces)
        spoken = _encoding(pieces, encoders, request, batch)
        tiled = _tiled(pieces["vae"], request, "encode")
        relief["vae_tiling"]["encoding"] = {d: max(spoken[d], size) for d, size in tiled.items()}
    return relief


def _component(piece: Piece, rungs: tuple[str, ...], dtypes: tuple[str, ...]) -> Component:
    stored = tuple(f for f in STORED.get(piece.traced["class"], ()) if f in rungs)
    return component(piece.name, piece.parts, dtypes + stored, piece.stored)


def _encoding(
    pieces: Mapping[str, Piece], names: tuple[str, ...], request: Drawing, batch: int
) -> dict[str, int]:
    """The most that any of them takes; they compute one after another."""
    each = []
    for piece in (pieces[name] for name in names):
        if piece.name == "vae":
            each.append(_decoding(piece, request.width * request.height, "encode"))
        else:
            spoken = piece.traced["unit"] == "tokens"
            work = piece.tokens * batch if spoken else piece.traced["patches"]
            each.append(activations(piece.traced, work, piece.width))
    return {dtype: max(one[dtype] for one in each) for dtype in DTYPES}


def _denoising(
    pieces: Mapping[str, Piece], core: str, request: Drawing, batch: int
) -> dict[str, int]:
    return activations(
        pieces[core].traced, _positions(pieces, core, request) * batch, pieces[core].width
    )


def _positions(pieces: Mapping[str, Piece], core: str, request: Drawing) -> int:
    """Of one picture and its prompt, as the core sees them."""
    piece, shrink = pieces[core], pieces["vae"].shrink
    if piece.traced["unit"] == "tokens":  # four latent pixels each, and those of the prompt
        shrink *= 2
        spoken = max(p.tokens for name, p in pieces.items() if name in ENCODERS)
    else:
        spoken = 0
    return (request.width // shrink) * (request.height // shrink) + spoken


def _decoding(vae: Piece, pixels: int, way: str = "") -> dict[str, int]:
    return activations(vae.traced, pixels, vae.width, way)


def _tiled(vae: Piece, request: Drawing, way: str = "") -> dict[str, int]:
    """One tile's activations, and the whole picture that the tiles make or are cut from."""
    pixels = request.width * request.height
    tile = _decoding(vae, min(pixels, vae.tile**2), way)
    return {dtype: size + int(pixels * 3 * PLAIN[dtype]) for dtype, size in tile.items()}


def _json(path: Path, model: str) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return loaded
    except (OSError, ValueError) as broken:
        raise ModelDamaged(model=model, path=str(path)) from broken
