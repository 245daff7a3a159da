"""The pixel sizes a picture can have: ratios near a model's native number of pixels."""

from __future__ import annotations

import math
from collections.abc import Iterator

from aura.requests import SIDE_MAX, SIDE_MIN

RATIOS = ("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9")

SIDE_STEP = 8  # what every request's sides divide by
NEAR = math.log(1.2)  # an area within a fifth of the native one is as good as native


def drawable(width: float, height: float, multiple: int = SIDE_STEP) -> bool:
    """Whether a picture can have these sides, of a model that draws in steps of ``multiple``."""
    step = math.lcm(multiple, SIDE_STEP)
    return all(SIDE_MIN <= side <= SIDE_MAX and side % step == 0 for side in (width, height))


def size_for(ratio: str, area: int, multiple: int = SIDE_STEP) -> tuple[int, int]:
    """What ``size_near`` tells of one of ``RATIOS``. Raises ValueError for what is no ratio."""
    return size_near(*parts(ratio), area, multiple)


def size_near(across: int, down: int, area: int, multiple: int = SIDE_STEP) -> tuple[int, int]:
    """Width and height in pixels, both multiples of ``multiple``, about ``area`` in all.

    Of the sizes near the area, that whose ratio is the most exact; of those, the nearest.
    Where a ratio would make a side too short, the picture is larger than the area.
    """
    if across < down:
        height, width = size_near(down, across, area, multiple)
        return width, height
    step = math.lcm(multiple, SIDE_STEP)
    wide = min(across / down, SIDE_MAX / SIDE_MIN)
    wanted = min(max(area, SIDE_MIN**2 * wide), SIDE_MAX**2 / wide)

    def cost(size: tuple[int, int]) -> tuple[float, float, float]:
        width, height = size
        away = abs(math.log(width * height / wanted))
        wrong = abs(math.log(width / height / wide))
        return round(max(0.0, away - NEAR), 9), round(wrong, 9), away

    return min(_candidates(wide, wanted, step), key=cost)


def parts(ratio: str) -> tuple[int, int]:
    """``(16, 9)`` of ``16:9``."""
    if ratio not in RATIOS:
        raise ValueError(f"{ratio!r} is not one of {', '.join(RATIOS)}")
    across, down = ratio.split(":")
    return int(across), int(down)


def _candidates(wide: float, wanted: float, step: int) -> Iterator[tuple[int, int]]:
    """Sizes of about the ratio, from half to twice the wanted area, within the bounds."""
    least, most = math.ceil(SIDE_MIN / step), SIDE_MAX // step
    ideal = math.sqrt(wanted / wide) / step
    for down in range(max(least, int(ideal * 0.7)), min(most, math.ceil(ideal * 1.4)) + 1):
        for across in {math.floor(down * wide), math.ceil(down * wide)}:
            if least <= across <= most:
                yield across * step, down * step
