"""``aura plan``: what fits where, for people and for scripts."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aura import i18n, settings
from aura.catalog.models import Catalog
from aura.cli.main import main
from aura.cli.plan_table import DRAWN, PLAIN, Sheet, table
from aura.fits import words
from aura.fits.rows import rows
from aura.memory.cards import find
from aura.memory.device import GIB

ROOT = Path(__file__).resolve().parent.parent
FIELDS = {
    "model": str,
    "task": str,
    "verdict": str,
    "rung": str | None,
    "budget_bytes": int,
    "peak_bytes": int,
    "ram_bytes": int,
    "seconds": float | None,
    "explanation": str,
    "changes": list,
}
CARDS = ("3", "4", "6", "8", "12", "16", "24", "none")
RAMS = (8, 16, 32)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.read(settings.read({}, {}))


def told(capsys: pytest.CaptureFixture[str], data: Path, *arguments: str) -> list[dict[str, Any]]:
    assert main(["plan", "--json", "--data-dir", str(data), *arguments]) == 0
    report: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return report


def by_id(report: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {entry["model"]: entry for entry in report}


# --- for scripts


@pytest.mark.parametrize("gpu", CARDS)
@pytest.mark.parametrize("ram", RAMS)
def test_every_model_has_a_legal_plan_or_a_refusal_that_names_what_helps(
    capsys, tmp_path: Path, gpu: str, ram: int
) -> None:
    report = told(capsys, tmp_path, "--gpu", gpu, "--ram", str(ram))
    assert len(report) >= 10
    for entry in report:
        assert entry.keys() == FIELDS.keys()
        assert all(isinstance(entry[name], kind) for name, kind in FIELDS.items()), entry
        assert entry["explanation"] and "{" not in entry["explanation"]
        for change in entry["changes"]:
            assert change.keys() == {"code", "facts", "text"} and change["text"]
        if entry["verdict"] == "refused":
            assert entry["rung"] is None and entry["changes"]
        else:
            assert entry["peak_bytes"] <= entry["budget_bytes"] and entry["rung"]
            assert entry["ram_bytes"] <= ram * GIB


def test_the_small_cards_do_what_they_are_bought_for(capsys, tmp_path: Path) -> None:
    three = by_id(told(capsys, tmp_path, "--gpu", "3GB", "--ram", "16"))
    assert three["sd15"]["verdict"] == "fits"
    four = by_id(told(capsys, tmp_path, "--gpu", "RTX 3050 4GB", "--ram", "16"))
    assert four["flux1-schnell"]["verdict"] == "slow", "it runs, streamed"
    assert four["sdxl"]["verdict"] != "refused"


def test_what_a_refused_model_is_told_to_have_makes_it_fit(capsys, tmp_path: Path) -> None:
    refused = by_id(told(capsys, tmp_path, "--gpu", "3", "--ram", "8"))["flux1-schnell"]
    assert refused["verdict"] == "refused" and "RAM" in refused["explanation"]
    more = next(c for c in refused["changes"] if c["code"] == "plan.change.more_ram")
    ram = str(more["facts"]["ram_bytes"] // GIB)
    again = by_id(told(capsys, tmp_path, "--gpu", "3", "--ram", ram))
    assert again["flux1-schnell"]["verdict"] != "refused"


def test_a_better_card_that_is_named_really_is_better(capsys, tmp_path: Path) -> None:
    slow = by_id(told(capsys, tmp_path, "--gpu", "4", "--ram", "16"))["sdxl"]
    codes = {change["code"]: change["facts"] for change in slow["changes"]}
    for code, there in (("fits.change.faster_card", "fits"), ("fits.change.whole_card", "fits")):
        card = f"{codes[code]['card_bytes'] // GIB}GB"
        better = by_id(told(capsys, tmp_path, "--gpu", card, "--ram", "16"))["sdxl"]
        assert better["verdict"] == there
    assert better["rung"] == "resident"


def test_a_cheaper_way_that_is_named_needs_less(capsys, tmp_path: Path) -> None:
    entries = told(capsys, tmp_path, "--gpu", "12", "--ram", "32")
    cheaper = [
        (change["facts"]["peak_bytes"], entry["peak_bytes"])
        for entry in entries
        for change in entry["changes"]
        if change["code"].startswith("fits.change.cheaper")
    ]
    assert cheaper and all(less < peak for less, peak in cheaper)


def test_one_model_can_be_asked_about(capsys, tmp_path: Path) -> None:
    assert [e["model"] for e in told(capsys, tmp_path, "--model", "sd15", "--gpu", "6")] == ["sd15"]


def test_this_machine_is_what_is_asked_about_if_nothing_is_said(capsys, tmp_path: Path) -> None:
    report = by_id(told(capsys, tmp_path, "--device", "cpu", "--memory-limit", "2GiB"))
    assert all(entry["budget_bytes"] <= 2 * GIB for entry in report.values())
    assert report["aura-shapes"]["verdict"] == "fits"


def test_it_answers_without_loading_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from aura.cli.main import main; "
        f"code = main(['plan', '--json', '--device', 'cpu', '--data-dir', {str(tmp_path)!r}]); "
        "print(code, sorted({'torch', 'diffusers', 'gradio'} & set(sys.modules)), file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stderr.splitlines()[-1] == "0 []"
    assert isinstance(json.loads(run.stdout), list)


BAD = {
    "a name with several sizes": ["--gpu", "RTX 3050"],
    "a card nobody knows": ["--gpu", "Voodoo 2"],
    "no RAM": ["--ram", "0"],
    "RAM in words": ["--ram", "plenty"],
    "a model nobody knows": ["--model", "nothing"],
    "an option nobody knows": ["--cards"],
}


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD.keys())
def test_bad_input_ends_with_2_and_words(capsys, tmp_path: Path, arguments, lang) -> None:
    asked = ["plan", *arguments, "--lang", lang, "--data-dir", str(tmp_path)]
    try:
        code = main(asked)
    except SystemExit as usage:
        code = int(usage.code or 0)
    said = capsys.readouterr()
    assert code == 2 and said.out == "" and said.err.strip()
    assert "error." not in said.err and "Traceback" not in said.err


# --- for people


class Screen(io.StringIO):
    """A terminal, or a file, that writes in one encoding."""

    def __init__(self, terminal: bool, encoding: str = "utf-8") -> None:
        super().__init__()
        self._terminal, self._encoding = terminal, encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._terminal


def drawn(catalog: Catalog, lang: str, screen: Screen, gpu: str = "3") -> list[str]:
    snapshot = find(gpu).beside(8 * GIB)
    return list(table(Sheet.of(screen, lang, snapshot), rows(catalog.models, snapshot)))


@pytest.mark.parametrize("columns", [40, 80, 120, 300])
def test_the_table_is_no_wider_than_the_terminal(catalog, monkeypatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    widest = max(map(len, drawn(catalog, "es", Screen(False))))
    assert widest <= max(columns, 62)


def test_each_verdict_has_a_sign_and_the_legend_says_it_in_words(catalog) -> None:
    lines = drawn(catalog, "en", Screen(False))
    signs = {line[0] for line in lines if line and line[0] in "✓~✗"}
    assert signs == {"✓", "~", "✗"}
    legend = " ".join(" ".join(lines[-8:]).split())
    assert all(i18n.text("en", f"fits.verdict.{v}") in legend for v in ("fits", "slow", "refused"))
    assert i18n.text("en", "fits.predicted") in legend


def test_colours_are_for_terminals_alone_and_can_be_declined(catalog, monkeypatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b" in "".join(drawn(catalog, "en", Screen(True)))
    assert "\x1b" not in "".join(drawn(catalog, "en", Screen(False)))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in "".join(drawn(catalog, "en", Screen(True)))


def test_a_terminal_without_such_signs_gets_plain_ones(catalog) -> None:
    lines = "\n".join(drawn(catalog, "en", Screen(False, "latin-1")))
    assert PLAIN.weights in lines and DRAWN.weights not in lines


def test_a_longer_bar_is_more_memory(catalog) -> None:
    lines = drawn(catalog, "en", Screen(False), gpu="24")
    filled = {
        name: sum(line.count(sign) for sign in (DRAWN.weights, DRAWN.working))
        for name in ("Stable Diffusion 1.5", "FLUX.1 schnell", "BLIP base")
        for line in lines
        if name in line
    }
    assert filled["BLIP base"] < filled["Stable Diffusion 1.5"] < filled["FLUX.1 schnell"]


# --- words and sums


@pytest.mark.parametrize("gpu", CARDS)
def test_the_parts_of_every_stage_add_up_to_what_the_plan_says(catalog, gpu: str) -> None:
    for row in rows(catalog.models, find(gpu).beside(32 * GIB)):
        assert {stage.name: stage.peak for stage in row.layout.stages} == row.plan.stages
        assert row.layout.worst.peak == row.plan.peak
        if row.plan.on_card:
            assert sum(part.size for part in row.layout.waiting) == row.plan.ram


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_every_part_stage_and_way_is_told_in_words(catalog, lang: str) -> None:
    for gpu in CARDS:
        for row in rows(catalog.models, find(gpu).beside(16 * GIB)):
            stages = row.layout.stages
            parts = {part.name for stage in stages for part in stage.parts}
            assert all(i18n.has(f"fits.part.{name}") for name in parts), parts
            assert all(i18n.has(f"fits.stage.{stage.name}") for stage in stages)
            said = [words.rung(lang, row), words.explanation(lang, row)]
            said += words.extras(lang, row)
            said += [words.change(lang, change) for change in row.changes]
            assert not re.search(r"\{|fits\.|plan\.", " ".join(said))


def test_other_cards_never_get_worse_with_more_memory(catalog) -> None:
    rank = {"refused": 0, "slow": 1, "fits": 2}
    for row in rows(catalog.models, find("4").beside(32 * GIB)):
        ranks = [rank[verdict] for _, verdict in row.elsewhere]
        assert ranks == sorted(ranks), row.model.id
