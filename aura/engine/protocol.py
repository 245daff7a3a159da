"""What crosses between the studio and an engine: commands one way, events the other.

Both are frozen plain data, one JSON object a line. Pictures and previews travel as
paths of files on the disk both sides share; a host on another machine must copy them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from aura.memory.device import Snapshot
from aura.memory.residency import Resident
from aura.requests import Picture, Plain, Request, Work

# --- commands: studio → engine


class Resumed(Plain):
    """How far a job came in an engine that died under it for want of memory.

    Which pictures have passed which part, their drafts on the disk tell.
    """

    plan: dict[str, Any]  # under which it died
    tried: tuple[str, ...]  # rungs, that plan's the last
    following: int = 0  # the first picture that is missing
    part: int = 0  # of its passes
    notices: tuple[dict[str, Any], ...] = ()
    stages: dict[str, float] = {}  # seconds, of the pictures that are saved


class Run(Plain):
    op: Literal["run"] = "run"
    job: str
    request: Request
    resumed: Resumed | None = None


class Stop(Plain):
    op: Literal["stop"] = "stop"
    job: str


class Release(Plain):
    """Unload one model, or all that are not lent (``model=None``), RAM copies too."""

    op: Literal["release"] = "release"
    model: str | None = None


class Warm(Plain):
    """Load a model ahead of use, when nothing runs and it fits without evicting a lent one."""

    op: Literal["warm"] = "warm"
    model: str


class KeepFor(Plain):
    """From now on unused models give their memory back after ``seconds``; 0: never."""

    op: Literal["keep_for"] = "keep_for"
    seconds: float


class Quit(Plain):
    op: Literal["quit"] = "quit"


Command = Annotated[Run | Stop | Release | Warm | KeepFor | Quit, Field(discriminator="op")]


# --- events: engine → studio. Those of a job carry its id.


class Ready(Plain):
    """The child is up. ``versions`` of what draws, for ``doctor`` and the metadata."""

    event: Literal["ready"] = "ready"
    versions: dict[str, str]


class Status(Plain):
    """About once a second, also while a job runs.

    ``budget``: bytes that all models together may hold on the device. ``leaks``: models
    that were unloaded but that something still holds. ``keep_for``: seconds until unused
    models give their memory back; 0: never.
    """

    event: Literal["status"] = "status"
    device: Snapshot
    residents: tuple[Resident, ...] = ()
    budget: int = 0
    leaks: tuple[str, ...] = ()
    keep_for: float = 0.0


class Planned(Plain):
    """The plan a job goes on under (again after a fallback).

    ``work`` is what it is a plan for, where that is not the job's request itself.
    """

    event: Literal["planned"] = "planned"
    job: str
    plan: dict[str, Any]
    work: Work | None = None


class Stage(Plain):
    """A stage begins, for picture ``index`` of ``count``, in pass ``part`` of ``parts``."""

    event: Literal["stage"] = "stage"
    job: str
    stage: str
    index: int = 0
    count: int = 1
    part: int = 0
    parts: int = 1


class Step(Plain):
    event: Literal["step"] = "step"
    job: str
    step: int
    steps: int
    index: int = 0


class Preview(Plain):
    """``path``: a small JPEG of how far picture ``index`` is; replaced by the next."""

    event: Literal["preview"] = "preview"
    job: str
    path: str
    index: int = 0


class Notice(Plain):
    """Something a person should know while it runs: a key of the texts and its facts."""

    event: Literal["notice"] = "notice"
    job: str
    code: str
    facts: dict[str, Any] = {}


class Saved(Plain):
    event: Literal["saved"] = "saved"
    job: str
    index: int
    picture: Picture


class Done(Plain):
    event: Literal["done"] = "done"
    job: str
    stages: dict[str, float]  # seconds, summed over the pictures
    peak_bytes: int


class Failed(Plain):
    event: Literal["failed"] = "failed"
    job: str
    error: dict[str, Any]  # AuraError.as_dict()


class Cancelled(Plain):
    event: Literal["cancelled"] = "cancelled"
    job: str


JobEvent = Planned | Stage | Step | Preview | Notice | Saved | Done | Failed | Cancelled
Event = Annotated[Ready | Status | JobEvent, Field(discriminator="event")]

COMMANDS: TypeAdapter[Command] = TypeAdapter(Command)
EVENTS: TypeAdapter[Event] = TypeAdapter(Event)


def line(message: Plain) -> bytes:
    """One message as one line of JSON."""
    return message.model_dump_json().encode() + b"\n"
