"""One request being drawn: its passes in order, what happens turned into events, the saving."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aura.engine.drafts import Draft, Drafts
from aura.engine.protocol import (
    Done,
    JobEvent,
    Notice,
    Resumed,
    Run,
    Saved,
)
from aura.engine.teller import STAGE_OF, Teller
from aura.errors import MemoryRefused, OutOfMemory, Stopped
from aura.families.base import (
    Drawn,
    Happening,
    Result,
)
from aura.memory import ladder
from aura.memory.plan import Plan
from aura.passes import enlarge, foresight, order, refine, repair
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


class Drawing:
    """Takes all pictures of a request through one pass before the next, so that every model
    is loaded once."""

    def __init__(self, worker: Worker, run: Run, token: Token) -> None:
        self.worker, self.job, self.request, self.token = worker, run.job, run.request, token
        self.parts = order.parts(run.request)
        self.teller = Teller(worker, run.job, run.request.count, self.parts)
        self.drafts = Drafts(worker.settings.data_dir, run.job)
        self.first = 0  # the part it begins with
        self.tile = self.peak_bytes = 0
        self.begun = self._begun(run.resumed) if run.resumed else None

    def _begun(self, resumed: Resumed) -> ladder.Begun:
        """Take over what an engine that died of want of memory had told."""
        kept = self.drafts.all()
        self.first, self.teller.notices = resumed.part, [*resumed.notices]
        for stages in (resumed.stages, *(draft.stages for draft in kept)):
            self.teller.watch.add(stages)
        drawn = len(kept) if self.several else resumed.following
        self.teller.index = drawn
        following = 0 if self.first else drawn  # later passes go on by their drafts
        return ladder.Begun(Plan(**resumed.plan), resumed.tried, following)

    @property
    def several(self) -> bool:
        return len(self.parts) > 1

    def events(self) -> Generator[JobEvent, None, Done]:
        """Yield events; return the Done. Raises Stopped, AuraError, or a fault as it came."""
        self.token.check()
        models = [self.worker.model(part.model) if part.model else None for part in self.parts]
        self._check(models)
        yield from self._proven(models)
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
        self.teller.watch.enter("done")
        return Done(job=self.job, stages=self.teller.watch.total, peak_bytes=self.peak_bytes)

    def _passed(self, models: list[Any]) -> Generator[JobEvent, None, None]:
        if self.several:
            self.drafts.begin(self.request, self.worker.versions)
        yield from self._taken()
        for part in range(self.first, len(self.parts)):
            self.teller.begin(part)
            if part == 0:
                yield from self._drawn(models[0])
            else:
                yield from self._taken_on(models[0], models[part])

    def _proven(self, models: list[Any]) -> Iterator[JobEvent]:
        """What was fetched is read once before its first use."""
        added = [self.worker.model(id) for id in self.request.added]
        for model in (*filter(None, models), *added):
            if self.worker.unproven(model):
                yield self.teller.stage("checking", 0)
                self.worker.prove(model, self.token.check)

    def _check(self, models: list[Any]) -> None:
        """What no model can do, or is not there for, fails before anything is drawn."""
        for part, model in zip(self.parts[1:], models[1:], strict=True):
            if model is not None:
                desk = Desk(self.request, models[0], model, self.drafts.put)
                family = self.worker.manager.families[model.family]
                folder = self.worker.manager.locate(model)
                family.footprint(model, folder, foresight.example(part.name, desk))

    def _taken(self) -> Iterator[JobEvent]:
        if not self.worker.lock.take():
            yield self.teller.stage("waiting", 0)
            yield Notice(job=self.job, code="engine.device_busy")
            self.worker.lock.wait(self.token.stopped)

    # --- passes

    def _drawn(self, model: Model) -> Iterator[JobEvent]:
        """The first pass: all pictures in one go."""
        yield self.teller.stage("loading", 0)
        with closing(self._happenings(self.request, model)) as happenings:
            for happening in happenings:
                if isinstance(happening, Drawn):
                    yield from self._ended(Sketch(happening.image, happening.index))
                else:
                    yield from self.teller.told(happening)

    def _taken_on(self, drawn: Model, model: Model | None) -> Iterator[JobEvent]:
        """A later pass, picture by picture."""
        name = self.teller.name
        waiting = self.drafts.waiting(self.teller.part)
        desk = Desk(self.request, drawn, model, self.drafts.put)
        if name == "refine":
            yield from self._chosen_tile(desk)
        if waiting:
            yield self.teller.stage("loading" if model else STAGE_OF[name], waiting[0])
        for self.teller.index in waiting:
            sketch = yield from self._made_somehow(desk)
            self.drafts.clear()
            yield from self._ended(sketch)

    def _made_somehow(self, desk: Desk) -> Generator[JobEvent, None, Sketch]:
        """Whole; in tiles where the whole turns out not to fit."""
        try:
            return (yield from self._made(desk))
        except (MemoryRefused, OutOfMemory):
            if self.teller.name != "refine" or self.tile or refine.count(desk) == 1:
                raise
        # Outside the except block, whose frames hold what did not fit.
        yield from self._tiled(desk)
        return (yield from self._made(desk))

    def _made(self, desk: Desk) -> Generator[JobEvent, None, Sketch]:
        """One picture taken on: every piece of work given to the model, its result back."""
        make = MAKERS[self.teller.name]
        making = make(self.drafts.sketch(self.teller.index), desk.in_tiles(self.tile))
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
                    yield from self.teller.told(happening, piece)
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
        yield from self.teller.noticed("passes.tiled", {"tile": self.tile})

    # --- keeping

    def _ended(self, sketch: Sketch) -> Iterator[JobEvent]:
        """A picture has gone through this pass: a draft, or what was asked for."""
        if self.teller.part + 1 < len(self.parts):
            self.teller.watch.enter("saving")
            self.drafts.keep(self._draft(sketch.index), sketch)
            yield from self.teller.previewed(sketch.image, sketch.index)
        else:
            yield self.teller.stage("saving", sketch.index)
            yield Saved(job=self.job, index=sketch.index, picture=self._saved(sketch))
            self.drafts.drop(sketch.index)

    def _draft(self, index: int) -> Draft:
        """What was known of the picture, and what this pass took."""
        stages = self.teller.watch.next_lap()
        stages.pop("saving", None)  # of the picture before: its file was written by then
        part, plan = self.parts[self.teller.part], self.teller.plan
        peak = self.worker.manager.device.peak() if plan else 0
        self.peak_bytes = max(self.peak_bytes, peak)
        passed = Passed(
            name=part.name,
            model=part.model,
            seconds=sum(stages.values()),
            peak_bytes=peak,
            plan=plan.model_dump(mode="json") if plan else None,
        )
        return self.drafts.draft(index).after(passed, stages, self.teller.notices)

    def _saved(self, sketch: Sketch) -> Picture:
        """Save one picture; one that was stopped meanwhile does not stay."""
        self.token.check()
        picture = self.worker.save(
            self.worker.settings.data_dir / "outputs",
            sketch.image,
            self.request,
            sketch.index,
            versions=self.worker.versions,
            notices=tuple(self.teller.notices),
            **self._draft(sketch.index).facts(),
        )
        if self.token.stopped():
            Path(picture.path).unlink(missing_ok=True)
            raise Stopped
        return picture
