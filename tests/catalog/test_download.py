"""Fetching a model: only what is needed, proven, and never twice."""

from __future__ import annotations

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from huggingface_hub import hf_hub_download, snapshot_download
from huggingface_hub.utils import WeakFileLock

from aura.catalog import Model, complete, hub
from aura.catalog.download import Download
from aura.catalog.progress import Meter, Progress
from aura.catalog.remote import Hub
from aura.errors import (
    DiskFull,
    DownloadDamaged,
    FolderUnwritable,
    GatedModel,
    HubBusy,
    ModelMissing,
    NotOnHub,
    Offline,
    PickleRefused,
    Stopped,
    TokenRefused,
)
from tests.catalog.conftest import SHAPES, WAIT_S, remote_model, until_partial
from tests.catalog.hub_server import Fault, HubServer

UNET = "unet/diffusion_pytorch_model.safetensors"
VAE = "vae/diffusion_pytorch_model.safetensors"
TEXT = "text_encoder/model.safetensors"


def download(model: Model, **rest) -> Download:
    seen = rest.pop("seen", lambda progress: None)
    return Download(model, Hub(timeout=5), Meter(seen), **({"delays": (0.01,)} | rest))


def same(folder: Path) -> bool:
    """Is every file of it the one that ships?"""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return bool(files) and all(
        path.read_bytes() == (SHAPES / path.relative_to(folder)).read_bytes() for path in files
    )


# --- what comes, and where to


def test_a_model_comes_whole_and_is_found_in_the_cache(server, model):
    folder = download(model).run()
    assert same(folder) and complete.flaw(folder) is None
    assert hub.cached(server.repo) == folder


def test_only_the_files_that_are_loaded_come(server, model):
    server.files |= {"README.md": b"x", "unet/diffusion_pytorch_model.bin": b"x" * 2**18}
    server.files |= {"all-in-one.safetensors": b"x" * 2**18, "safety_checker/config.json": b"{}"}
    folder = download(model).run()
    named = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert named == {
        "model_index.json",
        "scheduler/scheduler_config.json",
        "text_encoder/config.json",
        "text_encoder/model.safetensors",
        "tokenizer/tokenizer.json",
        "tokenizer/tokenizer_config.json",
        "unet/config.json",
        UNET,
        "vae/config.json",
        VAE,
    }


def test_half_precision_is_preferred(server, model):
    half = UNET.replace(".safetensors", ".fp16.safetensors")
    server.files[half] = server.files[UNET]
    folder = download(model).run()
    assert (folder / half).is_file() and not (folder / UNET).exists()
    assert complete.flaw(folder) is None


def test_a_model_of_named_files_is_those_files(server, model):
    named = remote_model(server.repo, files=(VAE,))
    folder = download(named).run()
    assert [path.name for path in folder.rglob("*") if path.is_file()] == [Path(VAE).name]


def test_other_tools_find_what_aura_fetched_without_the_network(server, model, monkeypatch):
    folder = download(model).run()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert Path(hf_hub_download(server.repo, UNET)) == folder / UNET


def test_what_another_tool_fetched_is_not_fetched_again(server, model):
    theirs = snapshot_download(server.repo, endpoint=server.url)
    server.asked.clear()
    assert download(model).run() == Path(theirs)
    assert not [asked for asked in server.asked if asked.path in server.files]


def test_a_pinned_commit_is_what_comes_and_other_tools_find_it(server, monkeypatch):
    folder = download(remote_model(server.repo, revision=server.commit)).run()
    assert folder.name == server.commit
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert Path(hf_hub_download(server.repo, UNET)) == folder / UNET


def test_a_pinned_commit_moves_no_branch_that_another_tool_uses(server):
    theirs = Path(snapshot_download(server.repo, endpoint=server.url))
    ref = theirs.parent.parent / "refs" / "main"
    before = ref.read_text()
    server.files["vocabulary.json"] = b"{}"
    download(remote_model(server.repo, revision=server.commit)).run()
    assert ref.read_text() == before


def test_another_whole_copy_will_do_for_a_pinned_one(server):
    theirs = Path(snapshot_download(server.repo, endpoint=server.url))
    assert hub.cached(server.repo, "0" * 40) == theirs


def test_one_content_is_stored_once_for_all_commits(server, model):
    download(model).run()
    server.files["vocabulary.json"] = b"{}"  # a new commit
    server.asked.clear()
    folder = download(model).run()
    assert same(folder) and folder.name == server.commit
    assert not server.fetched(UNET)


def test_nothing_else_is_written_into_the_cache(server, model, cache):
    folder = download(model).run()
    blobs = {path.resolve() for path in folder.rglob("*") if path.is_file()}
    assert set((folder.parent.parent / "blobs").iterdir()) == blobs


