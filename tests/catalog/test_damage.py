"""Whatever a line or a disk does to a file, it is caught before anything loads it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from aura.catalog import Model, complete, hub
from aura.catalog.download import Download
from aura.catalog.progress import Meter
from aura.catalog.remote import Hub
from aura.errors import DownloadDamaged
from aura.settings import APP_DIR
from tests.catalog.conftest import SHAPES, WAIT_S
from tests.catalog.hub_server import Asked, Fault, HubServer

TEXT = "text_encoder/model.safetensors"  # the smallest weights
UNET = "unet/diffusion_pytorch_model.safetensors"
TIMES = 200
KILLS = 20


def damaged(model: Model, server: HubServer, fault: Fault) -> bool:
    """Was the file refused, and nothing of it left where it would be loaded from?"""
    fault.path, fault.times = TEXT, 2
    server.faults = [fault]
    try:
        Download(model, Hub(), Meter(lambda _: None), delays=(0.0,)).run()
    except DownloadDamaged as refused:
        folder = hub.snapshots(server.repo)[0]
        return refused.facts["path"] == TEXT and not (folder / TEXT).exists()
    return False


def smaller(server: HubServer) -> bytes:
    """Make the weights small enough to be sent hundreds of times; still a whole file."""
    data = (SHAPES / TEXT).read_bytes()
    header = data[: 8 + int.from_bytes(data[:8], "little")]
    server.files[TEXT] = header + random.Random(1).randbytes(2**18)
    return server.files[TEXT]


def test_two_hundred_turned_bits_are_all_caught(server, model):
    size, dice = len(smaller(server)), random.Random(7)
    for _ in range(TIMES):
        assert damaged(model, server, Fault(flip=dice.randrange(size)))


def test_two_hundred_files_cut_short_are_all_caught(server, model):
    size, dice = len(smaller(server)), random.Random(8)
    for _ in range(TIMES):
        assert damaged(model, server, Fault(truncate=dice.randrange(size)))


CHILD = """
import json, sys
from aura.catalog.download import Download
from aura.catalog.models import Model
from aura.catalog.progress import Meter
from aura.catalog.remote import Hub
Download(Model(**json.loads(sys.argv[1])), Hub(), Meter(lambda _: None)).run()
"""


def child(server: HubServer, model: Model, cache: Path) -> subprocess.Popen[bytes]:
    """A download in a process of its own."""
    told = {"HF_ENDPOINT": server.url, "HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "0"}
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, model.model_dump_json()],
        cwd=APP_DIR,
        env={**os.environ, **told},
    )


def on_disk(cache: Path) -> int:
    """Bytes of weights that have come, whole or in part."""
    return sum(path.stat().st_size for path in cache.glob("*/blobs/*") if large(path))


def large(path: Path) -> bool:
    return len(path.name.partition(".")[0]) == 64


def killed_at(server: HubServer, model: Model, cache: Path, bytes_: int) -> None:
    """Let a download write so many more bytes of weights, then kill it."""
    sent, dead = threading.Event(), threading.Event()

    def hold() -> None:
        sent.set()
        dead.wait(WAIT_S)

    server.faults = [Fault(".safetensors", cut=bytes_, pause=hold)]
    process = child(server, model, cache)
    assert sent.wait(WAIT_S)
    end = time.monotonic() + WAIT_S
    while on_disk(cache) < sum(asked.sent for asked in weights(server)):
        assert time.monotonic() < end
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    dead.set()
    process.wait(WAIT_S)


def weights(server: HubServer) -> list[Asked]:
    return [one for one in server.asked if one.path.endswith("tensors") and one.sent]


def test_a_download_killed_twenty_times_fetches_no_byte_of_the_weights_twice(server, model, cache):
    total = sum(len(server.files[name]) for name in server.files if name.endswith("tensors"))
    for _ in range(KILLS):
        killed_at(server, model, cache, total // (KILLS + 2))
    server.faults = []
    assert child(server, model, cache).wait(WAIT_S) == 0
    folder = hub.cached(server.repo)
    assert complete.flaw(folder) is None
    assert (folder / UNET).read_bytes() == (SHAPES / UNET).read_bytes()
    assert len(weights(server)) > KILLS
    assert sum(asked.sent for asked in weights(server)) == total
