"""``aura generate "PROMPT"``: draws like the tab does, without the studio.

The paths of the pictures go to standard output, everything else to standard error. A studio
may be running on the same data folder: the engines take turns on the device.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from aura.cli.asking import Asked, asked
from aura.cli.drawing import Pen
from aura.cli.journal import keep_log
from aura.cli.many import Many
from aura.cli.moving import moved
from aura.errors import Retold
from aura.i18n import error_text, text
from aura.library.history import History
from aura.presets import CHOICES
from aura.requests import SCHEDULERS, GenerateRequest, Picture
from aura.settings import Settings

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

    def add(name: str, **rest: Any) -> None:
        parser.add_argument(f"--{name}", help=say(name.replace("-", "_")), **rest)

    parser.add_argument("prompt", metavar="PROMPT", nargs="?", default="", help=say("prompt"))
    add("negative", default="", metavar="TEXT")
    add("model", metavar="ID")
    add("preset", choices=CHOICES)
    add("ratio", metavar="W:H")
    add("width", type=int, metavar="PX")
    add("height", type=int, metavar="PX")
    add("size", metavar="WxH")
    add("count", type=int, default=1, metavar="N")
    add("steps", type=int, metavar="N")
    add("guidance", type=float, metavar="X")
    add("scheduler", choices=SCHEDULERS, default="auto")
    add("seed", type=int, metavar="N")
    add("style", metavar="NAME")
    _add_parts(add)
    add("prompts", type=Path, metavar="FILE")
    add("grid", action="append", default=[], metavar="X=VALUES")
    add("out", type=Path, metavar="FOLDER")
    add("json", action="store_true")


def _add_parts(add: Any) -> None:
    """What a picture may be drawn with, drawn from, and made into afterwards."""
    add("lora", action="append", default=[], metavar="ID[:WEIGHT]")
    add("vae", metavar="ID")
    add("clip-skip", type=int, default=0, metavar="N")
    add("start", metavar="FILE")
    add("mask", metavar="FILE")
    add("strength", type=float, metavar="X")
    add("larger", type=float, metavar="X")
    add("upscaler", metavar="ID")
    add("refiner", metavar="ID")
    add("repair", metavar="THINGS")


def run(args: argparse.Namespace, settings: Settings, lang: str) -> int:
    """Raises AuraError; Stopped when a person stopped it. What is drawn by then stays."""
    wanted = asked(args, settings, lang)
    keep_log(settings.data_dir, "generate")
    pictures: list[Picture] = []
    try:
        failed = yet_to_draw(wanted, args, settings, lang, pictures)
    finally:
        if args.json:
            print(json.dumps([report(picture) for picture in pictures], ensure_ascii=False))
    return 1 if failed else 0


def yet_to_draw(
    wanted: Asked,
    args: argparse.Namespace,
    settings: Settings,
    lang: str,
    pictures: list[Picture],
) -> bool:
    """Draw what is not there yet, telling of each picture. True if any came to nothing."""
    many = Many(wanted.batch, settings, args.out, lang) if wanted.batch else None
    for picture in drawn(wanted, many, args.out, settings, lang):
        pictures.append(picture)
        if not args.json:
            print(picture.path, flush=True)
    if many:
        pictures += many.end()
    return bool(many and many.lost)


def drawn(
    wanted: Asked, many: Many | None, out: Path | None, settings: Settings, lang: str
) -> Iterator[Picture]:
    """Each picture as soon as it is saved. One request that fails ends all, unless it is one
    of many."""
    requests = many.left() if many else wanted.requests
    if not requests:
        return
    with Pen(settings, lang) as pen:
        if wanted.expected:
            print(wanted.expected, file=sys.stderr, flush=True)
        for request in requests:
            try:
                for picture in pen.drawn(request):
                    yield kept(picture, request, out, settings, many)
            except Retold as failed:
                if many is None:
                    raise
                many.fail(request, failed)
                print(error_text(lang, failed.as_dict()), file=sys.stderr)


def kept(
    picture: Picture,
    request: GenerateRequest,
    out: Path | None,
    settings: Settings,
    many: Many | None,
) -> Picture:
    """In the folder that was asked for, or in the studio's outputs and its history."""
    if out is not None:
        path = moved(Path(picture.path), out.expanduser().resolve())
        picture = picture.model_copy(update={"path": str(path)})
    else:
        with closing(History(settings.data_dir / "history.db")) as history:
            history.add(picture, request, time.time())
    if many:
        many.take(picture, request)
    return picture


def report(picture: Picture) -> dict[str, Any]:
    plain = picture.model_dump(mode="json")
    return {name: plain[name] for name in REPORTED}
