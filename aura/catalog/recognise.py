"""What a file of weights is, told by its header: its kind, the models it is for, its precision.

Every program names the tensors of a model in one of a few ways, and their shapes tell the
models apart. What no header can tell is not guessed: SDXL-Turbo has the tensors of SDXL.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from aura.catalog import adapters, headers
from aura.catalog.headers import Header, Tensor
from aura.catalog.triggers import triggers
from aura.requests import Plain

Kind = Literal[
    "checkpoint",  # everything that drawing takes, in one file
    "denoiser",  # the UNet or the transformer alone
    "vae",
    "text_encoder",
    "lora",
    "embedding",
    "controlnet",
    "upscaler",
    "unknown",
]

Tensors = Mapping[str, Tensor]
T = TypeVar("T")

SD, XL, FLUX = "stable_diffusion", "stable_diffusion_xl", "flux"


class Known(NamedTuple):
    """``model`` is a name as people use it; ``families`` are those of Aura that it fits."""

    model: str = ""
    families: tuple[str, ...] = ()


class WeightFile(Plain):
    """One file. ``precision`` is as people call it: fp16, fp8, nf4, or a type of GGUF.

    ``triggers`` are the words a LoRA answers to, as far as it says.
    """

    path: str
    kind: Kind
    model: str = ""
    families: tuple[str, ...] = ()
    precision: str
    bytes: int
    triggers: tuple[str, ...] = ()


# Eight bits with scales beside them, which nothing here multiplies in.
SCALED = ("scaled_fp8", ".scale_weight", ".weight_scale", ".comfy_quant")


def recognise(path: Path) -> WeightFile:
    """Raises BadWeights, and PickleRefused for formats that can run code."""
    header = headers.read(path)
    if any(name.endswith(SCALED) for name in header.tensors):
        raise headers.bad(path.name, "scaled")
    kind, known = judge(header)
    return WeightFile(
        path=str(path),
        kind=kind,
        model=known.model,
        families=known.families,
        precision=precision(header),
        bytes=path.stat().st_size,
        triggers=triggers(header.words) if kind == "lora" else (),
    )


def judge(header: Header) -> tuple[Kind, Known]:
    """The kind of a file, and what it belongs to as far as that can be told."""
    tensors = header.tensors
    if adapters.is_lora(tensors):
        return "lora", Known(*adapters.base(tensors, header.words))
    if any("control_model." in name or "controlnet_" in name for name in tensors):
        return "controlnet", Known()
    inner = denoiser_of(tensors)
    drawn = _flux(inner) or _unet(inner)
    if drawn:
        return ("checkpoint" if _has_the_rest(tensors) else "denoiser"), drawn
    for kind, told in PARTS:
        known = told(tensors)
        if known:
            return kind, known
    return "unknown", Known()


# --- what draws

PREFIXES = ("model.diffusion_model.", "diffusion_model.")


def denoiser_of(tensors: Tensors) -> Tensors:
    """The tensors of the UNet or transformer, without the prefix a checkpoint gives them."""
    for prefix in PREFIXES:
        inner = {
            name.removeprefix(prefix): tensor
            for name, tensor in tensors.items()
            if name.startswith(prefix)
        }
        if inner:
            return inner
    return tensors


def _has_the_rest(tensors: Tensors) -> bool:
    """Does it bring its VAE, and so its text encoders?"""
    return any(name.startswith(("first_stage_model.", "vae.")) for name in tensors)


CONTEXTS = {
    768: Known("SD 1.5", (SD,)),
    1024: Known("SD 2", (SD,)),
    2048: Known("SDXL", (XL,)),
    1280: Known("SDXL refiner", (XL,)),
}
INPUTS = {4: "", 9: " inpainting", 8: " edit", 5: " depth"}  # channels of the first layer


def _unet(tensors: Tensors) -> Known | None:
    """By the width of the words it attends to, and by what it is given beside the noise."""
    first = tensors.get("input_blocks.0.0.weight") or tensors.get("conv_in.weight")
    words = _side(tensors, r"attn2\.to_k\.weight$", -1)
    if first is None or words not in CONTEXTS or len(first.shape) != 4:
        return None
    known = CONTEXTS[words]
    return known._replace(model=known.model + INPUTS.get(first.shape[1], ""))


FLUX_SIGNS = (  # of the file Black Forest Labs gives out, and of diffusers
    ("double_blocks.0.", "single_blocks.0.", "vector_in.in_layer."),
    ("transformer_blocks.0.", "single_transformer_blocks.0.", "time_text_embed.text_embedder."),
)
GUIDED = ("guidance_in.", "time_text_embed.guidance_embedder.")  # schnell has none
FLUX_INPUTS = {384: "Fill", 128: "Control"}


def _flux(tensors: Tensors) -> Known | None:
    if not any(all(_begins(tensors, sign) for sign in signs) for signs in FLUX_SIGNS):
        return None
    given = _side(tensors, r"^(img_in|x_embedder)\.weight$", 1)
    named = FLUX_INPUTS.get(given or 0)
    guided = any(_begins(tensors, sign) for sign in GUIDED)
    return Known(f"FLUX.1 {named or ('dev' if guided else 'schnell')}", (FLUX,))


# --- the parts, each told by one function


# Channels of the latents: those of SD 1.5 and SDXL have the same shape.
VAES = {4: Known("SD 1.5, SD 2, SDXL", (SD, XL)), 16: Known("FLUX.1, SD 3", (FLUX,))}
TINY = {4: Known("TAESD", (SD, XL)), 16: Known("TAEF1", (FLUX,))}


def _vae(tensors: Tensors) -> Known | None:
    channels = _side(tensors, r"^(vae\.|first_stage_model\.)?decoder\.conv_in\.weight$", 1)
    tiny = r"^(decoder\.layers\.0|1)\.weight$"
    if _side(tensors, tiny, 0) == 64:
        return TINY.get(_side(tensors, tiny, 1) or 0)
    return VAES.get(channels or 0)


CLIPS = {
    768: Known("CLIP-L", (SD, XL, FLUX)),
    1024: Known("OpenCLIP-H", (SD,)),
    1280: Known("OpenCLIP-bigG", (XL,)),
}


def _text_encoder(tensors: Tensors) -> Known | None:
    if _begins(tensors, "encoder.block.0.layer.0.SelfAttention") or _begins(tensors, "enc.blk.0."):
        wide = _side(tensors, r"^(shared|token_embd|encoder\.embed_tokens)\.weight$", -1)
        return Known("T5-XXL", (FLUX,)) if wide == 4096 else Known("T5")
    width = _side(tensors, r"^(text_model|transformer)\..*token_embedding\.weight$", -1)
    pictures = _begins(tensors, "vision_model.") or _begins(tensors, "visual.")
    return CLIPS.get(width or 0) if not pictures else None


WORDS_MAX = 256  # of one embedding


def _embedding(tensors: Tensors) -> Known | None:
    """A few made-up words, each a row as wide as the text encoder's."""
    few = 0 < len(tensors) <= 2
    if not few or not all(_is_row(tensor) for tensor in tensors.values()):
        return None
    if set(tensors) == {"clip_l", "clip_g"}:
        return CONTEXTS[2048]
    (first, *others) = tensors.values()
    return CONTEXTS.get(first.shape[-1]) if not others else None


