"""The left panel: everything that can be asked for, as Gradio components.

``FIELDS`` is the one order in which they are read and filled; their names are the
keywords of ``aura.composer.compose``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from aura.catalog.models import Model
from aura.i18n import text
from aura.ratios import RATIOS, size_for
from aura.requests import PROMPT_MAX, SCHEDULERS
from aura.ui.language import say
from aura.ui.markup import WARMER, esc, island

if TYPE_CHECKING:
    from aura.studio import Studio

FIELDS = (
    "prompt",
    "negative",
    "style",
    "ratio",
    "width",
    "height",
    "count",
    "steps",
    "guidance",
    "scheduler",
    "seed",
)
CUSTOM = "custom"
NO_STYLE = ""


@dataclass(frozen=True)
class Panel:
    """The components; ``fields`` maps each name of ``FIELDS`` to its own."""

    fields: dict[str, Any]
    examples: gr.HTML
    size: gr.HTML
    sides: gr.Row
    draw: gr.Button
    stop: gr.Button
    dice: gr.Button
    again: gr.Button
    read: gr.UploadButton
    warmer: gr.HTML
    style_new: gr.Button
    style_editor: gr.Group
    style_name: gr.Textbox
    style_prompt: gr.Textbox
    style_negative: gr.Textbox
    style_save: gr.Button
    style_delete: gr.Button
    style_cancel: gr.Button

    @property
    def inputs(self) -> list[Any]:
        return [self.fields[name] for name in FIELDS]


def build(studio: Studio) -> Panel:
    parts: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    default = studio.catalog.default()
    with gr.Column(elem_id="aura-panel", min_width=320, scale=0):
        with gr.Column(elem_id="aura-form"):
            _prompt(fields, parts)
            _style(studio, fields, parts)
            _size(default, fields, parts)
            _numbers(fields, parts)
            _advanced(default, fields)
        with gr.Row(elem_id="aura-actions"):
            parts["draw"] = gr.Button(
                say("generate.draw"), variant="primary", elem_id="aura-draw", scale=3, min_width=80
            )
            parts["warmer"] = island("aura-warmer", WARMER)
            parts["stop"] = gr.Button(
                say("generate.stop"), elem_id="aura-stop", scale=1, min_width=80, interactive=False
            )
    return Panel(fields=fields, **parts)


def _prompt(fields: dict[str, Any], parts: dict[str, Any]) -> None:
    with gr.Group(elem_classes="aura-card"):
        fields["prompt"] = gr.Textbox(
            label=say("generate.prompt"),
            placeholder=say("generate.prompt.placeholder"),
            lines=4,
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


def _style(studio: Studio, fields: dict[str, Any], parts: dict[str, Any]) -> None:
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
            parts["style_new"] = _icon_button("aura-style-new")
            parts["style_delete"] = _icon_button("aura-style-delete")
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


def _icon_button(elem_id: str) -> gr.Button:
    """A square button whose symbol the style sheet draws and whose name the script sets."""
    return gr.Button("", elem_id=elem_id, elem_classes="aura-square", size="sm", min_width=0)


def _size(default: Model, fields: dict[str, Any], parts: dict[str, Any]) -> None:
    with gr.Group(elem_classes="aura-card aura-ratios"):
        parts["size"] = island("aura-size")
        fields["ratio"] = gr.Radio(
            choices=[*((ratio, ratio) for ratio in RATIOS), (say("generate.custom"), CUSTOM)],
            value="1:1",
            label=say("generate.ratio"),
            elem_id="aura-ratio",
        )
        width, height = size_for("1:1", default.area, default.multiple)
        with gr.Row(visible=False, elem_classes="aura-inline") as sides:
            for name, value in (("width", width), ("height", height)):
                fields[name] = gr.Number(
                    value=value,
                    label=say(f"generate.{name}"),
                    step=default.multiple,
                    precision=0,
                    elem_id=f"aura-{name}",
                    min_width=90,
                )
        parts["sides"] = sides


def _numbers(fields: dict[str, Any], parts: dict[str, Any]) -> None:
    with gr.Group(elem_classes="aura-card"), gr.Row(elem_classes="aura-inline"):
        fields["count"] = gr.Number(
            value=1,
            label=say("generate.count"),
            step=1,
            precision=0,
            elem_id="aura-count",
            scale=2,
            min_width=70,
        )
        fields["seed"] = gr.Number(
            value=None,
            label=say("generate.seed"),
            placeholder=say("generate.seed.random"),
            precision=0,
            elem_id="aura-seed",
            scale=3,
            min_width=110,
        )
        parts["dice"] = _icon_button("aura-dice")
        parts["again"] = _icon_button("aura-again")


def _advanced(default: Model, fields: dict[str, Any]) -> None:
    with gr.Accordion(say("generate.advanced"), open=False, elem_id="aura-advanced"):
        fields["negative"] = gr.Textbox(
            label=say("generate.negative"),
            info=say("generate.negative.info"),
            lines=2,
            max_length=PROMPT_MAX,
            elem_id="aura-negative",
            buttons=[],
        )
        fields["steps"] = gr.Slider(
            1,
            150,
            value=default.defaults.steps,
            step=1,
            label=say("generate.steps"),
            info=say("generate.steps.info"),
            elem_id="aura-steps",
            buttons=[],
        )
        fields["guidance"] = gr.Slider(
            0,
            30,
            value=default.defaults.guidance,
            step=0.5,
            label=say("generate.guidance"),
            info=say("generate.guidance.info"),
            elem_id="aura-guidance",
            buttons=[],
        )
        fields["scheduler"] = gr.Dropdown(
            choices=[(say(f"generate.scheduler.{name}"), name) for name in SCHEDULERS],
            value=default.defaults.scheduler,
            label=say("generate.scheduler"),
            info=say("generate.scheduler.info"),
            elem_id="aura-scheduler",
        )


def style_choices(studio: Studio) -> list[tuple[Any, str]]:
    """Those that ship with Aura go by a name in both languages, others by their own."""
    names = [
        (say(style.label) if style.label else style.name, style.name)
        for style in studio.styles.all()
    ]
    return [(say("generate.style.none"), NO_STYLE), *names]


def keywords(values: Sequence[Any]) -> dict[str, Any]:
    """The panel's values as keywords of ``compose``; either a ratio or sides, never both."""
    given = dict(zip(FIELDS, values, strict=True))
    if given["ratio"] == CUSTOM:
        given["ratio"] = None
    else:
        given["width"] = given["height"] = None
    given["style"] = given["style"] or None
    return given


def filled(settings: Mapping[str, Any], model: Model) -> list[Any]:
    """Updates for ``inputs`` from keywords of ``compose``; what is not given stays."""
    known = dict(settings)
    if known.get("width") and known.get("height"):
        known["ratio"] = ratio_of(known["width"], known["height"], model) or CUSTOM
    if "style" in known:
        known["style"] = known["style"] or NO_STYLE
    return [known[name] if known.get(name) is not None else gr.skip() for name in FIELDS]


def ratio_of(width: int, height: int, model: Model) -> str | None:
    """The ratio whose size at this model is exactly this one."""
    sizes = {size_for(ratio, model.area, model.multiple): ratio for ratio in RATIOS}
    return sizes.get((width, height))


def size_words(lang: str, model: Model, ratio: str, width: Any, height: Any) -> str:
    """The size in pixels that will really be drawn."""
    if ratio in RATIOS:
        width, height = size_for(ratio, model.area, model.multiple)
    known = isinstance(width, int | float) and isinstance(height, int | float)
    words = f"{width:.0f} × {height:.0f} px" if known else "– × – px"
    name = f'<span class="aura-unseen">{esc(text(lang, "generate.size"))}: </span>'
    return f'<p class="aura-size">{name}{esc(words)}</p>'
