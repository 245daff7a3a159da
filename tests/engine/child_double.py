"""A process that speaks the engine's protocol without a model; its prompt says what to do.

draw      events up to Done            hang     does not answer, not even to a stop
die       exit in the middle           garbage  lines that are no events, then Done
killed    as the system kills, after one picture; once resumed it draws the rest
doomed    the same, and again          crashed  as a fault in a library ends it
full      the same as killed, and RAM was nearly used up before

It answers what is about memory with a status, see ``status``.
"""

from __future__ import annotations

import itertools
import json
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path

from aura.engine.protocol import (
    COMMANDS,
    Cancelled,
    Done,
    KeepFor,
    Notice,
    Plain,
    Planned,
    Quit,
    Ready,
    Release,
    Run,
    Saved,
    Stage,
    Status,
    Step,
    Stop,
    Warm,
    line,
)
from aura.memory.plan import Plan
from aura.memory.residency import Resident
from aura.memory.simulated import SimulatedDevice
from tests.engine.scripted import picture

GIB = 2**30
ENDINGS = {"killed": "SIGKILL", "doomed": "SIGKILL", "full": "SIGKILL", "crashed": "SIGSEGV"}
PLAN = Plan(
    model="tiny",
    device="cpu",
    rung="resident",
    dtype="fp32",
    stages={"denoising": GIB},
    peak=GIB,
    ram=GIB,
    budget=4 * GIB,
    explanation={"code": "plan.fits", "facts": {"how": []}},
)

runs: queue.Queue[Run | None] = queue.Queue()
stopped: set[str] = set()
told: list[Plain] = []


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
        elif isinstance(command, Warm | KeepFor | Release):
            told.append(command)
            send(status(*told))
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
    if run.resumed is not None:
        send(Notice(job=run.job, code="resumed", facts=run.resumed.model_dump(mode="json")))
    if prompt in ENDINGS and (run.resumed is None or prompt == "doomed"):
        end_badly(run, ENDINGS[prompt])
    steps = itertools.count(1) if prompt == "endless" else range(1, run.request.steps + 1)
    for step in steps:
        time.sleep(0.01)
        if run.job in stopped:
            send(Cancelled(job=run.job))
            return
        send(Step(job=run.job, step=step, steps=run.request.steps))
    send(Done(job=run.job, stages={"denoising": 1.0}, peak_bytes=1))


def status(*told: Plain) -> Status:
    """Every model it was told to load is there; ``leaks`` lists the commands."""
    residents = tuple(
        Resident(model=command.model, bytes=1, device="cpu", lent=False, idle=0.0)
        for command in told
        if isinstance(command, Warm) and command.model != "never-there"
    )
    kept = [command.seconds for command in told if isinstance(command, KeepFor)]
    return Status(
        device=SimulatedDevice(8 * GIB, 16 * GIB).snapshot(),
        residents=residents,
        leaks=tuple(command.model_dump_json() for command in told),
        keep_for=kept[-1] if kept else kept_first,
    )


def end_badly(run: Run, how: str) -> None:
    device = SimulatedDevice(8 * GIB, 16 * GIB)
    device.host_used = 16 * GIB if run.request.prompt == "full" else 0
    send(Status(device=device.snapshot()))
    send(Planned(job=run.job, plan=PLAN.model_dump(mode="json")))
    drawn = picture(Path("/nowhere"), run.job).model_copy(update={"stages": {"denoising": 2.0}})
    send(Saved(job=run.job, index=0, picture=drawn))
    os.kill(os.getpid(), getattr(signal, how))
    time.sleep(1000)


if __name__ == "__main__":
    kept_first = json.loads(sys.stdin.buffer.readline())["idle_release"]
    if "never-ready" in sys.argv:
        sys.exit(4)
    threading.Thread(target=listen, daemon=True).start()
    send(Ready(versions={"pid": str(os.getpid())}))
    send(status())
    while (run := runs.get()) is not None:
        draw(run)
    os._exit(0)
