"""Checks on a real card that every family's plan holds, under the caps of smaller cards.

    python -m tools.gpu_check                        # an NVIDIA card, every family, every cap
    python -m tools.gpu_check --caps 4,6 --families flux
    python -m tools.gpu_check --dry-run              # the whole check at a tiny size, on the CPU

Full-size models with random weights are made on the spot from their published
configurations, 46 GB of disk for all of them. Each cap is a process of its own, whose
allocator refuses beyond it. Every model runs as Aura plans it, and pipelines also with
diffusers' own model and sequential offload on the same work. Written are a JSON file and a
Markdown table of predicted and measured peaks and seconds. The exit code is 1 if one of
Aura's plans was refused or failed.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from aura.catalog.models import LIST, RUNNABLE, Model, shipped
from aura.engine.environment import environment
from tools import full_size
from tools.gpu_table import table

ROOT = Path(__file__).resolve().parent.parent
CAPS = (3, 4, 6, 8, 12, 24)  # GB, as cards are sold
GIB = 2**30
PACKAGES = ("torch", "diffusers", "transformers", "accelerate")
OUT = ROOT / "docs" / "measurements"
Row = dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    given = _options().parse_args(arguments)
    if not given.dry_run and not _card():
        print("No CUDA card answers here. --dry-run runs the check at a tiny size instead.")
        return 2
    models = [model for model in checked() if not given.families or model.family in given.families]
    if given.models is not None:
        report = _report(given, models, given.models)
    else:
        with tempfile.TemporaryDirectory(prefix="aura-models-") as folder:
            report = _report(given, models, Path(folder))
    given.out.mkdir(parents=True, exist_ok=True)
    name = given.out / ("gpu-dry-run" if given.dry_run else "gpu")
    name.with_suffix(".json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    name.with_suffix(".md").write_text(table(report), encoding="utf-8")
    print(name.with_suffix(".md").read_text(encoding="utf-8"))
    return 0 if all(row["outcome"] == "done" for row in _own(report)) else 1


def checked() -> list[Model]:
    """Models that can be made here and that Aura has a family for."""
    return [m for m in shipped(LIST) if m.id in full_size.NAMES and m.family in RUNNABLE]


def _options() -> argparse.ArgumentParser:
    families = sorted({model.family for model in checked()})
    options = argparse.ArgumentParser(
        prog="python -m tools.gpu_check",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--caps", type=_sizes, default=CAPS, help="GB, such as 3,4,8")
    options.add_argument(
        "--families", type=lambda text: text.split(","), help=f"some of {','.join(families)}"
    )
    options.add_argument("--out", type=Path, default=OUT, help="folder of the two files")
    options.add_argument("--models", type=Path, help="folder of models to use again, or to fill")
    options.add_argument("--dry-run", action="store_true", help="tiny models, on the CPU")
    return options


def _sizes(text: str) -> tuple[float, ...]:
    return tuple(float(size) for size in text.split(","))


def _report(given: argparse.Namespace, models: list[Model], folder: Path) -> Row:
    for model in models:
        if not (folder / model.id).exists():
            print(f"making {model.name}", flush=True)
            full_size.write(model.id, folder / model.id, tiny=given.dry_run)
    rows: list[Row] = []
    for size in given.caps:
        print(f"measuring under {size:g} GB", flush=True)
        cap = int(size * GIB)
        launch = partial(_launched, folder, cap, given.dry_run)
        rows += measured([model.id for model in models], cap, launch)
    return {**_facts(given.dry_run), "rows": rows}


def measured(names: list[str], cap: int, launch: Callable[[list[str]], list[Row]]) -> list[Row]:
    """A row for each model and way. Where a process died, the next goes on after that model.

    A process tells each row twice: before it measures, as one that died, and afterwards.
    """
    rows: dict[tuple[str, str], Row] = {}
    while names:
        silent = {"cap_bytes": cap, "model": names[0], "way": "aura", "outcome": "died"}
        told = launch(names) or [silent]
        rows |= {(row["model"], row["way"]): row for row in told}
        names = names[names.index(told[-1]["model"]) + 1 :]
    return list(rows.values())


def _launched(folder: Path, cap: int, tiny: bool, names: list[str]) -> list[Row]:
    command = [sys.executable, "-m", "tools.gpu_measure", str(folder), str(cap), *names]
    run = subprocess.run(
        [*command, *(["--tiny"] if tiny else [])],
        cwd=ROOT,
        env=environment(os.environ),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


def _own(report: Row) -> list[Row]:
    return [row for row in report["rows"] if row["way"] == "aura"]


def _card() -> bool:
    import torch

    return torch.cuda.is_available()


def _facts(dry_run: bool) -> Row:
    """Where, when and with what it was measured."""
    import torch

    from aura.memory.cpu import processor

    return {
        "date": datetime.date.today().isoformat(),
        "dry_run": dry_run,
        "device": processor() if dry_run else torch.cuda.get_device_name(0),
        "driver": None if dry_run else _driver(),
        "cuda": torch.version.cuda,
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
        "command": "python -m tools.gpu_check " + " ".join(sys.argv[1:]),
    }


def _driver() -> str | None:
    try:
        import pynvml
    except ImportError:
        return None
    pynvml.nvmlInit()
    return str(pynvml.nvmlSystemGetDriverVersion())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
