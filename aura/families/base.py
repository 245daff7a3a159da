"""What a kind of model must offer to be planned, lent and run.

``run`` is a generator: it yields what happens and the worker that holds the loop owns
cancel, timing, saving and freeing. A family never saves, prints or catches broadly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from PIL import Image

from aura.catalog.models import Model
from aura.memory.footprint import Footprint
from aura.memory.plan import Plan


@dataclass(frozen=True)
class StageBegun:
    stage: str  # "encoding", "denoising", "decoding" …
    index: int = 0


@dataclass(frozen=True)
class StepDone:
    step: int  # 1-based
    steps: int
    index: int = 0


@dataclass(frozen=True)
class PreviewMade:
    image: Image.Image  # small RGB
    index: int = 0


@dataclass(frozen=True)
class Drawn:
    image: Image.Image
    index: int = 0

    @property
    def following(self) -> int:
        """The first item after it: where a second attempt goes on."""
        return self.index + 1


@dataclass(frozen=True)
class Captioned:
    text: str
    index: int = 0

    @property
    def following(self) -> int:
        return self.index + 1


@dataclass(frozen=True)
class Embedded:
    """Vectors of length one, float32, for the items from ``index`` on: n × width."""

    vectors: np.ndarray
    index: int = 0

    @property
    def following(self) -> int:
        return self.index + len(self.vectors)


@dataclass(frozen=True)
class Noticed:
    """Something changed that a person should know: a key of the texts, its facts.

    ``unplanned``: it does not run as its plan says, so that nothing is learnt of the plan.
    """

    code: str
    facts: dict[str, Any]
    unplanned: bool = False


@dataclass(frozen=True)
class Box:
    """Where a thing is: pixels of the picture, left and top included."""

    left: int
    top: int
    right: int
    bottom: int
    score: float
    thing: str


@dataclass(frozen=True)
class Found:
    """What a detector saw in one picture, the surest first."""

    boxes: tuple[Box, ...]
    index: int = 0

    @property
    def following(self) -> int:
        return self.index + 1


Result = Drawn | Captioned | Embedded | Found
Happening = StageBegun | StepDone | PreviewMade | Result | Noticed


class Family(Protocol):
    """One kind of model. ``Loaded`` objects are opaque to all but their own family.

    ``request`` is always of the one kind of ``requests.Work`` that the family is for.
    """

    name: str

    def footprint(self, model: Model, folder: Path | None, request: Any) -> Footprint:
        """Bytes per component and dtype, activation bytes per stage; loads nothing.

        ``folder`` holds the weights; without them the shipped coefficients answer.
        """
        ...

    def load(self, model: Model, folder: Path, plan: Plan) -> Any:
        """Load and place as the plan says. Raises ModelDamaged."""
        ...

    def run(self, loaded: Any, request: Any, plan: Plan, first: int = 0) -> Iterator[Happening]:
        """Yield what happens, from picture ``first`` on. Closing the generator stops it."""
        ...

    def park(self, loaded: Any) -> None:
        """Move every weight into RAM and take every hook off; the object stays as it is.

        Afterwards nothing of it is on the card. What is cheap to make again (remembered
        embeddings, streams) may go. May raise whatever running out of RAM looks like;
        ``unload`` is called then. Never called while it runs, nor where the device shares
        its memory with RAM.
        """
        ...

    def unpark(self, loaded: Any, plan: Plan) -> None:
        """Place what was parked as ``plan.device`` and ``plan.rung`` want, as ``load`` would.

        ``plan`` has the dtype and the formats it was loaded in, but perhaps another rung or
        share. May raise whatever running out looks like; ``unload`` is called then.
        """
        ...

    def parts(self, loaded: Any) -> tuple[object, ...]:
        """What holds the memory: nothing may hold any of it once it is unloaded."""
        ...

    def unload(self, loaded: Any) -> None:
        """Drop every reference and hook, so that the memory goes back."""
        ...
