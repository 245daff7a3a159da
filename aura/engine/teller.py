"""What happens in a job, turned into events; the time it takes, by stages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from PIL import Image

from aura.engine.protocol import JobEvent, Notice, Planned, Preview, Stage, Step
from aura.engine.stopwatch import Stopwatch
from aura.families.base import Happening, Noticed, PreviewMade, StageBegun, StepDone
from aura.memory.plan import Plan
from aura.passes.order import Part
from aura.passes.piece import Piece

if TYPE_CHECKING:
    from aura.engine.worker import Worker

# Passes that are one stage to a person, whatever their model calls it.
STAGE_OF = {"enlarge": "enlarging", "find": "finding"}


class Teller:
    """Knows where a job is: in which part, at which picture, under which plan."""

    def __init__(self, worker: Worker, job: str, count: int, parts: tuple[Part, ...]) -> None:
        self.previews, self.job, self.count, self.parts = worker.previews, job, count, parts
        self.watch = Stopwatch(worker.clock)
        self.part = self.index = 0
        self.plan: Plan | None = None
        self.notices: list[dict[str, Any]] = []

    @property
    def name(self) -> str:
        """Of the pass that runs."""
        return self.parts[self.part].name

    def begin(self, part: int) -> None:
        self.part, self.plan = part, None

    def told(self, happening: Plan | Happening, piece: Piece | None = None) -> Iterator[JobEvent]:
        """``piece`` is None for the first pass, whose indices are those of the pictures."""
        if piece is None and isinstance(happening, StageBegun | StepDone | PreviewMade):
            self.index = happening.index
        match happening:
            case Plan():
                yield from self._planned(happening, piece)
            case StageBegun(stage, _):
                begun = self.stage(STAGE_OF.get(self.name, stage), self.index)
                if piece is None or piece.at == 0:
                    yield begun
            case StepDone(step, steps, _):
                before, of = (piece.at * steps, piece.of) if piece else (0, 1)
                yield Step(job=self.job, step=before + step, steps=of * steps, index=self.index)
            case PreviewMade(image, _):
                if piece is None or piece.of == 1:
                    yield from self.previewed(image, self.index)
            case Noticed(code, facts):
                yield from self.noticed(code, facts)

    def stage(self, stage: str, index: int) -> Stage:
        self.watch.enter(stage)
        return Stage(
            job=self.job,
            stage=stage,
            index=index,
            count=self.count,
            part=self.part,
            parts=len(self.parts),
        )

    def noticed(self, code: str, facts: dict[str, Any]) -> Iterator[JobEvent]:
        notice = {"code": code, "facts": facts}
        if self.part and notice in self.notices:
            return  # an earlier pass or piece said so
        self.notices.append(notice)
        yield Notice(job=self.job, code=code, facts=facts)

    def previewed(self, image: Image.Image, index: int) -> Iterator[JobEvent]:
        path = self.previews.save(self.job, image)
        if path is not None:
            yield Preview(job=self.job, path=str(path), index=index)

    def _planned(self, plan: Plan, piece: Piece | None) -> Iterator[JobEvent]:
        """Pieces after the first mostly run under the plan that has been told."""
        before, self.plan = self.plan, plan
        if before is not None and before.signature == plan.signature:
            return
        work = piece.work if piece else None
        yield Planned(job=self.job, plan=plan.model_dump(mode="json"), work=work)
        if before is not None:
            yield self.stage("loading", self.index)
