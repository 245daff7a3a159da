"""A hub on loopback that speaks the real one's protocol, and breaks in any way it is told to."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE = 2**17  # bytes from which a file lies in large file storage, behind a redirect
PIECE = 2**16


@dataclass
class Fault:
    """What happens to the next ``times`` answers whose address contains ``path``.

    ``status`` answers with it; ``cut`` sends so many bytes and hangs up; ``truncate`` serves
    a file that ends there; ``flip`` turns a bit of that byte; ``delay`` waits so many seconds
    first; ``pause`` is called once ``cut`` bytes of the answer are on their way.
    """

    path: str = ""
    times: int = 1
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    truncate: int | None = None
    flip: int | None = None
    delay: float = 0.0
    pause: Callable[[], None] | None = None


@dataclass(frozen=True)
class Asked:
    method: str
    path: str  # of the file in its repository, or of the address
    start: int
    sent: int


class HubServer:
    """Serves ``folder`` as the repository ``repo``; ``token`` makes it a gated one."""

    def __init__(self, folder: Path, repo: str = "aura/shapes", token: str | None = None) -> None:
        self.repo, self.token = repo, token
        self.files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        self.ranges = True
        self.faults: list[Fault] = []
        self.asked: list[Asked] = []
        self.lock = threading.Lock()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"

    @contextmanager
    def serving(self) -> Iterator[HubServer]:
        thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.http.shutdown()
            self.http.server_close()
            thread.join()

    @property
    def commit(self) -> str:
        names = json.dumps({name: self.etag(name) for name in self.files})
        return hashlib.sha1(names.encode()).hexdigest()

    def etag(self, name: str) -> str:
        return _etag(self.files[name])

    def large(self, name: str) -> bool:
        return len(self.files[name]) >= LARGE

    def info(self) -> dict[str, Any]:
        return {
            "_id": "0" * 24,
            "id": self.repo,
            "modelId": self.repo,
            "sha": self.commit,
            "gated": "auto" if self.token else False,
            "siblings": [self.sibling(name) for name in self.files],
        }

    def sibling(self, name: str) -> dict[str, Any]:
        size, etag = len(self.files[name]), self.etag(name)
        told: dict[str, Any] = {"rfilename": name, "size": size, "blobId": etag[:40]}
        if self.large(name):
            told["lfs"] = {"sha256": etag, "size": size, "pointerSize": 134}
        return told

    def tree(self) -> list[dict[str, Any]]:
        told = [self.sibling(name) for name in self.files]
        return [
            {
                "type": "file",
                "path": file["rfilename"],
                "size": file["size"],
                "oid": file["blobId"],
                **({"lfs": {**file["lfs"], "oid": file["lfs"]["sha256"]}} if "lfs" in file else {}),
            }
            for file in told
        ]

    def fault(self, path: str) -> Fault | None:
        """The first fault that is due for this address, counted as used."""
        with self.lock:
            for fault in self.faults:
                if fault.times and fault.path in path:
                    fault.times -= 1
                    return fault
        return None

    def fetched(self, name: str) -> list[Asked]:
        """The requests for the bytes of a file, in their order."""
        with self.lock:
            return [asked for asked in self.asked if asked.path == name and asked.method == "GET"]


@lru_cache
def _etag(data: bytes) -> str:
    if len(data) >= LARGE:
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _handler(hub: HubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and bytes go apart, and must not wait

        def do_GET(self) -> None:
            self.answer()

        def do_HEAD(self) -> None:
            self.answer()

        def answer(self) -> None:
            path = unquote(urlsplit(self.path).path)
            api, files = f"/api/models/{hub.repo}", f"/{hub.repo}/resolve/"
            fault = None if path.startswith("/cdn/") else hub.fault(path)
            if fault and fault.delay:
                time.sleep(fault.delay)
            if fault and fault.status:
                self.refuse(fault.status, fault.headers)
            elif path == "/api/whoami-v2":
                if not hub.token or self.allowed():
                    self.tell({"type": "user", "name": "tester", "auth": {}})
            elif not path.startswith(("/cdn/", api, files)):
                self.refuse(404, {"X-Error-Code": "RepoNotFound"})
            elif hub.token and not path.startswith("/cdn/") and not self.allowed():
                pass
            elif path.startswith(f"{api}/tree/"):
                self.tell(hub.tree())
            elif path.startswith(api):
                self.tell(hub.info())
            elif path.startswith("/cdn/"):
                self.send(path.split("/", 3)[3], None)
            else:
                self.resolve(path.removeprefix(files).partition("/")[2], fault)

        def allowed(self) -> bool:
            said = self.headers.get("Authorization", "")
            if said == f"Bearer {hub.token}":
                return True
            wrong = {"X-Error-Message": "Invalid credentials in Authorization header"}
            self.refuse(401, wrong if said else {"X-Error-Code": "GatedRepo"})
            return False

        def resolve(self, name: str, fault: Fault | None) -> None:
            if name not in hub.files:
                return self.refuse(404, {"X-Error-Code": "EntryNotFound"})
            if not hub.large(name) or (fault and self.command == "GET"):
                return self.send(name, fault)
            self.note(name, 0, 0, "HEAD")
            self.send_response(302)
            self.identity(name)
            self.send_header("X-Linked-Size", str(len(hub.files[name])))
            self.send_header("X-Linked-Etag", f'"{hub.etag(name)}"')
            self.send_header("Location", f"{hub.url}/cdn/{hub.etag(name)}/{name}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def send(self, name: str, fault: Fault | None) -> None:
            data = bytearray(hub.files.get(name, b""))
            if fault and fault.flip is not None:
                data[fault.flip] ^= 1 << fault.flip % 8
            if fault and fault.truncate is not None:
                del data[fault.truncate :]
            asked = self.headers.get("Range", "") if hub.ranges else ""
            start = int(asked.removeprefix("bytes=").partition("-")[0]) if asked else 0
            if asked and start >= len(data):
                return self.refuse(416, {"Content-Range": f"bytes */{len(data)}"})
            self.send_response(206 if asked else 200)
            self.identity(name)
            self.send_header("Accept-Ranges", "bytes")
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            self.pour(name, bytes(data), start, fault)

        def pour(self, name: str, data: bytes, start: int, fault: Fault | None) -> None:
            end = len(data)
            if fault and fault.cut is not None:
                end = min(end, start + fault.cut)
            if self.command == "HEAD":
                end = start
            sent = start
            try:
                while sent < end:
                    self.wfile.write(data[sent : min(end, sent + PIECE)])
                    sent = min(end, sent + PIECE)
            except OSError:
                self.close_connection = True  # whoever asked has gone
            self.note(name, start, sent - start)
            if fault and fault.pause:
                fault.pause()
            if end < len(data) and self.command == "GET":
                self.close_connection = True

        def identity(self, name: str) -> None:
            self.send_header("X-Repo-Commit", hub.commit)
            self.send_header("ETag", f'"{hub.etag(name)}"')

        def tell(self, answer: Any) -> None:
            body = json.dumps(answer).encode()
            self.note(self.path, 0, len(body))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if self.command == "GET" else b"")

        def refuse(self, status: int, headers: dict[str, str]) -> None:
            self.note(self.path, 0, 0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def note(self, path: str, start: int, sent: int, method: str | None = None) -> None:
            with hub.lock:
                hub.asked.append(Asked(method or self.command, path, start, sent))

        def log_message(self, *_: object) -> None:
            pass

    return Handler
