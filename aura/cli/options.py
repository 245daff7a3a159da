"""The options every command takes, and a parser that speaks the person's language."""

from __future__ import annotations

import argparse
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any, NoReturn

from aura.i18n import LANGUAGES, text, texts

HOME = (
    "data_dir",
    "models_dirs",
    "offline",
    "vram_limit",
    "memory_limit",
    "idle_release",
    "compile",
    "lang",
    "device",
)
SERVING = ("listen", "port", "share", "password", "browser")


class Parser(argparse.ArgumentParser):
    """``argparse`` with its own words in the given language too."""

    def __init__(self, lang: str = "en", **rest: Any) -> None:
        speak(lang)
        super().__init__(allow_abbrev=False, **rest)
        self.lang = lang

    def error(self, message: str) -> NoReturn:
        print(text(self.lang, "cli.bad_usage", message=message), file=sys.stderr)
        print(text(self.lang, "cli.see_help", prog=self.prog), file=sys.stderr)
        sys.exit(2)


def speak(lang: str) -> None:
    """Put argparse's own phrases into ``lang``. It looks them up in its module's ``_``."""
    english, wanted = texts("en"), texts(lang)
    phrases = {english[key]: wanted[key] for key in english if key.startswith("cli.argparse.")}
    argparse._ = lambda phrase: phrases.get(phrase, phrase)  # type: ignore[attr-defined]


def add_options(parser: argparse.ArgumentParser, lang: str) -> None:
    """Where things lie, what may be used, which language."""

    def say(key: str) -> str:
        return text(lang, f"cli.option.{key}")

    unset = parser.argument_default  # not False: a switch left out says nothing
    group = parser.add_argument_group(say("group"))
    group.add_argument("--data-dir", type=Path, metavar="FOLDER", help=say("data_dir"))
    group.add_argument(
        "--models-dir",
        dest="models_dirs",
        type=Path,
        action="append",
        metavar="FOLDER",
        help=say("models_dir"),
    )
    group.add_argument("--offline", action="store_true", default=unset, help=say("offline"))
    group.add_argument("--device", choices=("auto", "cuda", "mps", "cpu"), help=say("device"))
    group.add_argument("--vram-limit", metavar="SIZE", help=say("vram_limit"))
    group.add_argument("--memory-limit", metavar="SIZE", help=say("memory_limit"))
    group.add_argument("--idle-release", metavar="SECONDS", help=say("idle_release"))
    group.add_argument("--compile", action="store_true", default=unset, help=say("compile"))
    group.add_argument("--lang", choices=("auto", *LANGUAGES), help=say("lang"))


def add_serving(parser: argparse.ArgumentParser, lang: str) -> None:
    """Who may reach the studio, and where."""

    def say(key: str) -> str:
        return text(lang, f"cli.option.{key}")

    parser.add_argument("--listen", action="store_true", default=None, help=say("listen"))
    parser.add_argument("--share", action="store_true", default=None, help=say("share"))
    parser.add_argument("--password", metavar="WORD", help=say("password"))
    parser.add_argument("--port", type=int, metavar="N", help=say("port"))
    parser.add_argument(
        "--no-browser", dest="browser", action="store_false", default=None, help=say("no_browser")
    )


def given(args: Namespace) -> dict[str, Any]:
    """The settings among the parsed arguments, under their names."""
    return {name: getattr(args, name, None) for name in (*HOME, *SERVING)}
