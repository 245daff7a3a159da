"""``aura plan``: what fits, on this machine or on any other, without loading anything."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from contextlib import closing
from typing import Any

from aura.catalog import Catalog
from aura.catalog.models import Model
from aura.cli.plan_table import Sheet, details, table
from aura.errors import BadRequest
from aura.fits import words
from aura.fits.machine import Lessons, Machine, chosen, limited
from aura.fits.rows import Row, rows
from aura.i18n import text
from aura.memory.cards import find
from aura.memory.device import GIB
from aura.memory.glance import glance
from aura.settings import Settings, parse_size

RAM_MOST = 4096 * GIB


def add_arguments(parser: argparse.ArgumentParser, lang: str) -> None:
    def say(key: str) -> str:
        return text(lang, f"cli.plan.{key}")

    parser.add_argument("--gpu", metavar="CARD", help=say("gpu"))
    parser.add_argument("--ram", metavar="SIZE", help=say("ram"))
    parser.add_argument("--model", metavar="ID", help=say("model"))
    parser.add_argument("--json", action="store_true", help=say("json"))


def run(args: argparse.Namespace, settings: Settings, lang: str) -> int:
    """Raises UnknownCard, CardHasSizes, UnknownModel, BadRequest."""
    card = None if args.gpu is None else find(args.gpu)
    machine = limited(chosen(card, _ram(args.ram), glance(settings)), settings)
    catalog = Catalog.read(settings)
    models = catalog.models if args.model is None else (catalog.get(args.model),)
    with closing(Lessons(settings.data_dir / "ledger.db")) as lessons:
        found = rows(
            models, machine.snapshot, catalog.installed, lambda model: lessons(machine, model)
        )
    if args.json:
        print(json.dumps([report(row, lang) for row in found], ensure_ascii=False))
    else:
        show(found, machine, lang, whole=args.model is not None)
    missing(models, found, lang)
    return 0


def _ram(words: str | None) -> int | None:
    if words is None:
        return None
    try:
        size = parse_size(words)
    except ValueError:
        size = 0
    if not GIB <= size <= RAM_MOST:
        raise BadRequest(field="ram", problem="error.problem.ram")
    return size


def report(row: Row, lang: str) -> dict[str, Any]:
    """One model as plain data; ``rung`` is null where no way fits, sizes are bytes."""
    plan, refused = row.plan, row.verdict == "refused"
    return {
        "model": row.model.id,
        "task": row.model.task,
        "verdict": row.verdict,
        "rung": None if refused else plan.rung,
        "budget_bytes": plan.budget,
        "peak_bytes": plan.peak,
        "ram_bytes": plan.ram,
        "seconds": plan.seconds,
        "explanation": words.explanation(lang, row),
        "changes": [
            {"code": change.code, "facts": change.facts, "text": words.change(lang, change)}
            for change in row.changes
        ],
    }


def show(found: Iterable[Row], machine: Machine, lang: str, *, whole: bool) -> None:
    sheet = Sheet.of(sys.stdout, lang, machine.snapshot)
    for line in table(sheet, tuple(found)):
        print(line)
    for row in found if whole else ():
        for line in details(sheet, row):
            print(line)


def missing(models: tuple[Model, ...], found: tuple[Row, ...], lang: str) -> None:
    """Models of the list that nothing can be said about."""
    told = {row.model.id for row in found}
    names = [model.name for model in models if model.id not in told and not model.added]
    if names:
        print(text(lang, "fits.unknown", models=", ".join(names)), file=sys.stderr)
