"""The arrows between the rooms of the house, read from the imports themselves."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted([ROOT / "app.py", *ROOT.glob("aura/**/*.py")])
MAY_TORCH = ("aura/engine/worker.py", "aura/memory/", "aura/families/")
MAY_GRADIO = ("aura/ui/",)
DOOR = {"aura.library.images"}  # from bytes to a picture: families open what they are given
HEAVY = {"torch", "diffusers", "transformers", "accelerate", "xformers"}


def imported(path: Path) -> set[str]:
    """Every module a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=place)
def test_only_the_engine_side_imports_torch_and_only_the_pages_import_gradio(path: Path):
    tops = {name.split(".")[0] for name in imported(path)}
    if not place(path).startswith(MAY_TORCH):
        assert not tops & HEAVY
    if not place(path).startswith(MAY_GRADIO):
        assert "gradio" not in tops


@pytest.mark.parametrize("path", SOURCES, ids=place)
def test_nothing_below_the_pages_knows_them(path: Path):
    if not place(path).startswith(("aura/ui/", "aura/cli/serve.py")):
        assert not {name for name in imported(path) if name.startswith(("aura.ui", "app"))}


@pytest.mark.parametrize(
    "room, forbidden",
    [
        ("aura/memory/", ("aura.engine", "aura.jobs", "aura.library", "aura.studio")),
        ("aura/families/", ("aura.engine", "aura.jobs", "aura.library", "aura.studio")),
        ("aura/passes/", ("aura.engine", "aura.jobs", "aura.library", "aura.studio")),
        ("aura/library/", ("aura.engine", "aura.jobs", "aura.memory", "aura.studio")),
        ("aura/catalog/", ("aura.engine", "aura.jobs", "aura.library", "aura.studio")),
        ("aura/engine/", ("aura.jobs", "aura.studio", "aura.cli")),
        ("aura/jobs/", ("aura.studio", "aura.cli", "aura.families", "aura.memory")),
    ],
)
def test_data_flows_one_way(room: str, forbidden: tuple[str, ...]):
    for path in SOURCES:
        if place(path).startswith(room):
            names = imported(path) - DOOR
            assert not {name for name in names if name.startswith(forbidden)}, path


def test_importing_the_pages_loads_no_torch():
    heavy = "sorted({'torch', 'diffusers'} & set(sys.modules))"
    code = f"import sys, aura.ui.serving, aura.ui.shell; print({heavy})"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_nothing_loads_pickles_or_remote_code():
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        for danger in ("torch.load(", "pickle.load", "trust_remote_code=True"):
            assert danger not in text, f"{danger} in {path}"
