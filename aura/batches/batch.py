"""A batch: requests that belong together, and which of their pictures are still to be drawn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

from pydantic import Field

from aura.requests import GenerateRequest, Picture, Plain


class Grid(Plain):
    """Labels of the axes, in words. Requests are ordered by page, then row, then column.

    An axis that is not there has one label, an empty one.
    """

    columns: tuple[str, ...]
    rows: tuple[str, ...] = ("",)
    pages: tuple[str, ...] = ("",)
    title: str = ""
    lang: str = "en"  # of the labels


class Batch(Plain):
    """``described`` is the same for the same wishes, whatever the seed; ``id`` with the seed.

    ``open``: its pictures are to be drawn now; ``done``: all of them were. ``begun`` is when it
    was last asked for: what failed before that is tried again. Times by the wall clock.
    """

    id: str
    described: str
    owner: str
    seed: int
    begun: float
    open: bool = True
    done: bool = False
    requests: tuple[GenerateRequest, ...] = Field(min_length=1)
    grid: Grid | None = None
    sheet: str | None = None  # the path of the labelled sheet, once it is made

    @property
    def count(self) -> int:
        """Pictures in all."""
        return sum(request.count for request in self.requests)


def batch(
    described: str, requests: Sequence[GenerateRequest], seed: int, grid: Grid | None, begun: float
) -> Batch:
    """A new one without an owner; its requests know its id."""
    id = digest([described, seed])
    marked = tuple(request.model_copy(update={"batch": id}) for request in requests)
    return Batch(
        id=id, described=described, owner="", seed=seed, begun=begun, requests=marked, grid=grid
    )


def digest(plain: Any) -> str:
    """A short name for plain data."""
    text = json.dumps(plain, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, Plain) else str(value)


def key(request: GenerateRequest, index: int = 0) -> str:
    """The same for two pictures that are drawn from the same settings and the same seed."""
    return keys(request)[index]


@lru_cache(maxsize=4096)
def keys(request: GenerateRequest) -> tuple[str, ...]:
    """Of each of its pictures."""
    every = (request.part(index) for index in range(request.count))
    return tuple(digest(one.model_dump(mode="json", exclude={"batch"})) for one in every)


def finished(picture: Picture) -> bool:
    """Whether all passes are in it; one that was cut short is kept, and tried again."""
    return not any(notice["code"].startswith("passes.unfinished.") for notice in picture.notices)


def missing(batch: Batch, there: Collection[str]) -> Iterator[GenerateRequest]:
    """Requests for exactly the pictures whose keys are not there, in the batch's order."""
    for request in batch.requests:
        lacking = [index for index, one in enumerate(keys(request)) if one not in there]
        # Neighbours stay one request: index minus place is the same for them.
        for _, run in groupby(enumerate(lacking), lambda pair: pair[1] - pair[0]):
            indices = [index for _, index in run]
            yield request.part(indices[0], len(indices))
