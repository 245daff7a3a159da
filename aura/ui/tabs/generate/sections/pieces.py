"""What several sections are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import gradio as gr

from aura.i18n import text
from aura.ui.language import say

if TYPE_CHECKING:
    from aura.catalog.models import Catalog

Choices = Sequence[tuple[Any, str]]


def icon_button(elem_id: str) -> gr.Button:
    """A square button whose symbol the style sheet draws and whose name the script sets."""
    return gr.Button("", elem_id=elem_id, elem_classes="aura-square", size="sm", min_width=0)


@contextmanager
def folded(name: str) -> Iterator[gr.Accordion]:
    """A closed section of the panel under the label ``generate.<name>``."""
    with gr.Accordion(
        say(f"generate.{name}"), open=False, elem_id=f"aura-{name}", elem_classes="aura-section"
    ) as accordion:
        yield accordion


def titled(lang: str, name: str, told: str) -> str:
    """The label of a section with what is set in it: ``LoRAs (2)``."""
    label = text(lang, f"generate.{name}")
    return f"{label} ({told})" if told else label


def installed(catalog: Catalog, task: str, family: str | None = None) -> list[tuple[str, str]]:
    """Names and ids of the models on this computer that do ``task``, for a dropdown."""
    return [
        (model.name, model.id)
        for model in catalog.models
        if model.task == task
        and model.runnable
        and family in (None, model.family)
        and catalog.installed(model)
    ]


def chosen(choices: Choices, value: Any, otherwise: Any) -> dict[str, Any]:
    """An update of a dropdown: these choices, and of them the one wanted if it is there."""
    known = {id for _, id in choices}
    return gr.update(choices=list(choices), value=value if value in known else otherwise)
