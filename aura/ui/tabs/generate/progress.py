"""The progress line: place in the queue, stage, step, time so far and what is left."""

from __future__ import annotations

from aura.i18n import text
from aura.jobs.job import JobView
from aura.ui.markup import esc
from aura.ui.wording import seconds


def line(lang: str, view: JobView | None, *, paused: bool = False) -> str:
    """One line for the job a page follows; empty before the first."""
    if view is None:
        return _line("", "", 0, [text(lang, "generate.ready")])
    if view.state == "queued":
        return _line(view.id, "is-queued", 0, _queued(lang, view, paused))
    if view.state == "running":
        return _line(view.id, "is-running", _share(view), _running(lang, view))
    share = 1 if view.state == "done" else 0
    return _line(view.id, f"is-{view.state}", share, _ended(lang, view))


def _queued(lang: str, view: JobView, paused: bool) -> list[str]:
    if paused:
        return [text(lang, "generate.paused")]
    key = "generate.next" if view.place == 0 else "generate.place"
    return [text(lang, key, place=view.place)]


def _running(lang: str, view: JobView) -> list[str]:
    parts = [text(lang, f"generate.stage.{view.stage}")]
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
    """How much of the steps of all pictures is done, 0 to 1."""
    steps = view.request.steps
    inside = view.step / max(view.steps, 1) if view.stage == "denoising" else 0.0
    if view.stage in ("decoding", "saving"):
        inside = 1.0
    return min(1.0, (view.index + inside) / view.request.count) if steps else 0.0


def _line(job: str, look: str, share: float, parts: list[str]) -> str:
    words = '<span class="aura-sep" aria-hidden="true">·</span>'.join(
        f"<span>{esc(part)}</span>" for part in parts
    )
    return (
        f'<div class="aura-progress {look}" data-job="{job}">'
        f'<div class="aura-bar" role="progressbar" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{share * 100:.0f}"><i style="width:{share * 100:.1f}%"></i></div>'
        f'<p role="status"><b class="aura-dot"></b>{words}</p></div>'
    )
