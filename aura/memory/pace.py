"""Seconds, foreseen from the work of a request and what this device was measured to do."""

from __future__ import annotations

from collections.abc import Mapping

from aura.memory.rungs import BANDWIDTH, Processor, Rung, Weighed

# Of what the probe's kernels do, the part that a whole network reached
# (docs/measurements/cpu-seconds.md).
EFFICIENCY = 0.5


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
    return sum(stages.values()) + rung.in_ram(weighed) / rate
