"""Who may talk to the studio, tried on the real app over HTTP."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import os
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from aura.settings import Settings
from aura.studio import Studio
from aura.ui import serving
from aura.ui.safety import BODY_MAX, HEADERS, UPLOAD_MAX, Guard, Hosts, is_closed
from tests.engine.scripted import ScriptedEngine

SECRET = b"nobody-outside-may-read-this"
BOUNDARY = "----aura"


class QuietEngine(ScriptedEngine):
    """Draws nothing anybody has to wait for, and has nothing to tell."""

    ready = None

    def status(self) -> None:
        return None


@dataclass
class Served:
    """A studio that is served, and how to talk to it without a client that mends requests."""

    studio: Studio
    port: int
    password: str | None

    def ask(
        self, method: str, path: str, body: bytes = b"", **headers: str
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        given = {"Host": f"127.0.0.1:{self.port}", **named(headers)}
        if body:
            given["Content-Length"] = str(len(body))
        for name, value in given.items():
            connection.putheader(name, value)
        connection.endheaders(body or None)
        answer = connection.getresponse()
        answer.body = answer.read()  # type: ignore[attr-defined]
        connection.close()
        return answer

    def state(self) -> tuple[int, frozenset[Path]]:
        """What a request could change: the jobs, and the files of the data folder."""
        data = self.studio.settings.data_dir
        files = frozenset(path for path in data.rglob("*") if "logs" not in path.parts)
        return len(self.studio.jobs.views()), files


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served") / "data"


@pytest.fixture(scope="module")
def served(data: Path, tiny_pack: Path) -> Iterator[Served]:
    yield from running(Settings(data_dir=data, models_dirs=(tiny_pack.parent,), port=0))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, tiny_pack: Path) -> Iterator[Served]:
    """Served to the local network."""
    data = tmp_path_factory.mktemp("listening") / "data"
    yield from running(
        Settings(data_dir=data, models_dirs=(tiny_pack.parent,), port=0, listen=True)
    )


def running(settings: Settings) -> Iterator[Served]:
    before = dict(os.environ)
    serving.settle(settings, os.environ)
    with Studio.open(settings, engine=QuietEngine()) as studio:
        page, address = serving.launch(studio)
        try:
            yield Served(studio, urlsplit(address.local).port or 0, address.password)
        finally:
            page.close(verbose=False)
            os.environ.clear()
            os.environ.update(before)


# --- what may change something


def upload(served: Served, **headers: str) -> http.client.HTTPResponse:
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    body = part.encode() + os.urandom(8).hex().encode() + f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return served.ask("POST", "/gradio_api/upload", body, Content_Type=kind, **headers)


def draw(served: Served, **headers: str) -> http.client.HTTPResponse:
    body = json.dumps({"data": ["a red circle"]}).encode()
    kind = "application/json"
    return served.ask("POST", "/gradio_api/call/generate", body, Content_Type=kind, **headers)


def join(served: Served, **headers: str) -> http.client.HTTPResponse:
    body = json.dumps({"data": ["a circle"], "fn_index": 0, "session_hash": "foreign"}).encode()
    kind = "application/json"
    return served.ask("POST", "/gradio_api/queue/join", body, Content_Type=kind, **headers)


ROUTES = (upload, draw, join)
OWN_HOSTS = ("127.0.0.1:{port}", "localhost:{port}")
OTHER_HOSTS = ("evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}")
OWN_ORIGINS = (None, "http://{host}")
OTHER_ORIGINS = ("http://evil.example", "null")
CASES = list(itertools.product(ROUTES, OWN_HOSTS + OTHER_HOSTS, OWN_ORIGINS + OTHER_ORIGINS))  # 60
HOSTILE = [
    case for case in CASES if not (case[1] in OWN_HOSTS and case[2] in OWN_ORIGINS)
]  # 48 of them


def headers_of(served: Served, host: str, origin: str | None) -> dict[str, str]:
    host = host.format(port=served.port)
    return {"Host": host} | ({"Origin": origin.format(host=host)} if origin else {})


@pytest.mark.parametrize("route, host, origin", HOSTILE)
def test_a_hostile_page_changes_nothing(served: Served, route, host: str, origin: str | None):
    before = served.state()
    answer = route(served, **headers_of(served, host, origin))
    assert answer.status in (400, 403)
    assert "access-control-allow-origin" not in {name.lower() for name, _ in answer.getheaders()}
    assert served.state() == before


@pytest.mark.parametrize("host, origin", list(itertools.product(OWN_HOSTS, OWN_ORIGINS)))
def test_the_own_page_and_scripts_may_upload_and_draw(served: Served, host, origin):
    headers = headers_of(served, host, origin)
    assert upload(served, **headers).status == 200
    assert draw(served, **headers).status == 200


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_browser_says_comes_from_another_site_is_refused(served: Served, route, site: str):
    before = served.state()
    assert route(served, Sec_Fetch_Site=site).status == 403
    assert served.state() == before


@pytest.mark.parametrize("route", ROUTES)
def test_a_foreign_referer_is_refused(served: Served, route):
    assert route(served, Referer="http://evil.example/page").status == 403


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:1", "http://localhost:{port}.evil.example", "file://", "x"]
)
def test_an_origin_that_only_looks_like_ours_is_refused(served: Served, origin: str):
    assert draw(served, Origin=origin.format(port=served.port)).status == 403


def test_a_foreign_page_may_link_here_but_not_look_in(served: Served):
    foreign = {"Sec_Fetch_Site": "cross-site"}
    link = {**foreign, "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert served.ask("GET", "/", **link).status == 200
    assert served.ask("GET", "/logout", **link).status == 403
    assert served.ask("GET", "/config", **foreign).status == 403
    frame = {**link, "Sec_Fetch_Dest": "iframe"}
    assert served.ask("GET", "/", **frame).status == 403


def test_a_preflight_from_elsewhere_gets_no_leave(served: Served):
    answer = served.ask(
        "OPTIONS",
        "/gradio_api/upload",
        Origin="http://evil.example",
        Access_Control_Request_Method="POST",
    )
    assert answer.status == 403
    assert answer.getheader("Access-Control-Allow-Origin") is None


def test_two_hosts_or_none_are_refused(served: Served):
    assert served.ask("GET", "/", Host="").status == 400
    guard = Guard(nothing, Hosts())
    two = [(b"host", b"localhost"), (b"host", b"evil.example")]
    for headers in ([], two):
        scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
        assert guard.refusal(scope) == 400


def test_a_websocket_from_elsewhere_is_closed():
    sent: list[dict] = []

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"origin", b"http://evil.example")]
    scope = {"type": "websocket", "path": "/ws", "headers": headers}
    ran(Guard(nothing, Hosts())(scope, nothing, send))
    assert [message["type"] for message in sent] == ["websocket.close"]


async def nothing(*_: object) -> None: ...


def ran(answering: Coroutine[Any, Any, None]) -> None:
    """To its end, in a thread of its own: a browser of other tests keeps a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, answering).result()


