"""The models that were traced as they were published: id → component → configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

DATA = Path(__file__).with_name("published.json")
DTYPES = ("fp32", "fp16", "bf16")


@cache
def published() -> Mapping[str, Mapping[str, str]]:
    """Id in the catalogue → component → its name in ``coefficients.json``."""
    loaded: Mapping[str, Mapping[str, str]] = json.loads(DATA.read_text(encoding="utf-8"))
    return loaded
