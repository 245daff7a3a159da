"""Looks at a picture's pixels and says what it shows: shape, colours, position, size.

It knows nothing of how drawings are made: the ground is read off the picture's rim, the
shape is what differs from it, its name follows from its contour. Needs numpy and Pillow alone.
"""

from __future__ import annotations

import colorsys
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

RIM = 3  # pixels at each side that are taken to show the ground
CLEAR = 45.0  # a pixel this far from the ground (0..441) may belong to the shape
LEAST = 0.004  # the least share of the picture a shape covers
LIKENESS = {"circle": 0.88, "square": 0.88, "triangle": 0.76}  # at least; others stay below
OFF_CENTRE = 0.065  # of the picture's side


@dataclass(frozen=True)
class Seen:
    """What a picture shows. `x`, `y` are the middle of the shape, from 0 to 1; `size` is its
    breadth, as a share of the frame. A name is None where nothing fits."""

    shape: str | None
    colour: str | None
    background: str | None
    x: float = 0.5
    y: float = 0.5
    size: float = 0.0

    @property
    def place(self) -> str:
        right, down = self.x - 0.5, self.y - 0.5
        if max(abs(right), abs(down)) < OFF_CENTRE:
            return "centre"
        if abs(right) > abs(down):
            return "right" if right > 0 else "left"
        return "bottom" if down > 0 else "top"

    @property
    def extent(self) -> str:
        return "small" if self.size < 0.30 else "medium" if self.size < 0.415 else "large"


def judge(image: Image.Image) -> Seen:
    pixels = np.asarray(image.convert("RGB"), dtype=np.float32)
    ground = ground_of(pixels)
    background = name_of(np.median(_rim(pixels), axis=0))
    mask = mask_of(pixels, ground)
    if mask is None:
        return Seen(None, None, background)
    colour = name_of(np.median(pixels[_core(mask)], axis=0))
    rows, columns = np.nonzero(mask)
    height, width = mask.shape
    return Seen(
        shape=shape_of(mask),
        colour=colour,
        background=background,
        x=float(columns.min() + columns.max() + 1) / 2 / width,
        y=float(rows.min() + rows.max() + 1) / 2 / height,
        size=_size(rows, columns, width, height),
    )


def name_of(colour: np.ndarray) -> str | None:
    """The colour's name by hue; None for greys and the like."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(float(c) / 255 for c in colour))
    if value < 0.26:
        return "black"
    if saturation < 0.16:
        return "white" if value > 0.72 else None
    if saturation < 0.3:
        return None
    limits = (
        (16, "red"),
        (43, "orange"),
        (70, "yellow"),
        (168, "green"),
        (255, "blue"),
        (325, "purple"),
        (361, "red"),
    )
    return next(name for limit, name in limits if hue * 360 < limit)


def _rim(pixels: np.ndarray) -> np.ndarray:
    return np.concatenate([pixels[:, :RIM].reshape(-1, 3), pixels[:, -RIM:].reshape(-1, 3)])


def ground_of(pixels: np.ndarray) -> np.ndarray:
    """The ground under the shape, drawn across from the left rim to the right one."""
    left = _smooth(np.median(pixels[:, :RIM], axis=1))
    right = _smooth(np.median(pixels[:, -RIM:], axis=1))
    across = np.linspace(0, 1, pixels.shape[1], dtype=np.float32)[None, :, None]
    return left[:, None] * (1 - across) + right[:, None] * across


def _smooth(column: np.ndarray, reach: int = 4) -> np.ndarray:
    padded = np.pad(column, ((reach, reach), (0, 0)), mode="edge")
    return np.stack([padded[k : k + len(column)] for k in range(2 * reach + 1)]).mean(axis=0)


def mask_of(pixels: np.ndarray, ground: np.ndarray) -> np.ndarray | None:
    """The largest connected patch of the commonest colour that is not the ground's."""
    apart = np.linalg.norm(pixels - ground, axis=2)
    candidates = apart > CLEAR
    if candidates.mean() < LEAST:
        return None
    main = _commonest(pixels[candidates])
    from_main = np.linalg.norm(pixels - main, axis=2)
    unlike = np.minimum(90.0, 0.8 * _from_shade(pixels, ground))
    mask = _largest_patch(candidates & (from_main < unlike))
    return mask if mask.mean() >= LEAST else None


