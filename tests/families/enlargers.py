"""Small upscalers in the layouts that they are published in."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from tools.networks import Compact, RRDBNet

State = dict[str, Tensor]
CHANNELS = 8


def random(doublings: int = 2) -> State:
    """Of one block; large enough weights that every layer tells."""
    torch.manual_seed(7)
    net = RRDBNet(CHANNELS, blocks=1, doublings=doublings)
    with torch.no_grad():
        for weight in net.parameters():
            weight.mul_(0.3 if weight.ndim == 1 else 1.5)
        net.conv_last.bias.fill_(0.5)
    return net.state_dict()


def faithful() -> State:
    """Four times the sides, and every pixel as it was."""
    state = {name: torch.zeros_like(tensor) for name, tensor in random().items()}
    for name in ("conv_first", "conv_up1", "conv_up2", "conv_hr", "conv_last"):
        for colour in range(3):
            state[f"{name}.weight"][colour, colour, 1, 1] = 1.0
    return state


def compact() -> State:
    torch.manual_seed(7)
    return Compact(CHANNELS, layers=2, factor=2).state_dict()


def folded() -> State:
    """As Real-ESRGAN x2plus: pictures go in at half their sides and four times as deep."""
    state = random()
    torch.manual_seed(8)
    return state | {"conv_first.weight": torch.randn(CHANNELS, 12, 3, 3) * 0.2}


def old(state: State) -> State:
    """The names of the first ESRGAN, a layer's number for each."""
    numbers = {"conv_first": 0, "conv_up1": 3, "conv_up2": 6, "conv_hr": 8, "conv_last": 10}
    named: State = {}
    for name, tensor in state.items():
        layer, _, kind = name.rpartition(".")
        inner = re.sub(r"body\.(\d)\.rdb(\d)\.(conv\d)", r"model.1.sub.\1.RDB\2.\3.0", layer)
        inner = "model.1.sub.1" if layer == "conv_body" else inner
        named[f"model.{numbers[layer]}.{kind}" if layer in numbers else f"{inner}.{kind}"] = tensor
    return named


def trained(state: State) -> State:
    return {f"params_ema.{name}": tensor for name, tensor in state.items()}


def written(state: State, path: Path) -> Path:
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, path)
    return path