def _is_row(tensor: Tensor) -> bool:
    return len(tensor.shape) == 1 or (len(tensor.shape) == 2 and tensor.shape[0] <= WORDS_MAX)


def _upscaler(tensors: Tensors) -> Known | None:
    own = bare(tensors)
    if any(re.match(r"(body|RRDB_trunk|model\.1\.sub)\.0\.rdb1\.", n, re.IGNORECASE) for n in own):
        return Known("ESRGAN", ("esrgan",))
    if _side(own, r"^body\.0\.weight$", 1) == 3 and len(own["body.0.weight"].shape) == 4:
        return Known("Real-ESRGAN compact", ("esrgan",))
    if "conv_first.weight" in own and _begins(own, "layers.0.residual_group."):
        return Known("SwinIR")
    return None


def bare(tensors: Mapping[str, T]) -> dict[str, T]:
    """By the names of an upscaler's layers, without what its training put before them."""
    return {
        name.removeprefix("params_ema.").removeprefix("params."): t for name, t in tensors.items()
    }


PARTS: tuple[tuple[Kind, Callable[[Tensors], Known | None]], ...] = (
    ("upscaler", _upscaler),
    ("vae", _vae),
    ("text_encoder", _text_encoder),
    ("embedding", _embedding),
)


# --- how its numbers are stored

PRECISIONS = {
    "F32": "fp32", "F16": "fp16", "BF16": "bf16", "F64": "fp64", "I8": "int8", "U8": "uint8",
    "F8_E4M3": "fp8", "F8_E5M2": "fp8", "F8_E4M3FNUZ": "fp8", "F8_E5M2FNUZ": "fp8", "F4": "fp4",
}  # fmt: skip
PACKED = re.compile(r"\.quant_state\.bitsandbytes__(nf4|fp4)$")


def precision(header: Header) -> str:
    """That of most parameters; of packed ones, what a file says of how they are packed."""
    packed = next((match[1] for name in header.tensors if (match := PACKED.search(name))), None)
    if packed:
        return packed
    counts: Counter[str] = Counter()
    for tensor in header.tensors.values():
        counts[tensor.type] += tensor.count
    most = max(counts, key=lambda kind: counts[kind], default="")
    return most if header.format == "gguf" else PRECISIONS.get(most, most.lower())


# --- looking at names


def _begins(tensors: Tensors, prefix: str) -> bool:
    return any(name.startswith(prefix) for name in tensors)


def _side(tensors: Tensors, pattern: str, axis: int) -> int | None:
    """A side of the first tensor whose name matches; None where there is no such side."""
    for name, tensor in tensors.items():
        if re.search(pattern, name):
            fits = -len(tensor.shape) <= axis < len(tensor.shape)
            return tensor.shape[axis] if fits else None
    return None
