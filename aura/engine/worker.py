"""Draws: a request in, an iterator of events out, plain data both ways.

The worker owns what a family does not: the device lock, cancel, timing, previews, saving
and what an error becomes. It knows nothing of the process it lives in.
"""

from __future__ import annotations

import importlib.metadata
import logging
import threading
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import aura
from aura.catalog import Catalog, Model, folders, store
from aura.catalog.additions import Additions
from aura.catalog.sound import Sound
from aura.engine import apart, drafts
from aura.engine.drawing import Drawing
from aura.engine.lock import DeviceLock
from aura.engine.previews import Previews
from aura.engine.protocol import Cancelled, Failed, JobEvent, Run, Status
from aura.errors import AuraError, EngineFault, ModelDamaged, Stopped, UnknownModel
from aura.library.results import Save, save_picture
from aura.memory.device import budget, open_device
from aura.memory.ledger import Ledger
from aura.memory.manager import Manager
from aura.settings import Settings

DRAWS_WITH = ("torch", "diffusers", "transformers", "accelerate", "safetensors")

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
        additions = Additions(self.model, lambda: self.catalog)
        self.manager = manager or open_manager(settings, self._locate, additions, ledger)
        self.previews = Previews(settings.data_dir / "previews")
        self.lock = DeviceLock(
            settings.data_dir / "locks", self.manager.device.snapshot().torch_name
        )
        self.sound = Sound(settings.data_dir / "sound.json")
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
        why = ending.error["code"] if isinstance(ending, Failed) else Stopped.code
        yield from drafts.rescued(self.settings.data_dir, run.job, why, self.save)
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
            wanted = self.model(model)
            return self.lock.take() and not self.unproven(wanted) and self.manager.warm(wanted)
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
        if known is None or known.lacks_lender:
            self.catalog.renew(folders.joined(self.settings))
        return self.catalog.get(name)

    def unproven(self, model: Model) -> bool:
        """Whether it was fetched, and some of it was not read since it came or changed."""
        place = self.catalog.installed(model) if model.repo else None
        return place is not None and bool(self.sound.unread(place))

    def prove(self, model: Model, check: Callable[[], None]) -> None:
        """Read what was not read; what is damaged is set aside. Raises ModelDamaged."""
        place = self.catalog.installed(model)
        damaged = self.sound.damaged(place, check) if place else None
        if damaged is not None:
            store.set_aside(damaged)
            self.manager.release(model.id)
            raise ModelDamaged(model=model.name, path=str(damaged))

    def _locate(self, model: Model) -> Path | None:
        return self.catalog.installed(model)

    def _fault(self, fault: Exception) -> EngineFault:
        told = f"{type(fault).__name__}: {fault}"[:300]
        return EngineFault(fault=told, log=str(self.settings.data_dir / "logs" / "engine.log"))


def open_manager(
    settings: Settings,
    locate: Callable[[Model], Path | None],
    additions: Additions,
    ledger: str = "ledger.db",
) -> Manager:
    """The manager of the device that the settings name, with every family."""
    from aura.families.registry import by_name  # loads torch

    families = by_name(settings.compile, additions, settings.data_dir / "converted")
    return Manager(
        open_device(settings),
        families,
        Ledger(settings.data_dir / ledger),
        locate=locate,
        keep_s=settings.idle_release,
        rivals=apart.gains if find_spec("openvino") else None,
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