def test_every_answer_carries_the_safety_headers(served: Served):
    for answer in (served.ask("GET", "/"), served.ask("GET", "/", Host="evil.example")):
        for name, value in HEADERS.items():
            assert answer.getheader(name) == value


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/proxy=http://evil.example/",
        "/gradio_api/vibe-edit/",
        "/gradio_api/deep_link",
        "/monitoring",
        "/gradio_api/run-history/buckets",
        "/gradio_api/file=http://evil.example/x.png",
        "/gradio_api/file=https:/evil.example/x.png",
        "/gradio_api/file=ftp://evil.example/x.png",
        "/gradio_api/FILE=HTTP://evil.example/x.png",
    ],
)
def test_what_aura_has_no_use_for_is_closed(served: Served, path: str):
    assert is_closed(path)
    assert served.ask("GET", path).status == 404


@pytest.mark.parametrize(
    "path", ["/", "/config", "/gradio_api/info", "/theme.css", "/gradio_api/startup-events"]
)
def test_what_the_page_needs_is_open(served: Served, path: str):
    assert served.ask("GET", path).status == 200


# --- how much may come in


def test_an_upload_that_is_too_large_is_refused_before_it_is_sent(served: Served):
    before = served.state()
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    answer = served.ask(
        "POST", "/gradio_api/upload", Content_Type=kind, Content_Length=str(UPLOAD_MAX + 1)
    )
    assert answer.status == 413
    assert served.state() == before


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "0x10"])
def test_a_length_that_is_none_is_refused(length: str):
    headers = [(b"host", b"localhost"), (b"content-length", length.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    assert Guard(nothing, Hosts()).refusal(scope) == 400


def test_a_body_without_a_length_is_counted_as_it_comes():
    taken, sent = [], []

    async def reader(scope, receive, send):
        while True:
            taken.append(len((await receive())["body"]))

    async def chunk():
        return {"type": "http.request", "body": b"x" * 2**20, "more_body": True}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/x", "headers": [(b"host", b"localhost")]}
    ran(Guard(reader, Hosts())(scope, chunk, send))
    assert sum(taken) <= BODY_MAX
    assert sent[0]["status"] == 413


# --- files


def traversals(root: Path, outside: Path) -> list[str]:
    """Ways to write a path that leads out of ``root`` to ``outside``."""
    up = os.path.relpath(outside, root)
    steps = ("../", "..\\", "..//", "./../", "%2e%2e/", "%2e%2e%2f", "..%2f", "..%5c", "..%252f")
    steps += ("%252e%252e%252f", "..%c0%af", "..%ef%bc%8f", "．．/", "..;/", "....//")
    roots = (f"{root}/", f"{root}/x/../", "", "/", "//", "file://", str(root)[1:] + "/")
    ways = [f"{start}{up.replace('../', step)}" for start in roots for step in steps]
    ends = ("", "%00.png", "?.png", "#.png", "/.", "/", "%20", "::$DATA", ".")
    ways += [f"{outside}{end}" for end in ends]
    ways += [f"{quote(str(outside), safe='')}{end}" for end in ends]
    ways += [f"{prefix}{outside}" for prefix in ("file://", "file:", "//", "/.", "\\", "C:", "~")]
    return ways


FILE_ROUTES = ("/gradio_api/file=", "/file=", "/gradio_api/file/", "/static/", "/assets/")
FILE_ROUTES += ("/svelte/", "/gradio_api/custom_component/a/b/c/")


def test_no_path_reads_a_file_outside(served: Served, data: Path, tmp_path: Path):
    """More than 200 ways over HTTP: 0 bytes of any of the files."""
    outputs = data / "outputs"
    outputs.mkdir(exist_ok=True)
    targets = (tmp_path / "secret.png", data / "settings.toml")
    tried = 0
    for target in targets:
        target.write_bytes(SECRET)
    for target, route in itertools.product(targets, FILE_ROUTES):
        every = 1 if route == FILE_ROUTES[0] else 16  # the other routes know no such paths
        for way in traversals(outputs, target)[::every]:
            path = quote(route + way, safe="/%=:?#;.\\$~")
            answer = served.ask("GET", path.replace("#", "%23"))
            assert SECRET not in answer.body, path  # type: ignore[attr-defined]
            tried += 1
    assert tried > 200


def test_a_link_that_leads_out_of_the_outputs_is_not_followed(served: Served, data: Path, tmp_path):
    (tmp_path / "secret.png").write_bytes(SECRET)
    link = data / "outputs" / "link.png"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(tmp_path / "secret.png")
    assert served.ask("GET", f"/gradio_api/file={link}").status == 403


def test_pictures_are_served(served: Served, data: Path):
    picture = data / "outputs" / "2026-01-01" / "1.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_bytes(b"picture")
    answer = served.ask("GET", f"/gradio_api/file={picture}")
    assert (answer.status, answer.body) == (200, b"picture")  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["jobs.db", "history.db", "locks/studio.lock", "logs/engine.log"])
def test_the_studios_own_files_are_not_served(served: Served, data: Path, name: str):
    (data / name).parent.mkdir(exist_ok=True)
    (data / name).touch()
    assert served.ask("GET", f"/gradio_api/file={data / name}").status == 403


# --- beyond this machine


def test_the_network_is_asked_for_a_password(shared: Served):
    assert shared.password
    for path in ("/config", "/gradio_api/info", "/gradio_api/file=/etc/hostname"):
        assert shared.ask("GET", path).status == 401
    assert draw(shared).status == 401 and upload(shared).status == 401
    wrong = b"username=aura&password=wrong"
    form = "application/x-www-form-urlencoded"
    assert shared.ask("POST", "/login", wrong, Content_Type=form).status == 400


def test_the_printed_password_opens(shared: Served):
    form = "application/x-www-form-urlencoded"
    login = f"username={serving.USER}&password={quote(shared.password or '')}".encode()
    answer = shared.ask("POST", "/login", login, Content_Type=form)
    assert answer.status == 200
    cookies = "; ".join(
        value.partition(";")[0] for name, value in answer.getheaders() if name == "set-cookie"
    )
    assert shared.ask("GET", "/config", Cookie=cookies).status == 200


@pytest.mark.parametrize(
    "host, listen, allowed",
    [
        ("localhost", False, True),
        ("LOCALHOST:7860", False, True),
        ("[::1]:7860", False, True),
        ("192.168.1.7:7860", False, False),
        ("192.168.1.7:7860", True, True),
        ("[fe80::1]:7860", True, True),
        ("desk.local", True, True),
        ("other.local", True, False),
        ("evil.example", True, False),
        ("127.0.0.1.evil.example", True, False),
        ("localhost:7860@evil.example", True, False),
        ("localhost/evil", True, False),
        ("localhost:port", True, False),
        ("0x7f000001", True, False),
        ("", True, False),
        ("%6cocalhost", True, False),
    ],
)
def test_a_name_counts_only_if_it_is_this_machines_own(host: str, listen: bool, allowed: bool):
    assert Hosts(listen, ["desk.local"]).allow(host) is allowed


def test_a_shared_address_is_taken_in_once_it_is_known():
    hosts = Hosts()
    assert not hosts.allow("abc.gradio.live")
    hosts.add("abc.gradio.live")
    assert hosts.allow("abc.gradio.live") and not hosts.allow("abd.gradio.live")


def test_on_this_machine_alone_no_password_is_asked_for():
    assert serving.password_for(Settings()) is None


@pytest.mark.parametrize("way", ["listen", "share"])
def test_beyond_it_a_password_is_made_unless_there_is_one(way: str):
    made = {serving.password_for(Settings(**{way: True})) for _ in range(3)}
    assert len(made) == 3 and all(len(word or "") >= 12 for word in made)
    assert serving.password_for(Settings(**{way: True}, password="mine")) == "mine"


# --- before Gradio


def test_gradios_own_variables_cannot_open_the_studio(tmp_path: Path):
    environ = {
        "GRADIO_SHARE": "true",
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_ALLOWED_PATHS": "/",
        "GRADIO_ANALYTICS_ENABLED": "True",
        "NO_PROXY": "intranet",
    }
    serving.settle(Settings(data_dir=tmp_path), environ)
    assert {name for name in environ if name.startswith("GRADIO_")} == {
        "GRADIO_ANALYTICS_ENABLED",
        "GRADIO_TEMP_DIR",
        "GRADIO_SSR_MODE",
    }
    assert environ["GRADIO_ANALYTICS_ENABLED"] == "False"
    assert environ["GRADIO_TEMP_DIR"].startswith(str(tmp_path))
    assert environ["NO_PROXY"] == "intranet,127.0.0.1,localhost"
