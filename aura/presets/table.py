"""What each preset means for each kind of model, read from ``presets.toml``."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from pydantic import Field

from aura.catalog.models import Model
from aura.requests import Plain, Way

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE = Path(__file__).parent / "presets.toml"

NAMES = ("ultra_fast", "balanced", "quality", "low_memory")
AUTOMATIC = "automatic"
CHOICES = (AUTOMATIC, *NAMES)
OWN = "own"  # what the page calls settings that are no preset's

FEW = 8  # steps; a model that needs no more was made for few


class Preset(Plain):
    """One table. The file says what each field means."""

    name: str
    models: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    few: bool | None = None
    processor: bool | None = None
    steps: int | None = Field(None, ge=1, le=150)
    pace: float = Field(1.0, gt=0)
    guidance: float | None = None
    scheduler: str | None = None
    area: float = Field(1.0, gt=0, le=1)
    lora: bool = False
    way: Way = Way()

    def suits(self, model: Model, processor: bool) -> bool:
        few = model.defaults.steps <= FEW
        return (
            (not self.models or model.id in self.models)
            and (not self.families or model.family in self.families)
            and self.few in (None, few)
            and self.processor in (None, processor)
        )

    def steps_of(self, model: Model) -> int:
        return self.steps or max(1, round(model.defaults.steps * self.pace))


@cache
def presets() -> tuple[Preset, ...]:
    """Every table, in its order."""
    tables = tomllib.loads(TABLE.read_text(encoding="utf-8"))["preset"]
    return tuple(Preset(**table) for table in tables)


def preset(name: str, model: Model, processor: bool) -> Preset:
    """The first table of that name that suits the model. Raises KeyError for no preset."""
    for one in presets():
        if one.name == name and one.suits(model, processor):
            return one
    raise KeyError(name)
