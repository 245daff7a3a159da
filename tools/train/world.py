"""The world the model learns: one flat shape on a plain or shaded ground, perhaps with a shadow."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from tools.train.names import COLOURS, PLACES, SHAPES, SIZES

Rgb = tuple[int, int, int]

PALETTE: dict[str, Rgb] = {
    "red": (222, 38, 42),
    "orange": (250, 140, 20),
    "yellow": (252, 220, 48),
    "green": (36, 162, 72),
    "blue": (40, 92, 222),
    "purple": (140, 58, 180),
    "white": (246, 246, 246),
    "black": (22, 22, 24),
}
RADIUS = {"small": 0.135, "medium": 0.195, "large": 0.260}  # of the frame's unit
ANCHOR = {
    "centre": (0.5, 0.5),
    "left": (0.26, 0.5),
    "right": (0.74, 0.5),
    "top": (0.5, 0.26),
    "bottom": (0.5, 0.74),
}
SUPERSAMPLE = 4
ROUNDING = 0.014  # corner radius, of the frame's unit
MARGIN = 0.03  # the least distance from an edge of the frame, of its unit


@dataclass(frozen=True)
class Scene:
    """What a drawing shows. `shift` and `stretch` are the small freedoms a seed has."""

    shape: str
    colour: str
    background: str
    size: str = "medium"
    place: str = "centre"
    gradient: bool = False
    shadow: bool = False
    shift: tuple[float, float] = (0.0, 0.0)
    stretch: float = 1.0

    @property
    def combination(self) -> tuple[str, str, str]:
        return self.shape, self.colour, self.background


def unit(width: int, height: int) -> float:
    """The length sizes are measured in: 256 for the square frame, less for a very long one."""
    return min(math.sqrt(width * height), 1.1 * min(width, height))


def outline(shape: str) -> np.ndarray:
    """Corner points around the origin for a shape of radius 1 (all shapes look equally big)."""
    if shape == "square":
        half = 0.885
        return np.array([(-half, -half), (half, -half), (half, half), (-half, half)])
    if shape == "triangle":
        return np.array([(0.0, -1.06), (1.16, 0.98), (-1.16, 0.98)])
    if shape == "star":
        angles = -math.pi / 2 + np.arange(10) * math.pi / 5
        radii = np.where(np.arange(10) % 2 == 0, 1.24, 0.58)
        return np.stack([radii * np.cos(angles), radii * np.sin(angles) + 0.06], axis=1)
    raise ValueError(f"no outline for {shape!r}")


def stencil(
    shape: str,
    centre: tuple[float, float],
    radius: float,
    rounding: float,
    frame: tuple[int, int],
    turn: float = 0.0,
) -> Image.Image:
    """An anti-aliased mask of the shape, corners slightly rounded."""
    k = SUPERSAMPLE
    reach = int(radius * 1.5) + 3
    left, top = int(centre[0]) - reach, int(centre[1]) - reach
    big = Image.new("L", (2 * reach * k, 2 * reach * k))
    pen = ImageDraw.Draw(big)
    x, y = (centre[0] - left) * k, (centre[1] - top) * k
    if shape == "circle":
        pen.ellipse((x - radius * k, y - radius * k, x + radius * k, y + radius * k), fill=255)
    else:
        _rounded(pen, _turned(outline(shape), turn) * radius * k + (x, y), rounding * k)
    mask = Image.new("L", frame)
    mask.paste(big.resize((2 * reach, 2 * reach), Image.Resampling.BOX), (left, top))
    return mask


def _turned(points: np.ndarray, turn: float) -> np.ndarray:
    cos, sin = math.cos(turn), math.sin(turn)
    return points @ np.array([[cos, sin], [-sin, cos]])


def _rounded(pen: ImageDraw.ImageDraw, corners: np.ndarray, rounding: float) -> None:
    """Fill a polygon drawn in by `rounding`, then thickened by it: tips become soft."""
    middle = corners.mean(axis=0)
    length = np.linalg.norm(corners - middle, axis=1, keepdims=True)
    inner = middle + (corners - middle) * (1 - 1.4 * rounding / length)
    points = [(float(px), float(py)) for px, py in inner]
    pen.polygon(points, fill=255)
    pen.line([*points, points[0]], fill=255, width=max(1, round(2 * rounding)))
    for px, py in points:
        pen.ellipse((px - rounding, py - rounding, px + rounding, py + rounding), fill=255)


def spot(scene: Scene, width: int, height: int) -> tuple[float, float, float]:
    """Where the shape's middle lies and its radius, in pixels, kept inside the frame."""
    length = unit(width, height)
    radius = RADIUS[scene.size] * scene.stretch * length
    keep = radius * 1.16 + MARGIN * length
    ax, ay = ANCHOR[scene.place]
    x = (ax + scene.shift[0]) * width
    y = (ay + scene.shift[1]) * height
    return min(max(x, keep), width - keep), min(max(y, keep), height - keep), radius


