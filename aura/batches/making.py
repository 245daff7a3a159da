"""What a person asked for many of, as a batch: a list of prompts, or a grid."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from aura.batches.batch import Batch, Grid, batch, digest
from aura.errors import BadRequest
from aura.grids import Axis, cells
from aura.i18n import decimal, has, text
from aura.requests import SEED_MAX, GenerateRequest

Compose = Callable[..., GenerateRequest]  # keywords of the composer, a preset among them
Keywords = Mapping[str, Any]


def made(
    asked: Keywords,
    compose: Compose,
    unfinished: Callable[[str], Batch | None],
    *,
    lines: Sequence[str] = (),
    axes: Sequence[Axis] = (),
    lang: str = "en",
    names: Mapping[str, str] | None = None,
) -> Batch:
    """All its requests, checked. ``names`` are those of models, for the labels.

    The same wishes without a seed go on where they were left, with the seed from then.
    Raises BadRequest and whatever else the composer refuses with.
    """
    if bool(lines) == bool(axes):
        raise BadRequest(field="grid", problem="error.problem.grid_or_prompts")
    described = digest([dict(asked) | {"seed": None}, list(lines), list(axes)])
    seed = _seed(asked.get("seed"), unfinished(described))
    wanted = dict(asked) | {"seed": seed}
    if lines:
        requests = tuple(_listed(lines, wanted, compose))
        return batch(described, requests, seed, None, time.time())
    requests = tuple(compose(**one) for one in cells(axes, wanted | {"count": 1}))
    return batch(described, requests, seed, labels(axes, lang, names or {}, asked), time.time())


def _seed(given: Any, before: Batch | None) -> Any:
    if given is not None and given != -1:
        return given
    return before.seed if before else secrets.randbelow(SEED_MAX + 1)


def _listed(lines: Sequence[str], asked: Keywords, compose: Compose) -> Iterator[GenerateRequest]:
    """A request a line; seeds go on from line to line, so that no two pictures are alike."""
    seed = asked["seed"]
    for line in lines:
        request = compose(**{**asked, "prompt": line, "seed": seed})
        yield request
        seed = request.seed_of(request.count)


def labels(axes: Sequence[Axis], lang: str, names: Mapping[str, str], asked: Keywords) -> Grid:
    """The axes in words: X above the columns, Y beside the rows, Z above each page."""
    worded = [
        tuple(label(lang, axis.parameter, value, names) for value in axis.values) for axis in axes
    ]
    columns, rows, pages = (*worded, ("",), ("",))[:3]
    title = str(asked.get("prompt", ""))
    return Grid(columns=columns, rows=rows, pages=pages, title=title, lang=lang)


def label(lang: str, parameter: str, value: Any, names: Mapping[str, str]) -> str:
    """``Steps: 20``; what speaks for itself stands alone."""
    if parameter == "prompt":
        return str(value)
    if parameter == "model":
        return names.get(value, value)
    if parameter in ("scheduler", "preset"):
        key = f"generate.scheduler.{value}" if parameter == "scheduler" else f"preset.{value}"
        return text(lang, key) if has(key) else str(value)
    if isinstance(value, tuple):
        return " × ".join(str(side) for side in value)
    said = decimal(lang, f"{value:g}") if isinstance(value, float) else str(value)
    return f"{text(lang, f'grid.{parameter}')}: {said}"
