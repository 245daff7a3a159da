"""Measures what a forward pass really takes of RAM, beside what was traced of it.

    python -m tools.cpu_memory                  # every row, as a table
    python -m tools.cpu_memory unet_sd15 bf16   # one row, as JSON

Full-size networks with weights made on the spot; nothing is downloaded. Each row
runs in a process of its own, twice, and the system says how high its memory rose above
where it stood with the weights in place. Linux only.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from aura.memory.cpu import trim
from tools import footprints

MIB = 2**20
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
# Component → the size and the batch of the pass. Pixels a side, tokens or patches.
ROWS: Mapping[str, tuple[int, int]] = {
    "unet_sd15": (512, 2),
    "vae_sd": (512, 1),
    "blip_base.vision_model": (576, 1),
    "blip_base.text_decoder": (40, 1),
    "siglip_so400m.vision_model": (729, 1),
    "bge_m3.encoder": (512, 2),
}


def main(wanted: list[str]) -> None:
    if wanted:
        print(json.dumps(measured(*wanted)))
        return
    print("| component | work | dtype | traced MiB | first pass MiB | second | factor |")
    print("|---|---|---|---|---|---|---|")
    for name in ROWS:
        for dtype in DTYPES:
            print(_row(name, dtype), flush=True)


def measured(name: str, dtype: str) -> dict[str, float]:
    """MiB that were traced, and by which the first and the second pass rose."""
    size, batch = ROWS[name]
    traced = footprints.traced(name, DTYPES[dtype], size, batch).peak
    model = filled(name, DTYPES[dtype])
    passes = [rise(name, model, DTYPES[dtype]) for _ in range(2)]
    return {"traced": traced / MIB, "first": passes[0] / MIB, "second": passes[1] / MIB}


def filled(name: str, dtype: torch.dtype) -> torch.nn.Module:
    """The network with weights that are there; which numbers they are plays no part."""
    with torch.device("meta"):
        model = footprints.build(name).to(dtype).to_empty(device="cpu").eval()
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data.fill_(0.01 if tensor.is_floating_point() else 0)
    return model


@torch.no_grad()
def rise(name: str, model: torch.nn.Module, dtype: torch.dtype) -> int:
    """Bytes by which this process grew at most during one pass."""
    forward, config = footprints.forward_of(name), footprints.written_of(name)["config"]
    trim()
    before = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    forward.call(model, config, dtype, *ROWS[name])
    return _memory("VmHWM") - before


def _memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def _row(name: str, dtype: str) -> str:
    command = [sys.executable, "-m", "tools.cpu_memory", name, dtype]
    told: dict[str, Any] = json.loads(
        subprocess.run(command, capture_output=True, text=True, check=True).stdout
    )
    size, batch = ROWS[name]
    factor = max(told["first"], told["second"]) / told["traced"]
    numbers = " | ".join(f"{told[key]:.0f}" for key in ("traced", "first", "second"))
    return f"| {name} | {size} × {batch} | {dtype} | {numbers} | {factor:.2f} |"


if __name__ == "__main__":
    main(sys.argv[1:])
