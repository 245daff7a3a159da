"""Grids: the same picture drawn with other values, along one to three axes.

An axis is written as ``10, 20, 30``, or for numbers as a range: ``1-5`` counts on by one,
``10-30 (+5)`` by five, ``10-30 [3]`` takes three values evenly. Values with commas in them
stand in double quotes.
"""

from __future__ import annotations

import csv
import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from aura.errors import BadRequest
from aura.ratios import RATIOS
from aura.requests import SCHEDULERS, Plain

CELLS_MAX = 100
AXES_MAX = 3

NUMBER = r"(-?\d+(?:\.\d+)?)"
RANGE = re.compile(rf"{NUMBER}\s*-\s*{NUMBER}\s*(?:\(\s*\+?{NUMBER}\s*\)|\[\s*(\d+)\s*\])?")
SIZE = re.compile(r"(\d{2,5})\s*[x×]\s*(\d{2,5})")

Keywords = dict[str, Any]


class Axis(Plain):
    """One parameter and its values, as ``put`` takes them."""

    parameter: str
    values: tuple[Any, ...]


def axis(parameter: str, text: str) -> Axis:
    """Raises BadRequest, with the value that cannot be."""
    if parameter not in PARAMETERS:
        raise BadRequest(field="grid", problem="error.problem.grid_parameter", value=parameter)
    read = PARAMETERS[parameter]
    values = list(read(text) if read in RANGED else map(read, _listed(text)))
    if not values:
        raise BadRequest(field=parameter, problem="error.problem.grid_empty")
    if len(values) > CELLS_MAX:
        raise _many(len(values))
    return Axis(parameter=parameter, values=tuple(dict.fromkeys(values)))


def cells(axes: Sequence[Axis], asked: Mapping[str, Any]) -> Iterator[Keywords]:
    """Keywords of ``compose`` for each cell: by page (Z), then row (Y), then column (X).

    Raises BadRequest where there are too many, or an axis finds nothing to change.
    """
    names = [one.parameter for one in axes]
    if not axes or len(axes) > AXES_MAX or len(set(names)) < len(names):
        raise BadRequest(field="grid", problem="error.problem.grid_axes")
    count = math.prod(len(one.values) for one in axes)
    if count > CELLS_MAX:
        raise _many(count)
    for chosen in itertools.product(*(one.values for one in reversed(axes))):
        changed = dict(asked)
        for one, value in zip(reversed(axes), chosen, strict=True):
            put(changed, one, value)
        yield changed


def put(asked: Keywords, axis: Axis, value: Any) -> None:
    """Change the one parameter in place."""
    match axis.parameter:
        case "size":  # a larger one was worked out from the size that is replaced
            asked.update(ratio=None, width=None, height=None, larger=None)
            asked.update({"ratio": value} if isinstance(value, str) else _sides(value))
        case "prompt":
            asked["prompt"] = _replaced(asked["prompt"], axis.values[0], value)
        case "lora":
            loras = _there(asked.get("loras"), "grid_no_lora")
            asked["loras"] = tuple(_with(lora, weight=value) for lora in loras)
        case "strength":
            name = "start" if asked.get("start") else "larger"
            pass_ = _there(asked.get(name), "grid_no_strength")
            asked[name] = _with(pass_, strength=value)
        case name:
            asked[name] = value


def _sides(size: tuple[int, int]) -> Keywords:
    return {"width": size[0], "height": size[1]}


def _with(part: Plain, **change: float) -> Plain:
    """The part with another value, within its bounds."""
    try:
        return type(part)(**part.model_dump() | change)
    except ValidationError:
        raise _bad(f"{next(iter(change.values())):g}") from None


def _replaced(prompt: str, sought: str, value: str) -> str:
    if sought not in prompt:
        raise BadRequest(field="prompt", problem="error.problem.grid_prompt", value=sought)
    return prompt.replace(sought, value)


def _there(part: Any, problem: str) -> Any:
    if not part:
        raise BadRequest(field="grid", problem=f"error.problem.{problem}")
    return part


# --- values


def _listed(text: str) -> list[str]:
    rows = csv.reader(text.splitlines(), skipinitialspace=True)
    return [value.strip() for row in rows for value in row if value.strip()]


def _whole(text: str) -> Iterator[int]:
    for value in _numbers(text):
        if value != int(value):
            raise _bad(f"{value:g}")
        yield int(value)


def _numbers(text: str) -> Iterator[float]:
    for value in _listed(text):
        if match := RANGE.fullmatch(value):
            yield from _range(match, value)
        else:
            yield _number(value)


def _number(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        raise _bad(value) from None
    if not math.isfinite(number):
        raise _bad(value)
    return number


def _range(match: re.Match[str], text: str) -> list[float]:
    """Both ends are in it, the second only where the steps meet it."""
    first, last = float(match[1]), float(match[2])
    if match[4]:
        count = int(match[4])
        if not 2 <= count <= CELLS_MAX:
            raise _bad(text)
        values = [first + (last - first) * at / (count - 1) for at in range(count)]
        exact = first == int(first) and last == int(last)
        return (
            [float(round(value)) for value in values]
            if exact and last - first >= count - 1
            else values
        )
    step = float(match[3] or 1)
    if step <= 0 or last < first:
        raise _bad(text)
    count = int((last - first) / step + 1e-9) + 1
    if count > CELLS_MAX:
        raise _many(count)
    return [round(first + step * at, 6) for at in range(count)]


def _words(value: str) -> str:
    return value


def _scheduler(value: str) -> str:
    if value not in SCHEDULERS:
        raise _bad(value)
    return value


def _size(value: str) -> str | tuple[int, int]:
    if value in RATIOS:
        return value
    if match := SIZE.fullmatch(value.lower()):
        return int(match[1]), int(match[2])
    raise _bad(value)


def _bad(value: str) -> BadRequest:
    return BadRequest(field="grid", problem="error.problem.grid_value", value=value[:60])


def _many(count: int) -> BadRequest:
    return BadRequest(field="grid", problem="error.problem.grid_many", count=count, most=CELLS_MAX)


# What an axis can be, and how its values are read: all at once where ranges are understood.
PARAMETERS: Mapping[str, Callable[[str], Any]] = {
    "steps": _whole,
    "guidance": _numbers,
    "scheduler": _scheduler,
    "seed": _whole,
    "model": _words,
    "preset": _words,
    "prompt": _words,
    "size": _size,
    "lora": _numbers,
    "strength": _numbers,
    "style": _words,
    "clip_skip": _whole,
    "vae": _words,
}
RANGED = (_whole, _numbers)
