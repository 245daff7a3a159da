"""The names of the world: all that the drawings, the captions and the judge share."""

from __future__ import annotations

SHAPES = ("circle", "square", "triangle", "star")
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "white", "black")
SIZES = ("small", "medium", "large")
PLACES = ("centre", "left", "right", "top", "bottom")

# About 256 x 256 pixels each, every side a multiple of 8: (width, height).
FRAMES = {
    "1:1": (256, 256),
    "16:9": (336, 192),
    "9:16": (192, 336),
    "4:3": (296, 224),
    "3:4": (224, 296),
    "3:2": (312, 208),
    "2:3": (208, 312),
    "21:9": (392, 168),
}
