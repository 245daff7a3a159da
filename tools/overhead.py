"""What the studio adds to the bare call of a pipeline, from submitting a job to its saved file.

    python -m tools.overhead --rounds 5 --steps 10
    python -m tools.overhead --tiny               # to try the tool itself

Stable Diffusion 1.5 at full size with random weights, loaded once in an engine of the studio
and once here, by the same code and in the same dtype; both are warm. They draw in turn, so
that what else the machine does meets both alike; the median of the rounds' ratios counts.
"""

from __future__ import annotations

import argparse
import datetime
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from aura.catalog.models import LIST, shipped
from aura.families.stable_diffusion import StableDiffusion
from aura.memory.cpu import processor
from aura.memory.plan import Plan
from aura.memory.probe import setup
from aura.requests import GenerateRequest
from aura.settings import Settings
from aura.studio import Studio
from tools import full_size

WAIT_S = 3600.0
NAME = "sd15"


def main(arguments: Sequence[str]) -> int:
    options = argparse.ArgumentParser(prog="python -m tools.overhead", description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--steps", type=int, default=10)
    options.add_argument("--tiny", action="store_true")
    options.add_argument("--folder", type=Path, help="of weights to use again, or to fill")
    given = options.parse_args(arguments)
    print(f"{datetime.date.today():%d %B %Y}, {processor()}, {os.cpu_count()} cores, {setup()}")
    with tempfile.TemporaryDirectory(prefix="aura-overhead-") as made:
        folder = given.folder or Path(made) / "models"
        if not (folder / NAME).exists():
            full_size.write(NAME, folder / NAME, tiny=given.tiny)
        settings = Settings(data_dir=Path(made) / "data", models_dirs=(folder,), device="cpu")
        measure(given, settings, folder / NAME)
    return 0


def measure(given: argparse.Namespace, settings: Settings, folder: Path) -> None:
    side = 64 if given.tiny else 512
    with Studio.open(settings) as studio:
        model = next(m for m in studio.catalog.models if studio.catalog.installed(m) == folder)
        request = asked(model.id, side, given.steps)
        ours = through(studio, request)
        plan = ours()
        calls = {"studio": ours, "bare": bare(folder, request, plan)}
        calls["bare"]()
        taken: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(given.rounds):
            for name, call in calls.items():
                taken[name].append(_seconds(call))
    print("| | " + " | ".join(f"round {n + 1}" for n in range(given.rounds)) + " | median |")
    print("|---" * (given.rounds + 2) + "|")
    for name, times in taken.items():
        row = " | ".join(f"{one:.2f}" for one in times)
        print(f"| {name}, seconds | {row} | {statistics.median(times):.2f} |")
    ratios = [ours / own for ours, own in zip(taken["studio"], taken["bare"], strict=True)]
    print(f"\nThe studio adds {100 * (statistics.median(ratios) - 1):.1f} %")
    print(f"load average {', '.join(f'{one:.1f}' for one in os.getloadavg())}")


def asked(model: str, side: int, steps: int) -> GenerateRequest:
    words = ("a lighthouse on a cliff at dusk",)
    return GenerateRequest(
        model=model,
        prompt=words[0],
        prompts=words,
        negatives=("",),
        width=side,
        height=side,
        steps=steps,
        guidance=7.5,
        seed=7,
    )


def through(studio: Studio, request: GenerateRequest) -> Callable[[], Plan]:
    """A call that submits, waits for the file, and tells the plan it was drawn under."""

    def call() -> Plan:
        view = list(studio.jobs.follow(studio.jobs.submit("me", request), WAIT_S))[-1]
        assert view.state == "done", view.error
        assert Path(view.pictures[0].path).is_file()
        return Plan(**view.plan)

    return call


def bare(folder: Path, request: GenerateRequest, plan: Plan) -> Callable[[], None]:
    """The pipeline of diffusers itself, loaded under the same plan, and its picture saved."""
    family, known = StableDiffusion(), next(m for m in shipped(LIST) if m.id == NAME)
    loaded = family.load(known, folder, plan)
    pipe = loaded.pipe

    def call() -> None:
        image = pipe(
            request.prompt,
            width=request.width,
            height=request.height,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance,
            generator=torch.Generator("cpu").manual_seed(request.seed),
        ).images[0]
        with tempfile.TemporaryDirectory() as folder:
            image.save(Path(folder) / "picture.png")

    return call


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
