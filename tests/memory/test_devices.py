"""What the probes read, and what counts as running out."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import torch

from aura.memory.cpu import CpuDevice, cgroup_memory, ram
from aura.memory.device import GIB, MIB, budget, open_device
from aura.memory.exhaustion import ran_out
from aura.memory.ledger import FORGET_S, Ledger
from aura.settings import Settings
from tests.memory.simulation import model, request, studio


def cgroup_v2(folder: Path, limit: str, used: int, droppable: int = 0) -> Path:
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 1\ninactive_file {droppable}\n")
    return folder


def test_a_container_counts_its_own_bound_and_not_the_machines(tmp_path):
    assert ram(cgroup_v2(tmp_path, str(GIB), 600 * MIB, 100 * MIB)) == (GIB, 524 * MIB)


def test_a_container_without_a_bound_has_the_machines_memory(tmp_path):
    cgroup_v2(tmp_path, "max", 600 * MIB)
    assert ram(tmp_path)[0] == psutil.virtual_memory().total


def test_the_older_kind_of_container_is_read_too(tmp_path):
    memory = tmp_path / "memory"
    memory.mkdir()
    (memory / "memory.limit_in_bytes").write_text(str(2 * GIB))
    (memory / "memory.usage_in_bytes").write_text(str(GIB))
    (memory / "memory.stat").write_text("total_inactive_file 0\n")
    assert cgroup_memory(tmp_path) == (2 * GIB, GIB)


def test_a_limit_counts_the_libraries_too():
    device = CpuDevice(limit=2 * GIB)
    snapshot = device.snapshot()
    assert budget(snapshot) < 2 * GIB - snapshot.overhead
    assert snapshot.overhead > 10 * MIB


def test_the_peak_is_what_was_held_at_most_and_falls_with_a_reset():
    device = CpuDevice()
    device.reset_peak()
    held = bytearray(200 * MIB)
    time.sleep(0.1)
    del held
    assert device.peak() >= 190 * MIB
    device.empty_cache()
    device.reset_peak()
    assert device.peak() < 150 * MIB


def test_a_machine_without_a_card_computes_on_its_processor(tmp_path):
    snapshot = open_device(Settings(data_dir=tmp_path, device="auto")).snapshot()
    assert snapshot.kind == ("cuda" if torch.cuda.is_available() else snapshot.kind)
    assert 0 < snapshot.free <= snapshot.total


def test_the_books_are_kept_without_loading_torch():
    names = "manager ladder ledger planner verdict simulated device cpu pipelines"
    imports = ";".join(f"import aura.memory.{name}" for name in names.split())
    check = (
        f"{imports};import sys;assert not {{'torch','diffusers','transformers'}} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", check], check=True, cwd=Path(__file__).parents[2])


class AcceleratorError(RuntimeError):
    error_code = 2


@pytest.mark.parametrize(
    "fault",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        MemoryError(),
        AcceleratorError("CUDA error"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"
        ),
        OSError(12, "Cannot allocate memory"),
    ],
)
def test_every_form_of_running_out_is_known(fault):
    assert ran_out(fault)
    try:
        raise ValueError("wrapped") from fault
    except ValueError as wrapped:
        assert ran_out(wrapped)


@pytest.mark.parametrize("fault", [ValueError("memory"), RuntimeError("shapes"), KeyError("out")])
def test_other_faults_are_not_taken_for_it(fault):
    assert not ran_out(fault)


def test_torch_itself_running_out_is_known():
    with pytest.raises(RuntimeError) as refused:
        torch.empty(2**55)
    assert ran_out(refused.value)


def test_the_ledger_forgives_after_a_week_and_outlives_the_studio(tmp_path):
    now = [0.0]
    path = tmp_path / "ledger.db"
    ledger = Ledger(path, clock=lambda: now[0])
    _, _, manager = studio()
    asked = request(model())
    plan = manager.plans(model(), asked)[0]
    ledger.ran_out("card", plan, asked)
    ledger.close()
    again = Ledger(path, clock=lambda: now[0])
    assert again.known("card", "a", asked).failed == {plan.signature}
    assert not again.known("another card", "a", asked).failed
    now[0] = FORGET_S + 1
    assert not again.known("card", "a", asked).failed
    again.done("card", plan, asked, plan.peak + MIB, {"denoising": 4.0}, pictures=2)
    known = again.known("card", "a", request(model(), count=3))
    assert known.seconds[plan.signature] == pytest.approx(6.0)
    assert known.excess[plan.signature] == MIB


def test_a_ledger_that_is_no_database_is_begun_anew(tmp_path):
    path = tmp_path / "ledger.db"
    path.write_bytes(b"not a database" * 100)
    ledger = Ledger(path)
    assert ledger.known("card", "a", request(model())).failed == frozenset()
    with sqlite3.connect(path) as written:
        assert written.execute("select count(*) from runs").fetchone() == (0,)
