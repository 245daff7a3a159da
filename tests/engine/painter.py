"""A worker whose model is only numbers, but whose manager, ladder and files are the real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from aura.catalog import Catalog
from aura.engine.protocol import JobEvent, Run
from aura.engine.worker import Worker
from aura.families.base import Happening, PreviewMade, StageBegun
from aura.library.results import save_picture
from aura.memory.ledger import Ledger
from aura.memory.manager import Manager
from aura.memory.simulated import SimulatedDevice
from aura.requests import GenerateRequest
from aura.settings import Settings
from tests.memory import simulation
from tests.memory.simulation import GIB, SimulatedFamily


class Painter(SimulatedFamily):
    """Calls ``seen`` with each happening, before anybody else hears of it."""

    seen: Callable[[Happening], None] = staticmethod(lambda happening: None)

    def run(self, loaded, request, plan, first=0) -> Iterator[Happening]:
        for happening in super().run(loaded, request, plan, first):
            self.seen(happening)
            yield happening
            if isinstance(happening, StageBegun) and happening.stage == "denoising":
                yield PreviewMade(Image.new("RGB", (600, 300), "red"), happening.index)


class Bench:
    """A worker on ``folder`` with one model, and what it is made of."""

    def __init__(self, folder: Path, save=save_picture, clock=None) -> None:
        self.settings = Settings(data_dir=folder)
        self.device = SimulatedDevice(24 * GIB, 32 * GIB)
        self.family = Painter(self.device)
        self.model = simulation.model()
        self.manager = Manager(
            self.device,
            {"simulated": self.family},
            Ledger(":memory:"),
            locate=lambda model: folder,
        )
        extra = {"clock": clock} if clock else {}
        catalog = Catalog((self.model,), folder)
        self.worker = Worker(
            self.settings, manager=self.manager, catalog=catalog, save=save, **extra
        )

    def request(self, count: int = 1, **changes) -> GenerateRequest:
        return simulation.request(self.model, count, **changes)

    def events(self, job: str = "a", **changes) -> Iterator[JobEvent]:
        return self.worker.handle(Run(job=job, request=self.request(**changes)))

    def files(self) -> list[Path]:
        """Everything below the outputs, half-written or whole."""
        outputs = self.settings.data_dir / "outputs"
        return [path for path in outputs.rglob("*") if path.is_file()]
