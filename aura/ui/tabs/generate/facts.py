"""How a picture was made beyond prompt and size: LoRAs, start, passes; names and values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aura.composer import LANCZOS
from aura.i18n import has, text
from aura.requests import GenerateRequest, Larger, Picture, Start
from aura.ui.markup import esc
from aura.ui.wording import number, percent, seconds

Names = Mapping[str, str]  # of the models, by id


def facts_of(lang: str, request: GenerateRequest, names: Names) -> Iterator[tuple[str, str]]:
    """Keys of ``generate.details`` and values (HTML), only of what was asked for."""
    if request.preset:
        key = f"preset.{request.preset}"
        yield "preset", esc(text(lang, key) if has(key) else request.preset)
    if request.loras:
        told = (f"{names.get(x.id, x.id)} {number(lang, x.weight)}" for x in request.loras)
        yield "loras", "<br>".join(esc(one) for one in told)
    if request.vae:
        yield "vae", esc(names.get(request.vae, request.vae))
    if request.clip_skip:
        yield "clip_skip", str(request.clip_skip)
    if request.start:
        yield "start", esc(_started(lang, request.start))
    if request.larger:
        yield "larger", esc(_enlarged(lang, request, request.larger, names))
    if request.repair:
        share = percent(lang, request.repair.strength)
        yield "repair", esc(f"{request.repair.things}, {share}")


def _started(lang: str, start: Start) -> str:
    kind = "masked" if start.masks else "whole"
    strength = percent(lang, start.strength)
    return text(lang, f"generate.details.start.{kind}", strength=strength)


def _enlarged(lang: str, request: GenerateRequest, larger: Larger, names: Names) -> str:
    upscaler = "Lanczos" if larger.upscaler == LANCZOS else larger.upscaler
    facts = {
        "drawn": f"{request.width} × {request.height}",
        "upscaler": names.get(upscaler, upscaler),
        "strength": percent(lang, larger.strength),
    }
    how = "refined" if larger.strength else "only"
    return text(lang, f"generate.details.larger.{how}", **facts)


def passes(lang: str, shown: Picture) -> list[tuple[str, str]]:
    """Each pass with the seconds it took, where there was more than one."""
    return [(_pass(lang, passed.name), seconds(lang, passed.seconds)) for passed in shown.passes]


def _pass(lang: str, name: str) -> str:
    words = text(lang, f"passes.name.{name}")
    return words[:1].upper() + words[1:]
