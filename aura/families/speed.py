"""What makes drawing faster without changing what is drawn, each where it pays.

Every decision is a small function of a description of the machine; what is set for the
whole process is set for the time of one run and put back.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import torch
from torch import nn

from aura.memory.device import GIB
from aura.memory.plan import Plan

REPEATS = 8  # passes of one shape from which trying out every kernel pays
SPARE = GIB  # bytes that must be left over for the working memory of the fastest kernels
STANDING = ("resident", "encoders_out", "model_offload", "cpu")  # no hooks inside the core
ATTENTION = (1, 8, 4096, 64)  # batch, heads, tokens, width: a small picture's largest layer


@dataclass(frozen=True)
class Machine:
    """What decides about speed. ``capability`` is that of CUDA, (0, 0) elsewhere;
    ``compiler``: something there can build kernels for it."""

    kind: str  # "cuda", "mps", "cpu"
    capability: tuple[int, int] = (0, 0)
    compiler: bool = False


def machine(device: torch.device) -> Machine:
    if device.type == "cuda":
        capability = torch.cuda.get_device_capability(device)
        return Machine("cuda", capability, compiler=find_spec("triton") is not None)
    builders = ("c++", "g++", "clang++", "cl")
    return Machine(device.type, compiler=any(shutil.which(name) for name in builders))


# --- decisions


def tf32_pays(machine: Machine) -> bool:
    """Its 10 bits of fraction are those of fp16; fp32 matrices become several times faster."""
    return machine.kind == "cuda" and machine.capability >= (8, 0)


def benchmark_pays(machine: Machine, plan: Plan, passes: int) -> bool:
    """cuDNN tries its kernels once a shape; the fastest ones want memory to work in."""
    return machine.kind == "cuda" and passes >= REPEATS and plan.budget - plan.peak >= SPARE


def channels_last_pays(machine: Machine, dtype: torch.dtype) -> bool:
    """Where half precision is computed by units that read the channels of a pixel together."""
    if dtype == torch.float32:
        return False
    return machine.kind == "cpu" or (machine.kind == "cuda" and machine.capability >= (7, 0))


def compiling_works(machine: Machine, plan: Plan) -> bool:
    """Compiled blocks bear neither hooks inside them nor weights in forms of their own."""
    return machine.compiler and plan.rung in STANDING and not plan.formats


# --- carrying them out


def arrange(module: nn.Module, machine: Machine, dtype: torch.dtype) -> None:
    """Convolution weights in the order in which they are read."""
    if channels_last_pays(machine, dtype):
        nn.utils.convert_conv2d_weight_memory_format(module, torch.channels_last)


@contextmanager
def tuned(machine: Machine, plan: Plan, passes: int) -> Iterator[None]:
    """Torch's own switches for the time of a run, and exactly as they were afterwards."""
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.fp32_precision, cudnn.benchmark
    try:
        if tf32_pays(machine):
            matmul.fp32_precision = "tf32"
        cudnn.benchmark = benchmark_pays(machine, plan, passes)
        yield
    finally:
        matmul.fp32_precision, cudnn.benchmark = before


def attend(core: Any, device: torch.device, dtype: torch.dtype) -> None:
    """xformers in place of torch's attention, where a real call shows that it is faster.

    Only a UNet is asked: the processors of transformers have no place for it.
    """
    askable = device.type == "cuda" and hasattr(core, "down_blocks") and find_spec("xformers")
    if askable and fastest_attention(device, dtype) == "xformers":
        core.enable_xformers_memory_efficient_attention()


@cache
def fastest_attention(device: torch.device, dtype: torch.dtype) -> str:
    """ "sdpa" or "xformers", timed once in a process."""
    query = torch.randn(ATTENTION, device=device, dtype=dtype)

    def sdpa() -> None:
        nn.functional.scaled_dot_product_attention(query, query, query)
        torch.cuda.synchronize(device)

    def xformers() -> None:
        from xformers.ops import memory_efficient_attention

        turned = query.transpose(1, 2)  # it has the tokens before the heads
        memory_efficient_attention(turned, turned, turned)
        torch.cuda.synchronize(device)

    return winner({"sdpa": sdpa, "xformers": xformers})


def winner(
    rivals: Mapping[str, Callable[[], None]], clock: Callable[[], float] = time.perf_counter
) -> str:
    """The quickest of them; the first must work, others that do not are out."""
    times = {name: _or_never(call, clock) for name, call in rivals.items()}
    first = next(iter(rivals))
    quickest = min(times, key=lambda name: times[name])
    return quickest if times[quickest] < 0.95 * times[first] else first


def _or_never(call: Callable[[], None], clock: Callable[[], float]) -> float:
    """Infinite if it does not work."""
    try:
        return best(call, clock)
    except Exception:  # noqa: BLE001 - a build for another torch fails in many ways
        return float("inf")


def best(call: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds of the best of three calls after one to warm up."""
    taken = []
    for _ in range(4):
        begun = clock()
        call()
        taken.append(clock() - begun)
    return min(taken[1:])


def compile_blocks(core: Any) -> None:
    """Have the blocks that repeat compiled at their first use: one for all, so it is short."""
    core.compile_repeated_blocks(dynamic=True)
