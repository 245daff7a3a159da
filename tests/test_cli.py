"""The command line: the same requests, engine and pictures as the tab, and honest endings."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from aura import i18n
from aura.cli import doctor, serve
from aura.cli.language import spoken
from aura.cli.main import COMMANDS, main, parser, with_command
from aura.cli.moving import moved
from aura.library.metadata import read_settings
from aura.settings import Settings
from aura.studio import Studio
from aura.ui import serving
from tests.engine.scripted import ScriptedEngine

ROOT = Path(__file__).resolve().parent.parent
REPORTED = {"path", "width", "height", "seed", "model", "seconds", "stages", "peak_bytes", "plan"}


class Terminal:
    """Runs commands as a script would, on a data folder and models of their own."""

    def __init__(self, data: Path, models: Path) -> None:
        self.options = ["--data-dir", str(data), "--models-dir", str(models), "--device", "cpu"]
        self.environ = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "aura", *arguments, *self.options]
        return subprocess.Popen(
            command,
            cwd="/",
            env={**self.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environ: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **environ)
        out, err = process.communicate(timeout=240)
        return process.returncode, out, err

    def here(self, *arguments: str) -> int:
        """In this process: for what ends before an engine is needed."""
        try:
            return main([*arguments, *self.options])
        except SystemExit as bad_usage:
            return int(bad_usage.code or 0)


@pytest.fixture
def terminal(tmp_path: Path, tiny_pack: Path) -> Terminal:
    return Terminal(tmp_path / "data", tiny_pack.parent)


def children(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


# --- generate


def test_json_is_all_that_is_printed_and_tells_of_every_picture(terminal: Terminal, tmp_path: Path):
    code, out, err = terminal.run(
        "generate", "a {red|blue} circle", "--model", "tiny", "--count", "2", "--seed", "11",
        "--steps", "2", "--ratio", "16:9", "--json",
    )  # fmt: skip
    assert code == 0, err
    pictures = json.loads(out)
    assert [picture["seed"] for picture in pictures] == [11, 12]
    for picture in pictures:
        assert picture.keys() == REPORTED
        with Image.open(picture["path"]) as image:
            assert image.size == (picture["width"], picture["height"])
        assert Path(picture["path"]).is_relative_to(tmp_path / "data" / "outputs")
        assert picture["plan"]["device"] == "cpu" and picture["peak_bytes"] > 0
        read = read_settings(Path(picture["path"]))
        assert read["prompt"] == "a {red|blue} circle" and read["seed"] == picture["seed"]
    assert "Traceback" not in err


def test_pictures_go_where_they_are_wanted(terminal: Terminal, tmp_path: Path):
    out_folder = tmp_path / "my pictures"
    asked = ("generate", "a circle", "--model", "tiny", "--steps", "1", "--out", str(out_folder))
    code, out, err = terminal.run(*asked, "--lang", "es")
    assert code == 0, err
    assert "Dibujando" in err, "what people read goes to standard error"
    assert [Path(line) for line in out.splitlines()] == list(out_folder.iterdir())
    assert not list((tmp_path / "data" / "outputs").rglob("*.png"))


def test_a_picture_that_is_moved_takes_no_other_ones_place(tmp_path: Path):
    places = []
    for content in (b"one", b"two", b"three"):
        picture = tmp_path / "0001-a-circle.png"
        picture.write_bytes(content)
        places.append(moved(picture, tmp_path / "wanted"))
        assert not picture.exists()
    assert [place.read_bytes() for place in places] == [b"one", b"two", b"three"]


def test_a_stopped_run_keeps_what_it_has_drawn_and_leaves_nothing_running(terminal: Terminal):
    process = terminal.start(
        "generate", "a circle", "--model", "tiny", "--count", "64", "--steps", "20"
    )
    assert process.stdout is not None
    first = process.stdout.readline().strip()
    family = children(process.pid)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    paths = [first, *out.split()]
    assert process.returncode == 130, err
    assert 1 <= len(paths) < 64 and all(Path(path).is_file() for path in paths)
    assert family and not [child for child in family if child.is_running()]
    assert i18n.text("en", "cli.stopped") in err and "Traceback" not in err


BAD = {
    "no prompt": ["generate"],
    "empty prompt": ["generate", "  "],
    "unknown model": ["generate", "x", "--model", "nothing"],
    "unknown ratio": ["generate", "x", "--model", "tiny", "--ratio", "5:1"],
    "ratio and sides": ["generate", "x", "--model", "tiny", "--ratio", "1:1", "--width", "64"],
    "odd width": ["generate", "x", "--model", "tiny", "--width", "65", "--height", "64"],
    "huge": ["generate", "x", "--model", "tiny", "--width", "99999", "--height", "64"],
    "no width": ["generate", "x", "--model", "tiny", "--height", "64"],
    "no number": ["generate", "x", "--model", "tiny", "--steps", "many"],
    "no steps": ["generate", "x", "--model", "tiny", "--steps", "0"],
    "too many": ["generate", "x", "--model", "tiny", "--count", "1000"],
    "none": ["generate", "x", "--model", "tiny", "--count", "0"],
    "seed": ["generate", "x", "--model", "tiny", "--seed", "-2"],
    "guidance": ["generate", "x", "--model", "tiny", "--guidance", "nan"],
    "scheduler": ["generate", "x", "--model", "tiny", "--scheduler", "magic"],
    "style": ["generate", "x", "--model", "tiny", "--style", "no such style"],
    "too long": ["generate", "x" * 5000, "--model", "tiny"],
    "option": ["generate", "x", "--such", "thing"],
    "command": ["paint", "x"],
    "port": ["serve", "--port", "99999"],
    "limit": ["serve", "--vram-limit", "lots"],
    "language": ["serve", "--lang", "fr"],
}


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
@pytest.mark.parametrize("asked", BAD.values(), ids=BAD)
def test_bad_input_ends_with_2_and_a_sentence(
    terminal: Terminal, capfd: pytest.CaptureFixture[str], asked: list[str], lang: str
):
    language = [] if "fr" in asked else ["--lang", lang]
    assert terminal.here(*asked, *language) == 2
    out, err = capfd.readouterr()
    assert out == "" and len(err) > 20 and "Traceback" not in err
    assert not (Path(terminal.options[1]) / "outputs").exists()


def test_a_model_that_is_damaged_ends_with_1(tmp_path: Path, tiny_pack: Path, capfd):
    import shutil

    damaged = shutil.copytree(tiny_pack, tmp_path / "models" / "tiny")
    for weights in damaged.rglob("*.safetensors"):
        weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    terminal = Terminal(tmp_path / "data", damaged.parent)
    assert terminal.here("generate", "a circle", "--model", "tiny", "--json") == 1
    out, err = capfd.readouterr()
    assert out == "" and len(err) > 20 and "Traceback" not in err


def test_an_engine_that_dies_ends_with_1_and_a_sentence(terminal: Terminal, tmp_path: Path):
    dies = "import sys; 'aura.engine.child' in sys.orig_argv and sys.exit('gone: Traceback')"
    (tmp_path / "sitecustomize.py").write_text(dies)
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    asked = ("generate", "a circle", "--model", "tiny", "--json", "--lang", "es")
    code, out, err = terminal.run(*asked, PYTHONPATH=path)
    assert (code, json.loads(out)) == (1, [])
    lost = i18n.error_text("es", {"code": "engine_lost", "facts": {}})
    assert err.splitlines()[-1] == lost
    assert "engine ended" not in err, "what is logged is not for the terminal"


def test_a_folder_that_cannot_be_written_keeps_the_picture_where_it_was(tmp_path: Path):
    from aura.errors import FolderUnwritable

    picture = tmp_path / "a.png"
    picture.write_bytes(b"picture")
    (tmp_path / "file").touch()
    with pytest.raises(FolderUnwritable):
        moved(picture, tmp_path / "file" / "folder")
    assert picture.read_bytes() == b"picture"


# --- without the packages that are only optional

OPTIONAL = ("xformers", "pynvml", "sentencepiece", "hf_xet", "torchvision", "gguf")


def test_it_draws_with_every_optional_package_missing(terminal: Terminal, tmp_path: Path):
    # What every process of this environment does first: None stands for "is not installed".
    absent = f"import sys; sys.modules.update(dict.fromkeys({OPTIONAL!r}))"
    (tmp_path / "sitecustomize.py").write_text(absent)
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    code, out, err = terminal.run(
        "generate", "a circle", "--model", "tiny", "--steps", "1", "--json", PYTHONPATH=path
    )
    assert code == 0, err
    assert len(json.loads(out)) == 1


BROKEN = {
    "raises": "raise RuntimeError('built for another torch')",
    "exits its import": "import no_such_library_of_its_own",
    "no kernels": "from . import _cpp_lib",
}


@pytest.mark.parametrize("harm", BROKEN)
def test_an_imposed_package_that_does_not_load_looks_absent(tmp_path: Path, harm: str):
    package = tmp_path / "imposed"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "ops.py").write_text(BROKEN[harm])
    (package / "_cpp_lib.py").write_text("_cpp_library_load_exception = OSError('CUDA 12')")
    check = (
        "import importlib.util; from aura import extras; print(extras.settle(('imposed.ops',)),"
        " importlib.util.find_spec('imposed'))"
    )
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    run = subprocess.run(
        [sys.executable, "-c", check],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "('imposed.ops',) None"


def test_a_package_that_is_not_installed_is_no_news():
    from aura import extras

    assert extras.settle(("no_such_package.ops",)) == ()


def test_a_package_is_seen_again_once_the_libraries_are_loaded(tmp_path: Path, monkeypatch):
    import importlib.util

    from aura import extras

    (tmp_path / "curious.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    with extras.unseen(("curious",)):
        assert importlib.util.find_spec("curious") is None
    assert importlib.util.find_spec("curious") is not None


# --- doctor


def test_doctor_tells_what_it_found_as_json(terminal: Terminal, capfd):
    assert terminal.here("doctor", "--json") == 0
    facts = json.loads(capfd.readouterr().out)
    assert facts["packages"]["torch"] and facts["device"]["kind"] == "cpu"
    assert facts["data"]["writable"] and facts["data"]["free"] > 0
    assert any(model["id"] == "tiny" and model["path"] for model in facts["models"])


def test_doctor_writes_nothing(terminal: Terminal, capfd):
    terminal.here("doctor")
    assert not Path(terminal.options[1]).exists()


def healthy(**changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "packages": {"torch": "2.13.0", "gradio": "6.31.0"},
        "optional": {"xformers": None, "nvidia-ml-py": "13"},
        "driver": {"present": True, "version": "580.1", "cards": ["RTX"]},
        "device": {"kind": "cuda", "host_free": 2**34},
        "data": {"path": "/data", "writable": True, "free": 2**40},
        "models": [{"id": "a", "name": "A", "path": "/a"}],
        "browser": True,
    }
    return facts | changes


ILLS = {
    "package": {"packages": {"torch": None}},
    "device": {"device": {"fault": "OSError: libcudart"}},
    "data_unwritable": {"data": {"path": "/data", "writable": False, "free": 2**40}},
    "no_model": {"models": [{"id": "a", "name": "A", "path": None}]},
    "torch_without_cuda": {"packages": {"torch": "2.13.0+cpu"}, "device": {"kind": "cpu"}},
    "card_unused": {"device": {"kind": "cpu"}},
    "no_nvml": {"optional": {"nvidia-ml-py": None}},
    "disk": {"data": {"path": "/data", "writable": True, "free": 2**20}},
    "memory": {"device": {"kind": "cuda", "host_free": 2**20}},
    "no_browser": {"browser": False},
}


@pytest.mark.parametrize("ill", ILLS)
def test_doctor_has_advice_for_each_ill(ill: str):
    told = list(doctor.advise(healthy(**ILLS[ill])))
    assert [code for code, _ in told] == [ill]
    for lang in i18n.LANGUAGES:
        assert doctor.worded(lang, *told[0])


def test_a_healthy_machine_gets_no_advice():
    assert list(doctor.advise(healthy())) == []


# --- options and languages


def test_options_reach_the_studio(monkeypatch, tmp_path: Path):
    seen: list[Settings] = []
    monkeypatch.setattr(serving, "serve", lambda settings, lang: seen.append(settings) or 0)
    line = "--share --listen --port 7861 --offline --no-browser --vram-limit 4GiB --lang es"
    more = ["--memory-limit", "8 GB", "--data-dir", str(tmp_path / "d"), "--password", "word"]
    more += ["--models-dir", str(tmp_path / "a"), "--models-dir", str(tmp_path / "b")]
    assert main([*line.split(), *more]) == 0
    assert seen == [
        Settings(
            share=True,
            listen=True,
            port=7861,
            offline=True,
            browser=False,
            vram_limit=4 * 2**30,
            memory_limit=8 * 2**30,
            lang="es",
            data_dir=tmp_path / "d",
            models_dirs=(tmp_path / "a", tmp_path / "b"),
            password="word",
        )
    ]


@pytest.mark.parametrize(
    "given, command", [([], "serve"), (["--port", "1"], "serve"), (["doctor"], "doctor")]
)
def test_serving_is_what_happens_when_no_command_is_named(given: list[str], command: str):
    assert with_command(given)[0] == command


@pytest.mark.parametrize("command", [None, *COMMANDS], ids=str)
def test_spanish_help_has_no_english_in_it(command, capsys):
    asked = [] if command is None else [command.__name__.rpartition(".")[2]]
    with pytest.raises(SystemExit):
        parser("es").parse_args([*asked, "--help"])
    helped = capsys.readouterr().out
    english = re.findall(r"\b(usage|options|show|positional|this|help message|the|of)\b", helped)
    assert not english
    assert "uso:" in helped and "muestra esta ayuda" in helped


@pytest.mark.parametrize(
    "arguments, environ, setting, lang",
    [
        (["--lang", "es"], {"AURA_LANG": "en"}, "en", "es"),
        (["--lang=es"], {}, "auto", "es"),
        ([], {"AURA_LANG": "es", "LANG": "en_GB"}, "en", "es"),
        ([], {"LANG": "en_GB.UTF-8"}, "es", "es"),
        ([], {"LANG": "es_MX.UTF-8"}, "auto", "es"),
        ([], {"LC_ALL": "es_ES", "LANG": "en_US"}, "auto", "es"),
        ([], {"LANG": "C"}, "auto", "en"),
        (["--lang"], {}, "auto", "en"),
        (["--lang", "auto"], {"LANG": "es_ES"}, "auto", "es"),
    ],
)
def test_the_language_is_the_nearest_that_was_said(arguments, environ, setting, lang):
    assert spoken(arguments, environ, setting) == lang


# --- serve


def test_a_second_start_says_where_the_first_is_and_opens_it(tmp_path: Path, monkeypatch, capsys):
    opened: list[str] = []
    monkeypatch.setattr(serve.webbrowser, "open", opened.append)
    url = "http://127.0.0.1:7860/"
    with Studio.open(Settings(data_dir=tmp_path), engine=ScriptedEngine()) as studio:
        studio.announce(url)
        monkeypatch.setattr(serving, "settle", lambda *_: None)
        before = {sign: signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM)}
        assert main(["--data-dir", str(tmp_path)]) == 0
        for sign, handler in before.items():
            signal.signal(sign, handler)
    assert url in capsys.readouterr().out and opened == [url]


def test_a_port_that_is_taken_is_said_and_another_one_named(monkeypatch, capsys):
    def busy(settings: Settings, lang: str) -> int:
        raise serving.PortBusy(settings.port)

    monkeypatch.setattr(serving, "serve", busy)
    assert main(["--port", "7870"]) == 1
    assert "7870" in capsys.readouterr().err


def test_a_taken_port_is_found_out():
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(serving.PortBusy):
            serving.free_port(other.getsockname()[1])
    assert serving.free_port(None) in serving.PORTS
    assert serving.free_port(0) > 0


SERVED = """
import sys, urllib.request
from pathlib import Path
from aura.ui import serving
from aura.settings import Settings
def look(*_):
    page = urllib.request.urlopen(Path(data, "locks", "studio.url").read_text()).read()
    loaded = sorted(set(sys.modules) & {"torch", "diffusers", "transformers", "accelerate"})
    print(b"<title>Aura" in page or b"Aura" in page, loaded, flush=True)
data = sys.argv[1]
serving.announce = look
sys.exit(serving.serve(Settings(data_dir=data, port=0, browser=False, device="cpu"), "en"))
"""


def test_the_process_that_serves_the_page_loads_no_torch_and_ends_cleanly(tmp_path: Path):
    process = subprocess.Popen(
        [sys.executable, "-c", SERVED, str(tmp_path / "data")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline().strip() == "True []", process.stderr.read()
    family = children(process.pid)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert not [child for child in family if child.is_running()]
    assert "Traceback" not in err
    assert not (tmp_path / "data" / "locks" / "studio.url").exists()


def test_a_mistake_in_the_settings_file_is_told_in_the_language_it_names(tmp_path: Path, capsys):
    (tmp_path / "settings.toml").write_text('lang = "es"\nport = 99999\n')
    assert main(["doctor", "--data-dir", str(tmp_path)]) == 2
    assert "un puerto es un número entero" in capsys.readouterr().err
