"""One request being drawn: its passes in order, what happens turned into events, the saving."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from aura.engine.drafts import Draft, Drafts
from aura.engine.protocol import (
    Done,
    JobEvent,
    Notice,
    Planned,
    Preview,
    Resumed,
    Run,
    Saved,
    Stage,
    Step,
)
from aura.engine.stopwatch import Stopwatch
from aura.errors import MemoryRefused, OutOfMemory, Stopped
from aura.families.base import (
    Drawn,
    Happening,
    Noticed,
    PreviewMade,
    Result,
    StageBegun,
    StepDone,
)
from aura.memory import ladder
from aura.memory.plan import Plan
from aura.passes import enlarge, order, refine, repair
from aura.passes.piece import Desk, Piece, Sketch
from aura.requests import Passed, Picture, Work

if TYPE_CHECKING:
    from aura.catalog import Model
    from aura.engine.worker import Token, Worker

MAKERS = {
    "enlarge": enlarge.made,
    "refine": refine.made,
    "find": repair.found,
    "repair": repair.made,
}
# Passes that are one stage to a person, whatever their model calls it.
STAGE_OF = {"enlarge": "enlarging", "find": "finding"}


class Drawing:
    """Takes all pictures of a request through one pass before the next, so that every model
    is loaded once."""

    def __init__(self, worker: Worker, run: Run, token: Token) -> None:
        self.worker, self.job, self.request, self.token = worker, run.job, run.request, token
        self.watch = Stopwatch(worker.clock)
        self.parts = order.parts(run.request)
        self.drafts = Drafts(worker.settings.data_dir, run.job)
        self.plan: Plan | None = None
        self.part = self.index = self.tile = 0
        self.notices: list[dict[str, Any]] = []
        self.peak_bytes = 0
        self.begun = self._begun(run.resumed) if run.resumed else None

    def _begun(self, resumed: Resumed) -> ladder.Begun:
        """Take over what an engine that died of want of memory had told."""
        kept = self.drafts.all()
        self.part, self.notices = resumed.part, [*resumed.notices]
        for stages in (resumed.stages, *(draft.stages for draft in kept)):
            self.watch.add(stages)
        self.index = len(kept) if self.several else resumed.following
        first = self.index if self.part == 0 else 0  # later passes go on by their drafts
        return ladder.Begun(Plan(**resumed.plan), resumed.tried, first)

    @property
    def several(self) -> bool:
        return len(self.parts) > 1

    def events(self) -> Generator[JobEvent, None, Done]:
        """Yield events; return the Done. Raises Stopped, AuraError, or a fault as it came."""
        self.token.check()
        models = [part.model and self.worker.model(part.model) for part in self.parts]
        try:
            with closing(self._passed(models)) as events:
                for event in events:
                    yield event
                    self.token.check()
        finally:
            self.worker.lock.free()
            self.drafts.clear()
            self.drafts.close()
        self.drafts.remove()
        self.watch.enter("done")
        return Done(job=self.job, stages=self.watch.total, peak_bytes=self.peak_bytes)

    def _passed(self, models: list[Any]) -> Generator[JobEvent, None, None]:
        if self.several:
            self.drafts.begin(self.request, self.worker.versions)
        yield from self._taken()
        for part in range(self.part, len(self.parts)):
            self.part, self.plan = part, None
            if self.part == 0:
                yield from self._drawn(models[0])
            else:
                yield from self._taken_on(models[0], models[self.part])

    def _taken(self) -> Iterator[JobEvent]:
        if not self.worker.lock.take():
            yield self._stage("waiting", 0)
            yield Notice(job=self.job, code="engine.device_busy")
            self.worker.lock.wait(self.token.stopped)

    # --- passes

    def _drawn(self, model: Model) -> Iterator[JobEvent]:
        """The first pass: all pictures in one go."""
        yield self._stage("loading", 0)
        with closing(self._happenings(self.request, model)) as happenings:
            for happening in happenings:
                if isinstance(happening, Drawn):
                    yield from self._ended(Sketch(happening.image, happening.index))
                else:
                    yield from self._told(happening)

    def _taken_on(self, drawn: Model, model: Model | None) -> Iterator[JobEvent]:
        """A later pass, picture by picture."""
        name = self.parts[self.part].name
        waiting = self.drafts.waiting(self.part)
        desk = Desk(self.request, drawn, model, self.drafts.put)
        if name == "refine":
            yield from self._chosen_tile(desk)
        if waiting:
            yield self._stage("loading" if model else STAGE_OF[name], waiting[0])
        for self.index in waiting:
            sketch = yield from self._made_somehow(desk)
            self.drafts.clear()
            yield from self._ended(sketch)

    def _made_somehow(self, desk: Desk) -> Generator[JobEvent, None, Sketch]:
        """Whole; in tiles where the whole turns out not to fit."""
        try:
            return (yield from self._made(desk))
        except (MemoryRefused, OutOfMemory):
            if self.parts[self.part].name != "refine" or self.tile or refine.count(desk) == 1:
                raise
        # Outside the except block, whose frames hold what did not fit.
        yield from self._tiled(desk)
        return (yield from self._made(desk))

    def _made(self, desk: Desk) -> Generator[JobEvent, None, Sketch]:
        """One picture taken on: every piece of work given to the model, its result back."""
        make = MAKERS[self.parts[self.part].name]
        making = make(self.drafts.sketch(self.index), desk.in_tiles(self.tile))
        result: Result | None = None
        while True:
            try:
                piece = making.send(result)
            except StopIteration as end:
                return end.value
            result = yield from self._worked(piece, desk.model)

    def _worked(
        self, piece: Piece, model: Model | None
    ) -> Generator[JobEvent, None, Result | None]:
        assert model is not None
        result: Result | None = None
        with closing(self._happenings(piece.work, model)) as happenings:
            for happening in happenings:
                if isinstance(happening, Result):
                    result = happening
                else:
                    yield from self._told(happening, piece)
        return result

    def _happenings(self, work: Work, model: Model) -> Generator[Plan | Happening, None, None]:
        begun, self.begun = self.begun, None
        with closing(ladder.run(self.worker.manager, model, work, begun)) as happenings:
            for happening in happenings:
                self.token.check()
                yield happening

    # --- tiles

    def _chosen_tile(self, desk: Desk) -> Iterator[JobEvent]:
        assert self.request.larger is not None
        if self.request.larger.tile:
            self.tile = refine.tile_side(desk)
        elif refine.count(desk) > 1 and self._asks_for_tiles(desk):
            yield from self._tiled(desk)

    def _asks_for_tiles(self, desk: Desk) -> bool:
        whole = refine.whole(desk)
        plan = self._planned(desk.model, whole) if whole else None
        return refine.better_tiled(plan, self._planned(desk.model, refine.tile(desk)))

    def _planned(self, model: Model | None, work: Work) -> Plan | None:
        assert model is not None
        try:
            return self.worker.manager.plans(model, work)[0]
        except MemoryRefused:
            return None

    def _tiled(self, desk: Desk) -> Iterator[JobEvent]:
        self.tile = refine.tile_side(desk)
        yield from self._noticed("passes.tiled", {"tile": self.tile})

    # --- telling

    def _told(self, happening: Plan | Happening, piece: Piece | None = None) -> Iterator[JobEvent]:
        """``piece`` is None for the first pass, whose indices are those of the pictures."""
        match happening:
            case Plan():
                yield from self._plan_told(happening, piece)
            case StageBegun(stage, index):
                stage = STAGE_OF.get(self.parts[self.part].name, stage)
                begun = self._stage(stage, self._index(index, piece))
                if piece is None or piece.at == 0:
                    yield begun
            case StepDone(step, steps, index):
                before, of = (piece.at * steps, piece.of) if piece else (0, 1)
                at = self._index(index, piece)
                yield Step(job=self.job, step=before + step, steps=of * steps, index=at)
            case PreviewMade(image, index):
                if piece is None or piece.of == 1:
                    yield from self._previewed(image, self._index(index, piece))
            case Noticed(code, facts):
                yield from self._noticed(code, facts)

    def _index(self, told: int, piece: Piece | None) -> int:
        if piece is None:
            self.index = told
        return self.index

    def _plan_told(self, plan: Plan, piece: Piece | None) -> Iterator[JobEvent]:
        """Pieces after the first mostly run under the plan that has been told."""
        before, self.plan = self.plan, plan
        if before is not None and before.signature == plan.signature:
            return
        work = piece.work if piece else None
        yield Planned(job=self.job, plan=plan.model_dump(mode="json"), work=work)
        if before is not None:
            yield self._stage("loading", self.index)

    def _noticed(self, code: str, facts: dict[str, Any]) -> Iterator[JobEvent]:
        notice = {"code": code, "facts": facts}
        if self.part and notice in self.notices:
            return  # an earlier pass or piece said so
        self.notices.append(notice)
        yield Notice(job=self.job, code=code, facts=facts)

    def _previewed(self, image: Image.Image, index: int) -> Iterator[JobEvent]:
        path = self.worker.previews.save(self.job, image)
        if path is not None:
            yield Preview(job=self.job, path=str(path), index=index)

    def _stage(self, stage: str, index: int) -> Stage:
        self.watch.enter(stage)
        return Stage(
            job=self.job,
            stage=stage,
            index=index,
            count=self.request.count,
            part=self.part,
            parts=len(self.parts),
        )

    # --- keeping

    def _ended(self, sketch: Sketch) -> Iterator[JobEvent]:
        """A picture has gone through this pass: a draft, or what was asked for."""
        if self.part + 1 < len(self.parts):
            self.watch.enter("saving")
            self.drafts.keep(self._draft(sketch.index), sketch)
            yield from self._previewed(sketch.image, sketch.index)
        else:
            yield self._stage("saving", sketch.index)
            yield Saved(job=self.job, index=sketch.index, picture=self._saved(sketch))
            self.drafts.drop(sketch.index)

    def _draft(self, index: int) -> Draft:
        """What was known of the picture, and what this pass took."""
        stages = self.watch.next_lap()
        stages.pop("saving", None)  # of the picture before: its file was written by then
        part, peak = self.parts[self.part], self.worker.manager.device.peak() if self.plan else 0
        self.peak_bytes = max(self.peak_bytes, peak)
        passed = Passed(
            name=part.name,
            model=part.model,
            seconds=sum(stages.values()),
            peak_bytes=peak,
            plan=self.plan.model_dump(mode="json") if self.plan else None,
        )
        return self.drafts.draft(index).after(passed, stages, self.notices)

    def _saved(self, sketch: Sketch) -> Picture:
        """Save one picture; one that was stopped meanwhile does not stay."""
        self.token.check()
        picture = self.worker.save(
            self.worker.settings.data_dir / "outputs",
            sketch.image,
            self.request,
            sketch.index,
            versions=self.worker.versions,
            notices=tuple(self.notices),
            **self._draft(sketch.index).facts(),
        )
        if self.token.stopped():
            Path(picture.path).unlink(missing_ok=True)
            raise Stopped
        return picture
