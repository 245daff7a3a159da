"""Which machine is asked about: this one, or one that is only imagined."""

from __future__ import annotations

from pathlib import Path

from aura.catalog.models import Model
from aura.memory.cards import Card
from aura.memory.device import Snapshot
from aura.memory.examples import example
from aura.memory.ledger import Ledger
from aura.memory.planner import NOTHING, Known
from aura.requests import Plain


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
    return Machine(snapshot=own.model_copy(update={"dtypes": here.dtypes}))


class Lessons:
    """What the ledger of a data folder knows of models as people first ask for them."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = Ledger(ledger) if ledger.is_file() else None

    def __call__(self, machine: Machine, model: Model) -> Known:
        if self._ledger is None or not machine.here:
            return NOTHING
        return self._ledger.known(machine.snapshot.name, model.id, example(model))

    def close(self) -> None:
        if self._ledger is not None:
            self._ledger.close()
