"""The one command that checks everything, and what it says when there is no browser."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tools import browsers, check

ROOT = Path(__file__).resolve().parent.parent

TESTS = """
import pytest
@pytest.mark.browser
@pytest.mark.parametrize("n", range(3))
def test_of_a_page(n): ...
def test_of_something_else(): ...
"""


def program(folder: Path, name: str, works: bool = True) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\nexit {0 if works else 1}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_without_a_browser_the_last_lines_say_how_many_tests_were_left_out_and_why(
    tmp_path: Path, monkeypatch
):
    monkeypatch.setattr(browsers, "find", lambda: None)
    monkeypatch.setattr(browsers, "fetch", lambda: None)
    monkeypatch.setenv("AURA_LEFT_OUT", "")
    (tmp_path / "test_pages.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = browser\n")
    arguments = check.with_browser(["test_pages.py"])
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    *_, reason, summary = run.stdout.strip().splitlines()
    assert reason == f"3 browser tests were left out: {check.NO_BROWSER}."
    assert "1 passed" in summary and "3 deselected" in summary
    assert run.returncode == 0


def test_with_a_browser_nothing_is_left_out(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(browsers, "find", lambda: tmp_path / "chromium")
    monkeypatch.setenv(browsers.CHOSEN, "")
    assert check.with_browser(["-k", "fair"]) == ["-k", "fair"]
    assert os.environ[browsers.CHOSEN] == str(tmp_path / "chromium")


@pytest.mark.parametrize("broken", ["format", "lint", "types", "tests"])
def test_any_check_that_fails_fails_the_command(broken: str, monkeypatch, capsys):
    asked: list[str] = []

    def fails(name: str, *command: str) -> bool:
        asked.append(name)
        return name == broken

    monkeypatch.setattr(check, "_fails", fails)
    monkeypatch.setattr(check, "with_browser", list)
    assert check.main([]) == 1
    assert asked == ["format", "lint", "types", "tests"], "one that fails hides no other"
    assert broken in capsys.readouterr().out.splitlines()[-1]


def test_all_in_order_ends_with_0_and_pytests_own_summary(monkeypatch, capsys):
    monkeypatch.setattr(check, "_fails", lambda *_: False)
    monkeypatch.setattr(check, "with_browser", list)
    assert check.main([]) == 0
    assert capsys.readouterr().out == ""


def test_a_browser_that_does_not_run_is_passed_over(tmp_path: Path, monkeypatch):
    program(tmp_path, "chromium", works=False)
    chrome = program(tmp_path, "google-chrome")
    monkeypatch.delenv(browsers.CHOSEN, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browsers, "PLACES", ())
    assert browsers.find() == chrome


def test_a_chosen_browser_is_the_only_one_asked(tmp_path: Path, monkeypatch):
    program(tmp_path, "chromium")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(browsers.CHOSEN, str(tmp_path / "none"))
    assert browsers.find() is None


def test_each_way_to_fetch_one_is_tried_and_a_failing_one_is_no_end(tmp_path: Path, monkeypatch):
    tried: list[str] = []

    def done(command, patience_s: float = 0) -> bool:
        tried.append(command[0])
        return False

    monkeypatch.setattr(browsers, "_done", done)
    monkeypatch.setattr(browsers.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(browsers.os, "geteuid", lambda: 0, raising=False)
    assert browsers.fetch() is None
    assert tried == ["apt-get", sys.executable]
