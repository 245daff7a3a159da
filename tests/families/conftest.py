"""Tiny models of one component, made once a run."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a folder for each: blip-base, siglip-so400m, bge-m3, owlv2."""
    from tools import full_size

    root = tmp_path_factory.mktemp("singles")
    for name in ("blip-base", "siglip-so400m", "bge-m3", "owlv2"):
        full_size.write(name, root / name, tiny=True)
    return root
