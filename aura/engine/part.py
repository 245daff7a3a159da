"""The engine process of one of several that draw side by side on a processor.

``python -m aura.engine.part NUMBER OF THREADS``: like ``aura.engine.child``, with so many
threads, a lock of its own, and what it learns kept apart: it is slower than an engine that
has the whole processor.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from aura.engine import child
from aura.settings import Settings

if TYPE_CHECKING:
    from aura.engine.worker import Worker


def command(number: int, of: int, threads: int) -> list[str]:
    return [sys.executable, "-m", "aura.engine.part", str(number), str(of), str(threads)]


def main(arguments: list[str]) -> None:
    number, of, threads = map(int, arguments)
    os.environ["OMP_NUM_THREADS"] = str(threads)  # before torch loads

    def open_worker(settings: Settings) -> Worker:
        from aura.engine.lock import DeviceLock
        from aura.engine.worker import Worker

        worker = Worker(settings, ledger=f"ledger-{of}.db")
        worker.lock = DeviceLock(settings.data_dir / "locks", f"cpu-part-{number}")
        return worker

    child.main(open_worker)


if __name__ == "__main__":
    main(sys.argv[1:])
