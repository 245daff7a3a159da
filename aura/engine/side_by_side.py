"""Several pictures at a time on a processor with many cores, where that was measured to pay.

One picture keeps many cores busy only in part. So a job of several is shared out over
processes with a few threads each, if the memory holds the model as many times (weights that
are mapped from their files are there once), and if a measurement on this machine says that
more pictures an hour come of it. Processes, because threads of one would share its lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

from aura.catalog import Catalog
from aura.engine import part
from aura.engine.apart import PARTS, cores
from aura.engine.host import Engine
from aura.engine.lock import DeviceLock
from aura.engine.parts import Parts
from aura.engine.protocol import Cancelled, Failed, JobEvent, Notice, Status
from aura.engine.supervisor import Supervisor
from aura.errors import AuraError, EngineLost, Stopped
from aura.memory.device import Snapshot, budget
from aura.memory.ledger import Ledger
from aura.memory.verdict import verdict
from aura.requests import GenerateRequest, Request
from aura.settings import Settings

PAYS = 1.1  # times as many pictures, from which it is worth the trouble
START_S = 20.0  # until so many engines have loaded the model


class SideBySide:
    """An engine like ``main``, whose jobs of several pictures may run in ``parts`` engines.

    ``choose`` says in how many; in a test: another rule. ``open_part`` makes one of them.
    """

    def __init__(
        self,
        main: Engine,
        choose: Callable[[Status, Settings, GenerateRequest], int] | None = None,
        open_part: Callable[[Settings, int, int], Engine] | None = None,
    ) -> None:
        self.main = main
        self.choose, self.open_part = choose or parts_for, open_part or opened
        self._running: dict[str, Parts] = {}
        self._stopped: set[str] = set()
        self._closing = False

    # --- as the main one does

    @property
    def settings(self) -> Settings:
        return self.main.settings

    def start(self) -> None:
        self.main.start()

    def watch(self, watcher: Callable[[Status], None]) -> None:
        self.main.watch(watcher)

    def status(self) -> Status | None:
        return self.main.status()

    def release(self, model: str | None = None) -> None:
        self.main.release(model)

    def keep_for(self, seconds: float) -> None:
        self.main.keep_for(seconds)

    def warm(self, model: str) -> None:
        if not self._running:
            self.main.warm(model)

    def close(self) -> None:
        self._closing = True
        for running in list(self._running.values()):
            for engine in running.engines:
                engine.close()
        self.main.close()

    # --- in parts

    def run(self, job: str, request: Request) -> Iterator[JobEvent]:
        status = self.main.status()
        many = 1
        if status is not None and isinstance(request, GenerateRequest) and request.count > 1:
            many = self.choose(status, self.settings, request)
        if many < 2 or not isinstance(request, GenerateRequest):
            return self.main.run(job, request)
        return self._in_parts(job, request, many)

    def stop(self, job: str) -> None:
        self._stopped.add(job)
        if job in self._running:
            self._running[job].stop()
        else:
            self.main.stop(job)

    def _in_parts(self, job: str, request: GenerateRequest, many: int) -> Iterator[JobEvent]:
        self._stopped.discard(job)
        self.main.release()
        lock = DeviceLock(self.settings.data_dir / "locks", "cpu")
        try:
            lock.wait(lambda: job in self._stopped or self._closing)
            share = self._share(many)
            with ExitStack() as stack:
                engines = [
                    stack.enter_context(closing(self.open_part(share, one, many)))
                    for one in range(many)
                ]
                parts = self._running[job] = Parts(job, request, engines)
                yield Notice(job=job, code="engine.side_by_side", facts={"parts": many})
                if job in self._stopped:
                    parts.stop()
                if self._closing:
                    raise Stopped
                yield from parts.run()
        except Stopped:
            yield self._unbegun(job)
        finally:
            lock.free()
            self._running.pop(job, None)
            self._stopped.discard(job)

    def _unbegun(self, job: str) -> JobEvent:
        """The end of a job that a person stopped, or that the end of the studio cut short."""
        if job in self._stopped:
            return Cancelled(job=job)
        return Failed(job=job, error=EngineLost().as_dict())

    def _share(self, many: int) -> Settings:
        """Each part's memory: an equal one of what the models of all may hold."""
        status = self.main.status()
        limit = divided(status.device, many) if status else self.settings.memory_limit
        return self.settings.model_copy(update={"memory_limit": limit})


def opened(settings: Settings, number: int, of: int) -> Engine:
    """A part's engine, started, with its share of the threads and of the memory."""
    threads = max(1, cores() // of)
    engine = Supervisor(settings, command=part.command(number, of, threads))
    engine.start()
    return engine


def parts_for(status: Status, settings: Settings, request: GenerateRequest) -> int:
    """In how many parts this job would be done the soonest; 1 where nothing says that more."""
    plain = request.start is None and request.larger is None and request.repair is None
    if status.device.kind != "cpu" or not plain:
        return 1
    with closing(Ledger(settings.data_dir / "ledger.db")) as ledger:
        known = ledger.throughput(status.device.name)
    gains = {many: known.get(key(many), 0.0) for many in PARTS if many <= request.count}
    many = max(gains, key=lambda one: gains[one], default=1)
    if gains.get(many, 0.0) < PAYS or not worth_it(status, settings, request, many, gains[many]):
        return 1
    return many


def worth_it(
    status: Status, settings: Settings, request: GenerateRequest, many: int, gain: float
) -> bool:
    """Whether every part has memory for the same plan, and the time saved is worth the start."""
    catalog = Catalog.read(settings)
    try:
        model = catalog.get(request.model)
        folder = catalog.installed(model)
        alone = status.device
        share = alone.model_copy(update={"limit": divided(alone, many)})
        with closing(Ledger(settings.data_dir / "ledger.db")) as ledger:
            known = ledger.known(alone.name, model.id, request)
        whole, each = (
            verdict(model, machine, request, folder=folder, known=known)
            for machine in (alone, share)
        )
    except AuraError:
        return False
    if whole is None or each is None or whole.plan is None or each.plan is None:
        return False
    if whole.plan.rung == "openvino":  # what it gains was measured with torch
        return False
    saved = (whole.plan.seconds or 0.0) * (1 - 1 / gain)
    return each.plan.signature == whole.plan.signature and saved > START_S


def divided(device: Snapshot, many: int) -> int:
    """The limit in bytes under which so many engines hold together what one could."""
    return device.overhead + budget(device) // many


def key(many: int) -> str:
    """The key of how much more ``many`` processes do than one."""
    return f"side by side {many}"
