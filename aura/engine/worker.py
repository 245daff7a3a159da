"""Draws: a request in, an iterator of events out, plain data both ways.

The worker owns what a family does not: the device lock, cancel, timing, previews, saving
and what an error becomes. It knows nothing of the process it lives in.
"""

from __future__ import annotations

import importlib.metadata
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image

import aura
from aura.catalog import Catalog, Model
from aura.engine.lock import DeviceLock
from aura.engine.previews import Previews
from aura.engine.protocol import (
    Cancelled,
    Done,
    Failed,
    JobEvent,
    Notice,
    Planned,
    Preview,
    Resumed,
    Run,
    Saved,
    Stage,
    Status,
    Step,
)
from aura.engine.stopwatch import Stopwatch
from aura.errors import AuraError, EngineFault, Stopped, UnknownModel
from aura.families.base import Drawn, Happening, Noticed, PreviewMade, StageBegun, StepDone
from aura.library.results import save_picture
from aura.memory import ladder
from aura.memory.device import budget, open_device
from aura.memory.ledger import Ledger
from aura.memory.manager import Manager
from aura.memory.plan import Plan
from aura.requests import Picture
from aura.settings import Settings

DRAWS_WITH = ("torch", "diffusers", "transformers", "accelerate", "safetensors")

Save = Callable[..., Picture]  # library.results.save_picture, or a test's

log = logging.getLogger(__name__)


class Token:
    """Set from any thread once a person wants the job stopped."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def stop(self) -> None:
        self._event.set()

    def stopped(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        if self.stopped():
            raise Stopped


class Worker:
    """One device's worker. ``handle`` runs in one thread; the rest may be called from others."""

    def __init__(
        self,
        settings: Settings,
        *,
        manager: Manager | None = None,
        catalog: Catalog | None = None,
        save: Save = save_picture,
        clock: Callable[[], float] = time.monotonic,
        ledger: str = "ledger.db",
    ) -> None:
        self.settings, self.clock, self.save = settings, clock, save
        self.catalog = catalog or Catalog.read(settings)
        self.manager = manager or open_manager(settings, self._locate, ledger)
        self.previews = Previews(settings.data_dir / "previews")
        self.lock = DeviceLock(
            settings.data_dir / "locks", self.manager.device.snapshot().torch_name
        )
        self.versions = versions()
        self._tokens: dict[str, Token] = {}

    def handle(self, run: Run) -> Iterator[JobEvent]:
        """Draw; the last event is Done, Failed or Cancelled, whatever happens."""
        token = self._tokens.setdefault(run.job, Token())
        ending: JobEvent
        try:
            ending = yield from Drawing(self, run, token).events()
        except Stopped:
            ending = Cancelled(job=run.job)
        except AuraError as error:
            log.warning("job %s failed: %s", run.job, error)
            ending = Failed(job=run.job, error=error.as_dict())
        except Exception as fault:  # the boundary of the job
            log.exception("job %s met a fault", run.job)
            ending = Failed(job=run.job, error=self._fault(fault).as_dict())
        finally:
            self._tokens.pop(run.job, None)
        # Outside the except blocks, whose frames hold what the failed job had in memory.
        yield ending

    def stop(self, job: str) -> None:
        """Stop a job at its next event, also one that has been sent but not begun."""
        self._tokens.setdefault(job, Token()).stop()

    def status(self) -> Status:
        snapshot = self.manager.device.snapshot()
        return Status(
            device=snapshot,
            residents=self.manager.residents(),
            budget=budget(snapshot),
            leaks=self.manager.leaks(),
            keep_for=self.manager.keep_s,
        )

    def release(self, model: str | None = None) -> int:
        return self.manager.release(model)

    def tend(self) -> None:
        """Between jobs and beside them: give back what nobody uses."""
        self.manager.tend()

    def keep_for(self, seconds: float) -> None:
        self.manager.keep_s = seconds

    def warm(self, model: str) -> bool:
        """Load ahead of use, if nothing else draws on the device. False if it was not done."""
        try:
            return self.lock.take() and self.manager.warm(self.model(model))
        except AuraError:
            return False
        finally:
            self.lock.free()

    def model(self, name: str) -> Model:
        """From the catalogue, read again where that may tell more. Raises UnknownModel."""
        try:
            known = self.catalog.get(name)
        except UnknownModel:
            known = None
        if known is None or (known.file and known.lender is None):
            self.catalog = Catalog.read(self.settings)
        return self.catalog.get(name)

    def _locate(self, model: Model) -> Path | None:
        return self.catalog.installed(model)

    def _fault(self, fault: Exception) -> EngineFault:
        told = f"{type(fault).__name__}: {fault}"[:300]
        return EngineFault(fault=told, log=str(self.settings.data_dir / "logs" / "engine.log"))


