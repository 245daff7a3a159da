"""``aura doctor --measure``: how fast this processor computes, and in which way the fastest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from importlib.util import find_spec

import psutil

from aura.engine import apart, side_by_side
from aura.memory.cpu import CpuDevice
from aura.memory.gauge import Gauge, Rivals
from aura.memory.ledger import Ledger
from aura.settings import Settings

BUSY = 20.0  # percent
WATCHED_S = 1.0


def take(
    settings: Settings,
    tell: Callable[[str], object],
    rivals: Rivals | None = None,
    abreast: Callable[[], Mapping[int, float]] = apart.measured,
    busy: Callable[[], float] = lambda: psutil.cpu_percent(WATCHED_S),
) -> None:
    """Measure again and remember; about a minute. ``tell`` is told keys of texts.

    Beside other programs several processes always do more than one, for they are given more
    of the processor: then nothing is learnt of them. ``busy``: percent that is in use.
    """
    device = CpuDevice(settings.memory_limit)
    name, setup = device.snapshot().name, device.setup()
    with closing(Ledger(settings.data_dir / "ledger.db")) as ledger:
        tell("cli.measure.kernels")
        ledger.gauged(name, setup, device.throughput())
        if rivals or find_spec("openvino"):
            tell("cli.measure.rivals")
            Gauge(device, ledger, rivals or apart.gains).compare()
        if busy() > BUSY:
            tell("cli.measure.busy")
            return
        tell("cli.measure.side_by_side")
        found = {side_by_side.key(many): gain for many, gain in abreast().items()}
        ledger.gauged(name, setup, found)
