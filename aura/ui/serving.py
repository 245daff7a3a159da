"""Serves the studio in the browser: settings → studio → page."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import time
import webbrowser
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aura.engine.supervisor import Supervisor
from aura.i18n import text
from aura.settings import Settings

if TYPE_CHECKING:
    import gradio as gr

    from aura.studio import Studio
    from aura.ui.safety import Hosts

USER = "aura"
PORTS = range(7860, 7960)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Address:
    """Where the studio is served; ``password`` is asked for unless it is None."""

    local: str
    share: str | None
    password: str | None


class PortBusy(Exception):
    """Carries the port that another program has."""


def say_at_once(words: str) -> None:
    """Also where standard output is a pipe: somebody waits for the address."""
    print(words, flush=True)


def serve(
    settings: Settings,
    lang: str,
    say: Say = say_at_once,
    command: Sequence[str] | None = None,
) -> int:
    """Serve until Ctrl+C or a polite end. Raises AlreadyRunning, PortBusy, AuraError.

    ``command`` in a test: what starts another engine.
    """
    settle(settings, os.environ)
    from aura.studio import Studio

    ending, engine = Ending(), LateEngine(settings, command=command)
    with Studio.open(settings, engine=engine) as studio:
        page, address = launch(studio)
        try:
            engine.begin()
            studio.announce(address.local)
            announce(address, settings, lang, say)
            if settings.browser:
                webbrowser.open(address.local)
            ending.wait()
            say(text(lang, "cli.serve.closing"))
        finally:
            page.close(verbose=False)
    return 0


class Ending:
    """Takes Ctrl+C and a polite end as a wish, from the moment it is made."""

    def __init__(self) -> None:
        self.wished = False
        for sign in (signal.SIGINT, signal.SIGTERM):
            signal.signal(sign, self._wish)

    def _wish(self, *_: object) -> None:
        self.wished = True  # no lock: a signal may come while one is held

    def wait(self) -> None:
        while not self.wished:
            time.sleep(0.2)


class LateEngine(Supervisor):
    """Starts once the page is served: two that load libraries at once slow each other."""

    def start(self) -> None: ...

    def begin(self) -> None:
        super().start()


def settle(settings: Settings, environ: MutableMapping[str, str]) -> None:
    """What must stand before Gradio is imported: no phoning home, files in the data folder.

    Gradio's own variables could open the studio to the network or other folders unseen.
    """
    for name in [name for name in environ if name.startswith("GRADIO_")]:
        del environ[name]
    temporary = settings.data_dir / "tmp"
    environ.update(
        GRADIO_ANALYTICS_ENABLED="False",
        GRADIO_TEMP_DIR=str(temporary),
        GRADIO_SSR_MODE="False",
        HF_HUB_DISABLE_TELEMETRY="1",
        DO_NOT_TRACK="1",
    )
    for name in ("NO_PROXY", "no_proxy"):
        known = [host for host in environ.get(name, "").split(",") if host]
        environ[name] = ",".join(dict.fromkeys([*known, "127.0.0.1", "localhost"]))


def launch(studio: Studio) -> tuple[gr.Blocks, Address]:
    """Build the page and serve it in a thread of its own. Raises PortBusy."""
    from aura.ui import shell
    from aura.ui.safety import UPLOAD_MAX, Hosts, own_names

    settings = studio.settings
    password = password_for(settings)
    hosts = Hosts(settings.listen, own_names() if settings.listen else ())
    options: dict[str, Any] = shell.launch_options(studio)
    inner = options.pop("app_kwargs", {}).get("middleware", [])
    page = shell.build(studio)
    page.launch(
        **options,
        _app=guarded(hosts, inner),
        server_name="0.0.0.0" if settings.listen else "127.0.0.1",
        server_port=free_port(settings.port),
        share=settings.share,
        auth=(USER, password) if password else None,
        max_file_size=UPLOAD_MAX,
        prevent_thread_lock=True,
        quiet=True,
        show_error=False,
        enable_monitoring=False,
    )
    if page.share_url:
        hosts.add(urlsplit(page.share_url).hostname or "")
    return page, Address(page.local_url or "", page.share_url, password)


def guarded(hosts: Hosts, middleware: list[Any]) -> Any:
    """Gradio's application with the guard around all of it, also what Gradio puts outermost."""
    from gradio.routes import App, ORJSONResponse

    from aura.ui.safety import Guard

    class Guarded(App):
        def build_middleware_stack(self) -> Any:
            return Guard(super().build_middleware_stack(), hosts)

    return Guarded(middleware=middleware, default_response_class=ORJSONResponse)


def password_for(settings: Settings) -> str | None:
    """None on this machine alone; beyond it the person's own, or one made for this run."""
    if not (settings.listen or settings.share):
        return settings.password
    return settings.password or secrets.token_urlsafe(9)


def free_port(wanted: int | None) -> int:
    """The wanted port, any for 0, or the first free one from 7860. Raises PortBusy."""
    for port in PORTS if wanted is None else (wanted,):
        try:
            with socket.socket() as probe:
                if os.name == "posix":  # what has just been closed is free again
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
                return int(probe.getsockname()[1])
        except OSError:
            continue
    raise PortBusy(wanted if wanted is not None else f"{PORTS[0]}-{PORTS[-1]}")


def announce(address: Address, settings: Settings, lang: str, say: Say) -> None:
    say(text(lang, "cli.serve.ready", url=address.local))
    if settings.listen:
        port = urlsplit(address.local).port
        say(text(lang, "cli.serve.network", url=f"http://{network_address()}:{port}/"))
    if address.share:
        say(text(lang, "cli.serve.share", url=address.share))
    elif settings.share:
        say(text(lang, "cli.serve.no_share"))
    if address.password and not settings.password:
        say(text(lang, "cli.serve.password", user=USER, password=address.password))
    elif address.password:
        say(text(lang, "cli.serve.own_password", user=USER))
    say(text(lang, "cli.serve.stop"))


def network_address() -> str:
    """This machine's address in its network; nothing is sent to find it out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()
