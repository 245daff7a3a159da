"""Boxes around things: which of them tell the same."""

from __future__ import annotations

from collections.abc import Iterable

from aura.families.base import Box

SAME = 0.3  # of the area that two boxes cover, shared: then they are of one thing


def suppressed(boxes: Iterable[Box], most: int, same: float = SAME) -> tuple[Box, ...]:
    """The surest box of every thing, the surest of all first, ``most`` at the most."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda box: -box.score):
        if len(kept) == most:
            break
        if all(box.thing != other.thing or overlap(box, other) <= same for other in kept):
            kept.append(box)
    return tuple(kept)


def overlap(one: Box, other: Box) -> float:
    """The area both cover over the area either covers: from 0 to 1."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    both = max(0, width) * max(0, height)
    return both / (area(one) + area(other) - both)


def area(box: Box) -> int:
    return (box.right - box.left) * (box.bottom - box.top)
