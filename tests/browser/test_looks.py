"""One screen without scrolling, every control in reach, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from aura.ui.theme import DARK, LIGHT, READ_ON
from tests.browser.conftest import Visit

CONTROLS = (
    "#aura-draw",
    "#aura-prompt textarea",
    "#aura-model input",
    "#aura-theme",
    "#aura-dice",
    "#aura-again",
    "#aura-style-new",
    '[data-lang="es"]',
    '#aura-tools [data-act="details"]',
    '#aura-tools [data-act="help"]',
    "#aura-advanced > button",
)

# What a click in the middle of an element would hit, and whether that is the element. The
# panel may have to be moved for it, the page never.
REACHED = """(selector) => {
  document.querySelector(selector).scrollIntoView({block: 'nearest'});
  const box = document.querySelector(selector).getBoundingClientRect();
  const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return !!hit && !!hit.closest(selector);
}"""


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("pair", READ_ON, ids="-on-".join)
def test_what_is_read_stands_out_from_what_it_lies_on(
    palette: dict[str, str], pair: tuple[str, str]
) -> None:
    assert contrast(palette[pair[0]], palette[pair[1]]) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_the_outline_of_the_focus_stands_out(palette: dict[str, str]) -> None:
    for ground in ("bg", "surface", "raised"):
        assert contrast(palette["accent-text"], palette[ground]) >= 3


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080)], ids=["small", "large"])
def test_the_page_fits_the_screen_and_nothing_covers_its_controls(
    visit: Visit, theme: str, size: tuple[int, int]
) -> None:
    desk = visit(theme=theme, size=size)
    page = desk.page
    assert page.evaluate("document.documentElement.scrollHeight") <= size[1]
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    covered = [control for control in CONTROLS if not page.evaluate(REACHED, control)]
    assert covered == []
    assert _ground(page) == (DARK if theme == "dark" else LIGHT)["bg"]


@pytest.mark.browser
def test_the_theme_can_be_switched_and_is_remembered(visit: Visit) -> None:
    desk = visit(theme="dark")
    desk.page.locator("#aura-theme").click()
    assert _ground(desk.page) == LIGHT["bg"]
    desk.reload()
    assert _ground(desk.page) == LIGHT["bg"]


@pytest.mark.browser
def test_the_keyboard_draws_stops_browses_and_helps(visit: Visit) -> None:
    desk = visit()
    page = desk.page
    shown = page.locator("#aura-stage .is-picture img")
    for prompt in ("a red star", "a blue star"):
        desk.write(prompt)
        desk.set("steps", 3)
        desk.press_draw()
        desk.is_("done")
        expect(shown).to_have_attribute("alt", prompt)
    page.locator("#aura-progress").click()
    page.keyboard.press("ArrowRight")
    expect(shown).to_have_attribute("alt", "a red star")
    page.keyboard.press("ArrowLeft")
    expect(shown).to_have_attribute("alt", "a blue star")
    page.keyboard.press("?")
    expect(page.locator("#aura-help-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#aura-help-dialog")).not_to_be_visible()
    page.keyboard.press("i")
    expect(page.locator("#aura-side")).to_be_visible()
    desk.draw_unending("a green star")
    desk.is_drawing()
    page.locator("#aura-progress").click()
    page.keyboard.press("Escape")
    desk.is_("cancelled")
    page.keyboard.press("Alt+2")
    expect(page.locator("#aura-search")).to_be_visible()
    page.keyboard.press("Alt+1")
    expect(page.locator("#aura-draw")).to_be_visible()


@pytest.mark.browser
def test_the_focus_stays_on_what_was_pressed_when_the_server_writes_it_anew(visit: Visit) -> None:
    desk = visit()
    desk.draw("a red square", steps=3, count=2)
    desk.is_("done")
    newest, older = desk.thumbs().nth(0), desk.thumbs().nth(1)
    older.focus()
    for thumb, key in ((older, None), (newest, "Shift+Tab"), (older, "Tab")):
        if key:
            desk.page.keyboard.press(key)
        desk.page.keyboard.press("Enter")
        expect(thumb).to_have_attribute("aria-current", "true")
        expect(thumb).to_be_focused()
    star = desk.page.locator('#aura-tools [data-act="star"]')
    star.focus()
    for pressed in ("true", "false"):
        desk.page.keyboard.press("Enter")
        expect(star).to_have_attribute("aria-pressed", pressed)
        expect(star).to_be_focused()


@pytest.mark.browser
def test_arrows_on_the_tabs_are_the_tabs_own(visit: Visit) -> None:
    page = visit().page
    first, last = page.get_by_role("tab").first, page.get_by_role("tab").last
    first.focus()
    for _ in range(page.get_by_role("tab").count()):  # once more than it can
        page.keyboard.press("ArrowRight")
    expect(last).to_be_focused()
    expect(last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowLeft")
    expect(last).to_have_attribute("aria-selected", "false")


@pytest.mark.browser
def test_what_opens_and_what_moves_is_told_to_who_cannot_see_it(visit: Visit) -> None:
    desk = visit()
    page = desk.page
    details = page.get_by_role("button", name="Queue and details")
    expect(details).to_have_attribute("aria-expanded", "false")
    details.click()
    expect(details).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("progressbar", name="Progress of the drawing")).to_be_attached()
    heard = page.locator("body > [role=status]")
    expect(heard).to_have_text("Ready to draw")
    desk.draw("a red square", steps=3, count=1)
    desk.is_("done")
    expect(heard).to_have_text("Done")


@pytest.mark.browser
def test_the_focus_can_be_seen_wherever_the_keyboard_goes(visit: Visit) -> None:
    page = visit().page
    page.locator("#aura-prompt textarea").focus()
    invisible = []
    for _ in range(25):
        page.keyboard.press("Tab")
        invisible += page.evaluate(
            """() => {
              const at = document.activeElement, style = getComputedStyle(at);
              const label = at.closest('label');
              const around = label ? getComputedStyle(label) : style;
              const seen = [style, around].some((s) => s.outlineStyle !== 'none'
                && parseFloat(s.outlineWidth) >= 2);
              return seen || at === document.body ? [] : [at.outerHTML.slice(0, 120)];
            }"""
        )
    assert invisible == []


def contrast(one: str, other: str) -> float:
    """The contrast of two colours after WCAG 2, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _ground(page: Page) -> str:
    """The colour behind everything, as #rrggbb."""
    shown = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red, green, blue = (int(part) for part in shown[4:-1].split(",")[:3])
    return f"#{red:02x}{green:02x}{blue:02x}"
