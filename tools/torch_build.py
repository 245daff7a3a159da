"""Which build of torch fits this machine. Standard library only: nothing is installed yet."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

WHEELS = "https://download.pytorch.org/whl"
CUDA_13_DRIVER = 580  # the first NVIDIA driver that runs CUDA 13
CUDA_13_CAPABILITY = 7.5  # Turing; Maxwell, Pascal and Volta need CUDA 12
CUDA_12_CAPABILITY = 9.0  # the newest that the CUDA 12 build knows
TRACES = (
    "/proc/driver/nvidia/version",
    "/dev/nvidiactl",
    "/usr/lib/wsl/lib/libcuda.so.1",
    r"C:\Windows\System32\nvcuda.dll",
)
SMI = ("nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi", r"C:\Windows\System32\nvidia-smi.exe")


@dataclass(frozen=True)
class Card:
    """What the driver says of one NVIDIA card."""

    driver: int  # major version
    capability: float


@dataclass(frozen=True)
class Build:
    """``index`` is where its wheel lies; None means the ordinary package index."""

    name: str
    index: str | None = None

    @property
    def loads_xformers(self) -> bool:
        """The wheel of xformers is made for CUDA 12 and finds its libraries only there."""
        return self.name == "cu126"


def wheel(name: str) -> Build:
    return Build(name, f"{WHEELS}/{name}")


PLAIN = Build("plain")
KNOWN = {"plain": PLAIN, **{name: wheel(name) for name in ("cpu", "cu126", "cu130")}}


def fitting(driver: bool, cards: Sequence[Card], system: str | None = None) -> Build:
    """The build for these cards. Plain is CUDA 13 on Linux, the processor elsewhere."""
    system = system or platform.system()
    if system == "Darwin":
        return PLAIN
    if not driver:
        return KNOWN["cpu"] if system == "Linux" else PLAIN
    if cards and needs_cuda_12(cards[0]):
        return KNOWN["cu126"]
    return PLAIN if system == "Linux" else KNOWN["cu130"]


def needs_cuda_12(card: Card) -> bool:
    if card.capability > CUDA_12_CAPABILITY:
        return False
    return card.capability < CUDA_13_CAPABILITY or card.driver < CUDA_13_DRIVER


def driver_present() -> bool:
    """Whether an NVIDIA driver is installed. Fast: asked at every start."""
    return any(Path(trace).exists() for trace in TRACES) or shutil.which(SMI[0]) is not None


def cards() -> list[Card]:
    """The NVIDIA cards, as their driver lists them; empty if it does not answer."""
    program = next((found for name in SMI if (found := shutil.which(name))), None)
    if program is None:
        return []
    query = [program, "--query-gpu=driver_version,compute_cap", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [card for line in answer.stdout.splitlines() if (card := _card(line))]


def _card(line: str) -> Card | None:
    driver, _, capability = line.partition(",")
    try:
        return Card(int(driver.split(".")[0]), float(capability))
    except ValueError:
        return None


def chosen() -> Build:
    """What to install here. ``AURA_TORCH`` (plain, cpu, cu126, cu130) overrules it."""
    wanted = KNOWN.get(os.environ.get("AURA_TORCH", ""))
    if wanted:
        return wanted
    driver = driver_present()
    return fitting(driver, cards() if driver else ())


def reachable(build: Build, timeout_s: float = 5) -> bool:
    """Whether the index of a build answers; pip itself would try for minutes."""
    if build.index is None:
        return True
    try:
        with urllib.request.urlopen(f"{build.index}/torch/", timeout=timeout_s):
            return True
    except (OSError, urllib.error.URLError, ValueError):
        return False
