"""The check for real cards, dry: all of it runs, at a tiny size and on the processor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import full_size, gpu_check
from tools.gpu_table import HEAD

WAYS = ("aura", "model", "sequential")
DONE = {
    "outcome": "done",
    "attempts": 1,
    "seconds": {"loading": 1.0},
    "rung": "resident",
    "dtype": "fp32",
    "formats": {},
    "switches": [],
}


def run(out: Path, *options: str) -> tuple[int, dict, list[list[str]]]:
    """Exit code, report, and the table's rows of cells."""
    code = gpu_check.main(["--dry-run", "--out", str(out), *options])
    report = json.loads((out / "gpu-dry-run.json").read_text(encoding="utf-8"))
    lines = (out / "gpu-dry-run.md").read_text(encoding="utf-8").splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return code, report, cells


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    """A run in which one model's weights are cut short."""
    folder = tmp_path_factory.mktemp("gpu")
    broken = full_size.write("blip-base", folder / "models" / "blip-base", tiny=True)
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    return run(folder, "--caps", "3", "--models", str(folder / "models"))


def test_every_family_is_measured_as_planned_and_pipelines_beside_plain_diffusers(damaged):
    _, report, _ = damaged
    rows = {(row["model"], row["way"]): row for row in report["rows"]}
    ways = {m.id: ("aura",) if m.task != "generate" else WAYS for m in gpu_check.checked()}
    assert set(rows) == {(name, way) for name, used in ways.items() for way in used}
    for (name, way), row in rows.items():
        if name != "blip-base":
            assert row["outcome"] == "done", row
            assert row["measured_bytes"] >= 0 and sum(row["seconds"].values()) > 0
            assert way != "aura" or row["predicted_bytes"] == max(row["predicted_stages"].values())


def test_every_family_is_checked_but_what_enlarges_whose_need_is_that_of_a_tile():
    assert {m.family for m in gpu_check.checked()} == gpu_check.RUNNABLE - {"esrgan"}


def test_what_fails_is_told_and_ends_with_code_1(damaged):
    code, report, table = damaged
    (failed,) = (row for row in report["rows"] if row["outcome"] != "done")
    assert (failed["model"], failed["outcome"]) == ("blip-base", "failed")
    assert code == 1
    assert any("**failed**: model_damaged" in cell for row in table for cell in row)


def test_the_table_says_that_it_was_a_dry_run_and_has_a_line_for_each_model(damaged, tmp_path):
    _, report, table = damaged
    assert table[0] == list(HEAD)
    assert [row[1] for row in table[1:]] == [model.id for model in gpu_check.checked()]
    assert report["dry_run"] and report["versions"]["torch"] and report["date"]


def test_some_families_and_caps_can_be_chosen_and_all_well_ends_with_code_0(tmp_path, monkeypatch):
    launched = []

    def launch(folder, cap, tiny, names):
        launched.append((cap, tiny, names))
        assert all((folder / name).is_dir() for name in names)
        return [{"cap_bytes": cap, "model": name, "way": "aura", **DONE} for name in names]

    monkeypatch.setattr(gpu_check, "_launched", launch)
    code, report, _ = run(tmp_path, "--caps", "2,4.5", "--families", "bge,owl")
    assert code == 0
    names = ["bge-m3", "owlv2"]
    assert launched == [(2 * 2**30, True, names), (int(4.5 * 2**30), True, names)]
    assert [(row["model"], row["cap_bytes"]) for row in report["rows"]] == [
        (name, cap) for cap, _, names in launched for name in names
    ]


def test_a_process_that_dies_fails_the_model_it_was_at_and_the_rest_goes_on():
    def row(model, way="aura", outcome="done"):
        return {"cap_bytes": 1, "model": model, "way": way, "outcome": outcome}

    told = {
        ("a", "b", "c", "d"): [row("a", outcome="died"), row("a"), row("b", outcome="died")],
        ("c", "d"): [],
        ("d",): [row("d"), row("d", "model", "died")],
    }
    rows = gpu_check.measured(["a", "b", "c", "d"], 1, lambda names: told[tuple(names)])
    assert rows == [
        row("a"),
        row("b", outcome="died"),
        row("c", outcome="died"),
        row("d"),
        row("d", "model", "died"),
    ]
