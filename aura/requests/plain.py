"""What all requests are made of: plain data, and the bounds that hold everywhere."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

SCHEDULERS = (
    "auto",
    "dpmpp_2m_karras",
    "dpmpp_sde",
    "euler",
    "euler_a",
    "ddim",
    "unipc",
    "lcm",
    "heun",
)

SIDE_MIN, SIDE_MAX = 64, 4096  # pixels
LARGE_MAX = 16384  # pixels; a side of a picture that was enlarged
PIXELS_MAX = 64_000_000  # of any picture: larger ones could be saved, but not opened again
COUNT_MAX = 64  # pictures of one request
PROMPT_MAX = 4000  # characters
SEED_MAX = 2**32 - 1

Side = Annotated[int, Field(ge=SIDE_MIN, le=SIDE_MAX, multiple_of=8)]
Prompt = Annotated[str, Field(max_length=PROMPT_MAX)]


def seed_after(seed: int, by: int) -> int:
    """``by`` seeds on, or back where it is below 0; the first follows the last."""
    return (seed + by) % (SEED_MAX + 1)


def achievable(width: int, height: int) -> bool:
    """Whether a picture can have that size in the end, be it drawn or enlarged to it."""
    short, long = sorted((width, height))
    return short >= SIDE_MIN and long <= LARGE_MAX and width * height <= PIXELS_MAX


class Plain(BaseModel):
    """Frozen plain data that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())
