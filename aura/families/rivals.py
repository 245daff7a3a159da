"""Torch and OpenVINO on the same small network: which of them is the faster one here."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel

from aura.families import openvino, speed
from aura.families.loaded import DTYPES
from aura.memory import cpu

SIDE, BATCH, TOKENS, WORDS = 32, 2, 77, 768  # latent pixels of a picture of 256, with guidance


def network() -> Any:
    """The outermost blocks of Stable Diffusion's network, which are most of its work."""
    net: Any = UNet2DConditionModel(
        sample_size=SIDE,
        block_out_channels=(320,),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",),
        cross_attention_dim=WORDS,
        attention_head_dim=8,
    )
    return net.eval()


def gains(
    dtypes: tuple[str, ...],
    clock: Callable[[], float] = time.perf_counter,
    network: Callable[[], Any] = network,
) -> Mapping[str, float]:
    """By dtype, how many times faster OpenVINO is.

    Takes some seconds, most of them to convert the network.
    """
    with torch.no_grad():
        return {name: _gain(network().to(DTYPES[name]), clock) for name in dtypes}


def _gain(net: Any, clock: Callable[[], float]) -> float:
    dtype = net.dtype
    with tempfile.TemporaryDirectory() as folder:
        openvino.save(openvino.convert(net), Path(folder))
        took = _seconds(openvino.Converted(net, Path(folder), dtype), clock)
    speed.arrange(net, speed.Machine("cpu"), dtype)
    return _seconds(net, clock) / took


def _seconds(net: Any, clock: Callable[[], float]) -> float:
    return speed.best(lambda: ask(net, net.dtype), clock)


def ask(net: Any, dtype: torch.dtype) -> torch.Tensor:
    sample = torch.ones(BATCH, 4, SIDE, SIDE, dtype=dtype)
    words = torch.ones(BATCH, TOKENS, net.config.cross_attention_dim, dtype=dtype)
    answer: torch.Tensor = net(sample, torch.tensor(1.0), encoder_hidden_states=words)[0]
    return answer


def rate(seconds: float, ready: Callable[[], object]) -> float:
    """Passes of the network a second in the faster dtype, from when ``ready`` comes back."""
    dtype = DTYPES[cpu.dtypes()[0]]
    net = network().to(dtype)
    speed.arrange(net, speed.Machine("cpu"), dtype)
    with torch.no_grad():
        ask(net, dtype)
        ready()
        begun, passes = time.perf_counter(), 0
        while time.perf_counter() - begun < seconds:
            ask(net, dtype)
            passes += 1
        return passes / (time.perf_counter() - begun)


def main(what: str, *arguments: str) -> None:
    """``gains DTYPES…`` or ``rate SECONDS``: its answer is the last line that is printed."""
    if what == "gains":
        print(json.dumps(gains(arguments)))
        return

    def ready() -> None:
        print("ready", flush=True)
        sys.stdin.readline()

    print(rate(float(arguments[0]), ready))


if __name__ == "__main__":
    main(*sys.argv[1:])
