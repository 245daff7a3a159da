"""Cancel with a real, tiny model, at every point of a job."""

from __future__ import annotations

import pytest

from aura.engine.protocol import Cancelled, Done, Run, Saved
from aura.engine.worker import Worker
from aura.settings import Settings
from tests.engine.scripted import request


@pytest.fixture(scope="module")
def settings(tiny_pack, tmp_path_factory):
    data = tmp_path_factory.mktemp("cancel")
    return Settings(data_dir=data, models_dirs=(tiny_pack,), device="cpu")


@pytest.fixture(scope="module")
def worker(settings):
    return Worker(settings)


def test_cancel_at_any_moment_saves_nothing_and_the_next_job_is_unharmed(
    worker, settings, tiny_pack
):
    asked = request(model=tiny_pack.name, steps=3)
    (whole,) = (e.picture for e in worker.handle(Run(job="w", request=asked)) if _saved(e))
    moments = len(list(worker.handle(Run(job="count", request=asked)))) - 2
    before = _files(settings)
    for moment in range(moments):
        job, seen = f"stop-{moment}", []
        if moment == 0:
            worker.stop(job)
        if moment % 4 == 0:
            worker.release()  # so that some are stopped while the model is loaded
        for event in worker.handle(Run(job=job, request=asked)):
            seen.append(event)
            if len(seen) == moment:
                worker.stop(job)
        assert isinstance(seen[-1], Cancelled), moment
        assert len(seen) <= moment + 1
        assert _files(settings) == before
        assert not any(resident.lent for resident in worker.manager.residents())
    *_, saved, done = worker.handle(Run(job="after", request=asked))
    assert isinstance(done, Done)
    assert _pixels(saved.picture.path) == _pixels(whole.path)


def _saved(event):
    return isinstance(event, Saved)


def _files(settings):
    return sorted(p for p in (settings.data_dir / "outputs").rglob("*") if p.is_file())


def _pixels(path):
    from PIL import Image

    with Image.open(path) as picture:
        return picture.tobytes()
