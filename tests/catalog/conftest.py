"""A hub of the tests' own, and a cache of its own for what comes from it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aura.catalog import Model
from aura.settings import APP_DIR
from tests.catalog.hub_server import HubServer

WAIT_S = 60.0
SHAPES = APP_DIR / "assets" / "models" / "aura-shapes"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The standard cache folder, empty."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "token"))
    stored = str(tmp_path / "tokens")
    monkeypatch.setattr("huggingface_hub.constants.HF_STORED_TOKENS_PATH", stored)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    return tmp_path / "hub"


@pytest.fixture
def server(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """The built-in model on a hub; this process may reach it, and nothing else."""
    with HubServer(SHAPES).serving() as hub, reached(hub, monkeypatch):
        yield hub


@contextmanager
def reached(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process take ``hub`` for the hub; elsewhere the environment says it."""
    from huggingface_hub.utils._http import close_session

    template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr("huggingface_hub.hf_api.api.endpoint", hub.url)
    yield
    close_session()


def until_partial(cache: Path, count: int) -> None:
    """Wait until a file that is under way has so many bytes on the disk."""
    end = time.monotonic() + WAIT_S
    while sum(path.stat().st_size for path in cache.glob("*/blobs/*.aura.incomplete")) < count:
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def model(server: HubServer) -> Model:
    return remote_model(server.repo)


def remote_model(repo: str | None, **changes: object) -> Model:
    """A model of the hub that is the built-in one in all but its place."""
    told = {
        "id": "far-shapes",
        "name": "Far Shapes",
        "family": "stable_diffusion",
        "task": "generate",
        "area": 65536,
        "defaults": {"steps": 20, "guidance": 2.5},
        "repo": repo,
        "download_bytes": 16_700_000,
        "licence": "Apache-2.0",
        "commercial": True,
        "good_for": {"en": "-", "es": "-"},
    }
    return Model(**(told | changes))
