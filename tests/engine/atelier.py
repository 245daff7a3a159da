"""A worker whose models are numbers and simple painters, for jobs of several passes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw

from aura.catalog import Catalog
from aura.engine.protocol import JobEvent, Resumed, Run
from aura.engine.worker import Worker
from aura.errors import CannotInpaint
from aura.families.base import Box, Drawn, Found, Happening, StageBegun
from aura.library.results import save_picture
from aura.memory.footprint import Footprint
from aura.memory.ledger import Ledger
from aura.memory.manager import Manager
from aura.memory.simulated import SimulatedDevice, SimulatedOutOfMemory
from aura.requests import GenerateRequest, Larger, Repair
from aura.settings import Settings
from tests.engine.painter import Painter
from tests.memory import simulation
from tests.memory.simulation import GIB, MIB, SimulatedFamily, component, sizes

SIDE = 128  # pixels that the models draw natively
CIRCLE = (48, 48, 80, 80)  # of a picture of that size
FACE = Box(40, 40, 60, 60, 0.9, "face")


class Artist(Painter):
    """Draws a red circle on blue; over what it starts from it lays some white.

    ``most`` pixels a side are planned for, and ``fits`` really fit. ``works`` lists what
    it was asked for.
    """

    name = "artist"
    most = fits = 4096
    inpaints = True

    def __init__(self, device: SimulatedDevice) -> None:
        super().__init__(device, unet=16 * GIB)
        self.works: list[GenerateRequest] = []

    def footprint(self, model, folder, request):
        if request.start and request.start.masks and not self.inpaints:
            raise CannotInpaint(model=model.name)
        plain = super().footprint(model, folder, request)
        if max(request.width, request.height) <= self.most:
            return plain
        return plain.model_copy(update={"rungs": ("resident",), "relief": {}, "activations": {
            stage: sizes(100 * GIB) for stage in plain.activations}})  # fmt: skip

    def run(self, loaded, request, plan, first=0) -> Iterator[Happening]:
        self.works.append(request)
        for happening in super().run(loaded, request, plan, first):
            if max(request.width, request.height) > self.fits:
                raise SimulatedOutOfMemory("more than was planned")
            if isinstance(happening, Drawn):
                yield Drawn(painted(request, happening.index), happening.index)
            else:
                yield happening


def painted(request: GenerateRequest, index: int) -> Image.Image:
    size = request.width, request.height
    if request.start is None:
        image = Image.new("RGB", (SIDE, SIDE), "blue")
        ImageDraw.Draw(image).ellipse(CIRCLE, fill="red")
        return image.resize(size)
    with Image.open(request.start.of(index)[0]) as begun:
        assert begun.size == size
        return Image.blend(begun.convert("RGB"), Image.new("RGB", size, "white"), 0.1)


class Tool(SimulatedFamily):
    """Enlarges four times, or finds a face in every picture."""

    name = "tool"

    def footprint(self, model, folder, request) -> Footprint:
        return Footprint(
            model=model.id,
            components=(component("generator", 64 * MIB),),
            activations={"working": sizes(MIB)},
            uses={"working": ("generator",)},
            rungs=("resident", "cpu"),
        )

    def run(self, loaded, request, plan, first=0) -> Iterator[Happening]:
        for index in range(first, request.count):
            yield StageBegun("working", index)
            if self.fault is not None:
                fault, self.fault = self.fault, None
                raise fault
            with Image.open(request.pictures[index]) as image:
                if request.task == "detect":
                    yield Found((FACE,), index)
                else:
                    yield Drawn(image.resize((image.width * 4, image.height * 4)), index)


class Atelier:
    """A worker on ``folder`` with two models that draw, "a" and "b", and two tools."""

    def __init__(self, folder: Path, save=save_picture) -> None:
        self.settings = Settings(data_dir=folder)
        self.device = SimulatedDevice(24 * GIB, 32 * GIB)
        self.artist, self.tool = Artist(self.device), Tool(self.device)
        self.manager = Manager(
            self.device,
            {"simulated": self.artist, "tool": self.tool},
            Ledger(":memory:"),
            locate=lambda model: folder,
        )
        drawing = (simulation.model(name, area=SIDE * SIDE) for name in ("a", "b"))
        tools = (
            simulation.model(name, family="tool", task=task, area=0)
            for name, task in (("big", "upscale"), ("eye", "detect"))
        )
        catalog = Catalog((*drawing, *tools), folder)
        self.worker = Worker(self.settings, manager=self.manager, catalog=catalog, save=save)

    def request(self, count: int = 1, **changes) -> GenerateRequest:
        fields = {"width": SIDE, "height": SIDE} | changes
        return simulation.request(self.worker.catalog.get("a"), count, **fields)

    def events(self, resumed: Resumed | None = None, **changes) -> Iterator[JobEvent]:
        run = Run(job="j", request=self.request(**changes), resumed=resumed)
        return self.worker.handle(run)

    def drafts(self) -> list[Path]:
        return list((self.settings.data_dir / "drafts").rglob("*"))

    def outputs(self) -> list[Path]:
        return sorted((self.settings.data_dir / "outputs").rglob("*.png"))

    def at_rest(self) -> bool:
        """Nothing is lent, and all memory comes back."""
        lent = any(resident.lent for resident in self.manager.residents())
        self.manager.release()
        return not lent and self.device.used == self.device.host_used == 0


def larger(**changes) -> Larger:
    return Larger(**({"width": 320, "height": 192} | changes))


def repair(**changes) -> Repair:
    return Repair(**({"detector": "eye"} | changes))
