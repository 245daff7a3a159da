"""Families and models that live on a simulated device."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from aura.catalog.models import Defaults, Model
from aura.families.base import Drawn, Happening, StageBegun, StepDone
from aura.memory.footprint import Component, Footprint
from aura.memory.ledger import Ledger
from aura.memory.manager import Manager
from aura.memory.plan import Plan
from aura.memory.simulated import SimulatedDevice
from aura.requests import GenerateRequest

GIB = 2**30
MIB = 2**20
RUNGS = (
    "resident",
    "encoders_out",
    "model_offload",
    "partial_blocks",
    "group_offload",
    "leaf_offload",
    "vae_tiling",
    "cfg_split",
    "nf4",
    "cpu",
)


@dataclass
class Held:
    """A simulated model: what it holds on the device and in RAM between two jobs."""

    resting: int
    ram: int
    names: list[str] = field(default_factory=list)


class SimulatedFamily:
    """Takes from the device exactly what its plan predicts, and ``excess`` bytes more."""

    name = "simulated"

    def __init__(self, device: SimulatedDevice, unet: int = 4 * GIB) -> None:
        self.device, self.unet = device, unet
        self.excess = 0
        self.fault: BaseException | None = None  # raised at the next denoising
        self.loads = self.parks = 0
        self.rungs: tuple[str, ...] = RUNGS

    def footprint(self, model: Model, folder: Path | None, request: GenerateRequest) -> Footprint:
        unet = int(self.unet * (model.area / 2**20))
        parts = {"unet": unet, "text_encoder": unet // 4, "vae": unet // 20}
        return Footprint(
            model=model.id,
            components=tuple(component(name, size) for name, size in parts.items()),
            activations={
                "encoding": sizes(4 * MIB),
                "denoising": sizes(request.width * request.height * 160),
                "decoding": sizes(request.width * request.height * 768),
            },
            uses={"encoding": ("text_encoder",), "denoising": ("unet",), "decoding": ("vae",)},
            rungs=self.rungs,
            relief={
                "vae_tiling": {"decoding": sizes(256 * 256 * 768)},
                "cfg_split": {"denoising": sizes(request.width * request.height * 80)},
            },
        )

    def load(self, model: Model, folder: Path, plan: Plan) -> Held:
        self.loads += 1
        resting, ram = (plan.resting, plan.ram) if plan.on_card else (0, plan.resting)
        self.device.allocate(resting, "loading")
        try:
            self.device.allocate_host(ram)
        except MemoryError:
            self.device.release(resting)
            raise
        return Held(resting, ram)

    def run(
        self, loaded: Held, request: GenerateRequest, plan: Plan, first: int = 0
    ) -> Iterator[Happening]:
        for index in range(first, request.count):
            for stage, peak in plan.stages.items():
                yield StageBegun(stage, index)
                more = max(0, peak - loaded.resting) + self.excess if plan.on_card else 0
                self.device.allocate(more, stage)
                try:
                    if self.fault is not None and stage == "denoising":
                        fault, self.fault = self.fault, None
                        raise fault
                    yield StepDone(1, 1, index)
                finally:
                    self.device.release(more)
            yield Drawn(Image.new("RGB", (8, 8), (request.seed + index) % 255), index)

    def park(self, loaded: Held) -> None:
        self.parks += 1
        self.device.allocate_host(loaded.resting)
        self.device.release(loaded.resting)
        loaded.ram, loaded.resting = loaded.ram + loaded.resting, 0

    def unpark(self, loaded: Held, plan: Plan) -> None:
        resting, ram = (plan.resting, plan.ram) if plan.on_card else (0, plan.resting)
        assert loaded.resting == 0 and resting + ram == loaded.ram, "another model's plan"
        self.device.allocate(resting, "loading")
        self.device.release_host(loaded.ram - ram)
        loaded.resting, loaded.ram = resting, ram

    def parts(self, loaded: Held) -> tuple[object, ...]:
        return ()

    def unload(self, loaded: Held) -> None:
        self.device.release(loaded.resting)
        self.device.release_host(loaded.ram)


def component(name: str, size: int) -> Component:
    blocks = 16 if name == "unet" else 1
    weights = sizes(size) | ({"nf4": size // 4} if name == "unet" else {})
    return Component(name=name, weights=weights, blocks=blocks, leaf=size // 100)


def sizes(half: int) -> dict[str, int]:
    return {"fp32": half * 2, "fp16": half, "bf16": half}


def model(name: str = "a", area: int = 2**20, **changes: Any) -> Model:
    fields = {
        "id": name,
        "name": name.upper(),
        "family": "simulated",
        "task": "generate",
        "area": area,
        "defaults": Defaults(steps=2, guidance=5.0),
        "licence": "Apache-2.0",
        "commercial": True,
        "good_for": {"en": "tests", "es": "pruebas"},
    }
    return Model(**(fields | changes))


def request(of: Model, count: int = 1, **changes: Any) -> GenerateRequest:
    fields = {
        "model": of.id,
        "prompt": "a",
        "prompts": ("a",) * count,
        "negatives": ("",) * count,
        "width": 1024,
        "height": 1024,
        "steps": 2,
        "guidance": 5.0,
        "seed": 7,
    }
    return GenerateRequest(**(fields | changes))


def studio(total=16 * GIB, host=32 * GIB, **options):
    device = SimulatedDevice(total, host, **options)
    family = SimulatedFamily(device)
    manager = Manager(
        device, {"simulated": family}, Ledger(":memory:"), locate=lambda model: Path("/")
    )
    return device, family, manager
