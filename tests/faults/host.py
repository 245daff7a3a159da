"""A studio in a process of its own, to be killed: ``python -m tests.faults.host FOLDER``.

Prints its engine's process id, then the id of each job it has accepted, the first of which
never ends.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from aura.engine.supervisor import Supervisor
from aura.settings import Settings
from aura.studio import Studio
from tests.engine.scripted import request

DOUBLE = [sys.executable, "-m", "tests.engine.child_double"]


def main(folder: Path) -> None:
    settings = Settings(data_dir=folder)
    engine = Supervisor(settings, command=DOUBLE)
    studio = Studio.open(settings, engine=engine)
    while engine.ready is None:
        time.sleep(0.01)
    print(engine.ready.versions["pid"], flush=True)
    first = studio.jobs.submit("me", request(prompt="hang"))
    while studio.jobs.view(first).state != "running":
        time.sleep(0.01)
    print(first, flush=True)
    for seed in range(10):
        print(studio.jobs.submit("me", request(prompt="draw", seed=seed)), flush=True)
    time.sleep(1000)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
