"""What models of transformers have in common: how they load, and where they compute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from aura.catalog.models import Model
from aura.errors import ModelDamaged, ModelMissing
from aura.families.placement import RAM, Placement
from aura.families.stored import BROKEN, Incomplete, network
from aura.library.images import open_image
from aura.memory import towers
from aura.memory.abilities import abilities
from aura.memory.exhaustion import ran_out
from aura.memory.footprint import Footprint
from aura.memory.plan import Plan
from aura.requests import Work

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


@dataclass
class Loaded:
    """A network in its place, and what prepares its inputs, by name."""

    net: Any
    placement: Placement
    inputs: dict[str, Any]

    @property
    def device(self) -> torch.device:
        return self.placement.device

    def words(self, texts: tuple[str, ...], **how: Any) -> Any:
        """Tokens of texts, on the device."""
        made = self.inputs["words"](list(texts), return_tensors="pt", truncation=True, **how)
        return made.to(self.device)

    def pixels(self, paths: tuple[str, ...]) -> torch.Tensor:
        """Pictures as the network sees them, on the device: n × 3 × side × side."""
        images = [open_image(Path(path), Path(path).name).convert("RGB") for path in paths]
        made = self.inputs["pictures"](images, return_tensors="pt").pixel_values
        return made.to(self.device, self.net.dtype)


class Pretrained:
    """One kind of network; see ``base.Family`` for what each method promises.

    A family says which class of transformers it is, what prepares its inputs, and which
    of its towers compute in each stage (``""`` is all of it); it adds ``run``.
    """

    name: str
    network: Any
    inputs: Mapping[str, Any]
    uses: Mapping[str, tuple[str, ...]]

    def footprint(self, model: Model, folder: Path | None, request: Work) -> Footprint:
        found = towers.footprint(model.id, folder, request, abilities(self.name))
        if found is None:
            raise ModelMissing(model=model.name)
        return found

    def load(self, model: Model, folder: Path, plan: Plan) -> Loaded:
        home = RAM if plan.rung == "model_offload" else torch.device(plan.device)
        try:
            inputs = {name: prepared(kind, folder) for name, kind in self.inputs.items()}
            net = network(self.network, folder, DTYPES[plan.dtype], home)
        except BROKEN as broken:
            if ran_out(broken):
                raise
            raise ModelDamaged(model=model.name, path=str(folder)) from broken
        return Loaded(net, self._placed(net, plan), inputs)

    def park(self, loaded: Loaded) -> None:
        loaded.placement.lift()
        loaded.net.to(RAM)

    def unpark(self, loaded: Loaded, plan: Plan) -> None:
        loaded.placement = self._placed(loaded.net, plan)

    def parts(self, loaded: Loaded) -> tuple[object, ...]:
        return tuple(loaded.placement.modules.values())

    def unload(self, loaded: Loaded) -> None:
        loaded.placement.forget()
        loaded.net = None
        loaded.inputs.clear()

    def _placed(self, net: Any, plan: Plan) -> Placement:
        names = [name for tower in self.uses.values() for name in tower]
        modules = {name: net.get_submodule(name) for name in names}
        placement = Placement(modules, self.uses, names[0], plan, torch.device(plan.device))
        placement.settle()
        return placement


def prepared(kind: Any, folder: Path) -> Any:
    """What prepares inputs. Raises any of ``BROKEN``."""
    made = kind.from_pretrained(folder, local_files_only=True)
    special = getattr(made, "all_special_tokens", None)
    if special is not None and len(made) <= len(special):
        # Without its files a tokenizer is made all the same, and knows no word.
        raise Incomplete(f"{folder}: no vocabulary")
    return made
