"""``aura models``: the same downloads, proofs and files as the page, for scripts and people."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import shutil
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aura.cli.main import main
from aura.settings import APP_DIR, read
from tests.catalog import layouts as of
from tests.catalog.conftest import SHAPES, WAIT_S, reached, until_partial
from tests.catalog.hub_server import Fault, HubServer

FIELDS = {
    "id", "family", "task", "installed", "path", "bytes",
    "licence", "commercial", "gated", "verdict",
}  # fmt: skip
REPO = "stable-diffusion-v1-5/stable-diffusion-v1-5"  # of sd15, as the catalogue names it
UNET = "unet/diffusion_pytorch_model.safetensors"


class Terminal:
    """Runs ``aura models`` on a cache and a data folder of its own."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data, self.cache, self.capsys = home / "data", home / "hub", capsys
        self.options = ["--data-dir", str(self.data), "--device", "cpu", "--lang", "en"]

    def run(self, *arguments: str) -> tuple[int, str, str]:
        code = main(["models", *arguments, *self.options])
        return code, *self.capsys.readouterr()

    def told(self, *arguments: str) -> Any:
        """The JSON of a command that went well."""
        code, out, err = self.run(*arguments, "--json")
        assert code == 0, err
        return json.loads(out)

    def row(self, id: str) -> dict[str, Any]:
        (row,) = self.told("list", id)
        return row

    def start(self, server: HubServer, *arguments: str, **rest: Any) -> subprocess.Popen[bytes]:
        """In a process of its own."""
        environ = {
            "HF_ENDPOINT": server.url,
            "HF_HUB_CACHE": str(self.cache),
            "HF_HUB_OFFLINE": "0",
        }
        return subprocess.Popen(
            [sys.executable, "-m", "aura", "models", *arguments, *self.options],
            cwd=APP_DIR,
            env=os.environ | environ,
            stdout=subprocess.PIPE,
            **rest,
        )


@pytest.fixture
def terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return Terminal(tmp_path, capsys)


