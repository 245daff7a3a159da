"""Ctrl+C as a wish: counted when pressed, obeyed where it is safe to."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

POLL_S = 0.1

T = TypeVar("T")


@dataclass
class Presses:
    count: int = 0

    def add(self, *_: object) -> None:
        self.count += 1


@contextmanager
def interrupts() -> Iterator[Presses]:
    """Count Ctrl+C and polite ends instead of raising in the middle of anything."""
    presses = Presses()
    before = {sign: signal.signal(sign, presses.add) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield presses
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """What Ctrl+C sets, and it interrupts besides: the exception alone is lost where it falls
    into a finaliser."""
    stop = threading.Event()

    def interrupt(*_: object) -> None:
        stop.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def patiently(source: Iterator[T]) -> Iterator[T | None]:
    """What ``source`` yields, and None while it has nothing, so that a reader stays awake."""
    items: queue.SimpleQueue[tuple[T | None, BaseException | None, bool]] = queue.SimpleQueue()

    def read() -> None:
        try:
            for item in source:
                items.put((item, None, False))
            items.put((None, None, True))
        except BaseException as fault:  # noqa: BLE001 raised again where it is read
            items.put((None, fault, True))

    threading.Thread(target=read, name="reader", daemon=True).start()
    while True:
        try:
            item, fault, over = items.get(timeout=POLL_S)
        except queue.Empty:
            yield None
            continue
        if fault is not None:
            raise fault
        if over:
            return
        yield item
