"""Presets: sets of settings by what a person wants, resolved for one model on one machine."""

from aura.presets.applied import applied
from aura.presets.figures import foreseen
from aura.presets.option import Better, Option
from aura.presets.options import option, options
from aura.presets.table import AUTOMATIC, CHOICES, NAMES, OWN

__all__ = [
    "AUTOMATIC",
    "CHOICES",
    "NAMES",
    "OWN",
    "Better",
    "Option",
    "applied",
    "foreseen",
    "option",
    "options",
]
