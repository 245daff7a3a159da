"""Two languages in one page: who is reading, and in which words.

Gradio translates its own components from ``gr.I18n`` by the browser's language. A small
script, put into the page ahead of Gradio's, makes that the language a person chose here
and tells the server by a cookie, because all texts made on the server follow that.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.i18n import I18nData

from aura import i18n
from aura.ui import theme

COOKIE = "aura_lang"
# What the pages' components say; all else is put into words on the server.
SAID = ("ui.", "generate.", "preset.", "many.", "grid.", "library.", "fits.", "catalog.style.")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def translations() -> gr.I18n:
    """The texts of the pages in every language, for Gradio's components."""
    return gr.I18n(**{lang: _page_texts(lang) for lang in i18n.LANGUAGES})


def _page_texts(lang: str) -> dict[str, str]:
    return {key: words for key, words in i18n.texts(lang).items() if key.startswith(SAID)}


def say(key: str) -> I18nData:
    """A label or help text that the browser puts into the reader's language."""
    if not i18n.has(key) or not key.startswith(SAID):
        raise KeyError(key)
    return I18nData(key)


def reader(request: gr.Request | None) -> str:
    """The language of whoever asks: their cookie, else their browser's, else English."""
    if request is None:
        return "en"
    headers = dict(request.headers)
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE and value in i18n.LANGUAGES:
            return value
    spoken = headers.get("accept-language", "")[:2].lower()
    return spoken if spoken in i18n.LANGUAGES else "en"


def early_script(wanted: str) -> bytes:
    """The script for the page's head; ``wanted`` is ``--lang``, or ``auto``."""
    source = Path(__file__).with_name("early.js").read_text(encoding="utf-8")
    blanks = {
        "__LANGUAGES__": json.dumps(list(i18n.LANGUAGES)),
        "__WANTED__": wanted,
        "__DARK__": theme.DARK["bg"],
        "__LIGHT__": theme.LIGHT["bg"],
    }
    for blank, value in blanks.items():
        source = source.replace(blank, value)
    return f"<script>{source}</script>".encode()


class EarlyScript:
    """ASGI middleware that puts the early script at the top of each page's head."""

    def __init__(self, app: App, wanted: str = "auto") -> None:
        self.app = app
        self.script = early_script(wanted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            await self.app(scope, receive, send)
            return
        page = _Page(self.script, send)
        await self.app(scope, receive, page.send)


class _Page:
    """Holds back one HTML answer until it is whole, so that its length can be told anew."""

    def __init__(self, script: bytes, send: Send) -> None:
        self.script, self._send = script, send
        self.start: Message | None = None
        self.body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_html(message):
            self.start = message
        elif self.start is None:
            await self._send(message)
        else:
            self.body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self.start)

    async def _finish(self, start: Message) -> None:
        body = self.body.replace(b"<head>", b"<head>" + self.script, 1)
        kept = [(name, v) for name, v in start["headers"] if name.lower() != b"content-length"]
        start["headers"] = [*kept, (b"content-length", str(len(body)).encode())]
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _is_html(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/html")
        for name, value in message["headers"]
    )
