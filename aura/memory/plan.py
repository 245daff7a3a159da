"""Plans: where a model's parts live while a job runs, and what that will need.

The planner is a pure function from what is known (snapshot, footprint, residents,
ledger, request) to an ordered list of plans, the fastest first, each strictly cheaper
in memory than the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from aura.requests import Plain


class Plan(Plain):
    """How one job will run. Sizes in bytes, times in seconds.

    ``formats`` names the components that are stored in another form than ``dtype``.
    ``share`` is the part of the core's blocks that stay on the device (partial_blocks).
    ``resting`` is what the model holds there between two jobs; ``excess`` the part of the
    stages' bytes that was not predicted but learnt on this machine. ``timed`` tells where
    ``seconds`` come from; ``foreseen`` is what work and speed alone would make them.
    """

    model: str
    device: str  # where it computes, as torch names it: "cpu", "cuda:0", "mps"
    rung: str  # e.g. "resident", "encoders_out", "cpu"
    dtype: str  # "fp32", "fp16", "bf16"
    switches: tuple[str, ...] = ()  # e.g. "vae_tiling", "cfg_split", "taesd"
    formats: dict[str, str] = {}
    share: float = 1.0
    stages: dict[str, int]  # predicted peak per stage
    peak: int
    excess: int = 0
    resting: int = 0
    ram: int
    budget: int
    seconds: float | None = None
    timed: Literal["measured", "predicted"] | None = None
    foreseen: float | None = None
    explanation: dict[str, Any]  # {"code": a ``plan.*`` key, "facts": {...}}

    @property
    def placement(self) -> tuple[Any, ...]:
        """What needs a reload to change; two plans that agree in it share one residency."""
        return (self.device, self.rung, self.dtype, self.share, tuple(sorted(self.formats.items())))

    @property
    def stored(self) -> tuple[Any, ...]:
        """The form of the weights; what differs in it cannot be moved, but must be loaded."""
        return (self.dtype, tuple(sorted(self.formats.items())))

    @property
    def signature(self) -> str:
        """The whole way of running, as the ledger remembers it."""
        return signature(
            self.device, self.rung, self.share, self.dtype, self.formats, self.switches
        )

    @property
    def on_card(self) -> bool:
        return self.device != "cpu"

    def cheaper_than(self, other: Plan) -> bool:
        """Strictly less memory: less of the same device, or the processor instead of a card."""
        if self.on_card != other.on_card:
            return other.on_card
        return self.peak < other.peak


def signature(
    device: str,
    rung: str,
    share: float,
    dtype: str,
    formats: Mapping[str, str],
    switches: tuple[str, ...],
) -> str:
    """One line that names a way of running, whatever model and budget."""
    stored = ",".join(f"{name}={form}" for name, form in sorted(formats.items()))
    return "/".join((device, rung, f"{share:g}", dtype, stored, *switches))
