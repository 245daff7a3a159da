"""How fast this device computes, measured in a moment: operations a second by dtype."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from importlib import metadata
from typing import Any

TRIES = 3
ENOUGH_S = 0.05  # of one kernel in one dtype; a slow device is measured once
CHANNELS = 320  # as in the outer blocks of Stable Diffusion
NAMES = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}


def throughput(
    device: str,
    dtypes: tuple[str, ...],
    side: int,
    synchronise: Callable[[], object] = lambda: None,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Of a product of ``side``² matrices and a 3 x 3 convolution together, the best of few.

    Empty if there is no room for them: nothing but an estimate needs the answer.
    """
    import torch

    try:
        with torch.inference_mode():
            return {
                name: _of(_kernels(torch, device, NAMES[name], side), synchronise, clock)
                for name in dtypes
            }
    except RuntimeError:
        return {}


def setup() -> str:
    """What else the speed depends on: the threads and the version of what computes."""
    import torch

    told = f"{torch.get_num_threads()} threads, torch {torch.__version__}"
    with suppress(metadata.PackageNotFoundError):
        told += f", openvino {metadata.version('openvino')}"
    return told


def _kernels(
    torch: Any, device: str, dtype: str, side: int
) -> list[tuple[float, Callable[[], Any]]]:
    """Operations of each, and how it is done once."""
    like = {"device": device, "dtype": getattr(torch, dtype)}
    matrix, edge = torch.ones(side, side, **like), side // 32
    picture = torch.ones(1, CHANNELS, edge, edge, **like)
    filters = torch.ones(CHANNELS, CHANNELS, 3, 3, **like)
    return [
        (2.0 * side**3, lambda: matrix @ matrix),
        (
            2.0 * 9 * (CHANNELS * edge) ** 2,
            lambda: torch.nn.functional.conv2d(picture, filters, padding=1),
        ),
    ]


def _of(
    kernels: list[tuple[float, Callable[[], Any]]],
    synchronise: Callable[[], object],
    clock: Callable[[], float],
) -> float:
    seconds = sum(_best(call, synchronise, clock) for _, call in kernels)
    return sum(work for work, _ in kernels) / seconds


def _best(
    call: Callable[[], Any], synchronise: Callable[[], object], clock: Callable[[], float]
) -> float:
    call()  # the first one of its kind chooses and compiles its kernels
    best, begun = float("inf"), clock()
    for _ in range(TRIES):
        synchronise()
        before = clock()
        call()
        synchronise()
        best = min(best, clock() - before)
        if clock() - begun > ENOUGH_S:
            break
    return max(best, 1e-9)
