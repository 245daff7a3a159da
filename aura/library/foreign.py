"""Settings as other studios leave them in a picture. Everything here is a stranger's words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from aura import prompts
from aura.library.images import Header
from aura.library.samplers import scheduler_of
from aura.requests import PROMPT_MAX, SEED_MAX, SIDE_MAX, SIDE_MIN, Lora

TEXT_MAX = 200_000  # characters looked at
NEGATIVE = "Negative prompt:"
SETTING = re.compile(r"\s*([A-Za-z][\w ./\-]{0,40}):\s*(\"(?:\\.|[^\"\\])*\"|[^,]*)(?:,|$)")
LORA = re.compile(r"\s*<lora:([^:<>]{1,200}):([+-]?\d*\.?\d+)[^<>]{0,100}>")
LORAS_MAX = 16
WEIGHT_MAX = 4
SIZE = re.compile(r"\(?\s*'?(\d{1,5})'?\s*[x×,*]\s*'?(\d{1,5})'?\s*\)?")


def read(header: Header) -> dict[str, Any]:
    """Keywords for ``compose``; only those that are there and within bounds."""
    text = header.texts.get("parameters") or header.comment or header.texts.get("UserComment", "")
    text = text[:TEXT_MAX].strip()
    if text.startswith("{"):
        return _fooocus(text)
    return _a1111(text)


def _a1111(text: str) -> dict[str, Any]:
    """``prompt``, ``Negative prompt: …`` and a last line of ``Name: value`` pairs."""
    *lines, last = text.splitlines() or [""]
    pairs = {name.strip().lower(): _unquoted(value) for name, value in SETTING.findall(last)}
    if "steps" not in pairs:
        return {}
    body = "\n".join(lines)
    prompt, _, negative = body.partition(f"\n{NEGATIVE}")
    if body.startswith(NEGATIVE):
        prompt, negative = "", body[len(NEGATIVE) :]
    schedule = pairs.get("schedule type", "")
    sampler = pairs.get("sampler", "")
    if schedule and schedule.lower() not in ("automatic", "karras"):
        sampler += f" {schedule}"  # a combination that Aura does not have
    return _kept(
        {
            "prompt": LORA.sub("", prompt).strip(),
            "loras": _loras(prompt),
            "clip_skip": pairs.get("clip skip"),
            "negative": negative.strip(),
            "steps": pairs.get("steps"),
            "guidance": pairs.get("cfg scale"),
            "seed": pairs.get("seed"),
            "size": pairs.get("size"),
            "model": pairs.get("model"),
            "scheduler": scheduler_of(sampler),
        }
    )


def _loras(prompt: str) -> tuple[Lora, ...]:
    """As A1111 writes them into a prompt: ``<lora:name:0.8>``."""
    found = [(name, float(weight)) for name, weight in LORA.findall(prompt)[:LORAS_MAX]]
    return tuple(
        Lora(id=name, weight=max(-WEIGHT_MAX, min(WEIGHT_MAX, weight))) for name, weight in found
    )


def _fooocus(text: str) -> dict[str, Any]:
    """Fooocus' own scheme: one JSON object. Its log writes the names with capitals."""
    try:
        loaded = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(loaded, dict):
        return {}
    said = {str(name).lower().replace(" ", "_"): value for name, value in loaded.items()}
    if "prompt" not in said:
        return {}
    return _kept(
        {
            "prompt": said.get("prompt"),
            "negative": said.get("negative_prompt"),
            "steps": said.get("steps"),
            "guidance": said.get("guidance_scale"),
            "seed": said.get("seed"),
            "size": said.get("resolution"),
            "model": said.get("base_model"),
            "scheduler": scheduler_of(str(said.get("sampler", ""))),
        }
    )


def _kept(said: Mapping[str, Any]) -> dict[str, Any]:
    """What can be used of it, as ``compose`` takes it."""
    width, height = _size(said.get("size"))
    found = {
        # No template: braces and underscores of other studios mean other things.
        "prompt": _prompt(said.get("prompt")),
        "negative": _prompt(said.get("negative")),
        "steps": _number(said.get("steps"), int, 1, 150),
        "guidance": _number(said.get("guidance"), float, 0, 30),
        "seed": _number(said.get("seed"), int, 0, SEED_MAX),
        "width": width,
        "height": height,
        "model": str(said["model"])[:200] if said.get("model") else None,
        "scheduler": said["scheduler"],
        "loras": said.get("loras") or None,
        "clip_skip": _skipped(said.get("clip_skip")),
    }
    return {name: value for name, value in found.items() if value is not None}


def _prompt(said: Any) -> str | None:
    if not isinstance(said, str):
        return None
    return prompts.escape(said.encode("utf-8", "replace").decode())[:PROMPT_MAX]


def _number(
    said: Any, kind: Callable[[str], float], least: float, most: float
) -> int | float | None:
    try:
        value = kind(str(said)[:32])
    except (ValueError, OverflowError):
        return None
    return value if least <= value <= most else None


def _skipped(said: Any) -> int | None:
    """Layers left out; A1111 counts from one, and one is none."""
    told = _number(said, int, 2, 9)
    return None if told is None else int(told) - 1


def _size(said: Any) -> tuple[int | None, int | None]:
    """Both sides or none, as near as sides can be."""
    match = SIZE.fullmatch(str(said)[:40].strip())
    if not match:
        return None, None
    width, height = (8 * round(int(side) / 8) for side in match.groups())
    if min(width, height) < SIDE_MIN or max(width, height) > SIDE_MAX:
        return None, None
    return width, height


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value.strip()
    try:
        return str(json.loads(value))
    except ValueError:
        return value.strip('"')
