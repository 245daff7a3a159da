"""Requests and saved pictures for the tests of the library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image

from aura.library.atomic import Disk
from aura.library.results import save_picture
from aura.requests import GenerateRequest, Picture


def request(**changes: Any) -> GenerateRequest:
    fields = {
        "model": "aura-shapes",
        "prompt": "a red circle",
        "prompts": ("a red circle",),
        "negatives": ("",),
        "width": 64,
        "height": 64,
        "steps": 8,
        "guidance": 4.0,
        "seed": 7,
    }
    return GenerateRequest(**(fields | changes))


def drawn(width: int = 16, height: int = 16, colour: str = "red") -> Image.Image:
    return Image.new("RGB", (width, height), colour)


def save(
    outputs: Path, asked: GenerateRequest | None = None, index: int = 0, **facts: Any
) -> Picture:
    """A picture saved as the worker saves it."""
    given: dict[str, Any] = {
        "plan": {"rung": "resident", "peak": 12},
        "seconds": 1.5,
        "stages": {"denoising": 1.25, "saving": 0.25},
        "peak_bytes": 123_456,
        "versions": {"aura": "0.1.0", "torch": "2"},
        "notices": ({"code": "plan.climbed", "facts": {"how": "cpu"}},),
    }
    return save_picture(outputs, drawn(), asked or request(), index, **(given | facts))


class Quick(Disk):
    """Does not wait for the disk, in tests that make many files and pull no plug."""

    def write(self, path: Path, data: bytes) -> None:
        with path.open("xb") as file:
            file.write(data)

    def sync(self, folder: Path) -> None:
        pass
