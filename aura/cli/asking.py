"""What the arguments of ``aura generate`` ask for: one request, or many as a batch."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

from aura import wishes
from aura.batches import lines
from aura.batches.batch import Batch
from aura.batches.making import made
from aura.batches.store import Store
from aura.catalog import Catalog
from aura.composer import compose
from aura.errors import BadRequest
from aura.fits.machine import Lessons, Machine
from aura.grids import axis
from aura.i18n import text
from aura.memory.glance import glance
from aura.passes.foresight import Lessons as Known
from aura.presets import applied, foreseen
from aura.requests import GenerateRequest
from aura.settings import Settings
from aura.styles import Styles

PLAIN = (
    "prompt",
    "negative",
    "model",
    "preset",
    "ratio",
    "width",
    "height",
    "count",
    "steps",
    "guidance",
    "scheduler",
    "seed",
    "style",
    "vae",
    "clip_skip",
)


class Asked(NamedTuple):
    """``expected`` says what will be done and how long one picture will take, as far as is
    known."""

    requests: tuple[GenerateRequest, ...]
    batch: Batch | None
    expected: str


def asked(args: argparse.Namespace, settings: Settings, lang: str) -> Asked:
    """The requests, as the tab would make them from the same values. Raises AuraError."""
    catalog = Catalog.read(settings)
    values = {name: getattr(args, name) for name in (*PLAIN, *wishes.NAMES)}
    machine = Machine(snapshot=glance(settings), here=True)
    data = settings.data_dir
    with learnt(settings, machine, catalog) as known:
        wanted, why = wishes.keywords(values, catalog, data, machine.snapshot, known)

        def composed(**one: Any) -> GenerateRequest:
            filled = applied(one, catalog, machine.snapshot, known)
            styles = Styles(data / "styles.json")
            return compose(catalog, styles, **filled, wildcards=data / "wildcards")

        batch = _batch(args, wanted, composed, catalog, settings, lang)
        requests = batch.requests if batch else (composed(**wanted),)
        told = foreseen(requests[0], catalog, machine.snapshot, known)
    said = [text(lang, why["code"], **why["facts"])] if why else []
    if told.seconds is not None and told.peak is not None:
        each = told.seconds / requests[0].count
        said.append(text(lang, "cli.generate.expected", seconds=each, peak_bytes=told.peak))
    return Asked(requests, batch, " ".join(said))


@contextmanager
def learnt(settings: Settings, machine: Machine, catalog: Catalog) -> Iterator[Known]:
    with closing(Lessons(settings.data_dir / "ledger.db")) as lessons:
        yield lambda id, work: lessons(machine, catalog.get(id), work)


def _batch(
    args: argparse.Namespace,
    wanted: dict[str, Any],
    composed: Callable[..., GenerateRequest],
    catalog: Catalog,
    settings: Settings,
    lang: str,
) -> Batch | None:
    if args.prompts is None and not args.grid:
        return None
    if args.prompts is not None and args.prompt:
        raise BadRequest(field="prompts", problem="error.problem.prompt_or_file")
    parts = [one.partition("=") for one in args.grid]
    return made(
        wanted,
        composed,
        Store(settings.data_dir / "batches").unfinished,
        lines=lines.of_file(args.prompts) if args.prompts is not None else (),
        axes=[axis(name.strip(), values) for name, _, values in parts],
        lang=lang,
        names={model.id: model.name for model in catalog.models},
    )
