"""The row of presets says in both languages what each would take, and all that it sets."""

from __future__ import annotations

import pytest

from aura import i18n
from aura.batches.progress import Progress
from aura.presets import CHOICES, OWN, Better, Option
from aura.requests import Larger, Way
from aura.ui.tabs.generate.sections import many, presets
from tests.batches.making import grid, prompts


def made(**changes) -> Option:
    fields = {
        "name": "ultra_fast", "model": "sd15", "steps": 10, "guidance": 7.5,
        "scheduler": "dpmpp_2m_karras", "width": 384, "height": 384,
        "larger": Larger(width=512, height=512, strength=0),
        "way": Way(placement="stream", decoder="tiny"), "seconds": 72.0, "peak": 2 * 2**30,
        "verdict": "slow",
    }  # fmt: skip
    return Option(**fields | changes)


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_everything_that_a_preset_sets_is_said(lang):
    said = presets.words(lang, made())
    for part in ("10", "DPM++ 2M Karras", "384 × 384", "512 × 512"):
        assert part in said
    for way in ("placement.stream", "decoder.tiny"):
        assert i18n.text(lang, f"preset.sets.{way}") in said


def test_figures_stand_under_each_name_as_far_as_they_are_known():
    options = [made(name=name) for name in CHOICES]
    labels = {name: label for label, name in presets.choices("es", options)}
    assert labels["balanced"] == "Equilibrado\n1 min 12 s · 2,0 GB" and OWN in labels
    assert presets.figures("en", made(seconds=None)) == "2.0 GB"
    assert presets.figures("en", made(verdict="refused", peak=None)) == "does not fit"
    assert presets.figures("en", made(peak=None, seconds=None)) == "not known yet"


def test_a_better_model_is_named_with_what_it_takes():
    other = Better(model="sd-turbo", name="SD-Turbo", seconds=20, download_bytes=2 * 2**30)
    said = presets.words("en", made(better=other))
    assert "SD-Turbo would take 20 s (2.0 GB to download)" in said
    here = other.model_copy(update={"download_bytes": 0})
    assert "download" not in presets.words("en", made(better=here))


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_a_batch_tells_how_far_it_is_and_when_it_will_be_done(lang):
    running = Progress(state="running", drawn=14, lost=0, of=80, until=1e9)
    said = many.state(lang, running)
    assert "14 de 80" in said if lang == "es" else "14 of 80" in said
    assert said.count(":") == 1, "a time of day"
    for state in ("running", "stopped", "done", "incomplete"):
        assert many.state(lang, Progress(state=state, drawn=1, lost=1, of=2))


def test_each_batch_offers_what_can_be_done_with_it():
    told = Progress(state="running", drawn=1, lost=0, of=2)
    listed = many.listing("en", [(prompts("a", "b"), told)])
    assert 'data-act="stop"' in listed and 'data-act="zip"' in listed
    done = grid("steps=1,2", prompt="<b>").model_copy(update={"sheet": "/s.png"})
    listed = many.listing("en", [(done, told.model_copy(update={"state": "done"}))])
    assert 'data-act="show"' in listed and 'data-act="stop"' not in listed
    assert "<b>" not in listed, "what a person typed is no HTML"
    assert many.listing("en", []) == ""
