"""``aura models``: what there is, fetching, proving and removing it, and folders of one's own.

With ``--json`` nothing but JSON goes to standard output; all else goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aura.catalog import Catalog, Model, folders, own
from aura.catalog.download import Download
from aura.catalog.licences import Licences, restricted
from aura.catalog.progress import Meter
from aura.catalog.remote import Hub, page
from aura.catalog.remove import Removal, removal, remove
from aura.catalog.sound import Sound
from aura.catalog.verify import Verified, verify
from aura.cli.interrupt import stopping
from aura.cli.models_bar import Arriving, Reading
from aura.cli.models_table import file_row, table, worded_files
from aura.cli.options import add_options
from aura.errors import BadRequest, LicenceNotAccepted, ModelError, Stopped
from aura.i18n import text
from aura.inventory import row
from aura.memory.device import Snapshot
from aura.memory.glance import glance
from aura.settings import Settings

YES = {"y", "yes", "s", "si", "sí"}


def add_arguments(parser: argparse.ArgumentParser, lang: str) -> None:
    def say(key: str) -> str:
        return text(lang, f"models.cli.{key}")

    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name in ACTIONS:
        about = say(name)
        # What was given before the action is not taken back by what was not given after it.
        action = actions.add_parser(
            name,
            lang=lang,
            help=about,
            description=about,
            argument_default=argparse.SUPPRESS,
        )
        if name == "add":
            action.add_argument("target", metavar="FOLDER", type=Path, help=say("folder"))
        else:
            needed = None if name in ("get", "remove") else "?"
            action.add_argument("target", metavar="ID", nargs=needed, default=None, help=say("id"))
        if name == "get":
            licence = say("accept_licence")
            action.add_argument(
                "--accept-licence", action="store_true", default=False, help=licence
            )
        if name == "remove":
            action.add_argument("--yes", action="store_true", default=False, help=say("yes"))
        action.add_argument("--json", action="store_true", default=False, help=say("json"))
        add_options(action, lang)


def run(args: argparse.Namespace, settings: Settings, lang: str) -> int:
    """Raises AuraError; Stopped when a person said no."""
    return ACTIONS[args.action](args, settings, lang)


def list_(args: argparse.Namespace, settings: Settings, lang: str) -> int:
    catalog, snapshot = Catalog.read(settings), glance(settings)
    chosen = catalog.models if args.target is None else (catalog.get(args.target),)
    rows = [row(model, catalog, snapshot) for model in chosen]
    mine = own.files(settings.models_dirs) if args.target is None else own.OwnFiles()
    mine = _others(catalog, mine)
    if args.json:
        say_json([*rows, *(file_row(file, lang) for file in mine.files)])
        return 0
    print(table(rows, {model.id: model.name for model in chosen}, lang))
    for line in worded_files(mine, lang):
        print(line)
    return 0


def _others(catalog: Catalog, mine: own.OwnFiles) -> own.OwnFiles:
    """Without the files that are models of the catalogue."""
    models = {model.file for model in catalog.models}
    others = tuple(file for file in mine.files if file.path not in models)
    return own.OwnFiles(files=others, refused=mine.refused)


def get(args: argparse.Namespace, settings: Settings, lang: str) -> int:
    catalog = Catalog.read(settings)
    model = catalog.get(args.target)
    if model.repo is not None and catalog.installed(model) is None:
        _agreed(args, model, Licences(settings.data_dir), lang)
        with Arriving(model.name, lang, sys.stderr) as shown, stopping() as stop:
            hub, sound = Hub(offline=settings.offline), Sound(settings.data_dir / "sound.json")
            Download(model, hub, Meter(shown.show), stop=stop, proven=sound.proven).run()
    folder = catalog.require(model)
    if args.json:
        say_json(row(model, catalog, glance(settings)))
    else:
        print(folder)
    return 0


def _agreed(args: argparse.Namespace, model: Model, licences: Licences, lang: str) -> None:
    """Show a restricted licence and take the answer. Raises LicenceNotAccepted."""
    if not restricted(model):
        return
    if args.accept_licence:
        licences.accept(model)
    try:
        licences.require(model)
    except LicenceNotAccepted:
        hint = text(lang, "models.licence", model=model.name, url=page(model))
        print(hint, file=sys.stderr)
        raise


def verify_(args: argparse.Namespace, settings: Settings, lang: str) -> int:
    """1 if anything is damaged."""
    catalog = Catalog.read(settings)
    chosen = (catalog.get(args.target),) if args.target else _here(catalog)
    reports = []
    for model in chosen:
        with Reading(lang, sys.stderr) as shown:
            reports.append(verify(catalog, model, seen=shown.show))
        if not args.json:
            print(_report(reports[-1], model, lang))
    if args.json:
        say_json([_told(report, catalog, glance(settings)) for report in reports])
    return 0 if all(report.sound for report in reports) else 1


def _here(catalog: Catalog) -> tuple[Model, ...]:
    """The models of which anything is here, whole or not."""

    def place(model: Model) -> bool:
        try:
            return catalog.place(model).is_dir()
        except ModelError:
            return False

    return tuple(model for model in catalog.models if place(model))


def _report(report: Verified, model: Model, lang: str) -> str:
    if report.sound:
        return text(lang, "models.sound", model=model.name, all_bytes=report.bytes)
    key = "models.damaged_aside" if report.aside else "models.damaged"
    return text(lang, key, model=model.name, id=model.id, files=", ".join(report.damaged))


def _told(report: Verified, catalog: Catalog, snapshot: Snapshot) -> dict[str, Any]:
    found = row(catalog.get(report.model), catalog, snapshot)
    return {**found, "files": report.files, "damaged": list(report.damaged), "aside": report.aside}


def remove_(args: argparse.Namespace, settings: Settings, lang: str) -> int:
    catalog = Catalog.read(settings)
    model = catalog.get(args.target)
    planned = removal(catalog, model)
    _warn(planned, model, lang)
    if not args.yes:
        _confirm(lang)
    freed = remove(catalog, model)
    if args.json:
        say_json({**row(model, catalog, glance(settings)), "freed": freed.bytes})
    else:
        print(text(lang, "models.removed", model=model.name, freed_bytes=freed.bytes))
    return 0


def _warn(planned: Removal, model: Model, lang: str) -> None:
    facts = {"model": model.name, "free_bytes": planned.bytes, "path": planned.folder}
    print(text(lang, "models.remove", **facts), file=sys.stderr)
    if planned.others:
        names = ", ".join(planned.others[:5])
        print(text(lang, "models.others", count=len(planned.others), names=names), file=sys.stderr)
    if planned.shared_bytes:
        kept = text(lang, "models.shared", shared_bytes=planned.shared_bytes)
        print(kept, file=sys.stderr)


def _confirm(lang: str) -> None:
    """Raises Stopped for no, BadRequest where nobody can be asked."""
    if not sys.stdin.isatty():
        raise BadRequest(field="remove", problem="error.problem.model_yes")
    print(text(lang, "models.sure"), end=" ", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in YES:
        raise Stopped


def add(args: argparse.Namespace, settings: Settings, lang: str) -> int:
    folder = args.target.expanduser().resolve()
    fresh = folders.remember(folder, settings.data_dir)
    known = Catalog.read(settings.model_copy(update={"models_dirs": ()}))
    catalog = Catalog.read(settings.model_copy(update={"models_dirs": (folder,)}))
    models, mine = catalog.models[len(known.models) :], own.files([folder])
    rows = [row(model, catalog, glance(settings)) for model in models]
    if args.json:
        found = mine.model_dump(mode="json")
        say_json({"folder": str(folder), "added": fresh, "models": rows, **found})
        return 0
    print(text(lang, "models.added" if fresh else "models.added_before", path=str(folder)))
    if rows:
        print(table(rows, {model.id: model.name for model in models}, lang))
    lines = worded_files(mine, lang)
    print("\n".join(lines) if lines or rows else text(lang, "models.nothing"))
    return 0


def say_json(told: Any) -> None:
    print(json.dumps(told, ensure_ascii=False))


ACTIONS: dict[str, Callable[[argparse.Namespace, Settings, str], int]] = {
    "list": list_,
    "get": get,
    "verify": verify_,
    "remove": remove_,
    "add": add,
}
