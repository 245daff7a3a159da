"""The studio as a whole, with an engine that plays its part."""

from __future__ import annotations

import json
import time

import pytest
from PIL import Image

from aura.errors import AlreadyRunning, FolderUnwritable
from aura.library.results import save_picture
from aura.requests import Picture
from aura.settings import Settings
from aura.studio import Studio
from tests.catalog.conftest import SHAPES, WAIT_S, reached
from tests.catalog.hub_server import HubServer
from tests.engine.scripted import ScriptedEngine, request


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def engine(tmp_path):
    return ScriptedEngine(folder=tmp_path)


def drawn(studio: Studio) -> Picture:
    views = studio.jobs.follow(studio.jobs.submit("me", request()), seconds=20)
    return list(views)[-1].pictures[0]


def test_a_picture_of_a_job_is_in_the_history(settings, engine):
    with Studio.open(settings, engine=engine) as studio:
        picture = drawn(studio)
        assert [entry.picture for entry in studio.history.recent(10)] == [picture]


def test_history_and_jobs_are_there_after_a_restart(settings, engine):
    with Studio.open(settings, engine=engine) as studio:
        picture = drawn(studio)
    with Studio.open(settings, engine=ScriptedEngine()) as studio:
        assert [entry.picture for entry in studio.history.recent(10)] == [picture]
        assert [view.state for view in studio.jobs.views("me")] == ["done"]


def test_one_data_folder_has_one_studio_and_the_second_is_told_where_the_first_is(settings):
    with Studio.open(settings, engine=ScriptedEngine()) as studio:
        studio.announce("http://127.0.0.1:7860")
        with pytest.raises(AlreadyRunning) as refused:
            Studio.open(settings, engine=ScriptedEngine())
        assert refused.value.facts == {"url": "http://127.0.0.1:7860"}
    Studio.open(settings, engine=ScriptedEngine()).close()


def test_what_a_killed_engine_left_half_written_is_swept(settings):
    with Studio.open(settings, engine=ScriptedEngine()):
        pass
    folder = settings.data_dir / "outputs" / "2026-01-01"
    folder.mkdir(parents=True)
    (folder / "0001-half.png").touch()
    with Studio.open(settings, engine=ScriptedEngine()):
        assert list(folder.iterdir()) == []


def test_a_picture_that_a_killed_studio_had_saved_is_found_again(settings):
    outputs = settings.data_dir / "outputs"
    saved = save_picture(
        outputs,
        Image.new("RGB", (64, 64), "red"),
        request(),
        0,
        plan={},
        seconds=1.0,
        stages={},
        peak_bytes=0,
        versions={},
    )
    with Studio.open(settings, engine=ScriptedEngine()) as studio:
        studio._scan.join()
        assert [entry.picture.path for entry in studio.history.recent(10)] == [saved.path]


def test_closing_twice_is_closing_once(settings):
    studio = Studio.open(settings, engine=ScriptedEngine())
    studio.close()
    studio.close()


def test_a_studio_that_cannot_open_leaves_no_lock(settings):
    settings.data_dir.mkdir(parents=True)
    (settings.data_dir / "jobs.db").mkdir()  # no file can be there
    with pytest.raises(FolderUnwritable):
        Studio.open(settings, engine=ScriptedEngine())
    (settings.data_dir / "jobs.db").rmdir()
    Studio.open(settings, engine=ScriptedEngine()).close()


def test_a_download_that_was_under_way_goes_on_at_the_next_start(settings, tmp_path, monkeypatch):
    kept = {"downloads": [{"model": "sd15", "state": "running"}]}
    settings.data_dir.mkdir(parents=True)
    (settings.data_dir / "downloads.json").write_text(json.dumps(kept))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    shapes = HubServer(SHAPES, "stable-diffusion-v1-5/stable-diffusion-v1-5")
    with (
        shapes.serving() as hub,
        reached(hub, monkeypatch),
        Studio.open(settings, engine=ScriptedEngine()) as studio,
    ):
        end = time.monotonic() + WAIT_S
        while studio.downloads.view("sd15").state != "done":
            assert time.monotonic() < end
            time.sleep(0.01)
        assert studio.catalog.installed(studio.catalog.get("sd15"))
