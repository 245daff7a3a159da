"""What is asked before something is done: a licence, an access token, a removal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aura.catalog.models import Model
from aura.catalog.remote import page
from aura.catalog.remove import Removal
from aura.i18n import text
from aura.ui.markup import button, esc
from aura.ui.wording import error_card

NAMED = 5  # files of others that are named in a warning


def licence(lang: str, model: Model) -> str:
    said = [text(lang, "models.page.licence", model=model.name, licence=model.licence)]
    if not model.commercial:
        said.append(text(lang, "models.page.licence_commercial"))
    if model.gated:
        said.append(text(lang, "models.page.licence_gated"))
    inside = _said(*said) + _link(lang, "models.page.licence_read", page(model))
    return _dialog(lang, model, "licence", inside, "accept")


def token(lang: str, model: Model, error: Mapping[str, Any] | None = None) -> str:
    """``error``: why the last token was not kept."""
    label = esc(text(lang, "models.page.token_field"))
    wrong = f'<div class="aura-model-note is-bad">{error_card(lang, error)}</div>' if error else ""
    inside = (
        _said(text(lang, "models.page.token_why", model=model.name))
        + _link(lang, "models.page.token_agree", page(model))
        + f'<label class="aura-models-field"><span>{label}</span><input type="password" '
        f'autocomplete="off" spellcheck="false" placeholder="hf_…" autofocus></label>{wrong}'
        + _said(text(lang, "models.page.token_kept"))
    )
    return _dialog(lang, model, "token", inside, "token_keep")


def removal(lang: str, model: Model, planned: Removal) -> str:
    facts = {"model": model.name, "free_bytes": planned.bytes, "path": planned.folder}
    said = [text(lang, "models.remove", **facts)]
    if planned.others:
        names = ", ".join(planned.others[:NAMED])
        said.append(text(lang, "models.others", count=len(planned.others), names=names))
    if planned.shared_bytes:
        said.append(text(lang, "models.shared", shared_bytes=planned.shared_bytes))
    return _dialog(lang, model, "remove", _said(*said), "remove_yes")


def _dialog(lang: str, model: Model, kind: str, inside: str, act: str) -> str:
    title = esc(text(lang, f"models.page.{kind}_title", model=model.name))
    close = button("close", text(lang, "models.page.close"), look="is-text")
    go = button(act, text(lang, f"models.page.{act}"), look="is-text is-main", model=model.id)
    return (
        f'<dialog class="aura-ask" aria-label="{title}" data-model="{esc(model.id)}">'
        f"<h2>{title}</h2>{inside}<footer>{close}{go}</footer></dialog>"
    )


def _said(*sentences: str) -> str:
    return "".join(f"<p>{esc(sentence)}</p>" for sentence in sentences)


def _link(lang: str, key: str, url: str) -> str:
    return (
        f'<p><a href="{esc(url)}" target="_blank" rel="noopener noreferrer">'
        f"{esc(text(lang, key))}</a> <small>{esc(url)}</small></p>"
    )
