"""A preset for one model on one machine: everything it sets, and what that will take."""

from __future__ import annotations

from typing import Any, Literal

from aura.requests import GenerateRequest, Larger, Lora, Plain, Way

Reason = dict[str, Any]  # a key of the texts and its facts


class Better(Plain):
    """Another model that would draw sooner here. ``download_bytes`` is 0 for one that is here."""

    model: str
    name: str
    seconds: float
    download_bytes: int = 0


class Option(Plain):
    """``width`` × ``height`` is what is drawn; ``larger`` makes it the size that was wanted.

    ``seconds`` of one picture and ``peak`` bytes are the planner's, over all passes; None where
    nobody can tell. ``follows`` is the preset that the automatic one has picked.
    """

    name: str
    model: str
    steps: int
    guidance: float
    scheduler: str
    width: int
    height: int
    larger: Larger | None = None
    loras: tuple[Lora, ...] = ()
    way: Way = Way()
    seconds: float | None = None
    peak: int | None = None
    verdict: Literal["fits", "slow", "refused"] | None = None
    reasons: tuple[Reason, ...] = ()
    follows: str | None = None
    better: Better | None = None

    @property
    def keywords(self) -> dict[str, Any]:
        """What ``composer.compose`` takes. Its LoRAs come before a person's own."""
        return {
            "model": self.model,
            "preset": self.name,
            "steps": self.steps,
            "guidance": self.guidance,
            "scheduler": self.scheduler,
            "ratio": None,
            "width": self.width,
            "height": self.height,
            "larger": self.larger,
            "loras": self.loras,
            "way": self.way,
        }

    @property
    def request(self) -> GenerateRequest:
        """One picture of it, with words of no matter: what the planner is asked about."""
        fields = {name: value for name, value in self.keywords.items() if name != "ratio"}
        return GenerateRequest(prompt="-", prompts=("-",), negatives=("",), seed=0, **fields)