def test_without_links_the_files_lie_in_the_snapshot(server, model, monkeypatch):
    def refused(*_):
        raise OSError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refused)
    folder = download(model).run()
    assert same(folder) and not (folder / UNET).is_symlink()
    server.asked.clear()
    assert download(model).run() == folder
    assert not server.fetched(UNET)


def test_a_file_that_another_program_is_fetching_is_waited_for_and_not_fetched_twice(
    server, model, cache
):
    etag = server.etag(UNET)
    store = hub.repo_folder(server.repo)
    lock = cache / ".locks" / store.name / f"{etag}.lock"
    lock.parent.mkdir(parents=True)
    with ThreadPoolExecutor(1) as beside:
        with WeakFileLock(lock):
            running = beside.submit(download(model).run)
            end = time.monotonic() + WAIT_S
            while len(list(store.glob("snapshots/*/*/*.safetensors"))) < 2:  # the smaller ones
                assert time.monotonic() < end
                time.sleep(0.01)
            (store / "blobs" / etag).write_bytes(server.files[UNET])
        assert same(running.result(WAIT_S))
    assert not server.fetched(UNET)


# --- how far it is


def test_progress_ends_with_every_byte_and_names_the_file(server, model):
    told: list[Progress] = []
    folder = download(model, seen=told.append).run()
    sizes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert told[-1].phase == "done" and told[-1].bytes == told[-1].total == sizes
    assert {UNET, VAE} <= {progress.file for progress in told}


def test_speed_and_time_left_are_those_of_the_last_seconds():
    told: list[Progress] = []
    now = iter(float(second) for second in range(100))
    meter = Meter(told.append, clock=lambda: next(now) / 2)
    meter.begin(0, 10_000)
    meter.turn("fetching", "x")
    for _ in range(8):
        meter.add(100)
    assert told[-1].speed == pytest.approx(100, rel=0.1)
    assert told[-1].left == pytest.approx((10_000 - 800) / told[-1].speed)


# --- when it breaks


def test_a_cut_connection_is_taken_up_where_it_was(server, model):
    server.faults.append(Fault(UNET, times=5, cut=2_000_000))
    assert same(download(model).run())
    asked = server.fetched(UNET)
    assert [one.start for one in asked][:2] == [0, 2_000_000]
    assert sum(one.sent for one in asked) == len(server.files[UNET])


def test_a_stopped_download_goes_on_at_its_last_byte(server, model, cache):
    stop = threading.Event()

    def pause() -> None:
        until_partial(cache, 3_000_000)
        stop.set()

    server.faults.append(Fault(UNET, cut=3_000_000, pause=pause))
    with pytest.raises(Stopped):
        download(model, stop=stop, delays=(30.0,)).run()
    server.asked.clear()
    assert same(download(model).run())
    assert [asked.start for asked in server.fetched(UNET)] == [3_000_000]
    assert not server.fetched(VAE) and not server.fetched(TEXT)


def test_without_an_answer_it_says_so_and_waits_for_the_network(server, model):
    told: list[str] = []
    server.faults.append(Fault(UNET, times=6, cut=0))
    assert same(download(model, seen=lambda progress: told.append(progress.phase)).run())
    assert "away" in told
    assert told[told.index("away") :].count("fetching") >= 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_hub_that_is_busy_for_a_moment_is_asked_again(server, model, status):
    server.faults += [Fault("/api/", times=2, status=status), Fault(VAE, times=2, status=status)]
    assert same(download(model).run())


@pytest.mark.parametrize("status", [429, 500])
def test_a_hub_that_stays_busy_is_an_error(server, model, status):
    server.faults.append(Fault(UNET, times=99, status=status))
    with pytest.raises(HubBusy) as busy:
        download(model).run()
    assert busy.value.facts["status"] == status


def test_it_waits_as_long_as_the_hub_asks(server, model):
    server.faults.append(Fault(UNET, status=429, headers={"Retry-After": "7"}))
    waits: list[float] = []

    class Stop(threading.Event):
        def wait(self, timeout=None):
            waits.append(timeout)
            return False

    download(model, stop=Stop()).run()
    assert max(waits) == 7.0


def test_a_slow_answer_is_waited_for(server, model):
    server.faults.append(Fault(VAE, delay=0.3))
    assert same(download(model).run())


@pytest.mark.parametrize(
    "status, headers, error",
    [
        (401, {"X-Error-Code": "GatedRepo"}, GatedModel),
        (403, {"X-Error-Code": "GatedRepo"}, GatedModel),
        (403, {}, GatedModel),
        (404, {"X-Error-Code": "RepoNotFound"}, NotOnHub),
        (404, {"X-Error-Code": "RevisionNotFound"}, NotOnHub),
        (404, {}, NotOnHub),
    ],
)
def test_a_refusal_is_told_by_its_kind(server, model, status, headers, error):
    server.faults.append(Fault("/api/", status=status, headers=headers))
    with pytest.raises(error) as refused:
        download(model).run()
    assert refused.value.facts["url"] == f"{server.url}/{server.repo}"


