"""A person's own folders: which they are, what lies in them, what was refused and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aura.catalog.models import Model
from aura.catalog.own import OwnFiles, Refused
from aura.catalog.recognise import WeightFile
from aura.i18n import size, text
from aura.requests import Plain
from aura.ui.markup import button, esc
from aura.ui.wording import error_card


class Own(Plain):
    """One folder. ``kept``: it lies in the settings' file, so it can be taken off the list."""

    folder: Path
    kept: bool
    models: tuple[Model, ...] = ()
    found: OwnFiles = OwnFiles()


def shelves(lang: str, owns: Sequence[Own], error: Mapping[str, Any] | None = None) -> str:
    """``error``: why what was typed is no folder of the list."""
    folders = "".join(_folder(lang, own) for own in owns)
    if not owns:
        folders = f'<p class="aura-dim">{esc(text(lang, "models.page.folders_none"))}</p>'
    wrong = f'<div class="aura-model-note is-bad">{error_card(lang, error)}</div>' if error else ""
    title, label = (esc(text(lang, f"models.page.{key}")) for key in ("folders", "folder_field"))
    add = button("folder_add", text(lang, "models.page.folder_add"), look="is-text is-main")
    return (
        f'<aside class="aura-shelves" aria-label="{title}"><h3>{title}</h3>'
        f'<div class="aura-models-field"><input type="text" aria-label="{label}" '
        f'placeholder="{label}" spellcheck="false">{add}</div>'
        f"{wrong}{folders}</aside>"
    )


def _folder(lang: str, own: Own) -> str:
    name = esc(own.folder)
    word = text(lang, "models.page.folder_remove", folder=str(own.folder))
    drop = button("folder_remove", word, symbol="close", folder=str(own.folder))
    lines = [_item(model.name, text(lang, "models.page.whole")) for model in own.models]
    lines += [_file(lang, file) for file in own.found.files]
    lines += [_refused(lang, one) for one in own.found.refused]
    if not lines:
        lines = [f'<li class="aura-dim">{esc(text(lang, "models.nothing"))}</li>']
    note = "" if own.kept else text(lang, "models.page.folder_given")
    return (
        f'<section><header><b title="{name}">{name}</b>{drop if own.kept else ""}</header>'
        f"{f'<p>{esc(note)}</p>' if note else ''}<ul>{''.join(lines)}</ul></section>"
    )


def _file(lang: str, file: WeightFile) -> str:
    what = (text(lang, f"models.kind.{file.kind}"), file.model, file.precision)
    told = " · ".join(part for part in (*what, size(lang, file.bytes)) if part)
    return _item(Path(file.path).name, told)


def _refused(lang: str, one: Refused) -> str:
    return f'<li class="is-bad">{error_card(lang, one.error)}</li>'


def _item(name: str, told: str) -> str:
    return f'<li><b title="{esc(name)}">{esc(name)}</b><small>{esc(told)}</small></li>'
