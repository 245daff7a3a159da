"""Seconds before anybody measured: from work and speed, and corrected by what runs took."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.memory.activations import entry, work
from aura.memory.ledger import Ledger
from aura.memory.pipelines import published_footprint
from aura.memory.planner import Known, ladder
from aura.memory.simulated import imagined
from aura.memory.verdict import example
from tests.memory.simulation import GIB, model, request

SPEED = {"fp32": 1e12, "bf16": 2e12, "fp16": 2e12}
MACHINE = imagined(24 * GIB, 32 * GIB)
SD = model("sd15", area=512 * 512)


def worked(**changes):
    asked = request(SD, width=512, height=512, **changes)
    return published_footprint("sd15", asked, ("resident",))


def best(known: Known):
    return ladder("SD", worked(), MACHINE, known=known)[0]


def test_the_work_of_stable_diffusion_is_what_was_published():
    assert work(entry("unet_sd15"), 64 * 64) == pytest.approx(803e9, rel=0.05)


def test_work_grows_with_the_steps_and_doubles_with_guidance():
    once = worked(steps=1, guidance=1.0).work["denoising"]
    assert worked(steps=7, guidance=1.0).work["denoising"] == pytest.approx(7 * once)
    assert worked(steps=1, guidance=5.0).work["denoising"] == pytest.approx(2 * once)


def test_what_was_measured_wins_over_what_is_predicted():
    predicted = best(Known(throughput=SPEED))
    assert predicted.timed == "predicted"
    known = Known(throughput=SPEED, seconds={predicted.signature: 41.0})
    assert (best(known).seconds, best(known).timed) == (41.0, "measured")


def test_where_nobody_measured_nothing_is_foretold():
    assert best(Known()).seconds is None and best(Known()).timed is None


@given(st.floats(0.1, 20.0))
def test_a_machine_that_is_slower_than_foreseen_is_believed(ratio: float):
    ledger = Ledger(":memory:")
    ledger.gauged(MACHINE.name, "", SPEED)
    asked = example(SD)
    for _ in range(3):
        plan = best(ledger.known(MACHINE.name, "sd15", asked))
        ledger.done(MACHINE.name, plan, request(SD), 0, {"denoising": plan.foreseen * ratio}, 1)
    other = ledger.known(MACHINE.name, "another", asked)
    assert best(other).seconds == pytest.approx(best(other).foreseen * ratio)
