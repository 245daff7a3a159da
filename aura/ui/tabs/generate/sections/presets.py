"""The row of presets: what each would take here, and in words what the chosen one sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from aura.i18n import size, text
from aura.presets import CHOICES, OWN, Option
from aura.ui.language import say
from aura.ui.markup import esc, island
from aura.ui.wording import number, seconds

SETS = (  # the fields of the panel that a preset fills in
    "ratio",
    "width",
    "height",
    "steps",
    "guidance",
    "scheduler",
    "precision",
    "placement",
    "decoder",
    "loras",
    "larger",
    "upscaler",
    "refine",
    "refine_steps",
    "refiner",
)


def build(fields: dict[str, Any], parts: dict[str, Any]) -> None:
    with gr.Group(elem_classes="aura-card"):
        fields["preset"] = gr.Radio(
            choices=[(say(f"preset.{name}"), name) for name in (*CHOICES, OWN)],
            value=OWN,
            label=say("preset.label"),
            elem_id="aura-preset",
        )
        parts["preset_words"] = island("aura-preset-words")


def keywords(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"preset": given["preset"] if given["preset"] in CHOICES else None}


def choices(lang: str, options: Sequence[Option]) -> list[tuple[str, str]]:
    """Each name with its figures on a line of their own."""
    named = [(f"{text(lang, f'preset.{o.name}')}\n{figures(lang, o)}", o.name) for o in options]
    return [*named, (text(lang, "preset.own"), OWN)]


def figures(lang: str, option: Option) -> str:
    if option.verdict == "refused":
        return text(lang, "preset.refused")
    if option.peak is None:
        return text(lang, "preset.unknown")
    peak = size(lang, option.peak)
    if option.seconds is None:
        return peak
    return f"{seconds(lang, option.seconds)} · {peak}"


def words(lang: str, option: Option) -> str:
    """Everything the preset sets, why it was picked, and what would be quicker (HTML)."""
    said = [sets(lang, option), *(_reason(lang, reason) for reason in option.reasons)]
    return paragraphs([*said, better(lang, option)])


def paragraphs(said: Sequence[str]) -> str:
    return "".join(f'<p class="aura-quiet">{esc(words)}</p>' for words in said if words)


def sets(lang: str, option: Option) -> str:
    """One line: steps, scheduler, guidance, size, LoRA, and the way, as far as it is a wish."""
    key = "preset.sets.step" if option.steps == 1 else "preset.sets.steps"
    parts = [text(lang, key, steps=option.steps)]
    if option.scheduler != "auto":
        parts.append(text(lang, f"generate.scheduler.{option.scheduler}"))
    parts.append(text(lang, "preset.sets.guidance", guidance=number(lang, option.guidance)))
    if larger := option.larger:
        sizes = {"large_width": larger.width, "large_height": larger.height}
        drawn = {"width": option.width, "height": option.height}
        parts.append(text(lang, "preset.sets.drawn", **drawn, **sizes))
    way = option.way
    if way.precision != "auto":
        parts.append(text(lang, "preset.sets.precision", precision=way.precision))
    for name in ("placement", "decoder"):
        if (wish := getattr(way, name)) != "auto":
            parts.append(text(lang, f"preset.sets.{name}.{wish}"))
    return " · ".join(parts)


def _reason(lang: str, reason: Mapping[str, Any]) -> str:
    facts = dict(reason["facts"])
    if "preset" in facts:
        facts["preset"] = text(lang, facts["preset"])
    return text(lang, reason["code"], **facts)


def better(lang: str, option: Option) -> str:
    """Another model that would draw sooner; empty where there is none."""
    other = option.better
    if other is None or option.seconds is None:
        return ""
    facts: dict[str, Any] = {
        "seconds": seconds(lang, option.seconds),
        "model": other.name,
        "less": seconds(lang, other.seconds),
    }
    if not other.download_bytes:
        return text(lang, "preset.better.here", **facts)
    return text(lang, "preset.better.load", **facts, download_bytes=other.download_bytes)


def expected(lang: str, count: int, took: float | None, peak: int | None) -> str:
    """What the settings in the panel will take, told before anything is drawn."""
    if took is None or peak is None:
        return ""
    key = "preset.expected" if count == 1 else "preset.expected_many"
    facts = {"count": count, "seconds": seconds(lang, took), "peak_bytes": peak}
    return text(lang, key, **facts)
