"""Who may talk to the studio: checked before Gradio sees a request.

A web page elsewhere can make a browser send requests here, and by DNS rebinding even read
the answers. So a request counts only under a name of this machine's own, and what comes
from another page may open the studio's page but nothing behind it.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

UPLOAD_MAX = 64 * 2**20  # bytes of one uploaded file with its wrapping
BODY_MAX = 8 * 2**20  # bytes of any other request
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
UPLOADS = ("/gradio_api/upload", "/upload")
OPEN_TO_LINKS = ("/",)  # what a link on another page may open

# What Gradio offers and Aura has no use for: fetching on a visitor's behalf, its
# maker's helpers, monitoring, histories of runs.
CLOSED = (
    "proxy=",
    "vibe-",
    "undo-vibe-edit",
    "dev/",
    "deep_link",
    "monitoring",
    "run-history",
    "runs",
    "profiling",
    "process_recording",
    "custom_component",
)

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": (
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; "
        "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
}

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Hosts:
    """The names under which the studio is served. More may be added while it runs."""

    def __init__(self, listen: bool = False, names: Iterable[str] = ()) -> None:
        self.listen = listen
        self.names = {name.lower() for name in names} | LOOPBACK

    def add(self, name: str) -> None:
        self.names.add(name.lower())

    def allow(self, host: str) -> bool:
        """``host`` is a Host header. In the local network any address will do: rebinding
        needs a name."""
        name = _name(host)
        if name is None:
            return False
        return name in self.names or (self.listen and _is_address(name))


def own_names() -> set[str]:
    """How other machines of a local network may call this one."""
    name = socket.gethostname().lower()
    return {name, f"{name.partition('.')[0]}.local"}


class Guard:
    """ASGI middleware; outermost, so that nothing is done for a request it refuses."""

    def __init__(self, app: App, hosts: Hosts) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        status = self.refusal(scope)
        if status is None:
            await self._served(scope, receive, send)
        elif scope["type"] == "http":
            await PlainTextResponse("Refused", status)(scope, receive, _hardened(send))
        else:
            await send({"type": "websocket.close", "code": 1008})

    def refusal(self, scope: Scope) -> int | None:
        """The status to refuse with, or None if the request may pass."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self.hosts.allow(hosts[0]):
            return 400
        if is_closed(scope["path"]):
            return 404
        if not same_origin(scope, headers, hosts[0]):
            return 403
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit():
            return 400
        return 413 if int(length) > body_max(scope["path"]) else None

    async def _served(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _Counted(receive, send, body_max(scope["path"]))
        try:
            await self.app(scope, body.receive, _hardened(body.send))
        except _TooLong:
            if body.answered:
                raise
            await PlainTextResponse("Too large", 413)(scope, receive, _hardened(send))


def same_origin(scope: Scope, headers: Headers, host: str) -> bool:
    """Whether a request comes from the studio's own page, from no page, or merely opens it."""
    site = headers.get("sec-fetch-site", "none")
    origin = headers.get("origin")
    if site in ("cross-site", "same-site"):
        return origin is None and _opens_the_page(scope, headers)
    if origin is not None:
        return _same(origin, host)
    if scope["type"] == "http" and scope.get("method") in ("GET", "HEAD"):
        return True
    referer = headers.get("referer")
    return referer is None or _same(referer, host)


def _opens_the_page(scope: Scope, headers: Headers) -> bool:
    return (
        scope["type"] == "http"
        and scope.get("method") in ("GET", "HEAD")
        and scope["path"] in OPEN_TO_LINKS
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )


def is_closed(path: str) -> bool:
    """Whether a path leads to what Aura does not offer, or to a file on another machine."""
    rest = path.lower().lstrip("/").removeprefix("gradio_api/").lstrip("/")
    if rest.startswith(("file=", "file/")):
        return "://" in rest or ":/" in rest[5:].lstrip("/")[2:]
    return rest.startswith(CLOSED)


def body_max(path: str) -> int:
    return UPLOAD_MAX if path.rstrip("/") in UPLOADS else BODY_MAX


def _same(address: str, host: str) -> bool:
    """Whether an Origin or Referer names the host that was asked, port included."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return False
    usual = 443 if parts.scheme == "https" else 80
    return parts.hostname == _name(host) and (port or usual) == (_port(host) or usual)


def _name(host: str) -> str | None:
    """The name in a Host header, without port and brackets; None if it is no such header."""
    if not host or any(sign in host for sign in "/\\@?#%, \t"):
        return None
    try:
        parts = urlsplit(f"//{host}")
        parts.port  # noqa: B018 raises ValueError when it is none
    except ValueError:
        return None
    return parts.hostname


def _port(host: str) -> int | None:
    return urlsplit(f"//{host}").port


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class _TooLong(Exception):
    """More body came than was announced or is taken."""


class _Counted:
    """Counts what comes in, whatever length was announced."""

    def __init__(self, receive: Receive, send: Send, most: int) -> None:
        self._receive, self._send, self.left = receive, send, most
        self.answered = False

    async def receive(self) -> Message:
        message = await self._receive()
        self.left -= len(message.get("body", b""))
        if self.left < 0:
            raise _TooLong
        return message

    async def send(self, message: Message) -> None:
        self.answered = self.answered or message["type"] == "http.response.start"
        await self._send(message)


def _hardened(send: Send) -> Send:
    """``send`` with the headers every answer carries."""

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return with_headers
