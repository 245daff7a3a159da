"""The progress line: place in the queue, stage, step, time so far and what is left."""

from __future__ import annotations

from aura.i18n import text
from aura.jobs.job import JobView
from aura.ui.markup import esc
from aura.ui.wording import seconds


def line(lang: str, view: JobView | None, *, asked: str | None, paused: bool = False) -> str:
    """One line for the job a page follows. ``asked``: the one it asked for last.

    The two differ while the newest waits behind another. Who watches the page tells by the
    newest whether the server has answered, and for which job to look. ``data-say`` is what
    the script reads out: the stage or the end, and not the seconds that tick.
    """
    parts = _parts(lang, view, paused)
    look = view.state if view else "ready"
    share = _share(view) if view else 0.0
    return (
        f'<div class="aura-progress is-{look}" data-job="{view.id if view else ""}" '
        f'data-asked="{asked or ""}" data-say="{esc(parts[0])}">{_bar(lang, share)}'
        f'<p><b class="aura-dot"></b>{_words(parts)}</p></div>'
    )


def _parts(lang: str, view: JobView | None, paused: bool) -> list[str]:
    if view is None:
        return [text(lang, "generate.ready")]
    if view.state == "queued":
        return _queued(lang, view, paused)
    return _running(lang, view) if view.state == "running" else _ended(lang, view)


def _queued(lang: str, view: JobView, paused: bool) -> list[str]:
    if paused:
        return [text(lang, "generate.paused")]
    key = "generate.next" if view.place == 0 else "generate.place"
    return [text(lang, key, place=view.place)]


def _running(lang: str, view: JobView) -> list[str]:
    parts = [text(lang, f"generate.stage.{view.stage}")]
    if view.parts > 1:
        parts.append(text(lang, "generate.of_passes", part=view.part + 1, parts=view.parts))
    if view.request.count > 1:
        parts.append(
            text(lang, "generate.of_pictures", index=view.index + 1, count=view.request.count)
        )
    if view.stage == "denoising" and view.steps:
        parts.append(text(lang, "generate.step", step=view.step, steps=view.steps))
    parts.append(seconds(lang, view.elapsed))
    if view.eta is not None:
        parts.append(text(lang, "generate.left", time=seconds(lang, view.eta)))
    return parts


def _ended(lang: str, view: JobView) -> list[str]:
    parts = [text(lang, f"generate.state.{view.state}")]
    if view.pictures and view.state != "done":
        parts.append(text(lang, "generate.kept_pictures", count=len(view.pictures)))
    if view.elapsed:
        parts.append(seconds(lang, view.elapsed))
    return parts


def _share(view: JobView) -> float:
    """How much of the steps of all pictures and passes is done, 0 to 1."""
    if view.state != "running":
        return 1.0 if view.state == "done" else 0.0
    inside = view.step / max(view.steps, 1) if view.stage == "denoising" else 0.0
    if view.stage in ("decoding", "saving"):
        inside = 1.0
    part = min(1.0, (view.index + inside) / view.request.count)
    return (view.part + part) / view.parts


def _bar(lang: str, share: float) -> str:
    name = esc(text(lang, "generate.progress"))
    return (
        f'<div class="aura-bar" role="progressbar" aria-label="{name}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{share * 100:.0f}">'
        f'<i style="width:{share * 100:.1f}%"></i></div>'
    )


def _words(parts: list[str]) -> str:
    return '<span class="aura-sep" aria-hidden="true">·</span>'.join(
        f"<span>{esc(part)}</span>" for part in parts
    )
