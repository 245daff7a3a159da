"""Puts a converted core in the place of torch's, for plans that want it computed by OpenVINO."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from aura.catalog.models import Model
from aura.families import openvino
from aura.families.conversions import Conversions, NoRoom
from aura.families.formats import class_of
from aura.families.homes import bytes_of
from aura.families.openvino import Converted
from aura.families.stored import empty
from aura.memory.exhaustion import ran_out
from aura.memory.plan import Plan

RUNG = "openvino"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Substitute:
    """For the part ``core`` of one model. ``home``: the folder with its configurations."""

    conversions: Conversions
    model: Model
    folder: Path
    core: str
    plan: Plan
    dtype: torch.dtype

    @property
    def home(self) -> Path:
        return Path(self.model.lender) if self.model.lender else self.folder

    @property
    def source(self) -> Path:
        """The files of the network: one that holds everything, or a folder."""
        return Path(self.model.file) if self.model.file else self.folder / self.core

    def shell(self) -> Any:
        """The network with the shapes of its weights alone."""
        return empty(class_of(self.home, self.core), self.home / self.core)

    def found(self) -> Converted | None:
        """As it was converted before; a damaged conversion is thrown away."""
        place = self.conversions.find(self.model, self.source, self.plan.dtype)
        if place is None:
            return None
        try:
            return Converted(self.shell(), place, self.dtype)
        except RuntimeError:
            log.exception("%s cannot be read and is made again", place)
            self.conversions.forget(place)
            return None

    def made(self, net: Any) -> Converted | None:
        """Converted now, from torch's ``net``; None where that cannot be: torch computes then."""
        try:
            place = self.conversions.make(
                self.model,
                self.source,
                self.plan.dtype,
                bytes_of(net),
                lambda folder: openvino.save(openvino.convert(net), folder),
            )
        except (NoRoom, OSError, RuntimeError, ImportError, ValueError) as fault:
            if ran_out(fault):
                raise
            self.conversions.hopeless.add(self.model.id)
            log.warning("%s stays with torch: %r", self.model.id, fault)
            return None
        return Converted(self.shell(), place, self.dtype)


def given(found: Converted | None, core: str) -> Mapping[str, Any]:
    """What a pipeline is made with so that torch's weights of the core are not loaded."""
    return {core: found.shell} if found else {}
