"""Aura's ways of drawing on this processor beside plain diffusers and OpenVINO, same work.

    python -m tools.cpu_benchmark --rounds 3 --passes 3         # Stable Diffusion 1.5 and XL
    python -m tools.cpu_benchmark --tiny --rounds 1             # to try the tool itself

Full-size networks with random weights, made on the spot (10 GB of disk) from their
published configurations; nothing is fetched. Each way is timed in a process of its own, in
turn, ``rounds`` times; of each process the best pass counts, of the rounds the median.
Whole pictures are the sum of their parts: passes of the network, and one of the decoder;
reading the prompt takes less than a hundredth and is left out.

``openvino`` is what optimum-intel's pipelines run, without their wrapping: sizes left open, the
settings that the package chooses by itself. (optimum-intel pins older libraries than Aura's.)
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel

from aura.families import openvino, speed
from aura.families.stored import empty, network
from aura.memory.cpu import processor
from aura.memory.probe import setup
from tools import full_size
from tools.forwards import FORWARDS

SIDES = {"sd15": 512, "sdxl": 1024}
WAYS = ("diffusers fp32", "diffusers bf16", "openvino", "aura torch", "aura openvino")
VAES = ("vae fp32", "vae bf16", "taesd bf16")
SEED_STEPS = {"sd15": 50, "sdxl": 30}  # what people start from, with guidance
FAST_STEPS = 4  # LCM, without guidance, at 512 x 512, decoded by the small decoder
Times = dict[str, float]


def main(arguments: Sequence[str]) -> int:
    options = argparse.ArgumentParser(prog="python -m tools.cpu_benchmark", description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--passes", type=int, default=3)
    options.add_argument("--models", type=lambda text: text.split(","), default=list(SIDES))
    options.add_argument("--tiny", action="store_true")
    options.add_argument("--folder", type=Path, help="of weights to use again, or to fill")
    options.add_argument("--one", nargs=3, metavar=("MODEL", "WAY", "SIDE"), help="internal")
    given = options.parse_args(arguments)
    if given.one:
        name, way, side = given.one
        print(json.dumps(timed(given.folder, name, way, int(side), given.passes)))
        return 0
    with tempfile.TemporaryDirectory(prefix="aura-cpu-") as made:
        given.folder = given.folder or Path(made)
        report(given)
    return 0


def report(given: argparse.Namespace) -> None:
    print(f"{datetime.date.today():%d %B %Y}, {processor()}, {os.cpu_count()} cores, {setup()}")
    print(f"load average {', '.join(f'{one:.1f}' for one in os.getloadavg())}")
    found = {}
    for name in given.models:
        if not (given.folder / name).exists():
            full_size.write(name, given.folder / name, tiny=given.tiny)
        side = 64 if given.tiny else SIDES[name]
        found[name] = rounds(given, name, side)
        print(f"\n{name} at {side} x {side}, seconds\n", *table(found[name]), sep="\n")
        print("", *whole(found[name], SEED_STEPS[name]), sep="\n", flush=True)
    if {"sd15", "sdxl"} <= set(found):
        print("", *tiers(found["sd15"], found["sdxl"]), sep="\n")
    print(f"\nload average {', '.join(f'{one:.1f}' for one in os.getloadavg())}")


def rounds(given: argparse.Namespace, name: str, side: int) -> Times:
    """The median of each way's times; a way that failed is left out."""
    every: dict[str, list[float]] = {}
    for _ in range(given.rounds):
        for way in (*WAYS, *VAES):
            for key, seconds in _launched(given, name, way, side).items():
                every.setdefault(key, []).append(seconds)
    return {key: statistics.median(times) for key, times in every.items()}


def _launched(given: argparse.Namespace, name: str, way: str, side: int) -> Times:
    command = [sys.executable, "-W", "ignore", "-m", "tools.cpu_benchmark", "--one", name, way]
    more = [str(side), "--passes", str(given.passes), "--folder", str(given.folder)]
    run = subprocess.run([*command, *more], capture_output=True, text=True)
    if run.returncode:
        print(f"{name}, {way}: failed\n{run.stderr[-400:]}", file=sys.stderr)
        return {}
    told: Times = json.loads(run.stdout.splitlines()[-1])
    return told


# --- one way, in a process of its own


