"""Every check, in one go: format, lint, types, tests. ``./launch.sh test`` runs this.

What is given on the command line goes to pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools import browsers

ROOT = Path(__file__).resolve().parent.parent

CHECKS = (
    ("format", ("ruff", "format", "--check", ".")),
    ("lint", ("ruff", "check", ".")),
    ("types", ("mypy",)),
)
# Two files at a time: one test waits for a page while another computes. The parts of one
# file stay together, because they share studios and engines.
SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile")
NO_BROWSER = (
    "no Chromium, Chrome or Edge was found and none could be fetched; "
    "install one and run this again"
)


def main(arguments: Sequence[str]) -> int:
    os.chdir(ROOT)
    broken = [name for name, command in CHECKS if _fails(name, *command)]
    if _fails("tests", "pytest", *with_browser(arguments or SIDE_BY_SIDE)):
        broken.append("tests")
    if broken:
        print(f"\nNot in order: {', '.join(broken)}", flush=True)
    return 1 if broken else 0


def with_browser(arguments: Sequence[str]) -> list[str]:
    """pytest's arguments; without a browser those that leave its tests out and say so."""
    found = browsers.find() or browsers.fetch()
    if found:
        os.environ[browsers.CHOSEN] = str(found)
        return list(arguments)
    os.environ["AURA_LEFT_OUT"] = NO_BROWSER
    return ["-p", "tools.left_out", "-m", "not browser", *arguments]


def _fails(name: str, module: str, *arguments: str) -> bool:
    print(f"--- {name}", flush=True)
    return subprocess.run([sys.executable, "-m", module, *arguments], check=False).returncode != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
