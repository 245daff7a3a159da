"""A core that OpenVINO computes: the same picture, converted once, and nobody is told of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel
from torch.nn.modules.module import register_module_forward_hook

from aura.catalog.models import LIST, shipped
from aura.families import openvino, rivals, substitute
from aura.families.base import Drawn, Noticed, StepDone
from aura.families.conversions import Conversions
from aura.families.openvino import Converted
from aura.families.registry import by_name
from aura.families.substitute import Substitute
from tests.engine import scripted
from tests.families import components
from tests.families.plans import plan
from tools import full_size

SDXL = next(model for model in shipped(LIST) if model.id == "sdxl")
TINY = SDXL.model_copy(update={"id": "tiny", "family": "stable_diffusion"})
CONVERTED = plan(rung="openvino")


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("converted")


class Bench:
    """A model under two plans: torch's, and the converted one."""

    def __init__(self, folder: Path, kept: Path, under=CONVERTED, model=TINY) -> None:
        self.model, self.plan = model, under
        self.family = by_name(conversions=kept)[self.model.family]
        self.loaded = self.family.load(self.model, folder, under)

    @property
    def core(self):
        return self.loaded.pipe.unet

    def happenings(self, **changes):
        asked = scripted.request(**{"model": self.model.id, **changes})
        return self.family.run(self.loaded, asked, self.plan)

    def drawn(self, **changes) -> np.ndarray:
        images = [one.image for one in self.happenings(**changes) if isinstance(one, Drawn)]
        return np.asarray(images[0], int)


@pytest.fixture(scope="module")
def torchs(tiny_pack, kept):
    return Bench(tiny_pack, kept, plan())


@pytest.fixture(scope="module")
def ours(tiny_pack, kept):
    return Bench(tiny_pack, kept)


@pytest.mark.parametrize("guidance", [1.0, 5.0])
@pytest.mark.parametrize("size", [{}, {"width": 64, "height": 96}])
def test_it_draws_what_torch_draws(torchs, ours, guidance, size):
    assert isinstance(ours.core, Converted)
    expected = torchs.drawn(guidance=guidance, **size)
    assert np.abs(ours.drawn(guidance=guidance, **size) - expected).max() <= 2


def test_sdxl_with_its_sizes_and_its_second_reading_of_the_words_too(tmp_path):
    folder = full_size.write("sdxl", tmp_path / "sdxl", tiny=True)
    kept = tmp_path / "converted"
    expected = Bench(folder, kept, plan(), SDXL).drawn()
    assert np.abs(Bench(folder, kept, model=SDXL).drawn() - expected).max() <= 2


def test_no_weights_of_torch_stay_beside_it(ours):
    assert not list(ours.core.parameters()) and ours.core.dtype == torch.float32


def test_a_second_load_reads_what_the_first_one_made(ours, tiny_pack, kept, monkeypatch):
    def never(*_):
        raise AssertionError("converted again")

    monkeypatch.setattr(substitute.openvino, "convert", never)
    again = Bench(tiny_pack, kept)
    assert np.array_equal(again.drawn(), ours.drawn())


def test_a_damaged_conversion_is_made_again(ours, kept, tiny_pack, tmp_path):
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    substitute = Substitute(
        Conversions(tmp_path), TINY, tiny_pack, "unet", CONVERTED, torch.float32
    )
    assert substitute.found() is not None
    (place,) = tmp_path.iterdir()
    network = place / openvino.MODEL
    network.write_bytes(b"x" * network.stat().st_size)
    assert substitute.found() is None and not place.exists()
    assert isinstance(Bench(tiny_pack, tmp_path).core, Converted)


def test_without_room_on_the_disk_torch_computes(tiny_pack, tmp_path, monkeypatch):
    none = shutil._ntuple_diskusage(100, 100, 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: none)
    bench = Bench(tiny_pack, tmp_path)
    assert list(bench.core.parameters()) and not list(tmp_path.iterdir())


