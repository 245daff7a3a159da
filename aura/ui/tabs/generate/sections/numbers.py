"""How many pictures, from which seed."""

from __future__ import annotations

from typing import Any

import gradio as gr

from aura.ui.language import say
from aura.ui.tabs.generate.sections.pieces import icon_button


def numbers(fields: dict[str, Any], parts: dict[str, Any]) -> None:
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
        parts["dice"] = icon_button("aura-dice")
        parts["again"] = icon_button("aura-again")