def test_a_gated_model_comes_with_the_right_token_and_not_with_another(server, model, monkeypatch):
    server.token = "hf_right"
    with pytest.raises(GatedModel):
        download(model).run()
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(TokenRefused):
        download(model).run()
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    assert same(download(model).run())


def test_a_token_is_kept_where_other_tools_look_once_it_is_proven(server, model, tmp_path):
    server.token = "hf_right"
    with pytest.raises(TokenRefused):
        Hub().keep_token(model, "hf_wrong")
    assert not (tmp_path / "token").exists()
    Hub().keep_token(model, " hf_right\n")
    assert (tmp_path / "token").read_text() == "hf_right"
    assert same(download(model).run())


@pytest.mark.parametrize("switch", ["--offline", "HF_HUB_OFFLINE"])
def test_offline_nothing_is_asked(server, model, monkeypatch, switch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", switch == "HF_HUB_OFFLINE")
    with pytest.raises(Offline):
        Download(model, Hub(offline=switch == "--offline"), Meter(lambda _: None)).run()
    assert not server.asked


def test_a_disk_without_room_is_told_before_the_first_weight(server, model):
    with pytest.raises(DiskFull) as full:
        download(model, free=lambda folder: 513 * 2**20).run()
    assert full.value.facts["free_bytes"] < full.value.facts["need_bytes"]
    assert not server.fetched(UNET) and not server.fetched(VAE)


def test_a_disk_that_fills_up_on_the_way_is_told_and_what_came_stays(server, model):
    blobs = hub.repo_folder(server.repo) / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{server.etag(UNET)}.aura.incomplete").symlink_to("/dev/full")
    with pytest.raises(DiskFull):
        download(model).run()
    assert (blobs / server.etag(VAE)).is_file()


def test_a_cache_that_cannot_be_written_is_told(server, model, cache):
    cache.write_text("no folder")
    with pytest.raises(FolderUnwritable):
        download(model).run()


def test_a_server_that_begins_anew_is_followed(server, model, cache):
    """One that knows no ranges sends the whole file, whatever was asked for."""
    server.ranges = False
    server.faults.append(Fault(UNET, cut=2_000_000))
    assert same(download(model).run())
    assert [asked.start for asked in server.fetched(UNET)] == [0, 0]


def test_a_repository_without_safe_weights_is_refused(server, model):
    for name in [name for name in server.files if name.endswith(".safetensors")]:
        server.files[name.replace(".safetensors", ".bin")] = server.files.pop(name)
    with pytest.raises(PickleRefused) as refused:
        download(model).run()
    assert refused.value.facts["name"] == server.repo
    server.files = {"README.md": b"moved"}
    with pytest.raises(NotOnHub):
        download(model).run()


# --- what is wrong


def test_a_file_that_comes_damaged_once_is_fetched_again(server, model):
    server.faults += [Fault(UNET, flip=5_000_000), Fault(VAE, truncate=1_000_000)]
    assert same(download(model).run())


def test_a_file_that_stays_damaged_is_refused_and_the_others_are_kept(server, model, cache):
    server.faults.append(Fault(UNET, times=99, flip=4_321))
    with pytest.raises(DownloadDamaged) as damaged:
        download(model).run()
    assert damaged.value.facts["path"] == UNET
    assert complete.flaw(hub.cached(server.repo)).parent.name == "unet"
    assert not list(cache.rglob("*.incomplete"))
    server.faults.clear()
    server.asked.clear()
    assert same(download(model).run())
    assert not server.fetched(VAE)


def test_a_file_cut_short_on_the_disk_is_set_aside_and_fetched_again(server, model):
    folder = download(model).run()
    blob = (folder / VAE).resolve()
    blob.write_bytes(blob.read_bytes()[:-100])
    assert complete.flaw(folder) == folder / VAE
    assert same(download(model).run())
    assert [path.stat().st_size for path in blob.parent.glob("*.damaged-*")] == [
        blob.stat().st_size - 100
    ]


def test_a_hub_that_names_files_outside_the_model_is_not_followed(server, model, cache):
    server.files["../../../evil.safetensors"] = b"x"
    assert same(download(remote_model(server.repo)).run())
    assert not list(cache.parent.rglob("evil*"))


def test_a_model_that_is_already_a_folder_of_its_own_is_not_fetched(tmp_path):
    own = remote_model(None, folder=str(shutil.copytree(SHAPES, tmp_path / "x")))
    with pytest.raises(ModelMissing):
        download(own).run()


def test_the_server_of_these_tests_is_a_hub_to_the_hubs_own_library(server: HubServer, cache):
    assert same(Path(snapshot_download(server.repo, endpoint=server.url)))
