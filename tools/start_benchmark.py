"""How long a second start takes until the page is served, beside an empty Gradio app.

``python tools/start_benchmark.py [ROUNDS]`` starts both in turn, through the launcher as a
person would, and prints the medians and their ratio.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = 1.5
PATIENCE_S = 120
EMPTY = """
import sys
import gradio
with gradio.Blocks() as page:
    pass
page.launch(server_port=int(sys.argv[1]), quiet=True)
"""


def main(rounds: int) -> int:
    times: dict[str, list[float]] = {"empty": [], "aura": []}
    with tempfile.TemporaryDirectory() as data:
        aura(data)  # the first start, which compiles and makes the folders
        empty()
        for _ in range(rounds):
            times["empty"].append(empty())
            times["aura"].append(aura(data))
    medians = {name: statistics.median(each) for name, each in times.items()}
    ratio = medians["aura"] / medians["empty"]
    told = {
        "seconds": {name: [round(one, 2) for one in each] for name, each in times.items()},
        "median": {name: round(one, 2) for name, one in medians.items()},
        "ratio": round(ratio, 2),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": [round(one, 1) for one in os.getloadavg()] if hasattr(os, "getloadavg") else None,
    }
    print(json.dumps(told, indent=1))
    return 0 if ratio <= TARGET else 1


def empty() -> float:
    port = free_port()
    return seconds_to_page([sys.executable, "-c", EMPTY, str(port)], port)


def aura(data: str) -> float:
    port = free_port()
    launch = ROOT / ("launch.bat" if os.name == "nt" else "launch.sh")
    command = [str(launch), "--no-browser", "--port", str(port), "--data-dir", data]
    return seconds_to_page(command, port)


def seconds_to_page(command: Sequence[str], port: int) -> float:
    """From the start of a process to the first whole page; the process is ended."""
    quiet = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", "NO_PROXY": "127.0.0.1"}
    begun = time.monotonic()
    process = subprocess.Popen(
        command, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not served(port):
            if process.poll() is not None or time.monotonic() - begun > PATIENCE_S:
                raise SystemExit(f"no page from {command}")
            time.sleep(0.01)
        return time.monotonic() - begun
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def served(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as page:
            return b"</html>" in page.read()
    except (OSError, urllib.error.URLError):
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
