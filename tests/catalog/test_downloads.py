"""The list of downloads: their states, their order, and what outlives a restart."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from aura.catalog import Model, complete, hub
from aura.catalog.downloads import Downloads, DownloadView, fetching
from aura.catalog.licences import Licences
from aura.catalog.progress import Progress
from aura.catalog.remote import Hub
from aura.catalog.sound import Sound
from aura.errors import FolderUnwritable, HubBusy, LicenceNotAccepted, Offline, Stopped
from tests.catalog.conftest import WAIT_S, remote_model, until_partial
from tests.catalog.hub_server import Fault


class Fetched:
    """Fetches nothing: ends as it is told, one word a model."""

    def __init__(self) -> None:
        self.begun: queue.Queue[str] = queue.Queue()
        self.ends: queue.Queue[str] = queue.Queue()

    def __call__(
        self, model: Model, seen: Callable[[Progress], None], stop: threading.Event
    ) -> None:
        self.begun.put(model.id)
        seen(Progress(phase="fetching", bytes=7, total=10, speed=1.0, left=3.0))
        while not stop.is_set():
            try:
                how = self.ends.get(timeout=0.005)
            except queue.Empty:
                continue
            if how == "busy":
                raise HubBusy(model=model.name, status=429, wait_s=0)
            if how == "fault":
                raise ZeroDivisionError
            return
        raise Stopped


def find(id: str) -> Model:
    return remote_model("aura/shapes", id=id)


def placeless(id: str) -> Model:
    """One of no repository, so that nothing is looked for in the cache."""
    return remote_model(None, id=id, folder="nowhere")


@pytest.fixture
def fetch() -> Fetched:
    return Fetched()


@pytest.fixture
def downloads(tmp_path: Path, cache: Path, fetch: Fetched) -> Iterator[Downloads]:
    with closing(Downloads(tmp_path, find, fetch)) as made:
        made.start()
        yield made


def until(downloads: Downloads, id: str, state: str) -> DownloadView:
    """The download, once it is in ``state``."""
    end = time.monotonic() + WAIT_S
    while (view := downloads.view(id)) is None or view.state != state:
        assert time.monotonic() < end, f"{view} is not {state}"
        time.sleep(0.005)
    return view


def begun(fetch: Fetched) -> str:
    return fetch.begun.get(timeout=WAIT_S)


def test_one_runs_and_the_others_wait_in_their_order(downloads, fetch):
    for id in "abc":
        downloads.get(id)
    for id in "abc":
        assert begun(fetch) == id
        assert fetch.begun.empty()
        fetch.ends.put("done")
        until(downloads, id, "done")
    assert [view.model for view in downloads.views()] == ["a", "b", "c"]


def test_asking_twice_is_one_download(downloads, fetch):
    downloads.get("a")
    assert begun(fetch) == "a"
    downloads.get("a")
    fetch.ends.put("done")
    until(downloads, "a", "done")
    assert fetch.begun.empty() and len(downloads.views()) == 1


def test_a_paused_one_lets_the_next_run_and_goes_on_when_asked(downloads, fetch):
    downloads.get("a")
    downloads.get("b")
    begun(fetch)
    downloads.pause("a")
    view = until(downloads, "a", "paused")
    assert (view.progress.bytes, view.progress.speed, view.progress.left) == (7, None, None)
    assert begun(fetch) == "b"
    fetch.ends.put("done")
    downloads.get("a")
    assert begun(fetch) == "a"
    fetch.ends.put("done")
    until(downloads, "a", "done")


def test_one_that_is_asked_for_again_while_it_is_being_stopped_goes_on(downloads, fetch):
    downloads.get("a")
    begun(fetch)
    with downloads._changed:  # as fast as a person never is
        downloads.pause("a")
        downloads.get("a")
    assert begun(fetch) == "a"


def test_a_waiting_one_can_be_paused_and_cancelled(downloads, fetch):
    for id in "abc":
        downloads.get(id)
    begun(fetch)
    downloads.pause("b")
    downloads.cancel("c")
    fetch.ends.put("done")
    until(downloads, "a", "done")
    assert downloads.view("b").state == "paused" and downloads.view("c").state == "cancelled"
    assert fetch.begun.empty()


@pytest.mark.parametrize("how, code", [("busy", "hub_busy"), ("fault", "fault")])
def test_a_failed_one_says_why_and_the_next_runs(downloads, fetch, how, code):
    downloads.get("a")
    downloads.get("b")
    begun(fetch)
    fetch.ends.put(how)
    assert until(downloads, "a", "failed").error["code"] == code
    assert begun(fetch) == "b"


def test_a_cancelled_one_leaves_no_partial_file_and_whole_ones_stay(downloads, fetch, cache):
    blobs = hub.repo_folder("aura/shapes") / "blobs"
    blobs.mkdir(parents=True)
    downloads.get("a")
    begun(fetch)
    for name in ("x.aura.incomplete", "y.1234.incomplete", "z"):
        (blobs / name).write_bytes(b"x")
    downloads.cancel("a")
    until(downloads, "a", "cancelled")
    assert sorted(path.name for path in blobs.iterdir()) == ["y.1234.incomplete", "z"]


def test_after_a_restart_what_ran_or_waited_goes_on_and_what_was_paused_stays(
    tmp_path, cache, fetch
):
    first = Downloads(tmp_path, find, fetch)
    first.start()
    for id in "abc":
        first.get(id)
    begun(fetch)
    first.pause("b")
    first.close()
    again = Downloads(tmp_path, find, fetch)
    assert {view.model: view.state for view in again.views()} == {
        "a": "queued",
        "b": "paused",
        "c": "queued",
    }
    with closing(again):
        again.start()
        assert begun(fetch) == "a"


def test_a_killed_studio_takes_up_what_was_running(tmp_path, cache, fetch):
    view = DownloadView(model="a", state="running", progress=Progress(bytes=3, total=9))
    (tmp_path / "downloads.json").write_text(json.dumps({"downloads": [view.model_dump()]}))
    with closing(Downloads(tmp_path, find, fetch)) as downloads:
        assert downloads.view("a").state == "queued"
        assert downloads.view("a").progress.bytes == 3
        downloads.start()
        assert begun(fetch) == "a"


def test_offline_nothing_is_begun_and_what_waits_goes_on_waiting(tmp_path, cache, fetch):
    view = DownloadView(model="a", state="running")
    (tmp_path / "downloads.json").write_text(json.dumps({"downloads": [view.model_dump()]}))
    with closing(Downloads(tmp_path, find, fetch, offline=True)) as downloads:
        downloads.start()
        with pytest.raises(Offline):
            downloads.get("b")
    assert [(view.model, view.state) for view in downloads.views()] == [("a", "queued")]
    assert fetch.begun.empty()


@pytest.mark.parametrize("words", ["", "{", "[]", '{"downloads": 3}', '{"downloads": [{"x": 1}]}'])
def test_a_list_that_cannot_be_read_stops_nothing(tmp_path, cache, fetch, words):
    (tmp_path / "downloads.json").write_text(words)
    with closing(Downloads(tmp_path, find, fetch)) as downloads:
        assert downloads.views() == []
        downloads.get("a")
        assert downloads.view("a").state == "queued"


def test_a_data_folder_that_cannot_be_written_is_told_and_nothing_is_begun(tmp_path, cache, fetch):
    (tmp_path / "file").write_text("")
    downloads = Downloads(tmp_path / "file", find, fetch)
    with pytest.raises(FolderUnwritable):
        downloads.get("a")
    assert downloads.views() == []


def test_one_that_has_ended_can_be_forgotten_and_one_that_runs_cannot(downloads, fetch):
    downloads.get("a")
    begun(fetch)
    downloads.forget("a")
    assert downloads.view("a")
    fetch.ends.put("done")
    until(downloads, "a", "done")
    downloads.forget("a")
    assert downloads.views() == []


def test_a_restricted_licence_is_agreed_to_once_and_in_its_own_words(tmp_path, cache, fetch):
    model = remote_model("a/b", commercial=False, licence="No Trade 1")
    downloads = Downloads(tmp_path, lambda id: model, fetch)
    with pytest.raises(LicenceNotAccepted) as refused:
        downloads.get(model.id)
    assert refused.value.facts["licence"] == "No Trade 1"
    Licences(tmp_path).accept(model)
    downloads.get(model.id)
    assert downloads.view(model.id).state == "queued"
    changed = model.model_copy(update={"licence": "No Trade 2"})
    assert not Licences(tmp_path).accepted(changed)


@settings(max_examples=25, stateful_step_count=12, deadline=None)
class AnyOrder(RuleBasedStateMachine):
    """Whatever a person presses: one runs at most, and what is kept is what is shown."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.room = tempfile.TemporaryDirectory()
        self.fetch = Fetched()
        self.downloads = Downloads(Path(self.room.name), placeless, self.fetch)
        self.downloads.start()

    @rule(id=st.sampled_from("abc"), verb=st.sampled_from(("get", "pause", "cancel", "forget")))
    def press(self, id: str, verb: str) -> None:
        getattr(self.downloads, verb)(id)

    @rule(how=st.sampled_from(("done", "busy")))
    def end(self, how: str) -> None:
        if any(view.state == "running" for view in self.downloads.views()):
            self.fetch.ends.put(how)

    @invariant()
    def one_runs(self) -> None:
        assert sum(view.state == "running" for view in self.downloads.views()) <= 1

    def teardown(self) -> None:
        self.downloads.close()
        shown = {view.model: view.state for view in self.downloads.views()}
        again = Downloads(Path(self.room.name), find, self.fetch)
        assert {view.model: view.state for view in again.views()} == shown
        assert "running" not in shown.values()
        self.room.cleanup()


TestAnyOrder = AnyOrder.TestCase


def test_paused_while_it_comes_from_the_hub_it_goes_on_at_the_last_byte(
    tmp_path, server, model, cache
):
    name = "unet/diffusion_pytorch_model.safetensors"
    under_way, go_on = threading.Event(), threading.Event()

    def pause() -> None:
        until_partial(cache, 3_000_000)
        under_way.set()
        go_on.wait(WAIT_S)

    server.faults.append(Fault(name, cut=3_000_000, pause=pause))
    fetch = fetching(Hub(), Sound(tmp_path / "sound.json"))
    with closing(Downloads(tmp_path, lambda id: model, fetch)) as downloads:
        downloads.start()
        downloads.get(model.id)
        assert under_way.wait(WAIT_S)
        downloads.pause(model.id)
        go_on.set()
        assert until(downloads, model.id, "paused").progress.bytes > 0
        server.asked.clear()
        downloads.get(model.id)
        until(downloads, model.id, "done")
    assert [asked.start for asked in server.fetched(name)] == [3_000_000]
    assert complete.flaw(hub.cached(server.repo)) is None
