"""Torch and OpenVINO on the same small network: which of them is the faster one here."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from aura.families import openvino, speed
from aura.families.loaded import DTYPES

SIDE, BATCH, TOKENS, WORDS = 32, 2, 77, 768  # latent pixels of a picture of 256, with guidance

log = logging.getLogger(__name__)


def gains(
    dtypes: tuple[str, ...], clock: Callable[[], float] = time.perf_counter
) -> Mapping[str, float]:
    """By dtype, how many times faster OpenVINO is; empty where it cannot be used.

    Takes some seconds, most of them to convert the network.
    """
    try:
        with torch.inference_mode(False), torch.no_grad():
            return {name: _gain(DTYPES[name], clock) for name in dtypes}
    except Exception:
        log.exception("OpenVINO could not be measured")
        return {}


def _gain(dtype: torch.dtype, clock: Callable[[], float]) -> float:
    net = network().to(dtype)
    with tempfile.TemporaryDirectory() as folder:
        openvino.save(openvino.convert(net), Path(folder))
        other = openvino.Converted(net, Path(folder), dtype)
        took = speed.best(lambda: ask(other, dtype), clock)
        del other  # before its file goes
    speed.arrange(net, speed.Machine("cpu"), dtype)
    return speed.best(lambda: ask(net, dtype), clock) / took


def network() -> Any:
    """The outermost blocks of Stable Diffusion's network, which are most of its work."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=SIDE,
        block_out_channels=(320,),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",),
        cross_attention_dim=WORDS,
        attention_head_dim=8,
    ).eval()


def ask(net: Any, dtype: torch.dtype) -> torch.Tensor:
    sample = torch.ones(BATCH, 4, SIDE, SIDE, dtype=dtype)
    words = torch.ones(BATCH, TOKENS, WORDS, dtype=dtype)
    answer: torch.Tensor = net(sample, torch.tensor(1.0), encoder_hidden_states=words)[0]
    return answer
