"""How much of a request is computed at once; the planner may ask for less than was asked."""

from __future__ import annotations

from aura.requests import EmbedRequest, UpscaleRequest, Work

PART = 4  # of a batch under the switch
TILE_MIN = 64  # pixels a side


def batch(request: Work, switches: tuple[str, ...]) -> int:
    """Items that pass through the model at once."""
    if not isinstance(request, EmbedRequest):
        return 1
    asked = max(1, request.batch // PART) if "small_batch" in switches else request.batch
    return min(asked, request.count)


def tile(request: UpscaleRequest, switches: tuple[str, ...]) -> int:
    """Pixels a side of the pieces that a picture is enlarged in."""
    return max(TILE_MIN, request.tile // 2) if "small_tile" in switches else request.tile
