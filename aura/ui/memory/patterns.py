"""How bands and stages are told apart: each by a colour and by a texture of its own."""

from __future__ import annotations

BANDS = 6  # then they begin anew
STAGES = (
    "waiting",
    "loading",
    "encoding",
    "denoising",
    "decoding",
    "enlarging",
    "finding",
    "saving",
)

# Lines of a tile of 8 × 8 pixels; "" is plain.
TEXTURES = {
    "plain": "",
    "rising": "M-2 2 2-2M-1 9 9-1M6 10 10 6",
    "dots": "M2 2h.01M6 6h.01",
    "upright": "M2 0V8M6 0V8",
    "falling": "M-2 6 2 10M-1-1 9 9M6-2 10 2",
    "level": "M0 2H8M0 6H8",
    "crossed": "M-1-1 9 9M-1 9 9-1",
}
OF_BANDS = ("plain", "rising", "dots", "falling", "level", "crossed")
OF_STAGES = dict(
    zip(
        STAGES,
        ("level", "rising", "dots", "plain", "falling", "crossed", "dots", "upright"),
        strict=True,
    )
)


def band(place: int) -> str:
    """The fill of the model at this place of the order."""
    return f"url(#aura-band-{place % BANDS})"


def stage(name: str) -> str:
    return f"url(#aura-stage-{name if name in STAGES else STAGES[0]})"


def definitions() -> str:
    """Every pattern, for the first SVG of the page that uses one."""
    tiles = "".join(_tile(f"band-{n}", texture) for n, texture in enumerate(OF_BANDS))
    tiles += "".join(_tile(f"stage-{name}", texture) for name, texture in OF_STAGES.items())
    return f"<defs>{tiles}</defs>"


def _tile(name: str, texture: str) -> str:
    lines = f'<path class="aura-texture" d="{TEXTURES[texture]}"/>' if TEXTURES[texture] else ""
    return (
        f'<pattern id="aura-{name}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<rect class="aura-{name}" width="8" height="8"/>{lines}</pattern>'
    )


def swatch(fill: str) -> str:
    """A small piece of a fill, for the legend."""
    return f'<svg width="18" height="12"><rect width="18" height="12" rx="3" fill="{fill}"/></svg>'


def line(look: str) -> str:
    """A small piece of a line."""
    return f'<svg width="18" height="12"><path class="{look}" d="M0 6H18"/></svg>'


def mark(look: str, shape: str) -> str:
    """A small mark, drawn around its own middle."""
    path = f'<path class="{look}" d="{shape}" transform="translate(9 6)"/>'
    return f'<svg width="18" height="12" overflow="visible">{path}</svg>'
