"""Text to image and image to image, and the passes that may follow."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from aura.requests.plain import (
    COUNT_MAX,
    LARGE_MAX,
    PIXELS_MAX,
    SCHEDULERS,
    SEED_MAX,
    SIDE_MAX,
    SIDE_MIN,
    Plain,
    Prompt,
    Side,
    seed_after,
)


class Lora(Plain):
    """A LoRA of the catalogue by its id, and how strongly it speaks."""

    id: str
    weight: float = Field(1.0, ge=-4, le=4)


class Start(Plain):
    """Image to image: what drawing starts from instead of noise alone.

    ``pictures`` are paths: one that all start from, or one for each picture of the request.
    They are scaled and cropped to the size that is drawn. With ``masks`` (as many) only what
    is white in them is drawn anew. ``strength`` 1 keeps nothing but the colours.
    """

    pictures: tuple[str, ...] = Field(min_length=1, max_length=COUNT_MAX)
    masks: tuple[str, ...] = ()
    strength: float = Field(0.6, gt=0, le=1)

    @model_validator(mode="after")
    def _a_mask_each(self) -> Start:
        if self.masks and len(self.masks) != len(self.pictures):
            raise ValueError("pictures and masks differ in number")
        return self

    def of(self, index: int) -> tuple[str, str | None]:
        """The picture, and the mask if there is one, that picture ``index`` starts from."""
        at = index if len(self.pictures) > 1 else 0
        return self.pictures[at], self.masks[at] if self.masks else None

    def part(self, within: slice) -> Start:
        """For those pictures of the request alone."""
        if len(self.pictures) == 1:
            return self
        cut = {"pictures": self.pictures[within], "masks": self.masks[within]}
        return self.model_copy(update=cut)


class Larger(Plain):
    """The second pass: enlarge to ``width`` × ``height`` pixels, then draw the detail.

    ``upscaler`` is "lanczos" or a model of the catalogue. ``strength`` 0 enlarges only.
    ``model`` refines, the one that drew unless another is named; ``tile`` is the side of the
    squares it works in, 0 where it takes the picture whole.
    """

    width: int = Field(ge=SIDE_MIN, le=LARGE_MAX)
    height: int = Field(ge=SIDE_MIN, le=LARGE_MAX)
    upscaler: str = "lanczos"
    strength: float = Field(0.3, ge=0, le=1)
    steps: int | None = Field(None, ge=1, le=150)  # None: as many as were drawn with
    model: str | None = None
    tile: int = Field(0, ge=0, le=SIDE_MAX, multiple_of=8)

    @model_validator(mode="after")
    def _can_be_opened_again(self) -> Larger:
        if self.width * self.height > PIXELS_MAX:
            raise ValueError("more pixels than a picture can have")
        return self


class Repair(Plain):
    """Find ``things`` ("face", "hand", or anything named), and draw each anew in full detail."""

    things: str = Field("face", min_length=1, max_length=200)
    detector: str = "owlv2"  # a model of the catalogue whose task is "detect"
    prompt: Prompt = ""  # what is drawn there; empty: the picture's own
    strength: float = Field(0.4, gt=0, le=1)
    threshold: float = Field(0.3, gt=0, lt=1)


class Way(Plain):
    """What a person wants of the plan; "auto" leaves it to the planner.

    A wish that does not fit is not granted, and the job says so.
    """

    precision: Literal["auto", "fp32", "bf16", "fp16", "fp8", "int8", "nf4", "gguf"] = "auto"
    placement: Literal["auto", "resident", "offload", "stream", "cpu"] = "auto"
    decoder: Literal["auto", "full", "tiny"] = "auto"


class GenerateRequest(Plain):
    """Text to image. ``prompts[i]`` is drawn with ``seed_of(i)``.

    ``prompt`` and ``negative`` are as the person typed them (wildcards and all);
    ``prompts`` and ``negatives`` are what each picture is drawn from, style and
    wildcards applied, so that a picture can be drawn again without those files.

    ``start`` makes it image to image; ``larger`` and ``repair`` are passes that follow, each
    under a model and a plan of its own. ``vae`` is a decoder of the catalogue that stands in
    for the model's; ``clip_skip`` leaves out the last layers of a CLIP encoder.
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
    preset: str | None = None  # the one it was made with, for the record
    batch: str | None = None  # the many pictures it is one of, by their id
    loras: tuple[Lora, ...] = Field((), max_length=16)
    vae: str | None = None
    clip_skip: int = Field(0, ge=0, le=8)
    start: Start | None = None
    larger: Larger | None = None
    repair: Repair | None = None
    way: Way = Way()

    @model_validator(mode="after")
    def _one_of_each_per_picture(self) -> GenerateRequest:
        if len(self.prompts) != len(self.negatives):
            raise ValueError("prompts and negatives differ in length")
        if self.start and len(self.start.pictures) not in (1, len(self.prompts)):
            raise ValueError("one picture to start from, or one for each prompt")
        return self

    @property
    def count(self) -> int:
        return len(self.prompts)

    def seed_of(self, index: int) -> int:
        return seed_after(self.seed, index)

    def index_of(self, seed: int) -> int:
        """Of the picture that is drawn with it."""
        return seed_after(seed, -self.seed)

    def part(self, first: int, count: int = 1) -> GenerateRequest:
        """The request for ``count`` of its pictures from ``first`` on."""
        within = slice(first, first + count)
        return self.model_copy(
            update={
                "prompts": self.prompts[within],
                "negatives": self.negatives[within],
                "seed": self.seed_of(first),
                "start": self.start and self.start.part(within),
            }
        )

    @property
    def added(self) -> tuple[str, ...]:
        """The ids of what becomes part of the model."""
        return (*(lora.id for lora in self.loras), *filter(None, (self.vae,)))

    @property
    def worked_steps(self) -> int:
        """Steps that are really taken: a picture to start from spares the first of them."""
        share = self.start.strength if self.start else 1.0
        return max(1, int(self.steps * share))

    @property
    def redrawn_steps(self) -> int:
        """Of the second pass and of repairs, before their strength spares the first of them."""
        refined = self.larger.steps if self.larger and self.larger.strength else None
        return refined or self.steps

    @property
    def shape(self) -> str:
        """What decides memory and time per picture."""
        guided = "g" if self.guidance > 1 else ""
        begun = ("m" if self.start.masks else "i") if self.start else ""
        return f"{self.width}x{self.height}x{self.worked_steps}{guided}{begun}"
