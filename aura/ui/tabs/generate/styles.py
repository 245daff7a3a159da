"""Styles in the panel: choose one, save one's own, delete it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from aura.errors import AuraError
from aura.i18n import error_text
from aura.styles import Style
from aura.ui.language import reader
from aura.ui.markup import esc
from aura.ui.tabs.generate.panel import Panel
from aura.ui.tabs.generate.sections.words import NO_STYLE, style_choices
from aura.ui.wire import QUICK

if TYPE_CHECKING:
    from aura.studio import Studio


def wire(studio: Studio, form: Panel) -> None:
    editor, style = form.style_editor, form.fields["style"]
    fields = [form.style_name, form.style_prompt, form.style_negative]
    form.style_new.click(
        lambda: [gr.update(visible=True), "", "", ""], None, [editor, *fields], **QUICK
    )
    form.style_cancel.click(lambda: gr.update(visible=False), None, editor, **QUICK)

    def save(name: str, prompt: str, negative: str, request: gr.Request) -> list[Any]:
        try:
            studio.styles.save(Style(name=name.strip(), prompt=prompt, negative=negative))
        except AuraError as error:
            raise said(request, error) from None
        choices = gr.update(choices=style_choices(studio), value=name.strip())
        return [gr.update(visible=False), choices]

    def delete(name: str, request: gr.Request) -> Any:
        try:
            if name:
                studio.styles.delete(name)
        except AuraError as error:
            raise said(request, error) from None
        return gr.update(choices=style_choices(studio), value=NO_STYLE)

    form.style_save.click(save, fields, [editor, style], **QUICK)
    form.style_delete.click(delete, style, style, **QUICK)


def said(request: gr.Request, error: AuraError) -> gr.Error:
    """An error as a toast; Gradio shows its message as HTML, so it is escaped."""
    words = error_text(reader(request), error.as_dict())
    return gr.Error(esc(words), duration=8, print_exception=False)
