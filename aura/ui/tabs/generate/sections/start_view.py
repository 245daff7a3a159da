"""The picture to start from as HTML: small, with its mask, and what can be done with it."""

from __future__ import annotations

from pathlib import Path

from aura.errors import AuraError
from aura.i18n import text
from aura.library.thumbnails import thumbnail
from aura.ui.icons import icon
from aura.ui.markup import button, esc, file_url
from aura.ui.tabs.generate.sections.start import Kept

SIDES = {"left": "left", "top": "up", "right": "right", "bottom": "down"}  # and its arrow


def shown(lang: str, held: Kept | None, cache: Path) -> str:
    return _invitation(lang) if held is None else _chosen(lang, held, cache)


def _invitation(lang: str) -> str:
    choose = button("choose", text(lang, "generate.start.choose"), look="is-text")
    return (
        f'<div class="aura-hint"><p>{esc(text(lang, "generate.start.none"))}</p>'
        f"{choose}<p>{esc(text(lang, 'generate.start.ways'))}</p></div>"
    )


def _chosen(lang: str, held: Kept, cache: Path) -> str:
    edges = "".join(
        button("extend", text(lang, f"generate.start.extend.{side}"), symbol=arrow, side=side)
        for side, arrow in SIDES.items()
    )
    return (
        f'<div class="aura-start"><figure>{_picture(lang, held, cache)}</figure>{edges}</div>'
        f'<div class="aura-row aura-wrap">{_tools(lang, held)}</div>'
    )


def _picture(lang: str, held: Kept, cache: Path) -> str:
    try:
        small = file_url(thumbnail(Path(held.picture), cache))
        mask = file_url(thumbnail(Path(held.mask), cache)) if held.mask else ""
    except (AuraError, OSError):
        return icon("picture", 28)
    veil = f'<img src="{esc(mask)}" alt="" class="aura-mask">' if mask else ""
    alt = esc(text(lang, "generate.start.alt_masked" if mask else "generate.start.alt"))
    return f'<img src="{esc(small)}" alt="{alt}" draggable="false">{veil}'


def _tools(lang: str, held: Kept) -> str:
    names = ["paint", "clear", "original", "remove"]
    if held.mask is None:
        names.remove("clear")
    if held.picture == held.original:
        names.remove("original")
    return "".join(
        button(name, text(lang, f"generate.start.{name}"), look="is-text") for name in names
    )