class Drawing:
    """One request being drawn: turns what happens into events, keeps time, saves."""

    def __init__(self, worker: Worker, run: Run, token: Token) -> None:
        self.worker, self.job, self.request, self.token = worker, run.job, run.request, token
        self.watch = Stopwatch(worker.clock)
        self.plan: Plan | None = None
        self.index = 0
        self.notices: list[dict[str, Any]] = []
        self.peak_bytes = 0
        self.begun = self._begun(run.resumed) if run.resumed else None

    def _begun(self, resumed: Resumed) -> ladder.Begun:
        """Take over what an engine that died of want of memory had told."""
        self.index = resumed.following
        self.notices += resumed.notices
        self.watch.total |= resumed.stages
        return ladder.Begun(Plan(**resumed.plan), resumed.tried, resumed.following)

    def events(self) -> Generator[JobEvent, None, Done]:
        """Yield events; return the Done. Raises Stopped, AuraError, or a fault as it came."""
        self.token.check()
        model = self.worker.model(self.request.model)
        try:
            yield from self._taken()
            yield from self._drawn(model)
        finally:
            self.worker.lock.free()
        self.watch.enter("done")
        return Done(job=self.job, stages=self.watch.total, peak_bytes=self.peak_bytes)

    def _taken(self) -> Iterator[JobEvent]:
        if not self.worker.lock.take():
            yield self._stage("waiting", 0)
            yield Notice(job=self.job, code="engine.device_busy")
            self.worker.lock.wait(self.token.stopped)

    def _drawn(self, model: Model) -> Iterator[JobEvent]:
        yield self._stage("loading", 0)
        happenings = ladder.run(self.worker.manager, model, self.request, self.begun)
        try:
            for happening in happenings:
                self.token.check()
                for event in self._told(happening):
                    yield event
                    self.token.check()
        finally:
            happenings.close()

    def _told(self, happening: Plan | Happening) -> Iterator[JobEvent]:
        match happening:
            case Plan():
                climbed, self.plan = self.plan is not None, happening
                yield Planned(job=self.job, plan=happening.model_dump(mode="json"))
                if climbed:
                    yield self._stage("loading", self.index)
            case StageBegun(stage, index):
                self.index = index
                yield self._stage(stage, index)
            case StepDone(step, steps, index):
                yield Step(job=self.job, step=step, steps=steps, index=index)
            case PreviewMade(image, index):
                path = self.worker.previews.save(self.job, image)
                if path is not None:
                    yield Preview(job=self.job, path=str(path), index=index)
            case Noticed(code, facts):
                self.notices.append({"code": code, "facts": facts})
                yield Notice(job=self.job, code=code, facts=facts)
            case Drawn(image, index):
                yield self._stage("saving", index)
                yield Saved(job=self.job, index=index, picture=self._saved(image, index))

    def _stage(self, stage: str, index: int) -> Stage:
        self.watch.enter(stage)
        return Stage(job=self.job, stage=stage, index=index, count=self.request.count)

    def _saved(self, image: Image.Image, index: int) -> Picture:
        """Save one picture; one that was stopped meanwhile does not stay."""
        self.token.check()
        stages = self.watch.next_lap()
        stages.pop("saving", None)  # of the picture before: its file was written by then
        peak = self.worker.manager.device.peak()
        self.peak_bytes = max(self.peak_bytes, peak)
        picture = self.worker.save(
            self.worker.settings.data_dir / "outputs",
            image,
            self.request,
            index,
            plan=self.plan.model_dump(mode="json") if self.plan else {},
            seconds=sum(stages.values()),
            stages=stages,
            peak_bytes=peak,
            versions=self.worker.versions,
            notices=tuple(self.notices),
        )
        if self.token.stopped():
            Path(picture.path).unlink(missing_ok=True)
            raise Stopped
        return picture


def open_manager(
    settings: Settings, locate: Callable[[Model], Path | None], ledger: str = "ledger.db"
) -> Manager:
    """The manager of the device that the settings name, with every family."""
    from aura.families import rivals
    from aura.families.registry import by_name  # loads torch

    families = by_name(settings.compile, settings.data_dir / "converted")
    return Manager(
        open_device(settings),
        families,
        Ledger(settings.data_dir / ledger),
        locate=locate,
        keep_s=settings.idle_release,
        rivals=rivals.gains if find_spec("openvino") else None,
    )


def versions() -> dict[str, str]:
    """What draws, for the metadata of pictures."""
    found = {"aura": aura.__version__} if hasattr(aura, "__version__") else {}
    for name in DRAWS_WITH:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
