"""Turns a diffusers pipeline call into a generator of its steps.

A pipeline's ``__call__`` runs to its end and only calls back. Run in a thread that
hands each step over and waits for the answer, it becomes a generator like everything
else here: who holds the loop sees each step, and closing the generator stops the
pipeline at the next one.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any


class _Closed(Exception):
    """Raised inside the pipeline when nobody wants its next step."""


@dataclass(frozen=True)
class LatentStep:
    """One step done: its number from 0, and the latents after it."""

    step: int
    latents: Any


def steps(pipeline: Callable[..., Any], **arguments: Any) -> Generator[LatentStep, None, Any]:
    """Yield a ``LatentStep`` after each step; return what the pipeline returned.

    Whatever the pipeline raises is raised here, with its traceback.
    """
    events: queue.Queue[LatentStep | None] = queue.Queue()
    go_on = threading.Semaphore(0)
    closed = threading.Event()
    outcome: dict[str, Any] = {}

    def each_step(_: Any, step: int, __: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        events.put(LatentStep(step, tensors["latents"]))
        go_on.acquire()
        if closed.is_set():
            raise _Closed
        return tensors

    def call() -> None:
        try:
            outcome["result"] = pipeline(**arguments, callback_on_step_end=each_step)
        except BaseException as fault:  # noqa: BLE001 - handed over whole to the other thread
            outcome["fault"] = fault
        finally:
            events.put(None)

    thread = threading.Thread(target=call, name="pipeline", daemon=True)
    thread.start()
    try:
        while (event := events.get()) is not None:
            yield event
            go_on.release()
    finally:
        closed.set()
        go_on.release()
        thread.join()
    if "fault" in outcome:
        raise outcome.pop("fault")
    return outcome.pop("result")
