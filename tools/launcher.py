"""What launch.sh and launch.bat hand over to: prepare the environment, then run in it.

``launcher.py test …`` runs every check; anything else goes to ``python -m aura``.
Runs under the Python that was found on the machine, so standard library only.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:1] = [str(ROOT)]

from aura import i18n  # noqa: E402
from aura.cli.language import spoken  # noqa: E402
from tools import torch_build  # noqa: E402
from tools.environment import Environment, SetupFailed, alone  # noqa: E402

OLDEST, NEWEST = (3, 10), (3, 13)


def main(arguments: Sequence[str]) -> int:
    lang = spoken(arguments)
    testing = list(arguments[:1]) == ["test"]
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        return _fail(lang, "cli.setup.wrong_python", found=sys.version.split()[0])
    try:
        python = prepared(lang, testing)
    except SetupFailed as failed:
        return _fail(lang, str(failed))
    except KeyboardInterrupt:
        return 130
    inside = ["-m", "tools.check"] if testing else ["-m", "aura"]
    return hand_over([str(python), *inside, *arguments[testing:]])


def prepared(lang: str, testing: bool) -> Path:
    """The Python of an environment that has everything. Raises SetupFailed."""
    names = ["requirements", "requirements-no-deps", "requirements-test"][: 2 + testing]
    files = [ROOT / f"{name}.txt" for name in names]
    environment = Environment(
        ROOT / ".venv", files, run=_run, say=lambda key: _say(i18n.text(lang, key))
    )
    driver = torch_build.driver_present()
    if not environment.ready(driver):
        with alone(ROOT / ".venv.lock", lambda: _say(i18n.text(lang, "cli.setup.waiting"))):
            if not environment.ready(driver):
                environment.prepare(torch_build.chosen(), driver, torch_build.reachable)
    return environment.python


def hand_over(command: list[str]) -> int:
    """Become the command where the system can; else run it and pass its exit code on."""
    os.environ.update(PYTHONPATH=str(ROOT), PYTHONSAFEPATH="1", PYTHONUTF8="1")
    if os.name == "posix":
        sys.stderr.flush()
        os.execv(command[0], command)
    child = subprocess.Popen(command)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:  # the child got it too, and closes
            continue


def _run(command: Sequence[str]) -> int:
    """Run a program; what it prints goes to stderr, because stdout is for results."""
    try:
        return subprocess.run(command, stdout=sys.stderr, check=False).returncode
    except OSError:
        return 127


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _fail(lang: str, key: str, **facts: str) -> int:
    _say(i18n.text(lang, key, **facts))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
