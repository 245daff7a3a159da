"""The filmstrip: the newest pictures of the history, each a button that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aura.errors import AuraError
from aura.i18n import text
from aura.library.thumbnails import thumbnail
from aura.ui.icons import icon
from aura.ui.markup import esc, file_url

if TYPE_CHECKING:
    from aura.library.history import Entry

SHOWN = 60  # pictures


def strip(lang: str, entries: Sequence[Entry], cache: Path, current: str | None) -> str:
    if not entries:
        return f'<p class="aura-strip-empty">{esc(text(lang, "generate.strip.empty"))}</p>'
    name = esc(text(lang, "generate.strip.label"))
    frames = "".join(frame(lang, entry, cache, current) for entry in entries)
    return f'<div class="aura-strip" role="group" aria-label="{name}">{frames}</div>'


def frame(lang: str, entry: Entry, cache: Path, current: str | None) -> str:
    """One thumbnail. A picture whose file is gone keeps its place, without an image."""
    shown = entry.picture
    chosen = ' aria-current="true"' if shown.path == current else ""
    star = f'<span class="aura-starred">{icon("star", 12)}</span>' if entry.starred else ""
    label = esc(text(lang, "generate.strip.show", prompt=shown.prompt[:120]))
    return (
        f'<button type="button" class="aura-thumb" data-act="show" data-picture="{esc(shown.path)}"'
        f' aria-label="{label}" title="{esc(shown.prompt[:200])}"{chosen}>'
        f"{image(shown.path, cache)}{star}</button>"
    )


def image(path: str, cache: Path) -> str:
    """The small copy of a picture, or a sign for one that cannot be read."""
    try:
        small = thumbnail(Path(path), cache)
    except (AuraError, OSError):
        return icon("picture", 22)
    return f'<img src="{esc(file_url(small))}" alt="" loading="lazy" draggable="false">'
