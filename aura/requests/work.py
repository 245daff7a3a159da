"""What models are lent for beside drawing: captions, vectors, masks, removal, enlarging."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from aura.requests.plain import COUNT_MAX, SEED_MAX, Plain, Prompt, Side


class CaptionRequest(Plain):
    """Words for pictures. ``pictures`` are paths; ``prompt`` begins every caption."""

    task: Literal["caption"] = "caption"
    model: str
    pictures: tuple[str, ...] = Field(min_length=1)
    prompt: Prompt = ""
    tokens: int = Field(40, ge=1, le=512)  # the longest a caption gets

    @property
    def count(self) -> int:
        return len(self.pictures)

    @property
    def shape(self) -> str:
        return f"{self.tokens}"


class EmbedRequest(Plain):
    """Vectors for texts, or pictures, or sounds (paths): one kind a request, ``batch`` at once."""

    task: Literal["embed"] = "embed"
    model: str
    texts: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    sounds: tuple[str, ...] = ()
    batch: int = Field(8, ge=1, le=1024)
    tokens: int = Field(512, ge=1, le=8192)  # read of each text

    @model_validator(mode="after")
    def _one_kind(self) -> EmbedRequest:
        if sum(map(bool, (self.texts, self.pictures, self.sounds))) != 1:
            raise ValueError("texts, pictures or sounds: exactly one of them")
        return self

    @property
    def kind(self) -> Literal["text", "picture", "sound"]:
        return "text" if self.texts else "picture" if self.pictures else "sound"

    @property
    def count(self) -> int:
        return len(self.texts or self.pictures or self.sounds)

    @property
    def shape(self) -> str:
        return f"{self.kind}x{self.batch}" + (f"x{self.tokens}" if self.texts else "")


class SegmentRequest(Plain):
    """Masks of what ``prompt`` names in ``picture`` (a path)."""

    task: Literal["segment"] = "segment"
    model: str
    picture: str
    prompt: Prompt = ""
    count: Literal[1] = 1

    @property
    def shape(self) -> str:
        return "one"


class RemoveRequest(Plain):
    """``picture`` without what ``mask`` covers (both paths), worked at ``width`` × ``height``."""

    task: Literal["remove"] = "remove"
    model: str
    picture: str
    mask: str
    width: Side
    height: Side
    steps: int = Field(20, ge=1, le=150)
    guidance: float = Field(2.5, ge=0, le=30)
    seed: int = Field(0, ge=0, le=SEED_MAX)
    count: Literal[1] = 1

    @property
    def shape(self) -> str:
        return f"{self.width}x{self.height}x{self.steps}" + ("g" if self.guidance > 1 else "")


class UpscaleRequest(Plain):
    """``pictures`` (paths) enlarged by the model's own factor.

    ``tile`` is the side, in pixels, of the squares that are enlarged one by one.
    """

    task: Literal["upscale"] = "upscale"
    model: str
    pictures: tuple[str, ...] = Field(min_length=1, max_length=COUNT_MAX)
    tile: int = Field(512, ge=64, le=4096)

    @property
    def count(self) -> int:
        return len(self.pictures)

    @property
    def shape(self) -> str:
        return f"{self.tile}"


class DetectRequest(Plain):
    """Where ``things`` (names, separated by commas) are in ``pictures`` (paths)."""

    task: Literal["detect"] = "detect"
    model: str
    pictures: tuple[str, ...] = Field(min_length=1, max_length=COUNT_MAX)
    things: Prompt = Field(min_length=1)
    threshold: float = Field(0.3, gt=0, lt=1)

    @property
    def count(self) -> int:
        return len(self.pictures)

    @property
    def shape(self) -> str:
        return "one"
