"""Numbers and errors as the pages say them, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aura import i18n
from aura.ui.markup import esc


def seconds(lang: str, count: float) -> str:
    """``0.8 s``, ``42 s``, ``3 min 05 s``."""
    if count < 10:
        return i18n.decimal(lang, f"{count:.1f} s")
    if count < 60:
        return f"{count:.0f} s"
    minutes, rest = divmod(round(count), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def number(lang: str, value: float) -> str:
    """A number without needless zeros: ``7``, ``3.5``."""
    return i18n.decimal(lang, f"{value:g}")


def percent(lang: str, share: float) -> str:
    """``60 %``."""
    return i18n.decimal(lang, f"{100 * share:.0f} %")


def moment(lang: str, stamp: float) -> str:
    """Wall-clock time as people write it there; the day first in Spanish."""
    when = datetime.fromtimestamp(stamp)
    return when.strftime("%d/%m/%Y %H:%M" if lang == "es" else "%Y-%m-%d %H:%M")


def notice(lang: str, told: Mapping[str, Any]) -> str:
    """A notice of an engine as a sentence; an unknown code shows as itself."""
    code = str(told.get("code", ""))
    if not i18n.has(code):
        return code
    return i18n.text(lang, code, **told.get("facts", {}))


def error_card(lang: str, error: Mapping[str, Any]) -> str:
    what, kept, do = i18n.error_parts(lang, error)
    rest = "".join(f"<p>{esc(part)}</p>" for part in (kept, do) if part)
    return f'<p class="aura-what">{esc(what)}</p>{rest}'
