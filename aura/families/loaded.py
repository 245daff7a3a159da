"""A pipeline in its place, and what a family remembers of it between two jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from aura.families import speed
from aura.families.decoder import Decoder
from aura.families.outfit import Outfit
from aura.families.placement import Placement
from aura.families.preview import Previewer

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
Embeddings = Mapping[str, torch.Tensor]  # what a pipeline's call takes instead of a prompt


@dataclass
class Loaded:
    """A pipeline in its place. ``embeddings`` remembers its last prompts, in RAM."""

    name: str
    pipe: Any
    published: Any  # the scheduler the model came with
    previewer: Previewer
    decoder: Decoder
    placement: Placement
    machine: speed.Machine
    to_compile: bool = False  # at the first steps, which then take a minute longer
    embeddings: dict[tuple[Any, ...], Embeddings] = field(default_factory=dict)
    outfit: Outfit = field(default_factory=Outfit)

    @property
    def device(self) -> torch.device:
        return self.placement.device
