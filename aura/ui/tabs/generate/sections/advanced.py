"""How it is drawn: steps, guidance, scheduler, and the way a person wants it placed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import gradio as gr

from aura.catalog.models import Model
from aura.requests import PROMPT_MAX, SCHEDULERS, Way
from aura.ui.language import say
from aura.ui.tabs.generate.sections.pieces import folded

WAY = ("precision", "placement", "decoder")
AUTO = "auto"


def advanced(default: Model, fields: dict[str, Any]) -> None:
    with folded("advanced"):
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
        for name in WAY:
            fields[name] = _wish(name)


def _wish(name: str) -> gr.Dropdown:
    return gr.Dropdown(
        choices=[(say(f"generate.{name}.{way}"), way) for way in ways(name)],
        value=AUTO,
        label=say(f"generate.{name}"),
        info=say(f"generate.{name}.info"),
        elem_id=f"aura-{name}",
    )


def ways(name: str) -> tuple[str, ...]:
    """What may be wished for there, "auto" first."""
    return get_args(Way.model_fields[name].annotation)


def keywords(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"way": Way.model_validate({name: given[name] or AUTO for name in WAY})}


def filled(settings: Mapping[str, Any]) -> dict[str, Any]:
    way = settings.get("way") or Way()
    return {name: getattr(way, name) for name in WAY}
