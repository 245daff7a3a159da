"""Checkpoints in one file, named as their first trainers named them, from diffusers folders.

The inverse of what diffusers does on loading, for the shapes that tests use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

Tensors = dict[str, torch.Tensor]

RESNET = (
    ("norm1", "in_layers.0"),
    ("conv1", "in_layers.2"),
    ("time_emb_proj", "emb_layers.1"),
    ("norm2", "out_layers.0"),
    ("conv2", "out_layers.3"),
    ("conv_shortcut", "skip_connection"),
)
UNET = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
}
OPEN_CLIP = (
    ("layer_norm1", "ln_1"),
    ("layer_norm2", "ln_2"),
    ("mlp.fc1", "mlp.c_fc"),
    ("mlp.fc2", "mlp.c_proj"),
    ("self_attn.out_proj", "attn.out_proj"),
)


def single_file(folder: Path, path: Path) -> Path:
    """The weights of the pipeline in ``folder``, in one file."""
    xl = (folder / "text_encoder_2").is_dir()
    text = "conditioner.embedders.0.transformer." if xl else "cond_stage_model.transformer."
    parts = {
        "model.diffusion_model.": dict(_unet(folder / "unet")),
        "first_stage_model.": dict(_vae(folder / "vae")),
        text + "text_model.": _clip(folder / "text_encoder"),
    }
    if xl:
        second = _open_clip(folder / "text_encoder_2")
        parts["conditioner.embedders.1.model."] = second
    told = {prefix + name: tensor for prefix, own in parts.items() for name, tensor in own.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous().clone() for name, tensor in told.items()}, path)
    return path


def _read(part: Path) -> tuple[Tensors, dict]:
    (file,) = part.glob("*.safetensors")
    return load_file(file), json.loads((part / "config.json").read_text())


def _unet(part: Path) -> Iterator[tuple[str, torch.Tensor]]:
    tensors, config = _read(part)
    each = config["layers_per_block"] + 1
    attended = {"down": _attended(config, "down"), "up": _attended(config, "up")}
    for name, tensor in tensors.items():
        yield _unet_name(name, each, attended), tensor


def _attended(config: dict, way: str) -> list[bool]:
    return ["Attn" in kind for kind in config[f"{way}_block_types"]]


def _unet_name(name: str, each: int, attended: dict[str, list[bool]]) -> str:
    match = re.match(r"(down|up)_blocks\.(\d+)\.(\w+?)\.(\d+)\.(?:conv\.)?(.*)", name)
    if match is None:
        begin = next(begin for begin in UNET if name.startswith(f"{begin}."))
        return UNET[begin] + _inside(name.removeprefix(begin))
    way, block, kind, index, rest = match[1], int(match[2]), match[3], int(match[4]), match[5]
    if kind == "downsamplers":
        return f"input_blocks.{(block + 1) * each}.0.op.{rest}"
    if kind == "upsamplers":
        place = 2 if attended["up"][block] else 1
        return f"output_blocks.{(block + 1) * each - 1}.{place}.conv.{rest}"
    number = block * each + index + (1 if way == "down" else 0)
    put = "input" if way == "down" else "output"
    return f"{put}_blocks.{number}.{int(kind == 'attentions')}" + _inside(f".{rest}")


def _inside(rest: str) -> str:
    for ours, theirs in RESNET:
        if rest.startswith(f".{ours}."):
            return rest.replace(ours, theirs, 1)
    return rest


def _vae(part: Path) -> Iterator[tuple[str, torch.Tensor]]:
    tensors, config = _read(part)
    last = len(config["block_out_channels"]) - 1
    for name, tensor in tensors.items():
        attends = ".attentions.0." in name
        told = re.sub(r"up_blocks\.(\d)", lambda m: f"up.{last - int(m[1])}", name)
        told = told.replace("down_blocks.", "down.").replace("mid_block.", "mid.")
        told = told.replace("mid.resnets.0", "mid.block_1").replace("mid.resnets.1", "mid.block_2")
        told = told.replace("resnets.", "block.").replace("conv_shortcut", "nin_shortcut")
        told = told.replace("downsamplers.0", "downsample").replace("upsamplers.0", "upsample")
        told = told.replace("conv_norm_out", "norm_out").replace("attentions.0", "attn_1")
        if attends:
            told = told.replace("group_norm", "norm").replace("to_out.0", "proj_out")
            told = re.sub(r"to_([qkv])\.", r"\1.", told)
            tensor = tensor[..., None, None] if tensor.ndim == 2 else tensor
        yield told, tensor


def _clip(part: Path) -> Tensors:
    return {name.removeprefix("text_model."): tensor for name, tensor in _read(part)[0].items()}


def _open_clip(part: Path) -> Tensors:
    own = _clip(part)
    told = {
        "token_embedding.weight": own.pop("embeddings.token_embedding.weight"),
        "positional_embedding": own.pop("embeddings.position_embedding.weight"),
        "text_projection": own.pop("text_projection.weight").T,
    }
    for name in [name for name in own if "q_proj" in name]:
        three = [own.pop(name.replace("q_proj", f"{one}_proj")) for one in "qkv"]
        whole = _block(name).replace("self_attn.q_proj.", "attn.in_proj_")
        told[whole] = torch.cat(three)
    for name, tensor in own.items():
        renamed = _block(name).replace("final_layer_norm", "ln_final")
        for theirs, here in OPEN_CLIP:
            renamed = renamed.replace(theirs, here)
        told[renamed] = tensor
    return told


def _block(name: str) -> str:
    return name.replace("encoder.layers.", "transformer.resblocks.")
