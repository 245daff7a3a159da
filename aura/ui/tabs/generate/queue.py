"""The queue as its page sees it: own jobs with their place, stop and retry."""

from __future__ import annotations

from collections.abc import Sequence

from aura.i18n import error_parts, text
from aura.jobs.job import JobView
from aura.ui.markup import button, esc

ENDED_SHOWN = 5  # jobs that failed or were stopped, the newest


def listing(lang: str, views: Sequence[JobView], *, paused: bool) -> str:
    """Jobs on their way in order, then those that came to nothing and may be tried again."""
    waiting = [view for view in views if not view.ended]
    lost = [view for view in views if view.ended and view.state != "done"][-ENDED_SHOWN:]
    if not waiting and not lost and not paused:
        return f'<p class="aura-quiet">{esc(text(lang, "generate.queue.empty"))}</p>'
    rows = [_row(lang, view) for view in sorted(waiting, key=_order)]
    rows += [_row(lang, view) for view in reversed(lost)]
    return f'<ul class="aura-queue">{"".join(rows)}</ul>{_tools(lang, waiting, lost, paused)}'


def _order(view: JobView) -> tuple[bool, int]:
    return view.state != "running", view.place


def _row(lang: str, view: JobView) -> str:
    where = text(lang, f"generate.state.{view.state}")
    if view.state == "queued" and view.place:
        where = text(lang, "generate.queue.place", place=view.place + 1)
    if view.error:
        where = error_parts(lang, view.error)[0]
    return (
        f'<li class="is-{view.state}"><div><p>{esc(view.request.prompt)}</p>'
        f"<small>{esc(where)}</small></div>{_buttons(lang, view)}</li>"
    )


def _buttons(lang: str, view: JobView) -> str:
    if view.ended:
        return button("retry", text(lang, "generate.queue.retry"), symbol="again", job=view.id)
    stop = button("stop", text(lang, "generate.queue.stop"), symbol="close", job=view.id)
    if view.state == "queued" and view.place:
        front = text(lang, "generate.queue.front")
        return button("front", front, symbol="up", job=view.id) + stop
    return stop


def _tools(lang: str, waiting: Sequence[JobView], lost: Sequence[JobView], paused: bool) -> str:
    tools = ""
    if len(waiting) > 1 or paused:
        act = "resume" if paused else "pause"
        tools += button(act, text(lang, f"generate.queue.{act}"), look="is-text")
    if lost or len(waiting) > 1:
        tools += button("clear", text(lang, "generate.queue.clear"), look="is-text")
    return f'<div class="aura-row">{tools}</div>' if tools else ""
