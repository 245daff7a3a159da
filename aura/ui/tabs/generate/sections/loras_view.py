"""The LoRAs that were added as HTML: name, weight, the words each listens to."""

from __future__ import annotations

from collections.abc import Sequence

from aura.catalog.models import Catalog, Model
from aura.i18n import text
from aura.requests import Lora
from aura.ui.markup import button, esc, slider
from aura.ui.tabs.generate.sections.loras import find, fits
from aura.ui.wording import number

WEIGHTS = (-1.0, 2.0, 0.05)  # least, most, step of the slider; few LoRAs bear more
WORDS_SHOWN = 8


def listing(
    lang: str, catalog: Catalog, model: Model, loras: Sequence[Lora], any_here: bool
) -> str:
    """``any_here``: whether there is one to add for this model."""
    if not loras and not any_here:
        return _none(lang, model)
    rows = "".join(_row(lang, catalog, model, lora) for lora in loras)
    return f'<ul class="aura-loras">{rows}</ul>' if rows else ""


def _none(lang: str, model: Model) -> str:
    """Where LoRAs come from."""
    said = esc(text(lang, "generate.loras.none", model=model.name))
    hint = esc(text(lang, "generate.loras.none.hint"))
    way = button("models", text(lang, "generate.to_models"), look="is-text")
    return f'<div class="aura-hint"><p>{said}</p><p>{hint}</p>{way}</div>'


def _row(lang: str, catalog: Catalog, model: Model, lora: Lora) -> str:
    known = find(catalog, lora.id)
    name = known.name if known else lora.id
    remove = button(
        "remove", text(lang, "generate.loras.remove", name=name), symbol="close", lora=lora.id
    )
    head = f'<div class="aura-lora-name"><b title="{esc(name)}">{esc(name)}</b>{remove}</div>'
    if not fits(catalog, lora.id, model):
        key = (
            "generate.loras.other" if known and catalog.installed(known) else "generate.loras.gone"
        )
        said = esc(text(lang, key, model=model.name))
        return f'<li class="is-out">{head}<p class="aura-quiet">{said}</p></li>'
    return f"<li>{head}{_weight(lang, name, lora)}{_words(lang, known)}</li>"


def _weight(lang: str, name: str, lora: Lora) -> str:
    least, most, step = WEIGHTS
    return slider(
        "weight",
        text(lang, "generate.loras.weight", name=name),
        number(lang, lora.weight),
        (min(least, lora.weight), max(most, lora.weight), step),
        lora.weight,
        lora=lora.id,
    )


def _words(lang: str, lora: Model | None) -> str:
    """Its trigger words; a press puts one into the prompt."""
    if lora is None or not lora.triggers:
        return ""
    label = esc(text(lang, "generate.loras.words"))
    chips = "".join(
        button("word", word, look="aura-chip", word=word) for word in lora.triggers[:WORDS_SHOWN]
    )
    return f'<div class="aura-chips" role="group" aria-label="{label}">{chips}</div>'
