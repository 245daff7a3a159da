"""Placements: where a model's weights live during each stage, fastest first.

Each rung is one class with its place in ``RUNGS``. A rung is planned only where the
family declares it and ``legal`` agrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from aura.memory.device import SHARE_RAM, Kind
from aura.memory.footprint import Component, Footprint

BANDWIDTH = 8e9  # bytes a second from RAM to a card, where nobody measured; ranks only
STEPS = 20  # steps one encoding and decoding are spread over, when costs are compared


@dataclass(frozen=True)
class Weighed:
    """A footprint's components in the formats they would be loaded in: bytes by name."""

    footprint: Footprint
    sizes: Mapping[str, int]
    formats: Mapping[str, str]

    @cached_property
    def all(self) -> int:
        return sum(self.sizes.values())

    def of(self, names: tuple[str, ...]) -> int:
        return sum(self.sizes[name] for name in names)

    @cached_property
    def parts(self) -> Mapping[str, Component]:
        return {part.name: part for part in self.footprint.components}

    @cached_property
    def core(self) -> Component:
        return self.parts[self.footprint.core]

    @cached_property
    def core_size(self) -> int:
        return self.sizes[self.core.name]

    @cached_property
    def outside(self) -> int:
        """Bytes of the core that lie in none of its blocks."""
        return self._shrunk(self.core, self.core.outside)

    @cached_property
    def block(self) -> int:
        """Bytes of the core's largest block."""
        return self._shrunk(self.core, self.core.block) or -(-self.core_size // self.core.blocks)

    @cached_property
    def leaves(self) -> Mapping[str, int]:
        """Bytes of each component's largest layer; all of it where nobody knows."""
        shrunk = {part.name: self._shrunk(part, part.leaf) for part in self.footprint.components}
        return {name: size or self.sizes[name] for name, size in shrunk.items()}

    @cached_property
    def widened(self) -> Mapping[str, int]:
        """Per stage, bytes of the one layer that is widened to compute, if stored smaller."""
        wide = {name: self.parts[name].leaf for name in self.formats}
        uses = self.footprint.uses.items()
        return {stage: max((wide.get(n, 0) for n in names), default=0) for stage, names in uses}

    def _shrunk(self, part: Component, half: int) -> int:
        """``half`` bytes in a two-byte dtype, as bytes in the component's own format."""
        plain = part.weights.get("bf16") or part.weights.get("fp16") or self.sizes[part.name]
        return half * self.sizes[part.name] // max(plain, 1)


class Rung(Protocol):
    """One placement. ``legal`` asks the device and the model; ``legality`` asks the rest."""

    name: str

    def legal(self, weighed: Weighed, kind: Kind) -> bool: ...

    def cost(self, weighed: Weighed, bandwidth: float) -> float:
        """Ranks it: about the seconds it adds to a step. Never shown to anybody."""
        ...

    def during(self, weighed: Weighed, stage: str) -> int:
        """Bytes of weights where it computes, while ``stage`` runs."""
        ...

    def resting(self, weighed: Weighed) -> int:
        """Bytes of weights where it computes, between two jobs."""
        ...

    def in_ram(self, weighed: Weighed) -> int:
        """Bytes of weights that stay in RAM beside a card."""
        ...

    def streamed(self, weighed: Weighed) -> int:
        """Bytes of weights that are copied to a card in every step."""
        ...


class Resident:
    """Everything on the device, always."""

    name = "resident"

    def cost(self, weighed: Weighed, bandwidth: float) -> float:
        return 0.0

    def legal(self, weighed: Weighed, kind: Kind) -> bool:
        return True

    def during(self, weighed: Weighed, stage: str) -> int:
        return weighed.all

    def resting(self, weighed: Weighed) -> int:
        return weighed.all

    def in_ram(self, weighed: Weighed) -> int:
        return 0

    def streamed(self, weighed: Weighed) -> int:
        return 0


class OpenVino(Resident):
    """On the processor, with the core computed by OpenVINO: as a file mapped into memory,
    beside which stands what was laid out for the processor."""

    name = "openvino"

    def cost(self, weighed: Weighed, bandwidth: float) -> float:
        return -0.1  # it is only legal where it was measured to be faster

    def legal(self, weighed: Weighed, kind: Kind) -> bool:
        return kind == "cpu" and not weighed.formats

    def during(self, weighed: Weighed, stage: str) -> int:
        return self.resting(weighed)

    def resting(self, weighed: Weighed) -> int:
        return weighed.all + weighed.core_size


class EncodersOut:
    """Text encoders come for encoding and leave again; the rest stays."""

    name = "encoders_out"

    def cost(self, weighed: Weighed, bandwidth: float) -> float:
        return 0.02 + self.in_ram(weighed) / bandwidth / STEPS

    def legal(self, weighed: Weighed, kind: Kind) -> bool:
        return kind not in SHARE_RAM and bool(weighed.footprint.encoders)

    def during(self, weighed: Weighed, stage: str) -> int:
        return weighed.all if stage == "encoding" else self.resting(weighed)

    def resting(self, weighed: Weighed) -> int:
        return weighed.all - weighed.of(weighed.footprint.encoders)

    def in_ram(self, weighed: Weighed) -> int:
        return weighed.of(weighed.footprint.encoders)

    def streamed(self, weighed: Weighed) -> int:
        return 0


class ModelOffload:
    """What computes together on the device, the rest in RAM; encoders read a prompt together."""

    name = "model_offload"

    def cost(self, weighed: Weighed, bandwidth: float) -> float:
        return 0.05 + weighed.all / bandwidth / STEPS

    def legal(self, weighed: Weighed, kind: Kind) -> bool:
        return kind not in SHARE_RAM and len(weighed.sizes) > 1

    def during(self, weighed: Weighed, stage: str) -> int:
        uses, encoders = weighed.footprint.uses[stage], weighed.footprint.encoders
        together = sum(weighed.sizes[name] for name in uses if name in encoders)
        return max(together, *(weighed.sizes[name] for name in uses))

    def resting(self, weighed: Weighed) -> int:
        return 0

    def in_ram(self, weighed: Weighed) -> int:
        return weighed.all

    def streamed(self, weighed: Weighed) -> int:
        return 0


class PartialBlocks(ModelOffload):
    """``eighths`` of the core's blocks stay, the others pass through while it computes."""

    def __init__(self, eighths: int) -> None:
        self.eighths = eighths
        self.name = "partial_blocks"

    def cost(self, weighed: Weighed, bandwidth: float) -> float:
        return 0.2 + super().cost(weighed, bandwidth) + self.streamed(weighed) / bandwidth

    def streamed(self, weighed: Weighed) -> int:
        return weighed.core_size * (8 - self.eighths) // 8

    def legal(self, weighed: Weighed, kind: Kind) -> bool:
        return kind not in SHARE_RAM and weighed.core.blocks >= 8

    def during(self, weighed: Weighed, stage: str) -> int:
        if weighed.core.name not in weighed.footprint.uses[stage]:
            return super().during(weighed, stage)
        kept = (weighed.core_size - weighed.outside) * self.eighths // 8
        return min(weighed.core_size, weighed.outside + kept + 2 * weighed.block)


class GroupOffload(ModelOffload):
    """The core's blocks pass through the device one after another."""

    name = "group_offload"

    def cost(self, weighed: Weighed, bandwidth: float) -> float:
        return 0.3 + super().cost(weighed, bandwidth) + self.streamed(weighed) / bandwidth

    def streamed(self, weighed: Weighed) -> int:
        return weighed.core_size

    def legal(self, weighed: Weighed, kind: Kind) -> bool:
        return kind not in SHARE_RAM and weighed.core.blocks >= 2

    def during(self, weighed: Weighed, stage: str) -> int:
        if weighed.core.name not in weighed.footprint.uses[stage]:
            return super().during(weighed, stage)
        return min(weighed.core_size, weighed.outside + 2 * weighed.block)


class LeafOffload(ModelOffload):
    """Every layer of the core and the encoders comes when it computes and leaves again."""

    name = "leaf_offload"

    def cost(self, weighed: Weighed, bandwidth: float) -> float:
        return 0.5 + super().cost(weighed, bandwidth) + 1.2 * self.streamed(weighed) / bandwidth

    def streamed(self, weighed: Weighed) -> int:
        return weighed.core_size

    def legal(self, weighed: Weighed, kind: Kind) -> bool:
        return kind not in SHARE_RAM

    def during(self, weighed: Weighed, stage: str) -> int:
        return max(self._at_once(weighed, name) for name in weighed.footprint.uses[stage])

    def _at_once(self, weighed: Weighed, name: str) -> int:
        """What comes of a component at once; a streamed VAE could not be tiled."""
        size, footprint = weighed.sizes[name], weighed.footprint
        streamed = name in (*footprint.encoders, footprint.core)
        return min(2 * weighed.leaves[name], size) if streamed else size


class Processor:
    """Not on the card at all: the processor computes, in RAM."""

    name = "cpu"

    def cost(self, weighed: Weighed, bandwidth: float) -> float:
        return 100.0

    def legal(self, weighed: Weighed, kind: Kind) -> bool:
        return kind not in SHARE_RAM

    def during(self, weighed: Weighed, stage: str) -> int:
        return weighed.all

    def resting(self, weighed: Weighed) -> int:
        return weighed.all

    def in_ram(self, weighed: Weighed) -> int:
        return weighed.all

    def streamed(self, weighed: Weighed) -> int:
        return 0


PARTIAL = tuple(PartialBlocks(eighths) for eighths in (7, 6, 5, 4, 3, 2, 1))

RUNGS: tuple[Rung, ...] = (
    OpenVino(),
    Resident(),
    EncodersOut(),
    ModelOffload(),
    *PARTIAL,
    GroupOffload(),
    LeafOffload(),
    Processor(),
)
