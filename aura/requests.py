"""What can be asked for: one frozen, validated request per task, and what comes back.

A tab or the command line turns its inputs into a request at its edge; nothing past
that edge knows a widget. Requests, plans and results are plain data (``model_dump``),
because they cross processes, live in the journal and are saved inside the pictures.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from aura.errors import BadRequest

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


# One member a task; pydantic tells them apart by ``task``. With the second task this
# becomes Annotated[Union[...], Field(discriminator="task")].
Request = GenerateRequest


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


def build(kind: type[GenerateRequest], **fields: Any) -> GenerateRequest:
    """Build a request, turning the first validation failure into a ``BadRequest``."""
    try:
        return kind(**fields)
    except ValidationError as invalid:
        first = invalid.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else "request"
        raise BadRequest(field=field, problem=first["msg"]) from None
