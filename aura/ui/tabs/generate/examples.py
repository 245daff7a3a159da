"""Example prompts, per model, and the kind word to those who ask shapes for a lighthouse."""

from __future__ import annotations

from aura import i18n
from aura.catalog.models import Model
from aura.i18n import text
from aura.ui.icons import icon
from aura.ui.markup import button, esc


def prompts(lang: str, model: Model) -> list[str]:
    """Prompts that show this model well, in the reader's language."""
    area = f"generate.example.{model.id}."
    keys = [key for key in i18n.texts(lang) if key.startswith(area)]
    keys = keys or [key for key in i18n.texts(lang) if key.startswith("generate.example.any.")]
    return [text(lang, key) for key in sorted(keys)]


def chips(lang: str, model: Model) -> str:
    words = esc(text(lang, "generate.try"))
    offered = "".join(chip(prompt) for prompt in prompts(lang, model)[:4])
    return f'<div class="aura-chips" role="group" aria-label="{words}">{offered}</div>'


def chip(prompt: str) -> str:
    return button("example", prompt, look="aura-chip", prompt=prompt)


def only_shapes(lang: str, model: Model, words: tuple[str, ...], hint: str) -> str:
    """The card for words a small model never learned. ``hint`` names one that knows more."""
    said = text(lang, "generate.shapes.only", model=model.name, words=", ".join(words[:6]))
    offered = "".join(chip(prompt) for prompt in prompts(lang, model)[:3])
    return (
        f'<div class="aura-card-note" role="status">{icon("sparkle", 20)}<div>'
        f'<p class="aura-what">{esc(said)}</p>'
        f'<div class="aura-chips">{offered}</div>'
        + (f'<p class="aura-quiet">{esc(hint)}</p>' if hint else "")
        + "</div>"
        + button("dismiss", text(lang, "generate.dismiss"), symbol="close")
        + "</div>"
    )
