"""``aura doctor --measure`` learns how this processor computes, and nothing that is not so."""

from __future__ import annotations

from contextlib import closing

from aura.cli import measurement
from aura.cli.findings import speeds
from aura.engine.side_by_side import key
from aura.memory.ledger import Ledger
from aura.memory.pace import converted
from aura.settings import Settings


def taken(folder, busy: float = 0.0) -> tuple[dict[str, float], list[str]]:
    told: list[str] = []
    measurement.take(
        Settings(data_dir=folder),
        told.append,
        rivals=lambda dtypes: dict.fromkeys(dtypes, 1.5),
        abreast=lambda: {2: 0.9},
        busy=lambda: busy,
    )
    return speeds(folder / "ledger.db"), told


def test_every_way_of_computing_is_measured_and_remembered(tmp_path):
    found, told = taken(tmp_path)
    assert found[converted("fp32")] == 1.5 * found["fp32"]
    assert found[key(2)] == 0.9
    assert [key.rpartition(".")[2] for key in told] == ["kernels", "rivals", "side_by_side"]


def test_beside_other_programs_nothing_is_learnt_of_several_processes(tmp_path):
    found, told = taken(tmp_path, busy=80.0)
    assert key(2) not in found and "cli.measure.busy" in told


def test_nothing_is_known_before_it_was_measured(tmp_path):
    assert speeds(tmp_path / "ledger.db") == {}
    with closing(Ledger(tmp_path / "ledger.db")):
        assert speeds(tmp_path / "ledger.db") == {}
