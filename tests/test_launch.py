"""The launcher: which Python, which torch, and an environment that is whole or made so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools import launcher, torch_build
from tools.environment import Environment, SetupFailed, damaged
from tools.torch_build import Build, Card, fitting

ROOT = Path(__file__).resolve().parent.parent
PINS = "torch==2.13.0\nxformers==0.0.35\npillow==12.3.0\n"

posix = pytest.mark.parametrize("script", ["launch.sh"][: os.name == "posix"])


class Pip:
    """Stands in for Python and pip: makes what they would make, and remembers what was asked.

    ``breaks`` is the number of the install at which the connection is lost.
    """

    def __init__(self, environment_folder: Path, breaks: int | None = None) -> None:
        self.folder, self.breaks = environment_folder, breaks
        self.asked: list[list[str]] = []

    def __call__(self, command: Sequence[str]) -> int:
        self.asked.append(list(command))
        if "venv" in command:
            shutil.rmtree(self.folder, ignore_errors=True)
            python = Environment(self.folder, (), run=self, say=print).python
            python.parent.mkdir(parents=True)
            python.write_text("")
            Environment(self.folder, (), run=self, say=print).site.mkdir(parents=True)
        if "install" in command:
            if len(self.installs) == self.breaks:
                return 1
            self._put("pillow")
        return 0

    @property
    def installs(self) -> list[list[str]]:
        return [command for command in self.asked if "install" in command]

    def _put(self, name: str) -> None:
        package(Environment(self.folder, (), run=self, say=print).site, name)


def package(site: Path, name: str) -> Path:
    """An installed package of one module, with its record."""
    (site / f"{name}.py").write_text("whole = True\n")
    record = site / f"{name}-1.0.dist-info"
    record.mkdir(exist_ok=True)
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (record / "RECORD").write_text(f"{name}.py,,13\n{record.name}/METADATA,,\n")
    return record


class Bench:
    """One environment in a folder, and what is done to it."""

    def __init__(self, folder: Path, breaks: int | None = None) -> None:
        self.requirements = folder / "requirements.txt"
        if not self.requirements.exists():
            self.requirements.write_text(PINS)
        self.pip = Pip(folder / ".venv", breaks)
        self.said: list[str] = []
        self.environment = Environment(
            folder / ".venv", [self.requirements], run=self.pip, say=self.said.append
        )

    def prepare(self, build: Build = torch_build.PLAIN, reachable: bool = True) -> Bench:
        self.environment.prepare(build, False, lambda _: reachable)
        return self


# --- an environment that is whole


def test_a_second_start_installs_nothing(tmp_path: Path):
    assert Bench(tmp_path).prepare().environment.ready(False)
    assert Bench(tmp_path).environment.ready(False)


def test_changed_requirements_are_installed_again(tmp_path: Path):
    bench = Bench(tmp_path).prepare()
    bench.requirements.write_text(PINS + "tqdm==4.70.1\n")
    assert not bench.environment.ready(False)


def test_a_card_that_was_put_in_later_asks_for_another_torch(tmp_path: Path):
    assert not Bench(tmp_path).prepare().environment.ready(True)


def test_tests_need_more_than_the_app(tmp_path: Path):
    bench = Bench(tmp_path).prepare()
    more = tmp_path / "requirements-test.txt"
    more.write_text("ruff==0.17.5\n")
    both = Environment(
        bench.environment.folder, [bench.requirements, more], run=bench.pip, say=print
    )
    assert not both.ready(False)
    both.prepare(torch_build.PLAIN, False, lambda _: True)
    assert both.ready(False)
    assert bench.environment.ready(False), "the app alone is still satisfied"


def test_what_stands_alone_is_installed_without_what_it_asks_for(tmp_path: Path):
    bench, alone = Bench(tmp_path), tmp_path / "requirements-no-deps.txt"
    alone.write_text("spandrel==0.4.2\n")
    both = Environment(
        bench.environment.folder, [bench.requirements, alone], run=bench.pip, say=print
    )
    both.prepare(torch_build.PLAIN, False, lambda _: True)
    told = {command[-1].rpartition("/")[2]: command for command in bench.pip.installs}
    assert "--no-deps" in told["requirements-no-deps.txt"]
    assert "--no-deps" not in told["requirements.txt"]


@pytest.mark.parametrize("breaks", [1, 2])
def test_an_interrupted_install_is_never_trusted(tmp_path: Path, breaks: int):
    bench = Bench(tmp_path, breaks)
    with pytest.raises(SetupFailed):
        bench.prepare(torch_build.KNOWN["cpu"] if breaks == 2 else torch_build.PLAIN)
    assert not Bench(tmp_path).environment.ready(False)
    assert Bench(tmp_path).prepare().environment.ready(False)


def test_an_install_that_breaks_over_a_good_one_is_not_trusted_either(tmp_path: Path):
    Bench(tmp_path).prepare()
    broken = Bench(tmp_path, breaks=1)
    with pytest.raises(SetupFailed):
        broken.prepare()
    assert not Bench(tmp_path).environment.ready(False)


def test_a_package_that_was_deleted_by_hand_is_noticed(tmp_path: Path):
    environment = Bench(tmp_path).prepare().environment
    (environment.site / "pillow.py").unlink()
    assert not environment.ready(False)


def test_a_python_that_was_uninstalled_is_noticed(tmp_path: Path):
    environment = Bench(tmp_path).prepare().environment
    environment.python.unlink()
    assert not environment.ready(False)
    assert Bench(tmp_path).prepare().environment.ready(False)


# --- mending


@pytest.mark.parametrize("harm", ["missing", "short", "no record"])
def test_half_installed_packages_are_forgotten_so_that_pip_puts_them_in_anew(tmp_path, harm):
    whole, half = package(tmp_path, "whole"), package(tmp_path, "half")
    if harm == "missing":
        (tmp_path / "half.py").unlink()
    elif harm == "short":
        (tmp_path / "half.py").write_text("wh")
    else:
        (half / "RECORD").unlink()
    assert list(damaged(tmp_path)) == [half]
    assert whole.exists()


def test_mending_removes_the_records_of_half_installed_packages_only(tmp_path: Path):
    bench = Bench(tmp_path).prepare()
    site = bench.environment.site
    half, leftover = package(site, "half"), site / "~alf"
    (site / "half.py").unlink()
    leftover.mkdir()
    bench.environment.stamp.unlink()
    again = Bench(tmp_path).prepare()
    assert "cli.setup.mending" in again.said
    assert not half.exists() and not leftover.exists()
    assert (site / "pillow-1.0.dist-info").exists()


# --- which torch


@pytest.mark.parametrize(
    "system, driver, cards, name",
    [
        ("Linux", False, [], "cpu"),
        ("Windows", False, [], "plain"),
        ("Darwin", False, [], "plain"),
        ("Linux", True, [Card(580, 8.9)], "plain"),
        ("Windows", True, [Card(580, 8.9)], "cu130"),
        ("Linux", True, [Card(580, 6.1)], "cu126"),  # GTX 1060: CUDA 13 left it out
        ("Windows", True, [Card(560, 8.6)], "cu126"),  # a driver from before CUDA 13
        ("Linux", True, [Card(590, 12.0)], "plain"),
        ("Linux", True, [Card(570, 12.0)], "plain"),  # the CUDA 12 build does not know it
        ("Linux", True, [], "plain"),  # a driver that does not answer
    ],
)
def test_the_build_of_torch_fits_the_machine(system, driver, cards, name):
    assert fitting(driver, cards, system).name == name


def test_a_build_that_cannot_be_reached_gives_way_to_the_plain_one(tmp_path: Path):
    bench = Bench(tmp_path).prepare(torch_build.KNOWN["cpu"], reachable=False)
    assert "cli.setup.torch.unreachable" in bench.said
    assert not any("--index-url" in command for command in bench.pip.asked)
    assert bench.environment.ready(False), "the next start does not try again"


def test_a_build_whose_index_breaks_off_gives_way_too(tmp_path: Path):
    bench = Bench(tmp_path, breaks=1).prepare(torch_build.KNOWN["cpu"])
    assert "cli.setup.torch.unreachable" in bench.said
    assert bench.environment.ready(False)


def test_the_fitting_build_comes_from_its_own_index_alone(tmp_path: Path):
    install = Bench(tmp_path).prepare(torch_build.KNOWN["cu126"]).pip.installs[0]
    assert install[-2:] == ["https://download.pytorch.org/whl/cu126", "torch==2.13.0"]
    assert "--no-deps" in install


def test_another_build_replaces_the_one_that_is_there(tmp_path: Path):
    Bench(tmp_path).prepare()
    bench = Bench(tmp_path).prepare(torch_build.KNOWN["cu126"])
    gone = next(command for command in bench.pip.asked if "uninstall" in command)
    assert gone[-2:] == ["torch", "xformers"]


@pytest.mark.parametrize("name, there", [("cu126", True), ("cpu", False), ("plain", False)])
def test_xformers_is_installed_where_its_kernels_load(tmp_path: Path, name: str, there: bool):
    bench = Bench(tmp_path).prepare(torch_build.KNOWN[name])
    copy = Path(bench.pip.installs[-1][-1])
    assert ("xformers" in copy.read_text()) is there
    assert "pillow==12.3.0" in copy.read_text()


def test_an_index_that_is_not_there_is_given_up_at_once():
    assert not torch_build.reachable(Build("none", "http://127.0.0.1:9"), timeout_s=2)


# --- the pins


def test_every_requirement_is_pinned_exactly_and_is_what_the_tests_run_with():
    import importlib.metadata

    from packaging.requirements import Requirement

    for file in ("requirements.txt", "requirements-no-deps.txt", "requirements-test.txt"):
        for line in (ROOT / file).read_text().splitlines():
            if not line or line.startswith("#"):
                continue
            wanted = Requirement(line)
            assert [one.operator for one in wanted.specifier] == ["=="], line
            here = wanted.marker is None or wanted.marker.evaluate()
            if here and wanted.name != "xformers":
                assert wanted.specifier.contains(importlib.metadata.version(wanted.name)), line


def test_what_stands_alone_gets_the_rest_of_what_it_needs():
    """All but torchvision, which it is installed without."""
    import importlib.metadata

    from packaging.requirements import Requirement

    def names(lines: list[str]) -> set[str]:
        return {Requirement(one).name for one in lines if one and not one.startswith("#")}

    given = names((ROOT / "requirements.txt").read_text().splitlines())
    for name in names((ROOT / "requirements-no-deps.txt").read_text().splitlines()):
        asked = names(importlib.metadata.requires(name) or [])
        assert asked - given == {"torchvision", "typing_extensions"}, "pydantic brings the latter"


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
def test_every_python_gets_each_package_once(python: str):
    from packaging.requirements import Requirement

    lines = (ROOT / "requirements.txt").read_text().splitlines()
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    names = [
        one.name
        for one in wanted
        if one.marker is None or one.marker.evaluate({"python_version": python})
    ]
    assert len(names) == len(set(names))
    assert {"gradio", "diffusers", "transformers", "torch", "numpy", "starlette"} <= set(names)


# --- launch.sh itself


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """An app folder whose path has a space, with a launcher that tells what it was given."""
    folder = tmp_path / "my aura ñ"
    (folder / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "launch.sh", folder)
    (folder / "tools" / "launcher.py").write_text(
        "import sys; print(sys.argv[1:]); sys.exit(7 if 'fail' in sys.argv else 0)"
    )
    return folder


def launched(folder: Path, path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": path, "HOME": str(folder)}
    return subprocess.run(
        ["/bin/bash", str(folder / "launch.sh"), *arguments],
        env=environ,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A PATH of our own, with what a shell needs and no Python."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("dirname", "cat"):
        (folder / name).symlink_to(str(shutil.which(name)))
    return folder


@posix
def test_arguments_and_the_exit_code_pass_through(script, bare: Path, programs: Path):
    (programs / "python3.12").symlink_to(sys.executable)
    run = launched(bare, str(programs), "generate", "a red circle", "--json", "fail")
    assert run.stdout.strip() == "['generate', 'a red circle', '--json', 'fail']"
    assert run.returncode == 7


@posix
def test_a_name_with_no_python_behind_it_is_passed_over(script, bare: Path, programs: Path):
    for name in ("python3.12", "python3.11"):
        (programs / name).write_text("#!/bin/bash\necho 'command not found' >&2\nexit 127\n")
        (programs / name).chmod(0o755)
    (programs / "python3").symlink_to(sys.executable)
    run = launched(bare, str(programs), "doctor")
    assert run.stdout.strip() == "['doctor']"


@posix
def test_without_a_python_it_says_in_both_languages_what_to_install(script, bare, programs):
    run = launched(bare, str(programs))
    assert run.returncode == 1 and run.stdout == ""
    assert "Install one" in run.stderr and "Instala uno" in run.stderr


def test_windows_looks_for_the_same_pythons():
    bat = (ROOT / "launch.bat").read_bytes()
    assert b"\r\n" in bat and bat.count(b"\n") == bat.count(b"\r\n")
    for minor in (b"3.10", b"3.11", b"3.12", b"3.13"):
        assert minor in bat and minor.decode() in (ROOT / "launch.sh").read_text()


def test_ci_runs_the_one_test_command_and_passes_its_exit_code_on(tmp_path: Path):
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")
    (tmp_path / "launch.sh").write_text('#!/bin/bash\necho "$@"\nexit 3\n')
    (tmp_path / "launch.sh").chmod(0o755)
    run = subprocess.run(
        [str(tmp_path / ".ci" / "run")], cwd="/", capture_output=True, text=True, check=False
    )
    assert (run.stdout.strip(), run.returncode) == ("test", 3)


def test_an_unfit_python_is_told_so(monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert launcher.main(["doctor", "--lang", "es"]) == 1
    assert "Aura necesita Python" in capsys.readouterr().err
