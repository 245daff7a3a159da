"""``aura generate "PROMPT"``: draws like the tab does, without the studio.

The paths of the pictures go to standard output, everything else to standard error. A studio
may be running on the same data folder: the engines take turns on the device.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from aura.catalog import Catalog
from aura.cli.interrupt import interrupts, patiently
from aura.cli.journal import keep_log
from aura.cli.moving import moved
from aura.cli.progress import Progress
from aura.composer import compose
from aura.engine.protocol import Cancelled, Failed, JobEvent, Saved
from aura.engine.supervisor import Supervisor
from aura.errors import AuraError, Stopped
from aura.i18n import text
from aura.library.history import History
from aura.requests import SCHEDULERS, GenerateRequest, Picture
from aura.settings import Settings
from aura.styles import Styles

REPORTED = (
    "path",
    "width",
    "height",
    "seed",
    "model",
    "seconds",
    "stages",
    "peak_bytes",
    "plan",
)


def add_arguments(parser: argparse.ArgumentParser, lang: str) -> None:
    def say(key: str) -> str:
        return text(lang, f"cli.generate.{key}")

    parser.add_argument("prompt", metavar="PROMPT", help=say("prompt"))
    parser.add_argument("--negative", default="", metavar="TEXT", help=say("negative"))
    parser.add_argument("--model", metavar="ID", help=say("model"))
    parser.add_argument("--ratio", metavar="W:H", help=say("ratio"))
    parser.add_argument("--width", type=int, metavar="PX", help=say("width"))
    parser.add_argument("--height", type=int, metavar="PX", help=say("height"))
    parser.add_argument("--count", type=int, default=1, metavar="N", help=say("count"))
    parser.add_argument("--steps", type=int, metavar="N", help=say("steps"))
    parser.add_argument("--guidance", type=float, metavar="X", help=say("guidance"))
    parser.add_argument("--scheduler", choices=SCHEDULERS, default="auto", help=say("scheduler"))
    parser.add_argument("--seed", type=int, metavar="N", help=say("seed"))
    parser.add_argument("--style", metavar="NAME", help=say("style"))
    parser.add_argument("--out", type=Path, metavar="FOLDER", help=say("out"))
    parser.add_argument("--json", action="store_true", help=say("json"))


def run(args: argparse.Namespace, settings: Settings, lang: str) -> int:
    """Raises AuraError; Stopped when a person stopped it. What is drawn by then stays."""
    request = asked(args, settings)
    keep_log(settings.data_dir, "generate")
    pictures: list[Picture] = []
    try:
        for picture in drawn(request, settings, lang):
            pictures.append(kept(picture, request, args.out, settings))
            if not args.json:
                print(pictures[-1].path, flush=True)
    finally:
        if args.json:
            print(json.dumps([report(picture) for picture in pictures], ensure_ascii=False))
    return 0


def asked(args: argparse.Namespace, settings: Settings) -> GenerateRequest:
    """The request, as the tab would make it from the same values."""
    return compose(
        Catalog.read(settings),
        Styles(settings.data_dir / "styles.json"),
        prompt=args.prompt,
        negative=args.negative,
        model=args.model,
        ratio=args.ratio,
        width=args.width,
        height=args.height,
        count=args.count,
        steps=args.steps,
        guidance=args.guidance,
        scheduler=args.scheduler,
        seed=args.seed,
        style=args.style,
        wildcards=settings.data_dir / "wildcards",
    )


def drawn(request: GenerateRequest, settings: Settings, lang: str) -> Iterator[Picture]:
    """Each picture as soon as it is saved. Raises what the job failed with, or Stopped."""
    job = secrets.token_hex(8)
    told = 0
    with ExitStack() as stack:
        supervisor = stack.enter_context(engine(settings))
        presses = stack.enter_context(interrupts())
        progress = stack.enter_context(Progress(request, lang, sys.stderr))
        for event in patiently(supervisor.run(job, request)):
            if presses.count > told:
                told = presses.count
                stop(supervisor, job, told)
            if event is None:
                continue
            progress.show(event)
            if isinstance(event, Saved):
                yield event.picture
            ended(event)


@contextmanager
def engine(settings: Settings) -> Iterator[Supervisor]:
    with closing(Supervisor(settings)) as supervisor:
        supervisor.start()
        yield supervisor


def stop(supervisor: Supervisor, job: str, presses: int) -> None:
    """Once: after the step that runs. Once more: now."""
    if presses == 1:
        supervisor.stop(job)
    else:
        supervisor.close()
        raise Stopped


def ended(event: JobEvent) -> None:
    if isinstance(event, Cancelled):
        raise Stopped
    if isinstance(event, Failed):
        raise CameToNothing(event.error)


class CameToNothing(AuraError):
    """What an engine failed with, as it was told here."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(**error.get("facts", {}))
        self.code = str(error.get("code", self.code))


def kept(
    picture: Picture, request: GenerateRequest, out: Path | None, settings: Settings
) -> Picture:
    """In the folder that was asked for, or in the studio's outputs and its history."""
    if out is not None:
        path = moved(Path(picture.path), out.expanduser().resolve())
        return picture.model_copy(update={"path": str(path)})
    with closing(History(settings.data_dir / "history.db")) as history:
        history.add(picture, request, time.time())
    return picture


def report(picture: Picture) -> dict[str, Any]:
    plain = picture.model_dump(mode="json")
    return {name: plain[name] for name in REPORTED}
