"""Everything known of the picture on the stage, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from aura.i18n import has, size, text
from aura.requests import Picture
from aura.ui.icons import icon
from aura.ui.markup import button, esc, facts, file_url
from aura.ui.tabs.generate import making
from aura.ui.wording import moment, notice, number, seconds

if TYPE_CHECKING:
    from aura.library.history import Entry


def tools(lang: str, entry: Entry | None) -> str:
    """The buttons beneath the stage. Without a picture only what needs none."""
    keys = button("help", text(lang, "generate.tool.help"), symbol="keys")
    details = button("details", text(lang, "generate.tool.details"), symbol="info")
    if entry is None:
        return f'<div class="aura-tools">{details}{keys}</div>'
    path = entry.picture.path
    return (
        '<div class="aura-tools">'
        + star(lang, entry)
        + button("reuse", text(lang, "generate.tool.reuse"), symbol="reuse", picture=path)
        + start(lang, entry)
        + _download(lang, path)
        + button("expand", text(lang, "generate.tool.expand"), symbol="expand")
        + details
        + keys
        + "</div>"
    )


def star(lang: str, entry: Entry) -> str:
    """The switch that marks a picture, here and in the library."""
    return button(
        "star",
        text(lang, "generate.tool.star"),
        symbol="star",
        look="is-on" if entry.starred else "",
        pressed=entry.starred,
        picture=entry.picture.path,
    )


def start(lang: str, entry: Entry) -> str:
    """Draw on from this picture, here and in the library."""
    label = text(lang, "generate.tool.start")
    return button("start", label, symbol="start", picture=entry.picture.path)


def _download(lang: str, path: str) -> str:
    label = esc(text(lang, "generate.tool.download"))
    return (
        f'<a class="aura-btn" href="{esc(file_url(path))}" download="{esc(Path(path).name)}" '
        f'aria-label="{label}" title="{label}">{icon("download")}</a>'
    )


def details(lang: str, entry: Entry | None, names: Mapping[str, str]) -> str:
    """``names`` are those of the models, by id."""
    if entry is None:
        return f'<p class="aura-quiet">{esc(text(lang, "generate.details.none"))}</p>'
    shown = entry.picture
    return (
        f'<p class="aura-prompt">{esc(shown.prompt)}</p>'
        + _negative(lang, entry)
        + facts(_settings(lang, entry, names))
        + f"<h4>{esc(text(lang, 'generate.details.time'))}</h4>"
        + facts(_times(lang, shown))
        + _passes(lang, shown)
        + f"<h4>{esc(text(lang, 'generate.details.memory'))}</h4>"
        + _memory(lang, shown)
        + _notices(lang, shown)
    )


def _negative(lang: str, entry: Entry) -> str:
    if not entry.request.negative:
        return ""
    label = esc(text(lang, "generate.negative"))
    return f'<p class="aura-quiet"><b>{label}:</b> {esc(entry.request.negative)}</p>'


def _settings(lang: str, entry: Entry, names: Mapping[str, str]) -> list[tuple[str, str]]:
    shown, request = entry.picture, entry.request
    pairs = [
        ("model", esc(names.get(shown.model, shown.model))),
        ("size", f"{shown.width} × {shown.height} px"),
        ("seed", f"<code>{shown.seed}</code>"),
        ("steps", str(request.steps)),
        ("guidance", number(lang, request.guidance)),
        ("scheduler", esc(text(lang, f"generate.scheduler.{request.scheduler}"))),
    ]
    if request.style:
        pairs.append(("style", esc(request.style)))
    pairs += making.facts_of(lang, request, names)
    pairs.append(("created", esc(moment(lang, entry.created))))
    return [(text(lang, f"generate.details.{name}"), value) for name, value in pairs]


def _times(lang: str, shown: Picture) -> list[tuple[str, str]]:
    stages = [
        (text(lang, f"generate.stage.{stage}"), seconds(lang, spent))
        for stage, spent in shown.stages.items()
        if has(f"generate.stage.{stage}") and spent >= 0.005
    ]
    return [*stages, (text(lang, "generate.details.total"), seconds(lang, shown.seconds))]


def _passes(lang: str, shown: Picture) -> str:
    if not shown.passes:
        return ""
    title = esc(text(lang, "generate.details.passes"))
    return f"<h4>{title}</h4>{facts(making.passes(lang, shown))}"


def _memory(lang: str, shown: Picture) -> str:
    """The plan it was drawn under, and what that really took."""
    plan = shown.plan
    pairs = [("memory.predicted", size(lang, plan["peak"]))] if plan.get("peak") else []
    pairs.append(("memory.measured", _measured(lang, shown)))
    if plan.get("rung"):
        pairs.append(("generate.details.rung", esc(_rung(lang, plan["rung"]))))
    for name in ("device", "dtype"):
        if plan.get(name):
            pairs.append((f"generate.details.{name}", esc(plan[name])))
    why = notice(lang, plan.get("explanation") or {})
    said = f'<p class="aura-quiet">{esc(why)}</p>' if why else ""
    return facts([(text(lang, key), value) for key, value in pairs]) + said


def _measured(lang: str, shown: Picture) -> str:
    """In bytes, and in percent of what was predicted."""
    peak, predicted = shown.peak_bytes, shown.plan.get("peak")
    share = f" ({100 * peak / predicted:.0f} %)" if peak and predicted else ""
    return size(lang, peak) + share


def _rung(lang: str, rung: str) -> str:
    """Where the parts of the model were; every rung but the first has words in plans too."""
    key = "generate.details.rung.resident" if rung == "resident" else f"plan.how.{rung}"
    return text(lang, key) if has(key) else rung


def _notices(lang: str, shown: Picture) -> str:
    if not shown.notices:
        return ""
    rows = "".join(f"<li>{esc(notice(lang, told))}</li>" for told in shown.notices)
    title = esc(text(lang, "generate.details.notices"))
    return f'<h4>{title}</h4><ul class="aura-notices">{rows}</ul>'
