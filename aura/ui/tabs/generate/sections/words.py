"""What to draw, in words: the prompt, and the style around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from aura.requests import PROMPT_MAX
from aura.ui.language import say
from aura.ui.markup import island
from aura.ui.tabs.generate.sections.pieces import icon_button

if TYPE_CHECKING:
    from aura.studio import Studio

NO_STYLE = ""


def prompt(fields: dict[str, Any], parts: dict[str, Any]) -> None:
    with gr.Group(elem_classes="aura-card aura-words"):
        fields["prompt"] = gr.Textbox(
            label=say("generate.prompt"),
            placeholder=say("generate.prompt.placeholder"),
            lines=3,
            max_lines=8,
            max_length=PROMPT_MAX,
            elem_id="aura-prompt",
            buttons=[],
        )
        parts["examples"] = island("aura-examples")
        parts["read"] = gr.UploadButton(
            str(say("generate.read")),
            file_types=["image"],
            elem_id="aura-read",
            size="sm",
            variant="secondary",
        )


def style(studio: Studio, fields: dict[str, Any], parts: dict[str, Any]) -> None:
    with gr.Group(elem_classes="aura-card"):
        with gr.Row(elem_classes="aura-inline"):
            fields["style"] = gr.Dropdown(
                choices=style_choices(studio),
                value=NO_STYLE,
                label=say("generate.style"),
                elem_id="aura-style",
                scale=1,
                min_width=120,
            )
            parts["style_new"] = icon_button("aura-style-new")
            parts["style_delete"] = icon_button("aura-style-delete")
        with gr.Group(visible=False, elem_id="aura-style-editor") as editor:
            parts["style_name"] = gr.Textbox(label=say("generate.style.name"), max_length=60)
            parts["style_prompt"] = gr.Textbox(
                label=say("generate.style.prompt"), info=say("generate.style.prompt.info"), lines=2
            )
            parts["style_negative"] = gr.Textbox(label=say("generate.negative"))
            with gr.Row():
                parts["style_cancel"] = gr.Button(say("generate.style.cancel"), size="sm")
                parts["style_save"] = gr.Button(
                    say("generate.style.save"), size="sm", variant="primary"
                )
        parts["style_editor"] = editor


def style_choices(studio: Studio) -> list[tuple[Any, str]]:
    """Those that ship with Aura go by a name in both languages, others by their own."""
    names = [
        (say(style.label) if style.label else style.name, style.name)
        for style in studio.styles.all()
    ]
    return [(say("generate.style.none"), NO_STYLE), *names]
