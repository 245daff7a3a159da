"""Models taking turns in a process of its own: ``python -m tests.faults.swapper FOLDER``.

Each line it reads is ``LIMIT NAME NAME …``: it lends these models in turn under that limit
in bytes, gives everything back and prints what came of each, as JSON. First of all it uses
every family once at a tiny size, so that what the libraries keep for themselves is there.
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path

from PIL import Image

from aura.catalog.models import Model
from aura.errors import MemoryRefused
from aura.families.base import Result
from aura.families.registry import by_name
from aura.memory import ladder
from aura.memory.cpu import CpuDevice
from aura.memory.ledger import Ledger
from aura.memory.manager import Manager
from aura.requests import CaptionRequest, EmbedRequest, GenerateRequest, Work
from tests.families.published import catalogue

BUILT_IN = "aura-shapes"


class Swapper:
    """One engine's models, as its worker would lend them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.picture = str(root / "picture.png")
        Image.linear_gradient("L").convert("RGB").save(self.picture)

    def manager(self, size: str, limit: int | None) -> Manager:
        def locate(model: Model) -> Path:
            return (model.path(Path()) or self.root / size / model.id).resolve()

        return Manager(CpuDevice(limit), by_name(), Ledger(":memory:"), locate=locate)

    def turns(self, size: str, limit: int | None, names: list[str]) -> list[dict[str, str]]:
        manager = self.manager(size, limit)
        told = [self.turn(manager, name) for name in names]
        manager.release()
        manager.device.empty_cache()
        gc.collect()
        assert manager.leaks() == () and manager.residents() == ()
        return told

    def turn(self, manager: Manager, name: str) -> dict[str, str]:
        model = catalogue()[name]
        try:
            happenings = list(ladder.run(manager, model, self.work(model)))
        except MemoryRefused as refused:
            assert refused.facts["change"] == "plan.change.raise_limit"
            return {"model": name, "outcome": "refused"}
        assert isinstance(happenings[-1], Result)
        return {"model": name, "outcome": "done"}

    def work(self, model: Model) -> Work:
        if model.task == "caption":
            return CaptionRequest(model=model.id, pictures=(self.picture,), tokens=2)
        if model.task == "embed":
            return EmbedRequest(model=model.id, texts=("a red circle", "the sea"), tokens=32)
        words = {"prompt": "a", "prompts": ("a",), "negatives": ("",)}
        size = {"width": 64, "height": 64, "steps": 1, "guidance": 5.0, "seed": 1}
        return GenerateRequest(model=model.id, **words, **size)


def main(root: Path) -> None:
    swapper = Swapper(root)
    tiny = [folder.name for folder in (root / "tiny").iterdir()]
    swapper.turns("tiny", None, [*tiny, BUILT_IN] * 2)
    print("ready", flush=True)
    for line in sys.stdin:
        limit, *names = line.split()
        print(json.dumps(swapper.turns("full", int(limit), names)), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
