"""What can be asked for: one frozen, validated request per task, and what comes back.

A tab or the command line turns its inputs into a request at its edge; nothing past
that edge knows a widget. Requests, plans and results are plain data (``model_dump``),
because they cross processes, live in the journal and are saved inside the pictures.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

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
COUNT_MAX = 64  # pictures of one request
PROMPT_MAX = 4000  # characters
SEED_MAX = 2**32 - 1

Side = Annotated[int, Field(ge=SIDE_MIN, le=SIDE_MAX, multiple_of=8)]
Prompt = Annotated[str, Field(max_length=PROMPT_MAX)]


class Plain(BaseModel):
    """Frozen plain data that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class GenerateRequest(Plain):
    """Text to image. ``prompts[i]`` is drawn with seed ``seed + i``.

    ``prompt`` and ``negative`` are as the person typed them (wildcards and all);
    ``prompts`` and ``negatives`` are what each picture is drawn from, style and
    wildcards applied, so that a picture can be drawn again without those files.
    """

    task: Literal["generate"] = "generate"
    model: str
    prompt: Prompt = Field(min_length=1)
    negative: Prompt = ""
    style: str | None = None
    prompts: tuple[Prompt, ...] = Field(min_length=1, max_length=COUNT_MAX)
    negatives: tuple[Prompt, ...] = Field(min_length=1, max_length=COUNT_MAX)
    width: Side
    height: Side
    steps: int = Field(ge=1, le=150)
    guidance: float = Field(ge=0, le=30)
    scheduler: Literal[SCHEDULERS] = "auto"  # type: ignore[valid-type]
    seed: int = Field(ge=0, le=SEED_MAX)

    @model_validator(mode="after")
    def _one_negative_per_prompt(self) -> GenerateRequest:
        if len(self.prompts) != len(self.negatives):
            raise ValueError("prompts and negatives differ in length")
        return self

    @property
    def count(self) -> int:
        return len(self.prompts)

    @property
    def shape(self) -> str:
        """What decides memory and time per picture."""
        guided = "g" if self.guidance > 1 else ""
        return f"{self.width}x{self.height}x{self.steps}{guided}"


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
    """``picture`` (a path) enlarged, in tiles of ``tile`` pixels a side."""

    task: Literal["upscale"] = "upscale"
    model: str
    picture: str
    tile: int = Field(512, ge=64, le=4096)
    count: Literal[1] = 1

    @property
    def shape(self) -> str:
        return f"{self.tile}"


# What a person can queue, and what a model can be lent for. Pydantic tells them apart by
# ``task``; a task moves into ``Request`` when it has its tab.
Request = GenerateRequest
Work = Annotated[
    GenerateRequest
    | CaptionRequest
    | EmbedRequest
    | SegmentRequest
    | RemoveRequest
    | UpscaleRequest,
    Field(discriminator="task"),
]


class Picture(Plain):
    """One saved picture. ``path`` is absolute and on the disk of the process that drew it."""

    path: str
    width: int
    height: int
    seed: int
    prompt: str
    model: str
    seconds: float
    stages: dict[str, float]  # seconds per stage
    peak_bytes: int
    plan: dict[str, Any]  # memory.plan.Plan, dumped
    notices: tuple[dict[str, Any], ...] = ()  # what a fallback changed: {"code", "facts"}
