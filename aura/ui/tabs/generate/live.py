"""What a page shows of its jobs right now, and the follower that keeps it so.

Work belongs to ``studio.jobs``; a page only looks. Whatever asks (a click, the follower,
the clock of the status bar) renders the same few parts, and the page is sent those that
changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr

from aura.jobs.job import JobView
from aura.ui.markup import section
from aura.ui.pages import Page, Pages
from aura.ui.shelf import Shelf
from aura.ui.status import told
from aura.ui.tabs.generate import details, filmstrip, message, progress, queue, stage

if TYPE_CHECKING:
    from aura.library.history import Entry
    from aura.studio import Studio

PARTS = ("stage", "progress", "stop", "strip", "tools", "details", "queue", "message")
HANDOVER_S = 0.5  # how long a follower waits for one that may just be ending


class Live:
    """Renders pages of one studio."""

    def __init__(self, studio: Studio, shelf: Shelf, pages: Pages) -> None:
        self.studio, self.shelf, self.pages = studio, shelf, pages

    def updates(self, page: Page) -> list[Any]:
        """Values for the components of ``PARTS``; what the page already shows is skipped."""
        return page.changed(self.render(page))

    def render(self, page: Page) -> dict[str, Any]:
        lang, paused = page.lang, bool(self.studio.jobs.paused)
        views = self.studio.jobs.views(page.owner)
        view = focus(views, page.job)
        entry = self.entry(page)
        current = entry.picture.path if entry else None
        active = view is not None and not view.ended
        return {
            "stage": self._stage(page, view, entry),
            "progress": progress.line(lang, view, asked=page.job, paused=paused),
            "stop": gr.update(interactive=active),
            "strip": self._strip(page, current),
            "tools": details.tools(lang, entry),
            "details": section(
                lang, "generate.details", details.details(lang, entry, self._names())
            ),
            "queue": section(
                lang, "generate.queue", queue.listing(lang, page.listed(views), paused=paused)
            ),
            "message": _message(self.studio, page, views, view),
        }

    def entry(self, page: Page) -> Entry | None:
        """The picture the page's buttons are about: the chosen, the newest drawn, the last."""
        view = focus(self.studio.jobs.views(page.owner), page.job)
        if page.looking_at:
            return self.shelf.get(page.looking_at)
        if view and view.pictures:
            return self.shelf.get(view.pictures[-1].path)
        newest = self.shelf.recent()
        return newest[0] if newest else None

    def _stage(self, page: Page, view: JobView | None, entry: Entry | None) -> str:
        drawing = view is not None and not view.ended and page.looking_at is None
        if drawing and view is not None and (view.preview or not view.pictures):
            return stage.drawing(page.lang, view)
        return stage.picture(entry.picture) if entry else stage.empty(page.lang)

    def _strip(self, page: Page, current: str | None) -> str:
        """Built anew only when a picture, a star or the choice changed."""
        key = (self.shelf.stamp(), current)
        if page.strip[0] != key:
            shown = self.shelf.recent()[: filmstrip.SHOWN]
            page.strip = (key, filmstrip.strip(page.lang, shown, self.shelf.thumbnails, current))
        return page.strip[1]

    def _names(self) -> dict[str, str]:
        return {model.id: model.name for model in self.studio.catalog.models}

    def follow(self) -> Callable[[str, gr.Request], Iterator[list[Any]]]:
        """The handler that stays with a page until none of its jobs is on its way."""

        def handler(owner: str, request: gr.Request) -> Iterator[list[Any]]:
            page = self.pages.of(request, owner)
            if not page.following.acquire(timeout=HANDOVER_S):
                yield [gr.skip()] * len(PARTS)  # one that yields nothing would empty the page
                return
            try:
                yield from self._until_idle(page)
            finally:
                page.following.release()

        return handler

    def _until_idle(self, page: Page) -> Iterator[list[Any]]:
        """One follower a page, whatever it queues: others would only take up threads."""
        while (view := self._active(page)) is not None:
            for _ in self.studio.jobs.follow(view.id):
                yield self.updates(page)
                now = self._active(page)
                if now is None or now.id != view.id:
                    break
        yield self.updates(page)

    def _active(self, page: Page) -> JobView | None:
        view = focus(self.studio.jobs.views(page.owner), None)
        return view if view and not view.ended else None


def focus(views: tuple[JobView, ...], last: str | None) -> JobView | None:
    """The job a page talks about: the running one, the next one, or the last it asked for."""
    running = [view for view in views if view.state == "running"]
    queued = sorted((v for v in views if v.state == "queued"), key=lambda v: v.place)
    asked = [view for view in views if view.id == last]
    return next(iter(running or queued or asked), None)


def _message(studio: Studio, page: Page, views: tuple[JobView, ...], view: JobView | None) -> str:
    """What was just said, else the failure of the job in focus, else its notices."""
    if page.message and page.later and told(studio):
        page.message, page.later = page.later(), None
    if page.message:
        return page.message
    if why := studio.jobs.pause_reason:
        return message.paused(page.lang, why)
    lost = [v for v in views if v.state == "interrupted" and v.id not in page.dismissed]
    shown = view or (lost[-1] if lost else None)
    if shown is None or shown.id in page.dismissed:
        return ""
    if shown.error or shown.state == "interrupted":
        error = shown.error or {"code": "interrupted", "facts": {}}
        return message.failed(page.lang, error, job=shown.id)
    return message.noticed(page.lang, shown.notices) if shown.notices else ""