@pytest.fixture
def server(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A hub that has the built-in model under the name of another."""
    with HubServer(SHAPES, REPO).serving() as hub, reached(hub, monkeypatch):
        yield hub


# --- list


def test_every_model_is_listed_with_its_fields(terminal):
    rows = terminal.told("list")
    assert all(set(row) == FIELDS for row in rows)
    first = rows[0]
    assert first["id"] == "aura-shapes" and first["installed"] and first["verdict"] == "fits"
    assert first["bytes"] == sum(p.stat().st_size for p in SHAPES.rglob("*") if p.is_file())
    far = next(row for row in rows if row["id"] == "sd15")
    assert (far["installed"], far["path"]) == (False, None) and far["bytes"] > 10**9


def test_people_see_names_sizes_and_what_fits_in_their_language(terminal):
    terminal.options[-1] = "es"
    _, said, _ = terminal.run("list")
    assert "Stable Diffusion 1.5" in said and "cabe bien" in said and "2,0 GB" in said


def test_options_may_stand_before_the_action_too(terminal, server):
    assert main(["models", "--offline", *terminal.options, "get", "sd15", "--json"]) == 1
    assert "switched off" in terminal.capsys.readouterr().err


@pytest.mark.parametrize("action", ["list", "get", "verify", "remove"])
def test_an_unknown_model_is_bad_input(terminal, action):
    code, out, err = terminal.run(action, "nope")
    assert code == 2 and "nope" in err and not out


# --- get


def test_a_model_is_fetched_proven_and_there_from_then_on(terminal, server):
    assert not terminal.row("sd15")["installed"]
    got = terminal.told("get", "sd15")
    assert got["installed"] and set(got) == FIELDS
    assert Path(got["path"], UNET).read_bytes() == (SHAPES / UNET).read_bytes()
    server.asked.clear()
    code, out, _ = terminal.run("get", "sd15")
    assert code == 0 and out.strip() == got["path"] and not server.asked


def test_ctrl_c_ends_with_130_and_what_came_is_kept(terminal, server):
    under_way, go_on = threading.Event(), threading.Event()

    def pause() -> None:
        until_partial(terminal.cache, 3_000_000)
        under_way.set()
        go_on.wait(WAIT_S)

    server.faults.append(Fault(UNET, cut=3_000_000, pause=pause))
    process = terminal.start(server, "get", "sd15", stderr=subprocess.PIPE)
    assert under_way.wait(WAIT_S)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=WAIT_S)
    go_on.set()
    assert process.returncode == 130 and not out and b"Traceback" not in err
    server.asked.clear()
    assert terminal.told("get", "sd15")["installed"]
    assert [asked.start for asked in server.fetched(UNET)] == [3_000_000]


@pytest.mark.parametrize("switch", ["--offline", "HF_HUB_OFFLINE"])
def test_offline_what_is_not_here_is_said_in_one_line(terminal, server, monkeypatch, switch):
    option = ["--offline"] if switch == "--offline" else []
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", not option)
    code, out, err = terminal.run("get", "sd15", *option)
    assert code == 1 and not out and len(err.strip().splitlines()) == 1
    assert "network is switched off" in err
    assert not server.asked


def test_offline_what_is_here_is_found_and_proven(terminal, server):
    terminal.told("get", "sd15")
    server.asked.clear()
    assert terminal.told("get", "sd15", "--offline")["installed"]
    assert terminal.run("verify", "sd15", "--offline")[0] == 0
    assert not server.asked


def test_a_restricted_licence_is_agreed_to_once(terminal):
    code, _, err = terminal.run("get", "flux1-dev")
    assert code == 2 and "--accept-licence" in err and "black-forest-labs/FLUX.1-dev" in err
    assert terminal.run("get", "--accept-licence", "flux1-dev")[0] == 1  # no network here
    code, _, err = terminal.run("get", "flux1-dev")
    assert code == 1 and "switched off" in err


def test_on_a_terminal_there_is_a_bar_and_no_json_is_spoilt_by_it(terminal, server):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    server.faults.append(Fault(UNET, delay=0.5))  # long enough for a bar to be drawn
    process = terminal.start(server, "get", "sd15", "--json", stderr=theirs)
    os.close(theirs)
    shown = b""
    while piece := _read(ours):
        shown += piece
    out, _ = process.communicate(timeout=WAIT_S)
    assert json.loads(out)["installed"]
    assert b"Stable Diffusion 1.5" in shown and b"B/s" in shown


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 4096)
    except OSError:  # the other end has closed
        return b""


# --- verify


def test_verifying_finds_a_turned_bit_sets_it_aside_and_get_mends_it(terminal, server):
    path = Path(terminal.told("get", "sd15")["path"])
    assert [row["damaged"] for row in terminal.told("verify", "sd15")] == [[]]
    blob = (path / UNET).resolve()
    data = bytearray(blob.read_bytes())
    data[7_000_000] ^= 4
    blob.write_bytes(data)
    code, out, _ = terminal.run("verify", "--json")
    (row,) = [row for row in json.loads(out) if row["id"] == "sd15"]
    assert code == 1 and row["damaged"] == [UNET] and row["aside"] and not row["installed"]
    assert [path.read_bytes() for path in blob.parent.glob("*.damaged-*")] == [bytes(data)]
    server.asked.clear()
    assert terminal.told("get", "sd15")["installed"]
    assert server.fetched(UNET) and not server.fetched("vae/config.json")
    assert terminal.run("verify", "sd15")[0] == 0


def test_a_damaged_file_of_ones_own_is_told_and_left_alone(terminal, tmp_path):
    own = Path(shutil.copytree(SHAPES, tmp_path / "mine" / "shapes"))
    short = (own / UNET).read_bytes()[:-5]
    (own / UNET).write_bytes(short)
    code, out, _ = terminal.run("verify", "shapes", "--models-dir", str(own.parent))
    assert code == 1 and UNET in out
    assert (own / UNET).read_bytes() == short


# --- remove


def test_removing_frees_what_it_said_and_asks_first(terminal, server):
    path = Path(terminal.told("get", "sd15")["path"])
    code, _, err = terminal.run("remove", "sd15")
    assert code == 2 and "--yes" in err and path.exists()
    used = sum(blob.stat().st_size for blob in terminal.cache.glob("*/blobs/*"))
    row = terminal.told("remove", "sd15", "--yes")
    assert row["freed"] == used and not row["installed"]
    assert not path.exists()
    assert not terminal.row("sd15")["installed"]


def test_what_other_copies_share_stays_and_other_programs_files_are_named(terminal, server):
    path = Path(terminal.told("get", "sd15")["path"])
    other = path.with_name("b" * 40)
    shutil.copytree(path / "vae", other / "vae", symlinks=True)
    (path / "theirs.ckpt").write_bytes(b"x" * 1000)
    code, _, err = terminal.run("remove", "sd15", "--yes")
    assert code == 0 and "theirs.ckpt" in err and "stay" in err
    assert (other / "vae" / "diffusion_pytorch_model.safetensors").is_file()
    assert not path.exists()


def test_a_model_that_is_no_download_is_never_deleted(terminal):
    assert terminal.run("remove", "aura-shapes", "--yes")[0] == 2
    assert (SHAPES / "model_index.json").is_file()
    assert terminal.run("remove", "sd15", "--yes")[0] == 1  # not here


# --- add


@pytest.fixture
def comfy(tmp_path: Path) -> Path:
    """A models folder as ComfyUI has it."""
    folder = tmp_path / "ComfyUI" / "models"
    for kind in ("checkpoints", "loras", "upscale_models", "unet", "diffusers"):
        (folder / kind).mkdir(parents=True)
    of.safetensors(folder / "checkpoints" / "xl.safetensors", of.SDXL)
    of.safetensors(folder / "loras" / "style.safetensors", of.LORAS["SDXL kohya"])
    of.gguf_file(folder / "unet" / "flux1-dev-Q4_K_S.gguf", of.FLUX_DEV, "flux")
    (folder / "upscale_models" / "4x.pth").write_bytes(b"x")
    (folder / "checkpoints" / "torn.safetensors").write_bytes(b"x")
    shutil.copytree(SHAPES, folder / "diffusers" / "My Shapes")
    return folder


def test_a_folder_of_ones_own_is_told_file_by_file_and_remembered(terminal, comfy):
    terminal.data.mkdir()
    (terminal.data / "settings.toml").write_text("# mine\nlang = 'es'\n")
    told = terminal.told("add", str(comfy))
    assert {row["id"]: row["installed"] for row in told["models"]} == {
        "my-shapes": True,
        "style": True,
        "xl": False,  # nothing here lends it a tokenizer
        "flux1-dev-q4-k-s": False,  # nor the rest of FLUX
    }
    assert sorted((file["kind"], file["model"], file["precision"]) for file in told["files"]) == [
        ("checkpoint", "SDXL", "fp16"),
        ("denoiser", "FLUX.1 dev", "Q4_K"),
        ("lora", "SDXL", "fp16"),
    ]
    assert {Path(one["path"]).name: one["error"]["code"] for one in told["refused"]} == {
        "4x.pth": "pickle_refused",
        "torn.safetensors": "bad_weights",
    }
    assert "# mine" in (terminal.data / "settings.toml").read_text()
    assert read({"data_dir": terminal.data}, {}).models_dirs == (comfy,)
    assert terminal.told("add", str(comfy))["added"] is False
    rows = terminal.told("list")
    assert {"my-shapes", "style", "flux1-dev-q4-k-s"} <= {row["id"] for row in rows}
    assert all(set(row) >= FIELDS for row in rows)


def test_people_are_told_what_is_there_and_what_to_do_about_the_rest(terminal, comfy):
    code, said, _ = terminal.run("add", str(comfy))
    assert code == 0 and "LoRA" in said and "FLUX.1 dev" in said
    assert "4x.pth" in said and ".safetensors; most have it" in said


def test_a_folder_that_is_not_there_is_bad_input(terminal, tmp_path):
    code, _, err = terminal.run("add", str(tmp_path / "gone"))
    assert code == 2 and "no such folder" in err
    assert not (terminal.data / "settings.toml").exists()


def test_settings_that_cannot_be_read_are_never_written_over(tmp_path):
    from aura.catalog.folders import remember
    from aura.errors import BadRequest

    for words in ("models_dirs = 'one'\n", "models_dirs = [", "\x00"):
        (tmp_path / "settings.toml").write_text(words)
        with pytest.raises(BadRequest):
            remember(tmp_path, tmp_path)
        assert (tmp_path / "settings.toml").read_text() == words