@torch.no_grad()
def timed(folder: Path, name: str, way: str, side: int, passes: int) -> Times:
    """Seconds of the best pass, by the name of the row."""
    if way in VAES:
        vae = _decoder(folder, name, way)
        inputs = torch.zeros(1, 4, side // 8, side // 8, dtype=vae.dtype)
        return {way: _best(lambda: vae.decode(inputs), passes)}
    dtype = torch.float32 if way.endswith("fp32") else torch.bfloat16
    net = _network(folder, name, way, dtype)
    config, call = net.config, FORWARDS["UNet2DConditionModel"].call
    return {
        f"{way}, {words}": _best(lambda batch=batch: call(net, config, dtype, side, batch), passes)
        for words, batch in (("guided", 2), ("unguided", 1))
    }


def _best(call: Callable[[], object], passes: int) -> float:
    call()
    taken = []
    for _ in range(passes):
        begun = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begun)
    return min(taken)


def _network(folder: Path, name: str, way: str, dtype: torch.dtype) -> Any:
    source, converted = folder / name / "unet", folder / f"{name}-openvino"
    if "openvino" not in way:
        net = network(UNet2DConditionModel, source, dtype)
        if way.startswith("aura"):
            speed.arrange(net, speed.Machine("cpu"), dtype)
        return net
    if not (converted / openvino.MODEL).exists():
        converted.mkdir(exist_ok=True)
        begun = time.perf_counter()
        openvino.save(openvino.convert(network(UNet2DConditionModel, source, dtype)), converted)
        print(f"{name} was converted in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    made = openvino.Converted if way.startswith("aura") else Open
    return made(empty(UNet2DConditionModel, source), converted, dtype)


class Open(openvino.Converted):
    """Compiled once for every size, with the package's own settings."""

    def _of(self, shapes: openvino.Shapes) -> Any:
        if self._compiled is None:
            hint = {"PERFORMANCE_HINT": "LATENCY"}
            compiled = self._engine.compile_model(self._network, "CPU", hint)
            self._compiled = shapes, compiled.create_infer_request()
        return self._compiled[1]


def _decoder(folder: Path, name: str, way: str) -> Any:
    dtype = torch.float32 if way.endswith("fp32") else torch.bfloat16
    if way.startswith("taesd"):
        net = AutoencoderTiny().to(dtype).eval()
    else:
        net = network(AutoencoderKL, folder / name / "vae", dtype)
    speed.arrange(net, speed.Machine("cpu"), dtype)
    return net


# --- what it comes to


def table(times: Mapping[str, float]) -> list[str]:
    return ["| pass | seconds |", "|---|---|", *(f"| {k} | {s:.2f} |" for k, s in times.items())]


def whole(times: Mapping[str, float], steps: int) -> list[str]:
    """A picture of so many guided steps, each way, over the best of them."""
    decode = {"diffusers fp32": "vae fp32", "openvino": "vae bf16"}
    totals = {
        way: steps * times[f"{way}, guided"] + times[decode.get(way, "vae bf16")]
        for way in WAYS
        if f"{way}, guided" in times
    }
    best = min(totals.values())
    aura = min(seconds for way, seconds in totals.items() if way.startswith("aura"))
    others = min(seconds for way, seconds in totals.items() if not way.startswith("aura"))
    return [
        f"| {steps} guided steps and the decoder | seconds | times the best |",
        "|---|---|---|",
        *(f"| {way} | {seconds:.0f} | {seconds / best:.2f} |" for way, seconds in totals.items()),
        "",
        f"Aura's automatic way over the best of the others: {aura / others:.2f}",
    ]


def tiers(small: Mapping[str, float], large: Mapping[str, float]) -> list[str]:
    """Ultra-fast beside where people start: SDXL, 30 guided steps in full precision."""
    begun = SEED_STEPS["sdxl"] * large["diffusers fp32, guided"] + large["vae fp32"]
    step = min(small[key] for key in small if key.startswith("aura") and "unguided" in key)
    fast = FAST_STEPS * step + small["taesd bf16"]
    return [
        f"SDXL, {SEED_STEPS['sdxl']} guided steps in fp32: {begun:.0f} s",
        f"Ultra-fast, {FAST_STEPS} steps of SD 1.5 with LCM and the small decoder: {fast:.1f} s",
        f"{begun / fast:.0f} times faster",
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
