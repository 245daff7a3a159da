"""The environment the app runs in: ``.venv``, made, filled and mended here.

A stamp inside it says what it was filled from. It is taken away before anything changes
and written back after everything succeeded, so that what was interrupted is never trusted.
Standard library only: nothing is installed yet.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tools.torch_build import Build

Run = Callable[[Sequence[str]], int]  # runs a program, returns its exit code
Say = Callable[[str], None]  # tells a person, by the key of a text

PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input")


class SetupFailed(Exception):
    """Carries the key of the text that tells a person what to do."""


class Environment:
    """``folder`` with what ``files`` (requirements, later ones on top) ask for.

    What a file named ``…-no-deps`` asks for comes without what it asks for itself.
    """

    def __init__(self, folder: Path, files: Sequence[Path], *, run: Run, say: Say) -> None:
        self.folder, self.files = folder, tuple(files)
        self.run, self.say = run, say
        self.stamp = folder / "aura-installed.json"

    @property
    def python(self) -> Path:
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def site(self) -> Path:
        if os.name == "nt":
            return self.folder / "Lib" / "site-packages"
        return self.folder / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages"

    # --- what is there

    def ready(self, driver: bool) -> bool:
        """Whether all of it is installed, for a machine with or without an NVIDIA driver."""
        known = self._stamped()
        return (
            self.python.exists()
            and known.get("driver") == driver
            and all(known.get(file.name) == self._digest(file) for file in self.files)
            and set(known.get("parts", ["?"])) <= _names(self.site)
        )

    def _stamped(self) -> dict:
        try:
            return dict(json.loads(self.stamp.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {}

    def _digest(self, file: Path) -> str:
        minor = "{}.{}".format(*sys.version_info).encode()
        return hashlib.sha256(minor + file.read_bytes()).hexdigest()

    # --- making it so

    def prepare(self, build: Build, driver: bool, reachable: Callable[[Build], bool]) -> None:
        """Install everything, from whatever state the folder is in. Raises SetupFailed."""
        known = self._stamped()
        self.stamp.unlink(missing_ok=True)
        if not self._works():
            self._make()
        elif not known:
            self._mend()
        elif known.get("build") != build.name:
            self.run([str(self.python), *PIP, "uninstall", "-y", "torch", "xformers"])
        self.say("cli.setup.installing")
        self._install_torch(build, reachable)
        for file in self.files:
            alone = ["--no-deps"] if file.stem.endswith("-no-deps") else []
            self._install(*alone, "-r", str(self._fitting(file, build)))
        self._write_stamp(build, driver)

    def _works(self) -> bool:
        """Its Python runs, is the one that runs us, and has pip."""
        check = (
            "import sys, importlib.util as i; sys.exit("
            f"sys.version_info[:2] != {sys.version_info[:2]} or i.find_spec('pip') is None)"
        )
        return self.python.exists() and self.run([str(self.python), "-c", check]) == 0

    def _make(self) -> None:
        self.say("cli.setup.making")
        base = getattr(sys, "_base_executable", sys.executable)  # not the one being replaced
        if self.run([base, "-m", "venv", "--clear", str(self.folder)]):
            raise SetupFailed("cli.setup.no_venv")

    def _mend(self) -> None:
        """Make pip forget the packages that are only half there, so that it puts them in anew."""
        self.say("cli.setup.mending")
        for remains in [*self.site.glob("~*"), *damaged(self.site)]:
            shutil.rmtree(remains, ignore_errors=True)

    def _install_torch(self, build: Build, reachable: Callable[[Build], bool]) -> None:
        if build.index is None:
            return
        self.say(f"cli.setup.torch.{build.name}")
        if not reachable(build):
            self.say("cli.setup.torch.unreachable")
            return
        wanted = next(line for line in _lines(self.files[0]) if line.startswith("torch=="))
        try:
            self._install("--no-deps", "--retries", "2", "--index-url", build.index, wanted)
        except SetupFailed:
            self.say("cli.setup.torch.unreachable")  # the plain one comes with the rest

    def _fitting(self, file: Path, build: Build) -> Path:
        """The requirements without xformers where its kernels could not load."""
        kept = [line for line in _lines(file) if build.loads_xformers or "xformers" not in line]
        copy = self.folder / file.name
        copy.write_text("\n".join(kept) + "\n", encoding="utf-8")
        return copy

    def _install(self, *what: str) -> None:
        if self.run([str(self.python), *PIP, "install", *what]):
            raise SetupFailed("cli.setup.install_failed")

    def _write_stamp(self, build: Build, driver: bool) -> None:
        known = {file.name: self._digest(file) for file in self.files}
        parts = sorted(name for name in _names(self.site) if name != "__pycache__")
        whole = {**known, "build": build.name, "driver": driver, "parts": parts}
        fresh = self.stamp.with_suffix(".tmp")
        fresh.write_text(json.dumps(whole, indent=1), encoding="utf-8")
        fresh.replace(self.stamp)


def damaged(site: Path) -> Iterator[Path]:
    """The records of packages some of whose files are missing or cut short."""
    for record in sorted(site.glob("*.dist-info")):
        if not _whole(importlib.metadata.Distribution.at(record)):
            yield record


def _whole(package: importlib.metadata.Distribution) -> bool:
    files = package.files
    if not files or not package.metadata["Name"]:
        return False
    return all(_as_recorded(file) for file in files if file.suffix != ".pyc")


def _as_recorded(file: importlib.metadata.PackagePath) -> bool:
    try:
        size = Path(str(file.locate())).stat().st_size
    except OSError:
        return False
    return file.size is None or file.size == size


def _names(folder: Path) -> set[str]:
    try:
        return {entry.name for entry in folder.iterdir()}
    except OSError:
        return set()


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()


@contextmanager
def alone(file: Path, wait: Callable[[], None]) -> Iterator[None]:
    """Hold ``file`` against other launchers; ``wait`` is called if one has it."""
    with file.open("a+b") as held:
        if not _locked(held, blocking=False):
            wait()
            while not _locked(held, blocking=True):
                continue
        yield


def _locked(file: IO[bytes], blocking: bool) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if blocking else msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | (0 if blocking else fcntl.LOCK_NB))
    except OSError:
        return False
    return True
