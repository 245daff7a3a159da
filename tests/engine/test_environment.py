"""What an engine process is born with."""

from __future__ import annotations

from aura.engine.environment import environment


def test_an_engine_asks_nobody_whatever_the_person_has_set():
    born = environment({"HF_HUB_OFFLINE": "0", "PATH": "/bin"})
    assert born["HF_HUB_OFFLINE"] == born["HF_HUB_DISABLE_TELEMETRY"] == "1"
    assert born["PATH"] == "/bin"


def test_the_allocator_is_what_the_system_has():
    assert "expandable_segments" in environment({}, "linux")["PYTORCH_CUDA_ALLOC_CONF"]
    assert "max_split_size_mb" in environment({}, "win32")["PYTORCH_CUDA_ALLOC_CONF"]


def test_an_allocator_that_a_person_has_set_up_stays():
    mine = {"PYTORCH_CUDA_ALLOC_CONF": "backend:cudaMallocAsync"}
    assert environment(mine)["PYTORCH_CUDA_ALLOC_CONF"] == "backend:cudaMallocAsync"
