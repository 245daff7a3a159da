"""What a loaded pipeline wears beside its own parts: LoRAs, another VAE.

It stays on between jobs that want the same, and is changed without loading the model anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aura.catalog.additions import Addition, Additions, weights
from aura.families import adapters, speed, vaes
from aura.families.decoder import Decoder
from aura.families.preview import Previewer
from aura.requests import GenerateRequest

if TYPE_CHECKING:
    from aura.families.loaded import Loaded


@dataclass
class Outfit:
    """``loras``: id → weight, as they speak now. ``own_vae`` and ``published`` are the model's
    VAE and scheduler while others are in their place."""

    loras: dict[str, float] = field(default_factory=dict)
    vae: str | None = None
    own_vae: Any = None
    published: Any = None


def dress(loaded: Loaded, request: GenerateRequest, additions: Additions, core: str) -> None:
    """Put on what ``request`` wants and take off what it does not.

    Raises AdditionUnfit, UnknownModel, ModelMissing, ModelDamaged; nothing is on then.
    """
    worn, wanted = loaded.outfit, weights(request)
    if worn.loras == wanted and worn.vae == request.vae:
        return
    loaded.embeddings.clear()  # a LoRA may change the text encoders
    if list(worn.loras) != list(wanted) or worn.vae != request.vae:
        loras, vae = additions.of(request)
        with loaded.placement.opened():
            undress(loaded)
            try:
                _put_on(loaded, loras, vae, core)
            except BaseException:
                undress(loaded)
                raise
    if wanted:
        adapters.weigh(loaded.pipe, tuple(wanted.values()))
    loaded.outfit.loras, loaded.outfit.vae = wanted, request.vae


def undress(loaded: Loaded) -> None:
    """The model as it was loaded. Only while its placement is open."""
    worn = loaded.outfit
    adapters.take_off(loaded.pipe)
    if worn.own_vae is not None:
        _exchange(loaded, worn.own_vae)
    if worn.published is not None:
        loaded.published = worn.published
    loaded.outfit = Outfit()


def _put_on(loaded: Loaded, loras: tuple[Addition, ...], vae: Addition | None, core: str) -> None:
    worn, pipe = loaded.outfit, loaded.pipe
    files = [(lora.model.name, lora.path) for lora in loras]
    if files:
        adapters.put_on(pipe, core, files, loaded.name)
    spacing = next((one.model.defaults.spacing for one in loras if one.model.defaults.spacing), "")
    if spacing:
        worn.published = loaded.published
        kind, config = type(loaded.published), loaded.published.config
        loaded.published = kind.from_config(config, timestep_spacing=spacing)
    if vae is not None:
        other = vaes.load(vae.model.name, vae.path, pipe.vae, loaded.name)
        speed.arrange(other, loaded.machine, other.dtype)
        worn.own_vae = pipe.vae
        _exchange(loaded, other)


def _exchange(loaded: Loaded, vae: Any) -> None:
    """``vae`` in the place of the one that is there, and what draws with it."""
    vaes.leave(loaded.pipe.vae)
    loaded.pipe.vae = loaded.placement.modules["vae"] = vae
    loaded.previewer = Previewer(vae)
    loaded.decoder = Decoder(vae, loaded.decoder.tiny)
