"""What this machine offers, found without trusting any of it to be there."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import webbrowser
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from aura.catalog import Catalog
from aura.memory.cpu import processor
from aura.memory.device import Snapshot, open_device
from aura.memory.ledger import Ledger
from aura.settings import Settings

NEEDED = ("torch", "diffusers", "transformers", "accelerate", "safetensors", "gradio")
OPTIONAL = ("xformers", "nvidia-ml-py", "sentencepiece", "openvino")

Facts = dict[str, Any]


def find(settings: Settings, probe: Callable[[Settings], Facts] | None = None) -> Facts:
    """Everything, as plain data. ``probe`` in a test: another device."""
    return {
        "python": {"version": platform.python_version(), "path": sys.executable},
        "system": {"name": platform.system(), "machine": platform.machine(), "cores": cores()},
        "packages": {name: version(name) for name in NEEDED},
        "optional": {name: version(name) for name in OPTIONAL},
        "driver": driver(),
        "device": (probe or device)(settings),
        "data": folder(settings.data_dir),
        "speeds": speeds(settings.data_dir / "ledger.db"),
        "converted": converted(settings.data_dir / "converted"),
        "models": models(settings),
        "browser": browser(),
    }


def version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def cores() -> int:
    """Those this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def driver() -> Facts:
    """The NVIDIA driver, as far as it answers."""
    present = Path("/proc/driver/nvidia/version").exists() or bool(shutil.which("nvidia-smi"))
    try:
        import pynvml

        pynvml.nvmlInit()
        try:
            count = pynvml.nvmlDeviceGetCount()
            handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(count)]
            cards = [pynvml.nvmlDeviceGetName(handle) for handle in handles]
            return {"present": True, "version": pynvml.nvmlSystemGetDriverVersion(), "cards": cards}
        finally:
            pynvml.nvmlShutdown()
    except Exception:  # noqa: BLE001 not installed, no driver, or one that does not answer
        return {"present": present, "version": None, "cards": []}


def device(settings: Settings) -> Facts:
    """What would draw. ``fault`` instead, where torch cannot be loaded or used."""
    try:
        snapshot: Snapshot = open_device(settings).snapshot()
    except Exception as fault:  # noqa: BLE001 a broken torch fails in many ways; it is told
        return {"fault": f"{type(fault).__name__}: {fault}"[:300]}
    return snapshot.model_dump(mode="json")


def folder(path: Path) -> Facts:
    """Whether the data folder, or the nearest one above it, can be written, and its room."""
    there = next(place for place in (path, *path.parents) if place.exists())
    writable = there.is_dir() and os.access(there, os.W_OK)
    return {"path": str(path), "writable": writable, "free": shutil.disk_usage(there).free}


def speeds(path: Path) -> dict[str, float]:
    """What was measured of this machine's processor, and is remembered."""
    if not path.is_file():
        return {}
    with closing(Ledger(path)) as ledger:
        return ledger.throughput(processor())


def converted(path: Path) -> Facts:
    """Networks that were converted for OpenVINO: bytes that are free once it is deleted."""
    files = (file for file in path.rglob("*") if file.is_file())
    return {"path": str(path), "bytes": sum(file.stat().st_size for file in files)}


def models(settings: Settings) -> list[Facts]:
    catalog = Catalog.read(settings)
    found = ((model, catalog.installed(model)) for model in catalog.models)
    return [
        {"id": model.id, "name": model.name, "path": None if path is None else str(path)}
        for model, path in found
    ]


def browser() -> bool:
    try:
        return webbrowser.get() is not None
    except webbrowser.Error:
        return False
