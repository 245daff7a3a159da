"""Learns how fast this device computes: once per machine, while nothing draws."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping

from aura.memory.abilities import abilities
from aura.memory.device import Device
from aura.memory.footprint import SMALL
from aura.memory.ledger import Ledger
from aura.memory.pace import converted
from aura.memory.residency import Entry

Rivals = Callable[[tuple[str, ...]], Mapping[str, float]]  # dtypes → gain of OpenVINO in each


class Gauge:
    """``rivals`` compares OpenVINO with torch; None where nobody can."""

    def __init__(self, device: Device, ledger: Ledger, rivals: Rivals | None = None) -> None:
        self.device, self.ledger, self.rivals = device, ledger, rivals
        self._measured = self._compared = False

    def tend(self, used: Iterable[Entry], quiet: Callable[[], bool]) -> None:
        """What is not known yet, and concerns the models in use, is measured now.

        ``quiet``: nothing draws. What was compared beside a job is not remembered.
        """
        if not self._measured:
            self._measured = True
            self.measure()
        if not self._compared and any(map(self._concerned, used)):
            self._compared = True
            compare = threading.Thread(target=self.compare, args=(quiet,), daemon=True)
            compare.start()  # it takes longer than a status may be late

    def measure(self) -> None:
        name, setup = self.device.snapshot().name, self.device.setup()
        if not self.ledger.throughput(name, setup):
            self.ledger.gauged(name, setup, self.device.throughput())
            self.device.empty_cache()

    def compare(self, quiet: Callable[[], bool] = lambda: True) -> None:
        """Some seconds of work: only once a model was used that it can make faster."""
        snapshot, setup = self.device.snapshot(), self.device.setup()
        known = self.ledger.throughput(snapshot.name, setup)
        asked = tuple(dtype for dtype in snapshot.dtypes if converted(dtype) not in known)
        if self.rivals is None or snapshot.kind != "cpu" or not asked or not known:
            return
        gains = self.rivals(tuple(dtype for dtype in asked if dtype in known))
        if not quiet():
            self._compared = False
            return
        speeds = {converted(dtype): known[dtype] * gain for dtype, gain in gains.items()}
        self.ledger.gauged(snapshot.name, setup, speeds)
        self.device.empty_cache()

    def _concerned(self, entry: Entry) -> bool:
        able = "openvino" in abilities(entry.model.family)
        return able and not entry.plan.on_card and sum(entry.claims) >= SMALL
