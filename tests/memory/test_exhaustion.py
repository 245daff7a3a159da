"""Running out of memory, in every form, told from every other end."""

from __future__ import annotations

import pytest
import torch

from aura.memory.device import GIB, MIB
from aura.memory.exhaustion import NO_MEMORY, _kills, ram_is_low, ran_out, ran_out_of_ram, starved
from aura.memory.simulated import SimulatedDevice, imagined


def caused(by: BaseException) -> BaseException:
    fault = ValueError("a library gave up")
    fault.__cause__ = by
    return fault


CARD = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
    RuntimeError("MPS backend out of memory"),
    caused(torch.OutOfMemoryError("CUDA out of memory")),
]
RAM = [
    MemoryError(),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 8 bytes"),
    RuntimeError("DefaultCPUAllocator: not enough memory"),
    OSError(12, "Cannot allocate memory"),
    RuntimeError("std::bad_alloc"),
    caused(MemoryError()),
]


@pytest.mark.parametrize("fault", [*CARD, *RAM], ids=repr)
def test_every_form_of_running_out_is_recognised(fault):
    assert ran_out(fault)


@pytest.mark.parametrize("fault", CARD, ids=repr)
def test_a_card_that_runs_out_says_nothing_of_ram(fault):
    assert not ran_out_of_ram(fault)


@pytest.mark.parametrize("fault", RAM, ids=repr)
def test_ram_that_runs_out_is_known_as_such(fault):
    assert ran_out_of_ram(fault)


@pytest.mark.parametrize("fault", [ValueError("out of memory"), RuntimeError("no"), OSError()])
def test_other_faults_are_none_of_memory(fault):
    assert not ran_out(fault) and not ran_out_of_ram(fault)


def machine(host_free: int, **changes):
    snapshot = imagined(8 * GIB, 16 * GIB)
    return snapshot.model_copy(update={"host_free": host_free, **changes})


def test_ram_is_low_when_the_system_has_hardly_any():
    assert ram_is_low(machine(100 * MIB))
    assert not ram_is_low(machine(GIB))


def test_ram_is_low_beyond_the_limit_a_person_set():
    assert ram_is_low(machine(8 * GIB, host_held=3 * GIB, host_limit=2 * GIB))
    assert not ram_is_low(machine(8 * GIB, host_held=2 * GIB, host_limit=3 * GIB))


def test_on_a_processor_what_the_libraries_take_counts_against_the_limit():
    held = {"kind": "cpu", "overhead": GIB, "host_held": 2 * GIB}
    assert ram_is_low(machine(8 * GIB, **held, host_limit=5 * GIB // 2))
    assert not ram_is_low(machine(8 * GIB, **held, host_limit=4 * GIB))


@pytest.mark.parametrize(
    "returncode, kills, last, killed",
    [
        (-9, 1, None, True),
        (-9, 0, machine(10 * MIB), True),
        (-9, 0, machine(8 * GIB), False),
        (-9, 0, None, False),
        (-11, 1, machine(10 * MIB), False),
        (1, 1, machine(10 * MIB), False),
        (None, 1, None, False),
        (NO_MEMORY[0], 0, None, True),
    ],
)
def test_who_was_killed_for_memory_is_told_from_who_was_not(returncode, kills, last, killed):
    assert starved(returncode, kills, last) is killed


def test_the_system_counts_its_kills(tmp_path):
    events = tmp_path / "memory.events"
    events.write_text("low 0\nhigh 4\noom 3\noom_kill 2\noom_group_kill 0\n")
    vmstat = tmp_path / "vmstat"
    vmstat.write_text("nr_free_pages 123\noom_kill 5\n")
    assert _kills((events, vmstat, tmp_path / "missing")) == 7


def test_a_simulated_device_refuses_as_real_ones_do():
    device = SimulatedDevice(GIB, GIB)
    with pytest.raises(RuntimeError) as card:
        device.allocate(2 * GIB)
    with pytest.raises(MemoryError) as ram:
        device.allocate_host(2 * GIB)
    assert ran_out(card.value) and not ran_out_of_ram(card.value)
    assert ran_out(ram.value) and ran_out_of_ram(ram.value)
