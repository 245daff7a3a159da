"""The open pages: who each belongs to, what it looks at, and what it was last sent.

A page is told only what changed. Its owner is kept by the browser, so that a reloaded
page finds its jobs again; everything here may be forgotten at any time.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gradio as gr

from aura.engine.protocol import Status
from aura.jobs.job import JobView
from aura.ui.language import reader

KEPT = 500  # pages remembered; the longest unused goes first


class Page:
    """One open page. ``looking_at``: a picture somebody chose; None follows the drawing."""

    def __init__(self, owner: str, lang: str) -> None:
        self.owner, self.lang = owner, lang
        self.opened = time.time()
        self.job: str | None = None
        self.looking_at: str | None = None
        self.start_from: str | None = None  # a picture of the history somebody wants to start from
        self.painting = False  # whether its easel has just been put up
        self.message = ""
        self.later: Callable[[], str] | None = None  # says more than ``message`` in a while
        self.strip: tuple[Any, str] = (None, "")  # what the filmstrip was built from, and it
        self.dismissed: set[str] = set()
        self.made = ""  # a link to what was last made of a batch (HTML)
        self.memory = False  # whether the memory picture is open
        self.said: Callable[[str, Status | None], str] | None = None  # what its last button did
        self.following = threading.Lock()
        self._sent: dict[str, Any] = {}
        self._unsure: set[str] = set()  # sent since the last tick of the clock
        self._lock = threading.Lock()

    def listed(self, views: Sequence[JobView]) -> list[JobView]:
        """The jobs this page's queue shows: not those of former visits, nor those cleared.

        What a restart interrupted is shown at any visit, until somebody clears it.
        """
        return [
            view
            for view in views
            if view.id not in self.dismissed
            and (not view.ended or view.state == "interrupted" or view.created >= self.opened)
        ]

    def changed(self, rendered: Mapping[str, Any]) -> list[Any]:
        """The values in their order, those the page already shows replaced by "skip"."""
        with self._lock:
            updates = [self._update(name, value) for name, value in rendered.items()]
        return updates

    def settled(self, rendered: Mapping[str, Any]) -> list[Any]:
        """As ``changed``, and once more what was sent since the last time this was asked.

        Two answers may overtake each other on their way to the browser, which then shows
        the older one. The clock asks this each second, so that the newer one stays.
        """
        with self._lock:
            again = self._unsure & rendered.keys()
            self._unsure -= again
            return [
                value if name in again and self._sent[name] == value else self._update(name, value)
                for name, value in rendered.items()
            ]

    def _update(self, name: str, value: Any) -> Any:
        if name in self._sent and self._sent[name] == value:
            return gr.skip()
        self._sent[name] = value
        self._unsure.add(name)
        return value


class Pages:
    """Pages by Gradio's session, which is one load of a page."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, Page] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, request: gr.Request, owner: str | None) -> Page:
        """The page that asks. A page without an owner yet gets one."""
        session = request.session_hash or "script"
        with self._lock:
            page = self._pages.get(session)
            if page is None:
                page = Page(valid_owner(owner), reader(request))
            self._pages[session] = page
            self._pages.move_to_end(session)
            while len(self._pages) > KEPT:
                self._pages.popitem(last=False)
        return page

    def opened(self, request: gr.Request, owner: str | None) -> Page:
        """A page that was just loaded: nothing sent yet, nothing chosen."""
        with self._lock:
            self._pages.pop(request.session_hash or "script", None)
        return self.of(request, owner)


def valid_owner(owner: object) -> str:
    """What the browser kept, if it is one of ours; else a new one."""
    text = str(owner or "")
    return text if text.startswith("page-") and len(text) == 37 else f"page-{uuid.uuid4().hex}"
