"""The larger picture: what comes out in the end, and how it is enlarged and refined."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from aura.catalog.models import Catalog
from aura.composer import LANCZOS
from aura.i18n import text
from aura.requests import Larger, achievable
from aura.ui.language import say
from aura.ui.markup import esc
from aura.ui.tabs.generate.sections.pieces import Choices, chosen, folded, installed, titled

if TYPE_CHECKING:
    from aura.studio import Studio

FIELDS = ("larger", "upscaler", "refine", "refine_steps", "refiner")
OFF = "off"
FACTORS = ("1.5", "2", "4")
BOXES = ("1920x1080", "2560x1440", "3840x2160")  # screens; upright pictures fill them upright
SAME = ""  # the model that draws refines, too
NEAR = 0.04  # a shape this close to a box fills it: models draw 16:9 only nearly
DEFAULT = Larger.model_validate(
    {"width": 64, "height": 64}
)  # its other values are the section's first ones

# What passes.wide finds where memory or the model sets a bound, and how it is said here.
UNREFINED = "passes.wide.unrefined"
HARD = {
    "passes.wide.tiled": "tiled",
    "passes.wide.interpolated": "interpolated",
    UNREFINED: "unrefined",
}

Size = tuple[int, int]


@dataclass(frozen=True)
class Parts:
    accordion: gr.Accordion
    how: gr.Column  # what only a larger picture needs


def build(studio: Studio, fields: dict[str, Any]) -> Parts:
    with folded("larger") as accordion:
        fields["larger"] = gr.Dropdown(
            choices=finals(),
            value=OFF,
            label=say("generate.larger.final"),
            info=say("generate.larger.final.info"),
            elem_id="aura-larger-final",
        )
        with gr.Column(visible=False, elem_id="aura-larger-how") as how:
            _how(studio, fields)
    return Parts(accordion, how)


def _how(studio: Studio, fields: dict[str, Any]) -> None:
    fields["upscaler"] = gr.Dropdown(
        choices=upscalers(studio.catalog),
        value=LANCZOS,
        label=say("generate.upscaler"),
        info=say("generate.upscaler.info"),
        elem_id="aura-upscaler",
    )
    fields["refine"] = gr.Slider(
        0,
        1,
        value=DEFAULT.strength,
        step=0.05,
        label=say("generate.refine"),
        info=say("generate.refine.info"),
        elem_id="aura-refine",
        buttons=[],
    )
    fields["refine_steps"] = gr.Number(
        value=None,
        label=say("generate.refine_steps"),
        placeholder=say("generate.refine_steps.same"),
        precision=0,
        elem_id="aura-refine-steps",
    )
    fields["refiner"] = gr.Dropdown(
        choices=refiners(studio.catalog),
        value=SAME,
        label=say("generate.refiner"),
        elem_id="aura-refiner",
    )


def finals(other: str | None = None) -> list[tuple[Any, str]]:
    """The choices of the final size; ``other`` is one more, in pixels, such as ``900x600``."""
    named = [(say(f"generate.larger.{name}"), name) for name in (OFF, *FACTORS, *BOXES)]
    if other in (None, *(value for _, value in named)):
        return named
    return [*named, (other.replace("x", " × "), other)] if other else named


def upscalers(catalog: Catalog) -> list[tuple[Any, str]]:
    return [("Lanczos", LANCZOS), *installed(catalog, "upscale")]


def refiners(catalog: Catalog) -> list[tuple[Any, str]]:
    return [(say("generate.refiner.same"), SAME), *installed(catalog, "generate")]


def target(final: str | None, drawn: Size | None) -> Size | None:
    """The size that comes out, in pixels; None where nothing is to be enlarged."""
    if not final or final == OFF or drawn is None:
        return None
    width, height = drawn
    if final in FACTORS:
        size = (round(width * float(final)), round(height * float(final)))
    else:
        size = _inside(_box(final, drawn), drawn)
    return size if max(drawn) < max(size) and achievable(*size) else None


def _box(final: str, drawn: Size) -> Size:
    long, short = sorted((int(side) for side in final.split("x")), reverse=True)
    return (long, short) if drawn[0] >= drawn[1] else (short, long)


def _inside(box: Size, drawn: Size) -> Size:
    """The box itself for a picture of about its shape, else the largest that fits in."""
    if abs(math.log(drawn[0] / drawn[1] * box[1] / box[0])) < NEAR:
        return box
    scale = min(box[0] / drawn[0], box[1] / drawn[1])
    return round(drawn[0] * scale), round(drawn[1] * scale)


def named(size: Size, drawn: Size | None) -> str:
    """The choice of the panel that gives this size."""
    found = (name for name in (*FACTORS, *BOXES) if target(name, drawn) == size)
    return next(found, f"{size[0]}x{size[1]}")


def keywords(given: Mapping[str, Any], drawn: Size | None) -> dict[str, Any]:
    size = target(given["larger"], drawn)
    if size is None:
        return {"larger": None}
    steps = given["refine_steps"]
    how = {
        "width": size[0],
        "height": size[1],
        "upscaler": given["upscaler"] or LANCZOS,
        "strength": given["refine"],
        "steps": int(steps) if isinstance(steps, int | float) and 1 <= steps <= 150 else None,
        "model": given["refiner"] or None,
    }
    return {"larger": Larger.model_validate(how)}


def filled(settings: Mapping[str, Any], catalog: Catalog, drawn: Size | None) -> dict[str, Any]:
    larger: Larger | None = settings.get("larger")
    final = named((larger.width, larger.height), drawn) if larger else OFF
    how = larger or DEFAULT
    choices: Choices = finals(final)
    return {
        "larger": gr.update(choices=list(choices), value=final),
        "upscaler": chosen(upscalers(catalog), how.upscaler, LANCZOS),
        "refine": how.strength,
        "refine_steps": gr.update(value=how.steps),
        "refiner": chosen(refiners(catalog), how.model or SAME, SAME),
    }


def title(lang: str, final: str | None, drawn: Size | None) -> str:
    size = target(final, drawn)
    return titled(lang, "larger", f"{size[0]} × {size[1]}" if size else "")


def outcome(
    lang: str,
    given: Mapping[str, Any],
    drawn: Size | None,
    names: Mapping[str, str],
    hard: str | None = None,
) -> str:
    """The line under the size: what is drawn, what comes out, and by what means (HTML).

    ``names`` are those of the models, by id; ``hard`` is the key of what this machine will do
    otherwise, one of ``HARD``.
    """
    final = given["larger"]
    if not final or final == OFF or drawn is None:
        return ""
    size, facts = target(final, drawn), {"drawn": f"{drawn[0]} × {drawn[1]}"}
    if size is None:
        said = text(lang, "generate.outcome.none", **facts)
    else:
        facts |= {"final": f"{size[0]} × {size[1]}", "model": names.get(given["refiner"] or "", "")}
        means = HARD[hard] if hard else _means(given)
        said = text(lang, f"generate.outcome.{means}", **facts)
    return f'<p class="aura-outcome">{esc(said)}</p>'


def _means(given: Mapping[str, Any]) -> str:
    if not given["refine"]:
        return "enlarged"
    return "refined_by" if given["refiner"] else "refined"
