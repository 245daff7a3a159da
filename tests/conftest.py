"""What many tests share: tiny models, made once a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No example is timed: a loaded machine is slow, not wrong.
settings.register_profile(
    "aura", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile("aura")

# Tests run beside each other and beside a browser: threads that spin for a core they
# cannot have would make each draw many times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")


def pytest_configure(config: pytest.Config) -> None:
    """Files are begun in their order. By the number of their tests, as would else be done,
    those of few and long ones come last, and one core waits for the other."""
    config.option.loadscopereorder = False


@pytest.fixture(scope="session")
def tiny_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a Stable Diffusion pipeline of random weights, 64 px native."""
    from tests.packs import tiny_stable_diffusion

    return tiny_stable_diffusion(tmp_path_factory.mktemp("models") / "tiny")
