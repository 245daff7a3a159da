"""How large: a ratio at the model's own area, or sides in pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from aura.catalog.models import Model
from aura.i18n import text
from aura.ratios import RATIOS, size_for, size_near
from aura.ui.language import say
from aura.ui.markup import esc, island

CUSTOM = "custom"


def size(default: Model, fields: dict[str, Any], parts: dict[str, Any]) -> None:
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
        parts["outcome"] = island("aura-outcome")


def keywords(given: Mapping[str, Any]) -> dict[str, Any]:
    """Either a ratio or sides, never both."""
    if given["ratio"] == CUSTOM:
        return {"ratio": None, "width": given["width"], "height": given["height"]}
    return {"ratio": given["ratio"], "width": None, "height": None}


def pixels(model: Model, ratio: str | None, width: Any, height: Any) -> tuple[int, int] | None:
    """The size that will be drawn; None where the sides are no numbers."""
    if ratio in RATIOS:
        return size_for(ratio, model.area, model.multiple)
    if not all(isinstance(side, int | float) and side > 0 for side in (width, height)):
        return None
    return int(width), int(height)


def ratio_of(width: int, height: int, model: Model) -> str | None:
    """The ratio whose size at this model is exactly this one."""
    sizes = {size_for(ratio, model.area, model.multiple): ratio for ratio in RATIOS}
    return sizes.get((width, height))


def like(width: int, height: int, model: Model) -> tuple[str, int, int]:
    """Ratio, width and height of a picture of this shape at the model's own area."""
    across, down = size_near(width, height, model.area, model.multiple)
    return ratio_of(across, down, model) or CUSTOM, across, down


def size_words(lang: str, model: Model, ratio: str, width: Any, height: Any) -> str:
    """The size in pixels that will really be drawn."""
    drawn = pixels(model, ratio, width, height)
    words = f"{drawn[0]} × {drawn[1]} px" if drawn else "– × – px"
    name = f'<span class="aura-unseen">{esc(text(lang, "generate.size"))}: </span>'
    return f'<p class="aura-size">{name}{esc(words)}</p>'
