"""Files of one component with its weights stored in eight bits or four."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

# Storage form → what a file of it is called, as their makers have agreed.
NAMES: Mapping[str, re.Pattern[str]] = {
    "gguf_q8": re.compile(r"[-_.]q8_0\.gguf$", re.IGNORECASE),
    "gguf_q4": re.compile(r"[-_.]q4_(0|1|k|k_s|k_m)\.gguf$", re.IGNORECASE),
}


def gguf_file(folder: Path, form: str) -> Path | None:
    """The file in a component's ``folder`` that holds its weights in ``form``."""
    files = sorted(folder.glob("*.gguf")) if form in NAMES else []
    return next((path for path in files if NAMES[form].search(path.name)), None)
