"""The labelled sheet of a grid, saved as a picture among the others."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from aura.batches.batch import Batch, key
from aura.i18n import decimal, error_parts, size, text
from aura.library.labelled import Cell, labelled_sheet
from aura.library.results import save_picture
from aura.requests import GenerateRequest, Picture


class Made(NamedTuple):
    picture: Picture
    request: GenerateRequest  # of its first cell, and of no batch: it is none of the pictures
    created: float  # wall clock


def save_sheet(
    outputs: Path, batch: Batch, drawn: Mapping[str, Picture], lost: Mapping[str, Any]
) -> Made:
    """A cell that was not drawn says so. Raises DiskFull, FolderUnwritable."""
    grid = batch.grid
    assert grid is not None
    cells = [_cell(grid.lang, request, drawn, lost) for request in batch.requests]
    image = labelled_sheet(cells, grid.columns, grid.rows, grid.pages, grid.title)
    there = [drawn[one] for r in batch.requests if (one := key(r)) in drawn]
    request = batch.requests[0].model_copy(update={"batch": None})
    created = time.time()
    picture = save_picture(
        outputs,
        image,
        request,
        0,
        plan={},
        seconds=sum(picture.seconds for picture in there),
        stages={},
        peak_bytes=max((picture.peak_bytes for picture in there), default=0),
        versions={},
        notices=({"code": "grid.notice", "facts": {"count": len(cells)}},),
        created=created,
    )
    return Made(picture, request, created)


def _cell(
    lang: str, request: GenerateRequest, drawn: Mapping[str, Picture], lost: Mapping[str, Any]
) -> Cell:
    one = key(request)
    picture = drawn.get(one)
    shape = (request.width, request.height)
    if picture is not None:
        return Cell(shape, Path(picture.path), caption(lang, picture))
    error = lost.get(one)
    words = error_parts(lang, error)[0] if error else text(lang, "grid.not_drawn")
    return Cell(shape, None, words)


def caption(lang: str, picture: Picture) -> str:
    """Seconds and the peak of the memory, as measured."""
    seconds = decimal(lang, f"{picture.seconds:.1f} s")
    if not picture.peak_bytes:
        return seconds
    return text(lang, "grid.caption", seconds=seconds, peak=size(lang, picture.peak_bytes))
