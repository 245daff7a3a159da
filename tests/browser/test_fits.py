"""The page that answers "what fits?": true to the plans, on one screen, in both languages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from aura import i18n, settings
from aura.catalog.models import Catalog
from aura.fits.machine import Machine
from aura.fits.rows import rows
from aura.memory.cards import find
from aura.memory.device import GIB
from aura.memory.planner import Known
from aura.ui.shell import HERE as PAGE
from aura.ui.tabs.fits.board import board
from aura.ui.tabs.fits.scale import Scale
from aura.ui.theme import DARK, LIGHT
from tests.browser.conftest import Visit
from tests.browser.test_languages import LANGS, OTHER, READABLE, _is_key, _only_in
from tests.browser.test_looks import contrast

COLOURS = re.compile(r"--fit-\w+: (#[0-9a-f]{6})")
VERDICTS = (("good", "bg"), ("good", "surface"), ("busy", "bg"), ("busy", "surface"))
VERDICTS += (("bad", "bg"), ("bad", "surface"))


def drawn(lang: str = "en", card: str = "RTX 3050 4GB", ram: int = 16, **options) -> str:
    catalog = Catalog.read(settings.read({}, {}))
    machine = Machine(snapshot=find(card).beside(ram * GIB))
    return board(lang, machine, rows(catalog.models, machine.snapshot, **options), catalog)


def test_every_verdict_is_a_shape_and_a_word_and_not_a_colour_alone() -> None:
    shown = drawn(card="3", ram=8)
    for verdict in ("fits", "slow", "refused"):
        pill = re.search(rf'<b class="aura-pill is-{verdict}">(<svg.*?</svg>)([^<]+)</b>', shown)
        assert pill and pill[2].strip()
    shapes = re.findall(r'aura-pill is-(\w+)"><svg[^>]*>(.*?)</svg>', shown)
    assert len(set(shapes)) == len({look for look, _ in shapes}) == 3


def test_a_time_that_nobody_measured_is_not_told() -> None:
    assert "not measured yet" in drawn()
    plan = rows([_sd15()], find("6").beside(16 * GIB))[0].plan
    machine = Machine(snapshot=find("6").beside(16 * GIB), here=True)
    known = Known(seconds={plan.signature: 42.0})
    told = rows([_sd15()], machine.snapshot, known=lambda model: known)
    shown = board("en", machine, told, Catalog.read(settings.read({}, {})))
    assert "about 42 s" in shown and "not measured yet" not in shown


def test_names_of_models_and_cards_are_shown_as_text() -> None:
    hostile = _sd15().model_copy(update={"name": "<img src=x>", "licence": '"><b>'})
    snapshot = find("6").beside(16 * GIB).model_copy(update={"name": "<i>card</i>"})
    catalog = Catalog.read(settings.read({}, {}))
    shown = board("en", Machine(snapshot=snapshot), rows([hostile], snapshot), catalog)
    assert "<img" not in shown and "<i>card" not in shown and '""><b>' not in shown


def test_what_may_not_earn_money_is_marked() -> None:
    shown = drawn(lang="es")
    model = next(m for m in Catalog.read(settings.read({}, {})).models if not m.commercial)
    row = shown[shown.index(f'data-model="{model.id}"') :]
    assert i18n.text("es", "catalog.noncommercial") in row[: row.index("</summary>")]


@pytest.mark.parametrize("gigabytes", [0.5, 2, 3, 6, 11, 24, 80, 192])
def test_the_axis_has_a_few_ticks_that_lie_where_they_say(gigabytes: float) -> None:
    scale = Scale(int(gigabytes * GIB), GIB)
    ticks = list(scale.ticks())
    assert 2 <= len(ticks) <= 9
    for gb, percent in ticks:
        assert percent == pytest.approx(100 * gb / gigabytes, abs=0.01)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_labels_stand_out_on_the_colours_of_the_bars(palette: dict[str, str]) -> None:
    colours = COLOURS.findall((PAGE / "css" / "fits.css").read_text(encoding="utf-8"))
    assert len(colours) == 4
    assert all(contrast("#ffffff", colour) >= 4.5 for colour in colours)
    assert all(contrast(palette[one], palette[ground]) >= 4.5 for one, ground in VERDICTS)


# --- in the browser


@pytest.mark.browser
@pytest.mark.parametrize("lang", LANGS)
def test_the_page_speaks_one_language(visit: Visit, lang: str) -> None:
    page = _opened(visit(lang=lang).page)
    _size(page, 3)
    for row in page.locator("details.aura-fit").all():
        row.locator("summary").click()
    said = set(page.evaluate(READABLE))
    foreign = _only_in(OTHER[lang])
    assert not {words for words in said if words in foreign}
    assert len(said & _only_in(lang)) > 40
    assert not [words for words in said if "__i18n__" in words or _is_key(words)]


@pytest.mark.browser
def test_another_card_changes_the_picture_at_once_and_the_fields_agree(visit: Visit) -> None:
    page = _opened(visit().page)
    machine, size = page.locator(".aura-fits-machine"), page.locator("#aura-fits-size input")
    expect(machine).to_contain_text("This machine")
    _card(page, "RTX 3050 4 GB")
    expect(machine).to_contain_text("RTX 3050, 4.0 GB")
    expect(size.first).to_have_value("4")
    small = _fitting(page)
    _card(page, "RTX 4090 24 GB")
    expect(machine).to_contain_text("RTX 4090, 24.0 GB")
    assert _fitting(page) > small
    _size(page, 6)
    expect(machine).to_contain_text("A card with 6.0 GB")
    expect(page.locator("#aura-fits-card input")).to_have_value("Any of this size")
    _size(page, 0)
    expect(page.locator("#aura-fits-card input")).to_have_value("None")
    expect(page.locator(".aura-fits-axis")).to_contain_text("RAM")


@pytest.mark.browser
def test_a_model_opens_by_the_keyboard_and_stays_open_when_the_card_changes(visit: Visit) -> None:
    page = visit().page
    page.keyboard.press("Alt+3")
    expect(page.locator("#aura-fits-board .aura-fit").first).to_be_visible()
    _size(page, 6)
    row = page.locator('details[data-model="sdxl"]')
    row.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(row.locator(".aura-fit-stages li")).to_have_count(3)
    expect(row.locator(".aura-fit-stages")).to_be_visible()
    _size(page, 4)
    expect(page.locator(".aura-fits-machine")).to_contain_text("4.0 GB")
    expect(row.locator(".aura-fit-stages")).to_be_visible()
    page.locator("#aura-fits-size input[type=range]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".aura-fits-machine")).to_contain_text("5.0 GB")


@pytest.mark.browser
@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)], ids=["small", "large"])
def test_it_is_one_screen_and_the_bars_keep_to_their_axis(visit: Visit, size) -> None:
    page = _opened(visit(lang="es", theme="light", size=size).page)
    _size(page, 3)
    assert page.evaluate("document.documentElement.scrollHeight") <= size[1]
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    foot, status = page.locator(".aura-fits-foot"), page.locator("#aura-statusbar")
    assert _box(foot)["y"] + _box(foot)["height"] <= _box(status)["y"] + 1
    line = _box(page.locator(".aura-fits-axis > b"))["x"]
    ends = [_box(end)["x"] for end in page.locator(".aura-fit-picture > .aura-fit-bar > u").all()]
    assert ends and all(abs(end - line) <= 2 for end in ends)
    page.locator("details.aura-fit").last.scroll_into_view_if_needed()
    expect(page.locator("details.aura-fit summary").last).to_be_in_viewport()


def _opened(page: Page) -> Page:
    page.locator("#aura-tabs button[role=tab]").nth(2).click()
    expect(page.locator("#aura-fits-board .aura-fit").first).to_be_visible()
    return page


def _card(page: Page, name: str) -> None:
    page.locator("#aura-fits-card input").click()
    page.get_by_role("option", name=name, exact=True).click()


def _size(page: Page, gigabytes: int) -> None:
    field = page.locator("#aura-fits-size input[type=number]")
    field.fill(str(gigabytes))
    field.press("Tab")
    shown = i18n.decimal(page.evaluate("document.documentElement.lang"), f"{gigabytes:.1f} GB")
    if gigabytes:
        expect(page.locator(".aura-fits-machine")).to_contain_text(shown)


def _fitting(page: Page) -> int:
    return page.locator("details.aura-fit.is-fits").count()


def _box(found: Locator) -> dict[str, float]:
    box = found.bounding_box()
    assert box is not None
    return dict(box)


def _sd15():
    return Catalog.read(settings.read({}, {})).get("sd15")
