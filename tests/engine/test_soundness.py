"""What was fetched is read before it is first used; what turned on the disk is never loaded."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from aura.catalog import Catalog
from aura.engine.protocol import Cancelled, Done, Failed, Run, Stage
from aura.engine.worker import Worker
from aura.settings import APP_DIR, Settings
from tests.catalog.conftest import SHAPES, remote_model
from tests.engine import scripted

UNET = Path("unet/diffusion_pytorch_model.safetensors")
REPO = "someone/shapes"


@pytest.fixture
def snapshot(tmp_path, monkeypatch) -> Path:
    """The built-in model as the hub's tools leave it in the cache."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    home = tmp_path / "hub" / "models--someone--shapes"
    (home / "blobs").mkdir(parents=True)
    folder = home / "snapshots" / ("0" * 40)
    for source in SHAPES.rglob("*"):
        if source.is_file():
            data = source.read_bytes()
            blob = home / "blobs" / hashlib.sha256(data).hexdigest()
            blob.write_bytes(data)
            place = folder / source.relative_to(SHAPES)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(blob)
    return folder


@pytest.fixture
def worker(tmp_path, snapshot) -> Worker:
    settings = Settings(app_dir=APP_DIR, data_dir=tmp_path / "data", device="cpu")
    return Worker(settings, catalog=Catalog((remote_model(REPO),), APP_DIR))


def drawn(worker: Worker, job: str = "a") -> list:
    asked = scripted.request(model="far-shapes", width=64, height=64, steps=1)
    return list(worker.handle(Run(job=job, request=asked)))


def stages(events: list) -> list[str]:
    return [event.stage for event in events if isinstance(event, Stage)]


def test_a_model_is_checked_before_its_first_picture_and_not_before_the_second(worker):
    first, second = drawn(worker), drawn(worker, "b")
    assert isinstance(first[-1], Done) and isinstance(second[-1], Done)
    assert "checking" in stages(first) and "checking" not in stages(second)


def test_a_bit_that_turned_is_found_set_aside_and_said(worker, snapshot):
    path = (snapshot / UNET).resolve()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    events = drawn(worker)
    assert isinstance(events[-1], Failed) and events[-1].error["code"] == "model_damaged"
    assert "loading" not in stages(events)
    assert not (snapshot / UNET).exists()
    assert [kept.read_bytes() for kept in path.parent.glob("*.damaged-*")] == [bytes(data)]


def test_checking_can_be_stopped(worker):
    asked = scripted.request(model="far-shapes", width=64, height=64, steps=1)
    events = []
    for event in worker.handle(Run(job="a", request=asked)):
        events.append(event)
        if stages(events) == ["checking"]:
            worker.stop("a")
    assert isinstance(events[-1], Cancelled) and stages(events) == ["checking"]


def test_nothing_is_loaded_ahead_that_was_not_checked(worker):
    assert not worker.warm("far-shapes")
    drawn(worker)
    worker.release()
    assert worker.warm("far-shapes")
