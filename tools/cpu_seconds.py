"""How much of what the probe measures a real network reaches on this processor.

    nice python -m tools.cpu_seconds

Random weights of Stable Diffusion's network, a few forward passes at 256 x 256.
"""

from __future__ import annotations

import time

import torch

from aura.memory.activations import entry, work
from aura.memory.cpu import processor
from aura.memory.probe import setup, throughput
from tools.footprints import build, forward_of, written_of

NAME, SIDE, PASSES = "unet_sd15", 256, 3


def main() -> None:
    speed = throughput("cpu", ("fp32",), 1024)["fp32"]
    took = min(seconds())
    flops = work(entry(NAME), forward_of(NAME).positions(SIDE, 1))
    reached = flops / took
    print(f"{processor()}, {setup()}")
    print(f"probe {speed / 1e9:.1f} GFLOP/s; {NAME} at {SIDE}: {took:.2f} s, {reached / 1e9:.1f}")
    print(f"efficiency {reached / speed:.2f}")


def seconds() -> list[float]:
    """Of each pass after the first, which lays out the weights."""
    model, config = build(NAME).eval(), written_of(NAME)["config"]
    took = []
    with torch.inference_mode():
        for _ in range(PASSES + 1):
            begun = time.perf_counter()
            forward_of(NAME).call(model, config, torch.float32, SIDE, 1)
            took.append(time.perf_counter() - begun)
    return took[1:]


if __name__ == "__main__":
    main()
