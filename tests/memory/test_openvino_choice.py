"""OpenVINO computes where it was measured to be faster, and once its conversion is worth it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aura.memory.device import GIB
from aura.memory.gauge import Gauge
from aura.memory.ledger import Ledger
from aura.memory.pace import converted
from aura.memory.pipelines import published_footprint
from aura.memory.planner import Known, fitting, ladder
from aura.memory.simulated import imagined
from aura.requests.generate import Lora
from tests.families.plans import plan
from tests.memory.simulation import model, request

SD = model("sd15", area=512 * 512).model_copy(update={"family": "stable_diffusion"})
ROOMY = imagined(0, 32 * GIB).model_copy(update={"dtypes": ("bf16", "fp32")})
SPEED = {"bf16": 2e11, "fp32": 1e11}
FASTER = SPEED | {converted("bf16"): 3e11, converted("fp32"): 2e11}
SLOWER = SPEED | {converted("bf16"): 1e11, converted("fp32"): 5e10}
DONE = Known(throughput=FASTER, converted=True)


def footprint(**changes):
    asked = request(SD, width=512, height=512, **changes)
    return published_footprint("sd15", asked, ("openvino", "resident", "vae_tiling"))


def best(known: Known, machine=ROOMY, **changes):
    plans = ladder("SD", footprint(**changes), machine, known=known)
    return fitting(plans, machine)[0]


@pytest.mark.parametrize(
    ("throughput", "rung"),
    [(FASTER, "openvino"), (SLOWER, "resident"), (SPEED, "resident"), ({}, "resident")],
)
def test_the_faster_of_both_is_taken_and_nothing_before_it_was_measured(throughput, rung):
    assert best(Known(throughput=throughput, converted=True)).rung == rung


def test_its_seconds_are_as_much_shorter_as_it_is_faster():
    own = best(Known(throughput=SPEED), steps=20)
    ours = best(DONE, steps=20)
    denoised = footprint(steps=20).work["denoising"] / sum(footprint(steps=20).work.values())
    assert ours.seconds == pytest.approx(own.seconds * (1 - denoised / 3), rel=0.01)


def test_the_dtype_that_was_measured_to_be_faster_leads():
    fast, slow = {"bf16": 2e11, "fp32": 1e11}, {"bf16": 5e10, "fp32": 1e11}
    assert best(Known(throughput=fast)).dtype == "bf16"
    assert best(Known(throughput=slow)).dtype == "fp32"
    assert best(Known(throughput={"fp32": 1e11})).dtype == "bf16"  # as its instructions promise


def test_one_picture_waits_for_no_conversion_but_many_steps_do():
    fresh = replace(DONE, converted=False)
    assert best(fresh, steps=4).rung == "resident"
    assert best(fresh, steps=50, prompts=("a",) * 8, negatives=("",) * 8).rung == "openvino"


def test_pictures_that_were_drawn_before_count():
    assert best(replace(DONE, converted=False, spent=1000.0), steps=4).rung == "openvino"


def test_the_plan_says_that_it_converts_and_only_the_first_time():
    first = best(replace(DONE, converted=False, spent=1e6))
    assert "plan.how.converting" in first.explanation["facts"]["how"]
    again = best(DONE).explanation["facts"]["how"]
    assert "plan.how.openvino" in again and "plan.how.converting" not in again


def test_what_is_mapped_and_what_is_laid_out_both_count():
    own, ours = best(Known(throughput=SPEED)), best(DONE)
    core = footprint().component("unet").weights["bf16"]
    assert ours.resting == own.resting + core and ours.peak == own.peak + core
    assert ours.ram == ours.peak


def test_where_it_does_not_fit_torch_computes():
    tight = ROOMY.model_copy(update={"limit": best(DONE).peak})
    assert best(DONE, tight).rung == "resident"


def test_loras_are_for_torch():
    asked = request(SD, width=512, height=512)
    asked = asked.model_copy(update={"loras": (Lora(id="a"),)})
    assert "openvino" not in published_footprint("sd15", asked, ("openvino", "resident")).rungs


def test_the_ledger_remembers_what_torch_took_and_that_it_was_converted():
    ledger = Ledger(":memory:")
    asked = request(SD, width=512, height=512)
    own, ours = plan(model="sd15"), plan(model="sd15", rung="openvino")
    for _ in range(2):
        ledger.done("a processor", own, asked, 0, {"denoising": 30.0}, 1)
    known = ledger.known("a processor", "sd15", asked)
    assert known.spent == 60.0 and not known.converted
    ledger.done("a processor", ours, asked, 0, {"denoising": 10.0}, 1)
    known = ledger.known("a processor", "sd15", asked)
    assert known.spent == 60.0 and known.converted
    assert not ledger.known("a processor", "sdxl", asked).converted


class Processor:
    """A device that counts how often it is measured."""

    def __init__(self) -> None:
        self.measured = 0

    def snapshot(self):
        return ROOMY

    def setup(self) -> str:
        return "2 threads"

    def throughput(self):
        self.measured += 1
        return dict(SPEED)

    def empty_cache(self) -> None:
        pass


def test_a_machine_is_compared_once_and_that_is_remembered():
    device, ledger, asked = Processor(), Ledger(":memory:"), []

    def rivals(dtypes):
        asked.append(dtypes)
        return dict.fromkeys(dtypes, 1.5)

    for _ in range(2):
        gauge = Gauge(device, ledger, rivals)
        gauge.measure()
        gauge.compare()
    assert device.measured == 1 and asked == [("bf16", "fp32")]
    assert ledger.throughput(ROOMY.name)[converted("bf16")] == 1.5 * SPEED["bf16"]


def test_what_was_compared_beside_a_job_is_not_believed():
    device, ledger = Processor(), Ledger(":memory:")
    gauge = Gauge(device, ledger, lambda dtypes: dict.fromkeys(dtypes, 1.5))
    gauge.measure()
    gauge.compare(quiet=lambda: False)
    assert ledger.throughput(ROOMY.name) == SPEED
