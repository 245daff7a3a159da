"""What an engine process is born with."""

from __future__ import annotations

import pytest

from aura.engine.environment import environment


def test_an_engine_asks_nobody_whatever_the_person_has_set():
    born = environment({"HF_HUB_OFFLINE": "0", "PATH": "/bin"})
    assert born["HF_HUB_OFFLINE"] == born["HF_HUB_DISABLE_TELEMETRY"] == "1"
    assert born["PATH"] == "/bin"


@pytest.mark.parametrize(
    ("platform", "allocator"),
    [
        ("linux", "expandable_segments:True"),
        ("win32", "max_split_size_mb:128"),
        ("darwin", "max_split_size_mb:128"),
    ],
)
def test_the_allocator_is_what_the_system_has(platform, allocator):
    assert environment({}, platform)["PYTORCH_ALLOC_CONF"] == allocator


@pytest.mark.parametrize("name", ["PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"])
def test_an_allocator_that_a_person_has_set_up_is_the_only_one(name):
    born = environment({name: "backend:cudaMallocAsync"})
    assert {key: born[key] for key in born if "ALLOC_CONF" in key} == {
        name: "backend:cudaMallocAsync"
    }


def test_all_threads_share_one_heap_unless_a_person_wants_more():
    assert environment({})["MALLOC_ARENA_MAX"] == "1"
    assert environment({"MALLOC_ARENA_MAX": "4"})["MALLOC_ARENA_MAX"] == "4"
