"""One process of ``tools/gpu_check.py``: what models take and how long, under one cap.

Prints a JSON object a line: one for each model as Aura runs it, and for a pipeline one for
each of diffusers' own ways to move it out of the way, on the same work.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline
from PIL import Image

from aura.catalog.models import LIST, Model, shipped
from aura.errors import AuraError, MemoryRefused
from aura.families.base import StageBegun
from aura.families.registry import by_name
from aura.memory import ladder
from aura.memory.device import open_device
from aura.memory.exhaustion import ran_out
from aura.memory.ledger import Ledger
from aura.memory.manager import Manager
from aura.memory.plan import Plan
from aura.requests import (
    CaptionRequest,
    DetectRequest,
    EmbedRequest,
    GenerateRequest,
    UpscaleRequest,
    Work,
)
from aura.settings import Settings

STEPS = 4  # of every drawing: enough for seconds a step
TEXTS, PICTURES = 16, 32  # embedded at once
TINY_SIDE, TINY_COUNT = 64, 2  # pixels; texts, pictures, steps and words: in a dry run
PLAIN = ("model", "sequential")  # diffusers' enable_…_cpu_offload
DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
Row = dict[str, Any]


class Bench:
    """The models in ``folder``, on one capped device. ``tiny``: in a dry run."""

    def __init__(self, folder: Path, cap: int, tiny: bool) -> None:
        settings = Settings(device="cpu" if tiny else "cuda", vram_limit=cap, memory_limit=None)
        if tiny:
            settings = settings.model_copy(update={"memory_limit": cap})
        self.folder, self.cap, self.tiny = folder, cap, tiny
        self.manager = Manager(
            open_device(settings),
            by_name(),
            Ledger(":memory:"),
            locate=lambda model: folder / model.id,
        )

    def rows(self, model: Model) -> Iterator[Row]:
        request = self.work(model)
        own: Row = {}
        for own in self.row(model, "aura", partial(self.run, model, request)):
            yield own
        self.manager.release()
        if isinstance(request, GenerateRequest):
            dtype = DTYPES[own.get("dtype", self.manager.device.snapshot().dtypes[0])]
            for way in PLAIN:
                yield from self.row(model, way, partial(self.run_plain, model, request, way, dtype))

    def row(self, model: Model, way: str, measure: Callable[[Row], None]) -> Iterator[Row]:
        """Twice: before, in case the process dies meanwhile, and with what came of it.

        Whatever happens is a row: other models are still to be measured.
        """
        row: Row = {"cap_bytes": self.cap, "model": model.id, "way": way, "outcome": "died"}
        yield row
        try:
            measure(row)
            row["outcome"] = "done"
        except Exception as fault:  # noqa: BLE001 - the boundary of one measurement
            refused = isinstance(fault, MemoryRefused)
            row["outcome"] = "refused" if refused else "ran out" if ran_out(fault) else "failed"
            told = (
                str(fault) if isinstance(fault, AuraError) else f"{type(fault).__name__}: {fault}"
            )
            row["error"] = told[:300]
        gc.collect()
        self.manager.device.empty_cache()
        yield row

    def run(self, model: Model, request: Work, row: Row) -> None:
        """As a job would run; the last plan is the one that did it."""
        watch = Watch(self.tiny)
        row |= {"attempts": 0, "seconds": watch.seconds}
        for happening in ladder.run(self.manager, model, request):
            if isinstance(happening, Plan):
                row |= {"attempts": row["attempts"] + 1, **told(happening)}
                watch.enter("loading")
            elif isinstance(happening, StageBegun):
                watch.enter(happening.stage)
        watch.enter("done")
        row["measured_bytes"] = self.manager.device.peak()

    def run_plain(
        self, model: Model, request: GenerateRequest, way: str, dtype: torch.dtype, row: Row
    ) -> None:
        """As diffusers does it. On a processor there is nothing to move, and nothing moves."""
        watch = Watch(self.tiny)
        row["seconds"] = watch.seconds
        device = self.manager.device
        device.reset_peak()
        watch.enter("loading")
        pipe = DiffusionPipeline.from_pretrained(
            self.folder / model.id, dtype=dtype, local_files_only=True
        )
        pipe.set_progress_bar_config(disable=True)
        if not self.tiny:
            getattr(pipe, f"enable_{way}_cpu_offload")()
        watch.enter("drawing")
        pipe(
            prompt=request.prompts[0],
            width=request.width,
            height=request.height,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance,
            generator=torch.Generator("cpu").manual_seed(request.seed),
        )
        watch.enter("done")
        row["measured_bytes"] = device.peak()

    def work(self, model: Model) -> Work:
        """As large as the request a person would make; texts fill what is read of them."""
        if model.task == "caption":
            tokens = self.few(40)
            return CaptionRequest(model=model.id, pictures=(self.picture(),), tokens=tokens)
        if model.task == "embed" and model.family == "bge":
            count = self.few(TEXTS)
            words = "the sea at night " * 200
            return EmbedRequest(model=model.id, texts=(words,) * count, batch=count)
        if model.task == "embed":
            count = self.few(PICTURES)
            return EmbedRequest(model=model.id, pictures=(self.picture(),) * count, batch=count)
        if model.task == "detect":
            things = "a lighthouse, a boat"
            return DetectRequest(model=model.id, pictures=(self.picture(),), things=things)
        if model.task == "upscale":
            return UpscaleRequest(model=model.id, pictures=(self.picture(),))
        side = TINY_SIDE if self.tiny else int(model.area**0.5)
        return GenerateRequest(
            model=model.id,
            prompt="a lighthouse at dusk",
            prompts=("a lighthouse at dusk",),
            negatives=("",),
            width=side,
            height=side,
            steps=self.few(min(STEPS, model.defaults.steps)),
            guidance=model.defaults.guidance,
            seed=1,
        )

    def few(self, count: int) -> int:
        return TINY_COUNT if self.tiny else count

    def picture(self) -> str:
        path = self.folder / "picture.png"
        if not path.exists():
            Image.linear_gradient("L").convert("RGB").resize((1024, 768)).save(path)
        return str(path)


class Watch:
    """Seconds per stage; what a card still has to compute counts to the stage that asked."""

    def __init__(self, tiny: bool) -> None:
        self.tiny = tiny
        self.seconds: dict[str, float] = {}
        self.stage, self.since = "", 0.0

    def enter(self, stage: str) -> None:
        if not self.tiny:
            torch.cuda.synchronize()
        now = time.perf_counter()
        if self.stage:
            self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + now - self.since
        self.stage, self.since = stage, now


def told(plan: Plan) -> Row:
    """What of a plan belongs in the table."""
    return {
        "rung": plan.rung,
        "share": plan.share,
        "dtype": plan.dtype,
        "formats": plan.formats,
        "switches": list(plan.switches),
        "predicted_bytes": plan.peak,
        "predicted_stages": plan.stages,
    }


def main(arguments: list[str]) -> int:
    options = argparse.ArgumentParser(prog="python -m tools.gpu_measure", description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("cap", type=int, help="bytes")
    options.add_argument("models", nargs="+")
    options.add_argument("--tiny", action="store_true")
    given = options.parse_args(arguments)
    bench = Bench(given.folder, given.cap, given.tiny)
    models = {model.id: model for model in shipped(LIST)}
    for name in given.models:
        for row in bench.rows(models[name]):
            print(json.dumps(row), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
