"""Which machine is asked about: this one, or one that is only imagined."""

from __future__ import annotations

from pathlib import Path

from aura.catalog.models import Model
from aura.memory.cards import Card
from aura.memory.device import Snapshot
from aura.memory.examples import example
from aura.memory.ledger import Ledger
from aura.memory.planner import NOTHING, Known
from aura.requests import Plain, Work
from aura.settings import Settings


class Machine(Plain):
    """``here``: the snapshot is a reading of this machine, so that its ledger holds true."""

    snapshot: Snapshot
    here: bool = False


def chosen(card: Card | None, ram: int | None, here: Snapshot) -> Machine:
    """``card`` and ``ram`` in place of what ``here`` has. Both None: this machine as it is."""
    if card is None and ram is None:
        return Machine(snapshot=here, here=True)
    size = ram or here.host_total
    if card is not None:
        return Machine(snapshot=card.beside(size))
    own = Card(here.name, 0 if here.shares_ram else here.total).beside(size)
    same: dict[str, object] = {"name": here.name, "dtypes": here.dtypes}
    if here.shares_ram:
        same["kind"] = here.kind  # Apple's, too
    return Machine(snapshot=own.model_copy(update=same))


def limited(machine: Machine, settings: Settings) -> Machine:
    """With the limits a person set, on a machine that is only imagined, too."""
    snapshot = machine.snapshot
    card = settings.memory_limit if snapshot.shares_ram else settings.vram_limit
    limits = {"limit": card, "host_limit": settings.memory_limit}
    return Machine(snapshot=snapshot.model_copy(update=limits), here=machine.here)


class Lessons:
    """What the ledger of a data folder knows of a model, as people first ask for it or of
    one request."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = Ledger(ledger) if ledger.is_file() else None

    def __call__(self, machine: Machine, model: Model, request: Work | None = None) -> Known:
        if self._ledger is None or not machine.here:
            return NOTHING
        return self._ledger.known(machine.snapshot.name, model.id, request or example(model))

    def close(self) -> None:
        if self._ledger is not None:
            self._ledger.close()
