"""What LoRAs and other decoders add to the footprint of the model they become part of."""

from __future__ import annotations

from collections.abc import Mapping

from aura.memory.footprint import Component, Footprint
from aura.memory.weights import PLAIN


def grown(footprint: Footprint, parameters: Mapping[str, int]) -> Footprint:
    """With ``parameters`` more in its components, by name.

    They are computed with as they are: a model that is stored smaller keeps two bytes of each.
    """
    more = {name: count for name, count in parameters.items() if count}
    if not more:
        return footprint
    parts = tuple(_grown(part, more.get(part.name, 0)) for part in footprint.components)
    return footprint.model_copy(update={"components": parts})


def _grown(part: Component, count: int) -> Component:
    """Its blocks share what is added to it evenly."""
    weights = {
        form: size + int(count * PLAIN.get(form, 2.0)) for form, size in part.weights.items()
    }
    block = part.block + 2 * count // part.blocks if part.block else 0
    return part.model_copy(update={"weights": weights, "block": block})