def test_one_that_cannot_be_converted_is_left_to_torch_and_leaves_nothing(
    tiny_pack, tmp_path, monkeypatch
):
    def fails(network, folder):
        (folder / openvino.MODEL).write_bytes(b"half of it")
        raise RuntimeError("an operation nobody knows")

    monkeypatch.setattr(substitute.openvino, "convert", lambda net: net)
    monkeypatch.setattr(substitute.openvino, "save", fails)
    bench = Bench(tiny_pack, tmp_path)
    assert bench.drawn().shape == (64, 64, 3) and not list(tmp_path.iterdir())
    told = [one for one in bench.happenings() if isinstance(one, Noticed)]
    assert [(one.code, one.unplanned) for one in told] == [("families.unconverted", True)]
    asked = scripted.request(model="tiny")
    assert "openvino" not in bench.family.footprint(TINY, tiny_pack, asked).rungs
    monkeypatch.undo()
    assert list(bench.family.load(TINY, tiny_pack, CONVERTED).pipe.unet.parameters())


def test_it_stops_at_the_step_at_which_a_person_stops_it(ours):
    calls: list[object] = []
    with ours.core.register_forward_hook(lambda *call: calls.append(call)):
        run = ours.happenings(steps=4)
        next(one for one in run if isinstance(one, StepDone))
        run.close()
    assert len(calls) == 1
    assert np.array_equal(ours.drawn(), ours.drawn())


def test_a_model_that_is_told_the_guidance_is_told_it_here_too(tmp_path):
    net = components.unet(time_cond_proj_dim=16)
    openvino.save(openvino.convert(net), tmp_path)
    ours = Converted(net, tmp_path, torch.float32)
    inputs = torch.ones(1, 4, 8, 8), torch.tensor(3.0), torch.ones(1, 7, 32)
    for strength in (0.0, 1.0):
        told = {"timestep_cond": torch.full((1, 16), strength)}
        with torch.no_grad():
            assert torch.allclose(ours(*inputs, **told)[0], net(*inputs, **told)[0], atol=1e-4)


def test_half_precision_stays_near_full(tmp_path):
    net = components.unet()
    expected = components.painted(net)
    half = net.to(torch.bfloat16)
    openvino.save(openvino.convert(half), tmp_path)
    drawn = components.painted(Converted(half, tmp_path, torch.bfloat16))
    assert (drawn.float() - expected).norm() / expected.norm() < 0.03


SILENT = """
import socket, sys, time
def told(*arguments, **named):
    print("SOCKET", arguments)
    raise OSError("no network here")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = told
from pathlib import Path
import torch
from aura.families import openvino

class Config(dict):
    __getattr__ = dict.get

class Net(torch.nn.Module):
    config = Config(block_out_channels=(8,), in_channels=4, cross_attention_dim=8)
    dtype = torch.float32
    def forward(self, sample, timestep, words, **_):
        return (sample * timestep * words.mean(),)

openvino.save(openvino.convert(Net()), Path(sys.argv[1]))
ours = openvino.Converted(Net(), Path(sys.argv[1]), torch.float32)
ours(torch.ones(1, 4, 8, 8), torch.tensor(1.0), torch.ones(1, 77, 8))
time.sleep(0.3)
print([name for name in sys.modules if name.startswith("openvino_telemetry.")])
"""


def test_nobody_outside_is_told_of_a_conversion(tmp_path):
    """Although what reports to its makers comes with the package."""
    home = tmp_path / "home"
    home.mkdir()
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SILENT, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "PYTHONPATH": ".",
            "OMP_NUM_THREADS": "1",
        },
    )
    assert run.stdout.strip() == "[]"
    assert not list(home.rglob("*ga*"))


def test_what_is_faster_is_measured_on_both():
    seconds = {Converted: 1.0, UNet2DConditionModel: 2.0}
    passed = [0.0]

    def passes(network, *_) -> None:
        passed.append(passed[-1] + seconds.get(type(network), 0.0))

    with register_module_forward_hook(passes):
        gains = rivals.gains(("fp32",), lambda: passed[-1], components.unet)
    assert gains == {"fp32": 2.0}
