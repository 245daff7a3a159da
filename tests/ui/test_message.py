"""The card above the stage says what a fallback changed, in both languages."""

from __future__ import annotations

import pytest

from aura.i18n import text
from aura.library.history import Entry
from aura.requests import GenerateRequest, Picture
from aura.ui.tabs.generate import details, message

CLIMBED = {"code": "plan.climbed", "facts": {"model": "SDXL", "how": ["plan.how.vae_tiling"]}}
BUSY = {"code": "engine.device_busy", "facts": {}}
DRAWN = Picture(
    path="/p.png",
    width=64,
    height=64,
    seed=1,
    prompt="a",
    model="m",
    seconds=1,
    stages={},
    peak_bytes=3 * 2**30,
    plan={"peak": 4 * 2**30, "rung": "leaf_offload", "dtype": "fp16", "device": "cuda:0"},
)


@pytest.mark.parametrize("lang", ["en", "es"])
def test_a_fallback_says_what_changed_and_leads_to_the_memory_picture(lang: str):
    shown = message.noticed(lang, [CLIMBED])
    assert text(lang, "plan.climbed", **CLIMBED["facts"]) in shown
    assert f'data-act="picture">{text(lang, "memory.look")}<' in shown


def test_a_notice_that_changes_nothing_is_not_called_a_fallback():
    assert "more careful" not in message.noticed("en", [BUSY])
    assert 'data-act="picture"' not in message.noticed("en", [BUSY])


def test_the_details_name_the_preset_once():
    request = GenerateRequest(
        model="m", prompt="a", prompts=("a",), negatives=("",), width=64, height=64, steps=1,
        guidance=1, seed=1, preset="quality",
    )  # fmt: skip
    entry = Entry(picture=DRAWN, request=request, created=0.0)
    assert details.details("en", entry, {}).count(">Preset<") == 1


def test_the_details_hold_what_was_measured_against_what_was_predicted():
    shown = details._memory("en", DRAWN)
    assert "3.0 GB (75 %)" in shown
    assert "4.0 GB" in shown and "the model streamed layer by layer" in shown
    whole = DRAWN.model_copy(update={"plan": DRAWN.plan | {"rung": "resident"}})
    assert text("es", "generate.details.rung.resident") in details._memory("es", whole)
