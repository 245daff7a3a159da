"""What is added to models, found for the families, which know no catalogue."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from aura.catalog import headers
from aura.catalog.models import Catalog, Model
from aura.errors import AuraError, UnknownModel
from aura.requests import GenerateRequest


class Addition(NamedTuple):
    """``path`` is one file of weights, or the folder of a VAE."""

    model: Model
    path: Path

    @property
    def parameters(self) -> int:
        files = [self.path] if self.path.is_file() else sorted(self.path.glob("*.safetensors"))
        return sum(one.count for file in files for one in headers.read(file).tensors.values())


class Additions:
    """``find`` gives a model by its id, ``catalog`` all that are known now."""

    def __init__(self, find: Callable[[str], Model], catalog: Callable[[], Catalog]) -> None:
        self._find, self._catalog = find, catalog

    def get(self, id: str) -> Addition:
        """Raises UnknownModel, ModelMissing, ModelDamaged."""
        model = self._find(id)
        return Addition(model, self._catalog().weights(model))

    def of(self, request: GenerateRequest) -> tuple[tuple[Addition, ...], Addition | None]:
        """The LoRAs that a request speaks with, and its VAE. Raises what ``get`` does."""
        loras = tuple(self.get(id) for id in weights(request))
        return loras, self.get(request.vae) if request.vae else None

    def named(self, family: str, texts: Iterable[str]) -> tuple[Addition, ...]:
        """The textual inversions of ``family`` that are named in any of ``texts``."""
        told = "\n".join(texts)
        catalog = self._catalog()
        mine = (m for m in catalog.models if m.task == "embedding" and m.family == family)
        found = (model for model in mine if mention(model.name).search(told))
        return tuple(
            Addition(model, catalog.weights(model)) for model in found if catalog.installed(model)
        )


def weights(request: GenerateRequest) -> dict[str, float]:
    """LoRA → how strongly it speaks; those that say nothing are left out."""
    told: dict[str, float] = {}
    for lora in request.loras:
        told[lora.id] = told.get(lora.id, 0.0) + lora.weight
    return {id: weight for id, weight in told.items() if weight}


def mention(name: str) -> re.Pattern[str]:
    """Where ``name`` stands in a prompt by itself; ComfyUI writes a word before it."""
    return re.compile(rf"(?:embedding:)?(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)


def parameters(
    additions: Additions, request: GenerateRequest, core: str, vae: str = "vae"
) -> dict[str, int]:
    """Component → numbers it holds more for what is added to it; what cannot be read is
    told when it is loaded."""
    try:
        loras, decoder = additions.of(request)
        more = {core: sum(lora.parameters for lora in loras)}
        return more | ({vae: decoder.parameters} if decoder else {})
    except AuraError:
        return {}


def _nothing(id: str) -> Model:
    raise UnknownModel(model=id, known="")


NOTHING = Additions(_nothing, lambda: Catalog((), Path()))