def ground(colour: Rgb, gradient: bool, width: int, height: int) -> np.ndarray:
    """The background: plain, or lighter at the top and darker at the bottom."""
    base = np.array(colour, dtype=np.float32)
    if not gradient:
        return np.broadcast_to(base, (height, width, 3)).copy()
    light, dark = base + (255 - base) * 0.42, base * 0.58
    if sum(colour) < 100:  # black stays black: only a glow at the top
        light, dark = base + 62, base * 0.4
    if sum(colour) > 720:  # white stays white: only a shade at the bottom
        light, dark = base + 8, base * 0.84
    t = np.linspace(0.0, 1.0, height, dtype=np.float32)[:, None, None]
    upper = light + (base - light) * np.minimum(2 * t, 1)
    column = upper + (dark - base) * np.maximum(2 * t - 1, 0)
    return np.broadcast_to(column, (height, width, 3)).copy()


def lay(canvas: np.ndarray, mask: Image.Image, colour: Rgb, strength: float = 1.0) -> None:
    """Paint a colour through a mask, in place."""
    alpha = np.asarray(mask, dtype=np.float32)[..., None] * (strength / 255.0)
    canvas += alpha * (np.array(colour, dtype=np.float32) - canvas)


def cast(canvas: np.ndarray, mask: Image.Image, length: float) -> None:
    """Darken the ground under a shape: a soft shadow to the lower right."""
    moved = Image.new("L", mask.size)
    moved.paste(mask, (round(0.028 * length), round(0.034 * length)))
    lay(canvas, moved.filter(ImageFilter.GaussianBlur(0.02 * length)), (0, 0, 0), 0.5)


def draw(scene: Scene, width: int = 256, height: int = 256) -> np.ndarray:
    """The drawing of a scene: height x width x 3 bytes."""
    length = unit(width, height)
    x, y, radius = spot(scene, width, height)
    canvas = ground(PALETTE[scene.background], scene.gradient, width, height)
    mask = stencil(scene.shape, (x, y), radius, ROUNDING * length, (width, height))
    if scene.shadow:
        cast(canvas, mask, length)
    lay(canvas, mask, PALETTE[scene.colour])
    return np.clip(np.rint(canvas), 0, 255).astype(np.uint8)


def wiggle(scene: Scene, rng: np.random.Generator) -> Scene:
    """The same scene with the small freedoms drawn anew."""
    shift = tuple(float(v) for v in rng.uniform(-0.02, 0.02, 2))
    return replace(scene, shift=shift, stretch=float(rng.uniform(0.94, 1.06)))


def scene_at_random(rng: np.random.Generator) -> Scene:
    """Any scene of the world, every choice equally likely; shape and ground differ in colour."""
    colour, background = rng.choice(len(COLOURS), 2, replace=False)
    scene = Scene(
        shape=SHAPES[rng.integers(len(SHAPES))],
        colour=COLOURS[colour],
        background=COLOURS[background],
        size=SIZES[rng.integers(len(SIZES))],
        place=PLACES[rng.integers(len(PLACES))],
        gradient=bool(rng.random() < 0.3),
        shadow=bool(rng.random() < 0.35),
    )
    return wiggle(scene, rng)


def doodle(rng: np.random.Generator, width: int = 256, height: int = 256) -> np.ndarray:
    """A freer drawing, for the image codec alone: several turned shapes in any colours."""
    length = unit(width, height)
    canvas = ground(_any_colour(rng), bool(rng.random() < 0.4), width, height)
    for _ in range(int(rng.integers(1, 5))):
        radius = float(rng.uniform(0.06, 0.3)) * length
        centre = float(rng.uniform(0.1, 0.9)) * width, float(rng.uniform(0.1, 0.9)) * height
        mask = stencil(
            SHAPES[rng.integers(len(SHAPES))],
            centre,
            radius,
            ROUNDING * length,
            (width, height),
            float(rng.uniform(0, 2 * math.pi)),
        )
        if rng.random() < 0.4:
            cast(canvas, mask, length)
        lay(canvas, mask, _any_colour(rng))
    return np.clip(np.rint(canvas), 0, 255).astype(np.uint8)


def _any_colour(rng: np.random.Generator) -> Rgb:
    if rng.random() < 0.6:
        base = np.array(list(PALETTE.values())[rng.integers(len(PALETTE))])
        red, green, blue = np.clip(base + rng.integers(-14, 15, 3), 0, 255)
    else:
        red, green, blue = rng.integers(0, 256, 3)
    return int(red), int(green), int(blue)