def _from_shade(pixels: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """How far each pixel is from the ground and from a shadow on it (the ground, half as light)."""
    share = (pixels * ground).sum(axis=2) / np.maximum((ground * ground).sum(axis=2), 1.0)
    return np.linalg.norm(pixels - np.clip(share, 0.45, 1.0)[..., None] * ground, axis=2)


def _commonest(colours: np.ndarray) -> np.ndarray:
    """The middle of the fullest cell of a coarse colour grid."""
    cells = (colours / 24).astype(int) @ np.array([1, 16, 256])
    names, counts = np.unique(cells, return_counts=True)
    return np.median(colours[cells == names[counts.argmax()]], axis=0)


def _runs(row: np.ndarray) -> list[tuple[int, int]]:
    change = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
    return list(zip(change[::2].tolist(), change[1::2].tolist(), strict=True))


def _largest_patch(mask: np.ndarray) -> np.ndarray:
    """The largest 4-connected patch, found by joining runs of neighbouring rows."""
    runs: list[tuple[int, int, int]] = []
    parent: list[int] = []

    def root(k: int) -> int:
        while parent[k] != k:
            parent[k] = parent[parent[k]]
            k = parent[k]
        return k

    above: list[int] = []
    for y, row in enumerate(mask):
        here = []
        for start, stop in _runs(row):
            k = len(runs)
            runs.append((y, start, stop))
            parent.append(k)
            here.append(k)
            for other in above:
                if runs[other][1] < stop and start < runs[other][2]:
                    parent[root(other)] = root(k)
        above = here
    area: dict[int, int] = {}
    for k, (_, start, stop) in enumerate(runs):
        area[root(k)] = area.get(root(k), 0) + stop - start
    out = np.zeros_like(mask)
    if area:
        best = max(area, key=lambda k: area[k])
        for k, (y, start, stop) in enumerate(runs):
            if root(k) == best:
                out[y, start:stop] = True
    return out


def _core(mask: np.ndarray) -> np.ndarray:
    """The mask without its rim, where colours mix; the mask itself if nothing is left."""
    core = mask.copy()
    for _ in range(3):
        inner = core.copy()
        for axis in (0, 1):
            for by in (-1, 1):
                inner &= np.roll(core, by, axis)
        core = inner
    return core if core.any() else mask


def _size(rows: np.ndarray, columns: np.ndarray, width: int, height: int) -> float:
    reach = max(np.ptp(rows), np.ptp(columns)) + 1
    frame = min(math.sqrt(width * height), 1.1 * min(width, height))
    return float((math.sqrt(len(rows)) + reach) / 2 / frame)


def shape_of(mask: np.ndarray) -> str | None:
    """The shape's name from its contour: how it fills its hull, and what the hull looks like."""
    hull = hull_of(mask)
    if len(hull) < 3:
        return None
    area, hull_area = float(mask.sum()), polygon_area(hull)
    solid = area / hull_area
    if solid < 0.87:
        return "star" if solid > 0.5 and peaks_of(mask) == 5 else None
    if solid < 0.90:
        return None
    fits = {
        "circle": hull_area / (math.pi * _reach(hull) ** 2),
        "square": hull_area / _box(hull),
        "triangle": _triangle(hull) / hull_area,
    }
    return next((name for name, fit in fits.items() if fit > LIKENESS[name]), None)


def hull_of(mask: np.ndarray) -> np.ndarray:
    """The convex hull of the mask's pixel corners, in order around it."""
    points: list[tuple[float, float]] = []
    for y in np.flatnonzero(mask.any(axis=1)):
        columns = np.flatnonzero(mask[y])
        for x in (columns[0], columns[-1] + 1):
            points += [(float(x), float(y)), (float(x), float(y + 1))]
    points = sorted(set(points))
    return np.array(_half(points)[:-1] + _half(points[::-1])[:-1])


def _half(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    out: list[tuple[float, float]] = []
    for x, y in points:
        while len(out) > 1:
            (ax, ay), (bx, by) = out[-2], out[-1]
            if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                break
            out.pop()
        out.append((x, y))
    return out


def polygon_area(points: np.ndarray) -> float:
    x, y = points[:, 0], points[:, 1]
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def _reach(hull: np.ndarray) -> float:
    """Half the hull's greatest breadth."""
    return float(max(np.ptp(hull @ _direction(turn)) for turn in range(0, 180, 5))) / 2


def _direction(degrees: float) -> np.ndarray:
    return np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])


def _box(hull: np.ndarray) -> float:
    """The least upright or turned square box around the hull."""
    sides = (
        max(np.ptp(hull @ _direction(turn)), np.ptp(hull @ _direction(turn + 90)))
        for turn in range(0, 90, 3)
    )
    return float(min(sides)) ** 2


def _triangle(hull: np.ndarray) -> float:
    """The greatest triangle between corners of the hull."""
    corners = hull[:: max(1, len(hull) // 48)]
    best = 0.0
    for i in range(len(corners) - 2):
        first = corners[i + 1 :] - corners[i]
        cross = first[:, None, 0] * first[None, :, 1] - first[:, None, 1] * first[None, :, 0]
        best = max(best, float(np.abs(cross).max()) / 2)
    return best


def peaks_of(mask: np.ndarray) -> int:
    """How many tips stand out around the middle."""
    rows, columns = np.nonzero(mask)
    y, x = rows - rows.mean(), columns - columns.mean()
    sector = ((np.arctan2(y, x) + math.pi) / (2 * math.pi) * 72).astype(int) % 72
    reach = np.zeros(72)
    np.maximum.at(reach, sector, np.hypot(x, y))
    smooth = (np.roll(reach, 1) + 2 * reach + np.roll(reach, -1)) / 4
    low, high = smooth.min(), smooth.max()
    out = smooth > (low + high) / 2
    return int(np.count_nonzero(out & ~np.roll(out, 1)))
