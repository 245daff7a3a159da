"""LoRAs: how they are recognised in the ways they are written, and for which model.

kohya's tools write ``lora_unet_…_attn2_to_k.lora_down.weight``, diffusers and peft
``unet.….attn2.to_k.lora_A.weight``, older diffusers ``….to_k_lora.down.weight``; LoHa and
LoKr have names of their own. All are small matrices beside the layers they change, and the
width of what such a layer reads tells the model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from aura.catalog.headers import Tensor

Tensors = Mapping[str, Tensor]
Base = tuple[str, tuple[str, ...]]  # a name as people use it, the families it fits

SD1: Base = ("SD 1.5", ("stable_diffusion",))
SD2: Base = ("SD 2", ("stable_diffusion",))
XL: Base = ("SDXL", ("stable_diffusion_xl",))
FLUX: Base = ("FLUX.1", ("flux",))
UNKNOWN: Base = ("", ())

SIGN = re.compile(r"(lora_down|lora_up|lora_A|lora_B|lora\d?\.(down|up)|hada_w1|lokr_w1)")
# The half of a pair whose last side is as wide as what the layer reads.
READS = re.compile(r"(lora_down|lora_A|lora\d?\.down|hada_w1_b)(\.weight)?$")
CROSS = re.compile(r"attn2[._](processor[._])?to_[kv]")
DEEP = re.compile(r"transformer_blocks[._][1-9]")  # SD has one block a layer, SDXL up to ten
SINGLE = re.compile(r"(double_blocks|single_blocks|single_transformer_blocks)[._]\d")
JOINT = re.compile(r"transformer_blocks[._]\d+[._]attn[._]to_[qkv]")
OTHERS = re.compile(r"transformer_blocks[._](19|[2-9]\d)[._]")  # FLUX.1 has 19 such blocks
ENCODER = re.compile(r"text_(model|encoder).*(q|k|v|out)_proj")
WIDTHS = {768: SD1, 1024: SD2, 2048: XL}
FLUX_WIDTH = 3072

# What trainers write of the model, where nothing else tells.
SAID = (
    (re.compile("flux", re.IGNORECASE), FLUX),
    (re.compile("sdxl|stable-diffusion-xl", re.IGNORECASE), XL),
    (re.compile("sd_?v?2|stable-diffusion-v2", re.IGNORECASE), SD2),
    (re.compile("sd_?v?1|stable-diffusion-v1", re.IGNORECASE), SD1),
)
SAYING = ("modelspec.architecture", "ss_base_model_version")


def is_lora(tensors: Tensors) -> bool:
    return any(SIGN.search(name) for name in tensors)


def base(tensors: Tensors, words: Mapping[str, str]) -> Base:
    """The model it was trained for, by its shapes before what its trainer wrote."""
    if any(SINGLE.search(name) for name in tensors):
        return FLUX
    if any(OTHERS.search(name) for name in tensors):
        return UNKNOWN
    if FLUX_WIDTH in _read(tensors, JOINT):
        return FLUX
    if any(name.startswith(("lora_te2_", "text_encoder_2.")) for name in tensors):
        return XL
    for width in _read(tensors, CROSS):
        if width in WIDTHS:
            return WIDTHS[width]
    if any(DEEP.search(name) and "text" not in name for name in tensors):
        return XL
    return _said(words) or next(_by_encoder(tensors), UNKNOWN)


def _read(tensors: Tensors, layer: re.Pattern[str]) -> Iterator[int]:
    """Widths of what the layers of that name read."""
    for name, tensor in tensors.items():
        if layer.search(name) and READS.search(name) and len(tensor.shape) >= 2:
            yield tensor.shape[1]


def _by_encoder(tensors: Tensors) -> Iterator[Base]:
    """One that changes the text encoder alone."""
    if any(name.startswith("lora_te1_") for name in tensors):
        yield XL
    for width in _read(tensors, ENCODER):
        if width in (768, 1024):
            yield WIDTHS[width]


def _said(words: Mapping[str, str]) -> Base | None:
    told = " ".join(words.get(key, "") for key in SAYING)
    return next((known for pattern, known in SAID if pattern.search(told)), None)
