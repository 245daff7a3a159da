"""An engine that the system kills in the second pass: ``python -m tests.faults.mortal``.

The first of them dies at its first step over a picture that was drawn; the next ones live.
Every work is noted in ``works`` below the data folder.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from aura.engine import child
from aura.settings import Settings
from tests.engine.atelier import Artist, Atelier


class Mortal(Artist):
    folder: Path

    def run(self, loaded, request, plan, first=0):
        dead = self.folder / "dead"
        with (self.folder / "works").open("a") as works:
            print("anew" if request.start else "drawn", first, file=works)
        if request.start and not dead.exists():
            dead.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        yield from super().run(loaded, request, plan, first)


def open_worker(settings: Settings):
    atelier = Atelier(settings.data_dir)
    mortal = Mortal(atelier.device)
    mortal.folder = settings.data_dir
    atelier.manager.families["simulated"] = mortal
    return atelier.worker


if __name__ == "__main__":
    child.main(open_worker)
