"""What a model will need, before it is loaded: bytes of weights and of activations."""

from __future__ import annotations

from aura.requests import Plain

SMALL = 256 * 2**20  # bytes of weights and activations in full precision


class Component(Plain):
    """One part of a model that can be placed by itself.

    ``weights``: bytes per dtype or storage format, only those the family can load.
    ``blocks``: parts that may be offloaded one by one. In a two-byte dtype, 0 where nobody
    knows: ``block`` bytes of the largest of them, ``outside`` of what is in none, ``leaf``
    of the largest single layer.
    """

    name: str  # "unet", "vae", "text_encoder"
    weights: dict[str, int]
    blocks: int = 1
    block: int = 0
    outside: int = 0
    leaf: int = 0


class Footprint(Plain):
    """A model for one request. ``activations``: peak bytes per stage and dtype.

    ``rungs`` names what this family can carry out: placements, switches and storage
    formats alike; nothing else is ever planned. ``relief`` says what a switch makes of a
    stage's activations: switch → stage → dtype → bytes. ``work``: floating operations per
    stage of the whole request, in which the core computes ``passes`` times.
    """

    model: str
    components: tuple[Component, ...]
    activations: dict[str, dict[str, int]]  # stage → dtype → bytes
    uses: dict[str, tuple[str, ...]]  # stage → the components it computes with
    rungs: tuple[str, ...]
    relief: dict[str, dict[str, dict[str, int]]] = {}
    work: dict[str, float] = {}
    passes: int = 1

    def component(self, name: str) -> Component:
        return next(part for part in self.components if part.name == name)

    @property
    def encoders(self) -> tuple[str, ...]:
        """Components that only encoding uses, so that they may leave after it."""
        later = {
            name for stage, names in self.uses.items() if stage != "encoding" for name in names
        }
        return tuple(name for name in self.uses.get("encoding", ()) if name not in later)

    @property
    def core(self) -> str:
        """The component whose blocks may be offloaded: the largest that computes in steps."""
        names = self.uses.get("denoising") or tuple(part.name for part in self.components)
        return max(names, key=lambda name: max(self.component(name).weights.values()))

    def dtypes(self) -> tuple[str, ...]:
        """Compute dtypes that every component and every stage knows."""
        maps = [part.weights for part in self.components] + list(self.activations.values())
        return tuple(d for d in ("fp32", "fp16", "bf16") if all(d in known for known in maps))

    def ranked(self, offered: tuple[str, ...]) -> tuple[str, ...]:
        """Of the dtypes a device offers, best first, those this model can compute in.

        A small model gains nothing from half of its few bytes, and is exact in full. One that
        has little weight and works on much, as an upscaler does, is not small.
        """
        known = [dtype for dtype in offered if dtype in self.dtypes()] or self.dtypes()[:1]
        held = sum(part.weights.get("fp32", SMALL) for part in self.components)
        worked = max((one.get("fp32", 0) for one in self.activations.values()), default=0)
        small = held + worked < SMALL
        return tuple(sorted(known, key=lambda dtype: small and dtype != "fp32"))
