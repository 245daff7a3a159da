"""The command line: which command, in which language, and what its end means.

Exit codes: 0 done, 1 failed, 2 bad input, 130 stopped by a person.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from aura import settings as settings_module
from aura.cli import doctor, generate, models, plan, serve
from aura.cli.language import spoken
from aura.cli.options import Parser, add_options, given
from aura.errors import AuraError, InputError, Stopped
from aura.i18n import error_text, text

COMMANDS = (serve, generate, plan, models, doctor)  # the first one when none is named

OK, FAILED, BAD_INPUT, STOPPED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    lang = spoken(arguments)
    args = parser(lang).parse_args(with_command(arguments))
    try:
        wanted = settings_module.merged(given(args))
        lang = spoken(arguments, setting=str(wanted.get("lang")))
        settings = settings_module.checked(wanted)
        return int(args.run(args, settings, lang))
    except (Stopped, KeyboardInterrupt):
        print(text(lang, "cli.stopped"), file=sys.stderr)
        return STOPPED
    except AuraError as error:
        print(error_text(lang, error.as_dict()), file=sys.stderr)
        return BAD_INPUT if isinstance(error, InputError) else FAILED


def parser(lang: str) -> Parser:
    """All commands, described in the given language."""
    top = Parser(lang, prog="aura", description=text(lang, "cli.about"))
    commands = top.add_subparsers(title=text(lang, "cli.commands"), metavar="COMMAND")
    for command in COMMANDS:
        name = command.__name__.rpartition(".")[2]
        about = text(lang, f"cli.{name}.about")
        sub = commands.add_parser(name, lang=lang, help=about, description=about)
        command.add_arguments(sub, lang)
        add_options(sub, lang)
        sub.set_defaults(run=command.run)
    return top


def with_command(arguments: list[str]) -> list[str]:
    """Options alone belong to the first command; help without one is about all of them."""
    names = {command.__name__.rpartition(".")[2] for command in COMMANDS}
    first = next(iter(arguments), "")
    if first in names or first in ("-h", "--help") or (first and not first.startswith("-")):
        return arguments
    return [next(iter(COMMANDS)).__name__.rpartition(".")[2], *arguments]
