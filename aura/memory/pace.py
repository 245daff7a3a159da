"""Seconds, foreseen from the work of a request and what this device was measured to do;
and which of several ways to compute the same thing is the fastest here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from aura.memory.rungs import BANDWIDTH, OpenVino, Processor, Rung, Weighed

# Of what the probe's kernels do, the part that a whole network reached
# (docs/measurements/cpu-seconds.md).
EFFICIENCY = 0.55
GAIN = 1.05  # from which another way is worth its trouble
CONVERSION = 32e6  # bytes of half-precision weights that are converted in a second


class Lessons(Protocol):
    """Of ``planner.Known``, what it takes to choose. ``spent``: seconds that this model has
    computed for in torch; ``converted``: it was converted before."""

    @property
    def throughput(self) -> Mapping[str, float]: ...

    @property
    def spent(self) -> float: ...

    @property
    def converted(self) -> bool: ...


def foreseen(
    rung: Rung,
    weighed: Weighed,
    dtype: str,
    throughput: Mapping[str, float],
    bandwidth: float | None,
) -> float | None:
    """Of the stages of the whole request, without loading; None where nobody measured.

    What passes through a card in each step is copied while it computes: the longer counts.
    """
    work, speed = weighed.footprint.work, throughput.get(dtype, 0.0) * EFFICIENCY
    if not any(work.values()) or not speed or isinstance(rung, Processor):
        return None
    rate = bandwidth or BANDWIDTH
    stages = {stage: flops / speed for stage, flops in work.items()}
    streamed = rung.streamed(weighed) * weighed.footprint.passes / rate
    if "denoising" in stages:
        stages["denoising"] = max(stages["denoising"], streamed)
        if isinstance(rung, OpenVino):
            stages["denoising"] /= gain(dtype, throughput)
    return sum(stages.values()) + rung.in_ram(weighed) / rate


def gain(dtype: str, throughput: Mapping[str, float]) -> float:
    """How many times faster OpenVINO computes a core than torch; 1 where nobody measured."""
    own = throughput.get(dtype, 0.0)
    return throughput.get(converted(dtype), own) / own if own else 1.0


def converted(dtype: str) -> str:
    """The key of the throughput that a converted core reaches."""
    return f"openvino {dtype}"


def measured_first(dtypes: tuple[str, ...], throughput: Mapping[str, float]) -> tuple[str, ...]:
    """The fastest first, where all were measured; else as the processor's flags make likely."""
    if not all(dtype in throughput for dtype in dtypes):
        return dtypes
    best = {dtype: throughput[dtype] * max(1.0, gain(dtype, throughput)) for dtype in dtypes}
    return tuple(sorted(dtypes, key=lambda dtype: -best[dtype]))


def converting_pays(weighed: Weighed, dtype: str, known: Lessons) -> bool:
    """Whether this request should be computed by OpenVINO.

    A conversion is paid once. It is due when what it would have saved, in this request and
    in those before it, is as much as it takes: so it never costs more than it has cost to
    wait for it, and who draws one picture with a model does not wait at all.
    """
    faster = gain(dtype, known.throughput)
    if faster < GAIN:
        return False
    if known.converted:
        return True
    work = weighed.footprint.work.get("denoising", 0.0)
    ahead = work / (known.throughput[dtype] * EFFICIENCY)
    takes = weighed.core.weights.get("bf16", weighed.core_size) / CONVERSION
    return (known.spent + ahead) * (1 - 1 / faster) >= takes
