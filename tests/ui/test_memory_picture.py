"""The memory picture means what it shows: heights are bytes, lines are plans, words are numbers."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura.engine.protocol import Status
from aura.i18n import text
from aura.memory.device import GIB, MIB, Snapshot
from aura.memory.manager import Resident
from aura.timeline import Forecast, Recent, Sample, Span, Stretch
from aura.ui.memory import chart, marks, models, sheet
from aura.ui.memory.axes import FLOOR, PLOT, fitted, lines_of
from aura.ui.memory.freeing import Freeing

NAMES = {"a": "Model A", "b": "Model B"}
NOW = 10_000.0
CARD = Snapshot(
    kind="cuda",
    name="RTX <3060>",
    total=12 * GIB,
    free=5 * GIB,
    held=6 * GIB,
    host_total=32 * GIB,
    host_free=20 * GIB,
    host_held=GIB,
)
CPU = CARD.model_copy(update={"kind": "cpu"})

sizes = st.integers(0, 40 * GIB)


def sample(age: float, held: int = 0, budget: int = 11 * GIB, **of_models: int) -> Sample:
    total = 12 * GIB
    return Sample(
        at=NOW - age, total=total, free=total - held, held=held, budget=budget, models=of_models
    )


def span(*peaks: int, model: str = "a", ended: float | None = 10, **changes) -> Span:
    """A job that ran from 40 s ago, under a plan of each peak for equally long."""
    end = NOW - (ended or 0)
    step = (end - (NOW - 40)) / max(1, len(peaks))
    fields = {
        "job": "j",
        "model": model,
        "words": "a red circle",
        "begun": NOW - 40,
        "ended": None if ended is None else end,
        "state": "running" if ended is None else "done",
        "stretches": (
            Stretch(stage="loading", begun=NOW - 40),
            Stretch(stage="denoising", begun=NOW - 30),
        ),
        "forecasts": tuple(
            Forecast(begun=NOW - 40 + i * step, rung="resident", peak=peak)
            for i, peak in enumerate(peaks)
        ),
    }
    return Span(**(fields | changes))


def recent(*samples: Sample, spans: tuple[Span, ...] = ()) -> Recent:
    return Recent(now=NOW, samples=samples, spans=spans)


def drawn(shown: Recent) -> ET.Element:
    return ET.fromstring(chart.plot(shown, fitted(shown), sheet.banded(shown)))


def bands(shown: Recent) -> list[ET.Element]:
    return [rect for rect in drawn(shown).iter("rect") if rect.get("data-model")]


def bytes_at(shown: Recent, y: float) -> float:
    """What a height of the picture stands for."""
    return (FLOOR - y) / PLOT * fitted(shown).top


@given(st.lists(st.tuples(sizes, sizes, sizes), min_size=1, max_size=40))
def test_the_highest_band_equals_the_sum_of_the_residents(told):
    samples = [sample(len(told) - i, held=h, a=a, b=b) for i, (a, b, h) in enumerate(told)]
    shown = recent(*samples)
    top = fitted(shown).top
    most = max(one.accounted for one in samples)
    highest = max((bytes_at(shown, float(rect.get("y"))) for rect in bands(shown)), default=0)
    assert highest == pytest.approx(most, abs=top / PLOT * 0.11)


@given(st.lists(st.tuples(sizes, sizes), min_size=1, max_size=30))
def test_each_band_is_as_high_as_its_bytes_and_lies_on_those_below(told):
    samples = [sample(len(told) - i, a=a, b=b) for i, (a, b) in enumerate(told)]
    shown = recent(*samples)
    order = sheet.banded(shown)
    for model, below in (("a", False), ("b", True)):
        for begun, ended, base, size in chart.runs(shown, order, model):
            during = [one for one in samples if begun <= one.at < ended]
            assert during and all(one.models[model] == size for one in during)
            assert all(base == (one.models["a"] if below else 0) for one in during)


@given(st.lists(sizes, min_size=1, max_size=20), sizes, sizes)
def test_nothing_lies_above_the_scale(helds, peak, measured):
    samples = [sample(len(helds) - i, held=held, a=held) for i, held in enumerate(helds)]
    shown = recent(*samples, spans=(span(peak, measured=measured),))
    assert fitted(shown).top >= max(*helds, peak, measured)


def test_the_predicted_line_lies_at_the_peak_of_the_plan():
    shown = recent(sample(30, a=GIB), sample(5, a=GIB), spans=(span(5 * GIB),))
    (line,) = [one for one in drawn(shown).iter("line") if one.get("class") == "aura-predicted"]
    assert line.get("y1") == line.get("y2")
    assert bytes_at(shown, float(line.get("y1"))) == pytest.approx(5 * GIB, rel=0.01)
    assert line.get("data-bytes") == str(5 * GIB)


def test_beside_another_model_the_predicted_line_lies_on_top_of_it():
    shown = recent(sample(30, a=GIB, b=2 * GIB), spans=(span(5 * GIB),))
    assert list(lines_of(shown, shown.spans[0]).values()) == [7 * GIB]


def test_after_a_fallback_the_picture_shows_both_plans_one_after_the_other():
    shown = recent(sample(30), spans=(span(5 * GIB, 3 * GIB),))
    first, second = (
        one for one in drawn(shown).iter("line") if one.get("class") == "aura-predicted"
    )
    assert float(first.get("y1")) < float(second.get("y1"))
    assert first.get("x2") == second.get("x1")
    assert "more careful plan" in "\n".join(marks.told("en", shown.spans[0], fitted(shown), NAMES))


def test_the_measured_peak_is_marked_at_its_height_where_the_curve_was_highest():
    shown = recent(
        sample(35, held=GIB), sample(20, held=3 * GIB), sample(15), spans=(span(measured=4 * GIB),)
    )
    (mark,) = (one for one in drawn(shown).iter("svg") if one.get("overflow") == "visible")
    assert bytes_at(shown, float(mark.get("y"))) == pytest.approx(4 * GIB, rel=0.01)
    assert mark.get("x") == f"{fitted(shown).x(NOW - 20):.2f}%"


def test_the_stages_of_a_job_fill_its_time_and_each_has_a_texture_of_its_own():
    shown = recent(sample(30), spans=(span(GIB),))
    lane = [rect for rect in drawn(shown).iter("rect") if rect.get("data-stage")]
    assert [rect.get("data-stage") for rect in lane] == ["loading", "denoising"]
    assert lane[0].get("fill") != lane[1].get("fill")
    widths = sum(float(rect.get("width")[:-1]) for rect in lane)
    assert widths == pytest.approx(100 * 30 / fitted(shown).window, abs=0.05)


def test_a_job_that_still_runs_reaches_to_now():
    shown = recent(sample(30), spans=(span(GIB, ended=None),))
    line = next(one for one in drawn(shown).iter("line") if one.get("class") == "aura-predicted")
    assert line.get("x2") == "100.00%"


def test_a_budget_out_of_sight_is_named_and_does_not_flatten_the_curve():
    near = recent(sample(30, held=6 * GIB, budget=11 * GIB))
    far = recent(sample(30, held=100 * MIB, budget=11 * GIB))
    assert fitted(near).top >= 11 * GIB
    assert fitted(far).top < GIB
    assert "11.0 GB, far above" in picture("en", far)


def test_where_the_engine_was_silent_the_curve_has_a_hole():
    assert len(chart.pieces(recent(sample(50), sample(49), sample(20), sample(19)))) == 2


@pytest.mark.parametrize("lang", ["en", "es"])
def test_before_the_first_reading_the_picture_says_what_it_waits_for(lang: str):
    assert text(lang, "memory.empty") in picture(lang, recent())


def test_the_numbers_can_be_read_by_keyboard_in_both_languages():
    shown = recent(sample(30, held=2 * GIB, a=GIB), spans=(span(5 * GIB, measured=4 * GIB),))
    for lang, parts in {
        "en": ("Predicted peak: 5.0 GB", "Measured peak: 4.0 GB", "Aura, as measured: 2.0 GB"),
        "es": ("Máximo previsto: 5,0 GB", "Máximo medido: 4,0 GB", "2,0 GB"),
    }.items():
        shown_html = picture(lang, shown)
        for part in parts:
            assert part in shown_html
        assert shown_html.count('class="aura-job') == shown_html.count('tabindex="0"') - 1


def test_what_people_wrote_is_shown_as_text():
    shown = recent(sample(30, **{"<b>": GIB}), spans=(span(GIB, words='<img src=x>"'),))
    whole = sheet.sheet("en", shown, Status(device=CARD), names={}, keep_s=600)
    for harm in ("<img", "<b>", "RTX <"):
        assert harm not in whole.replace('<b class="aura-budget-name"', "")


# --- the models


def resident(model: str = "a", **changes) -> Resident:
    fields = {"model": model, "bytes": 2 * GIB, "device": "cuda:0", "lent": False, "idle": 130}
    return Resident(**(fields | changes))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({}, "2.0 GB on the card · used 2 min ago"),
        ({"ram": GIB}, "2.0 GB on the card, 1.0 GB in RAM"),
        ({"parked": True, "ram": GIB, "bytes": 0}, "parked in RAM, 1.0 GB"),
        ({"device": "cpu"}, "2.0 GB in RAM"),
        ({"lent": True}, "in use now"),
        ({"idle": 3}, "used just now"),
        ({"idle": 40}, "used less than a minute ago"),
        ({"idle": 7300}, "used 2 h ago"),
    ],
)
def test_a_resident_tells_its_bytes_its_place_and_its_last_use(changes, words):
    told = models.listing("en", status(resident(**changes), device=CARD), NAMES, ["a"])
    assert words in told and "Model A" in told


def test_a_lent_model_cannot_be_released_and_says_why():
    told = models.listing("en", status(resident(lent=True)), NAMES, ["a"])
    assert 'data-act="release"' not in told
    assert "A job is using Model A" in told


def test_a_model_that_something_still_holds_is_named():
    told = models.listing("es", Status(device=CARD, leaks=("b",)), NAMES, [])
    assert "Model B" in told


def test_a_time_that_was_chosen_elsewhere_is_offered_too():
    assert models.keep("en", 42).count("<button") == models.keep("en", 600).count("<button") + 1
    assert 'data-seconds="42" aria-pressed="true">42 s<' in models.keep("en", 42)


# --- giving back


def status(*residents: Resident, held: int = 6 * GIB, device: Snapshot = CPU) -> Status:
    return Status(device=device.model_copy(update={"held": held}), residents=residents)


def test_what_was_given_back_is_told_once_the_memory_is_really_back():
    freeing = Freeing(status(resident("a"), resident("b")), None, busy=False)
    assert "Giving" in freeing.told("en", status(resident("a"), resident("b")))
    assert "Giving" in freeing.told("en", status())  # off the list, not yet returned
    assert freeing.told("en", status(held=GIB)) == "5.0 GB given back."
    assert freeing.told("en", status(held=3 * GIB)) == "5.0 GB given back."


def test_of_one_model_only_that_one_is_waited_for():
    freeing = Freeing(status(resident("a"), resident("b")), "a", busy=False)
    freeing.told("en", status(resident("b"), held=4 * GIB))
    assert freeing.told("en", status(resident("b"), held=4 * GIB)) == "2.0 GB given back."


def test_beside_a_card_the_ram_that_came_back_counts_too():
    before = status(resident("a"), device=CARD)
    after = CARD.model_copy(update={"host_held": 0})
    freeing = Freeing(before, None, busy=False)
    freeing.told("en", status(held=5 * GIB, device=after))
    assert freeing.told("en", status(held=5 * GIB, device=after)) == "2.0 GB given back."


def test_nothing_idle_means_nothing_to_give_back():
    freeing = Freeing(status(resident("a", lent=True)), None, busy=True)
    assert "nothing" in freeing.told("en", status(resident("a", lent=True)))


def test_a_model_whose_job_has_just_ended_is_given_back_though_a_status_still_shows_it_lent():
    freeing = Freeing(status(resident("a", lent=True)), None, busy=False)
    freeing.told("en", status(held=GIB))
    assert freeing.told("en", status(held=GIB)) == "5.0 GB given back."


def test_a_model_that_a_job_took_again_is_not_waited_for_for_ever():
    now = [0.0]
    freeing = Freeing(status(resident("a")), None, busy=False, clock=lambda: now[0])
    now[0] = 60
    assert "stays" in freeing.told("en", status(resident("a", lent=True)))


def picture(lang: str, shown: Recent) -> str:
    return sheet.picture(lang, shown, Status(device=CARD), NAMES, sheet.banded(shown))
