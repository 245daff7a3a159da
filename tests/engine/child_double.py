"""A process that speaks the engine's protocol without a model; its prompt says what to do.

draw      events up to Done            hang     does not answer, not even to a stop
die       exit in the middle           garbage  lines that are no events, then Done
"""

from __future__ import annotations

import itertools
import os
import queue
import sys
import threading
import time

from aura.engine.protocol import (
    COMMANDS,
    Cancelled,
    Done,
    Plain,
    Quit,
    Ready,
    Run,
    Stage,
    Step,
    Stop,
    line,
)

runs: queue.Queue[Run | None] = queue.Queue()
stopped: set[str] = set()


def send(event: Plain) -> None:
    sys.stdout.buffer.write(line(event))
    sys.stdout.buffer.flush()


def listen() -> None:
    for text in sys.stdin.buffer:
        command = COMMANDS.validate_json(text)
        if isinstance(command, Run):
            runs.put(command)
        elif isinstance(command, Stop):
            stopped.add(command.job)
        elif isinstance(command, Quit):
            runs.put(None)
    os._exit(0)


def draw(run: Run) -> None:
    send(Stage(job=run.job, stage="denoising"))
    prompt = run.request.prompt
    if prompt == "die":
        os._exit(3)
    if prompt == "hang":
        time.sleep(1000)
    if prompt == "garbage":
        sys.stdout.buffer.write(b'\xff\xfe\x00 not json\n{"event": "step"}\n[]\n\n')
    steps = itertools.count(1) if prompt == "endless" else range(1, run.request.steps + 1)
    for step in steps:
        time.sleep(0.01)
        if run.job in stopped:
            send(Cancelled(job=run.job))
            return
        send(Step(job=run.job, step=step, steps=run.request.steps))
    send(Done(job=run.job, stages={"denoising": 1.0}, peak_bytes=1))


if __name__ == "__main__":
    sys.stdin.buffer.readline()
    if "never-ready" in sys.argv:
        sys.exit(4)
    threading.Thread(target=listen, daemon=True).start()
    send(Ready(versions={"pid": str(os.getpid())}))
    while (run := runs.get()) is not None:
        draw(run)
    os._exit(0)
