"""A studio that is killed: what was accepted comes back, and nothing is left running."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from aura.settings import Settings
from aura.studio import Studio
from tests.engine.scripted import ScriptedEngine
from tests.processes import ended

ROOT = Path(__file__).resolve().parent.parent.parent


def killed_studio(folder: Path, accepted: int) -> tuple[psutil.Process, list[str]]:
    """Kill a studio once it has accepted so many jobs; its engine, and the jobs' ids."""
    command = [sys.executable, "-m", "tests.faults.host", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as host:
        engine = psutil.Process(int(host.stdout.readline()))
        jobs = [host.stdout.readline().strip() for _ in range(accepted)]
        host.kill()
        # Jobs accepted while it was being killed count too.
        return engine, jobs + host.stdout.read().split()


@pytest.mark.parametrize("accepted", [1, 2, 6, 11])
def test_every_accepted_job_comes_back_in_order_and_the_running_one_is_interrupted(
    tmp_path, accepted
):
    _, jobs = killed_studio(tmp_path, accepted)
    engine = ScriptedEngine()
    with Studio.open(Settings(data_dir=tmp_path), engine=engine) as studio:
        known = [view.id for view in studio.jobs.views("me")]
        # One more may have reached the disk without its id having been told.
        assert known[: len(jobs)] == jobs and len(known) <= len(jobs) + 1
        assert studio.jobs.view(jobs[0]).state == "interrupted"
        for job in known[1:]:
            assert list(studio.jobs.follow(job, seconds=30))[-1].state == "done"
        assert engine.begun == known[1:]
        retried = studio.jobs.retry(jobs[0])
        assert list(studio.jobs.follow(retried, seconds=30))[-1].state == "done"


def test_no_engine_outlives_a_killed_studio(tmp_path):
    engine, _ = killed_studio(tmp_path, 1)
    assert ended(engine, within_s=30)
