"""Which language to speak on the terminal. Standard library only: the launcher asks too."""

from __future__ import annotations

import locale
import os
from collections.abc import Mapping, Sequence

from aura.i18n import LANGUAGES


def spoken(
    arguments: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    setting: str = "auto",
) -> str:
    """``--lang``, then ``AURA_LANG``, then the setting, then the system's language."""
    environ = os.environ if environ is None else environ
    for wanted in (_option(arguments), environ.get("AURA_LANG"), setting, *_system(environ)):
        if wanted and wanted[:2].lower() in LANGUAGES:
            return wanted[:2].lower()
    return "en"


def _option(arguments: Sequence[str]) -> str | None:
    for place, argument in enumerate(arguments):
        if argument == "--lang":
            return next(iter(arguments[place + 1 :]), None)
        if argument.startswith("--lang="):
            return argument.partition("=")[2]
    return None


def _system(environ: Mapping[str, str]) -> list[str | None]:
    """What the environment says, in the order the system itself reads it."""
    said: list[str | None] = [environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    if not any(said) and os.name == "nt":
        said.append(locale.getlocale()[0])  # e.g. Spanish_Spain
    return said
