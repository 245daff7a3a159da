"""Both languages are whole, and neither speaks into the other."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from aura import i18n, settings
from aura.catalog.models import Catalog
from aura.catalog.vocabulary import unknown_words
from aura.ui.tabs.generate import examples
from tests.browser.conftest import Visit
from tests.browser.desk import Desk

LANGS = ("en", "es")
OTHER = {"en": "es", "es": "en"}

# Everything a person can read or hear on the page, each on a line of its own, but what
# they wrote themselves: the prompts of their pictures.
READABLE = """() => {
  const WRITTEN = '.aura-thumb, figcaption';
  const found = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const inside = walk.currentNode.parentElement;
    if (!inside || inside.closest('script, style, [data-lang], figcaption')) continue;
    found.add(walk.currentNode.textContent.trim());
  }
  for (const element of document.body.querySelectorAll('*'))
    for (const name of ['placeholder', 'title', 'aria-label', 'alt', 'data-drop'])
      if (element.hasAttribute(name) && !(name === 'title' && element.matches(WRITTEN)))
        found.add(element.getAttribute(name).trim());
  return [...found].filter(Boolean);
}"""


def test_both_languages_have_the_same_texts_with_the_same_blanks() -> None:
    english, spanish = i18n.texts("en"), i18n.texts("es")
    assert set(english) == set(spanish)
    for key in english:
        assert _blanks(english[key]) == _blanks(spanish[key]), key


@pytest.mark.parametrize("lang", LANGS)
def test_the_built_in_model_knows_every_word_of_its_example_prompts(lang: str) -> None:
    catalog = Catalog.read(settings.read({}, {}))
    model = catalog.get("aura-shapes")
    offered = examples.prompts(lang, model)
    assert len(offered) >= 3
    unknown = [unknown_words(model, catalog.root, prompt) for prompt in offered]
    assert not any(unknown), unknown


@pytest.mark.browser
@pytest.mark.parametrize("lang", LANGS)
def test_no_text_of_the_other_language_is_on_the_page(visit: Visit, lang: str) -> None:
    desk = visit(lang=lang)
    said = _everywhere(desk)
    foreign = _only_in(OTHER[lang])
    assert not {words for words in said if words in foreign}
    assert len(said & _only_in(lang)) > 60, "the page says too little for this test to mean much"
    assert not [words for words in said if "__i18n__" in words or _is_key(words)]
    assert desk.page.evaluate("document.documentElement.lang") == lang


@pytest.mark.browser
def test_a_click_changes_the_language_of_everything_and_is_remembered(visit: Visit) -> None:
    desk = visit(lang="en")
    desk.page.locator('[data-lang="es"]').click()
    expect(desk.page.locator("#aura-draw")).to_have_text("Dibujar")
    expect(desk.page.locator("#aura-status-bar, #aura-statusbar")).to_contain_text("En reposo")
    desk.reload()
    expect(desk.page.locator("#aura-draw")).to_have_text("Dibujar")
    expect(desk.page.locator('[data-lang="es"]')).to_have_attribute("aria-pressed", "true")


def _everywhere(desk: Desk) -> set[str]:
    """All texts of all tabs, with the side and the help open, of a page that has drawn."""
    page = desk.page
    desk.open_side()
    desk.open_advanced()
    page.locator("#aura-style-new").click()
    desk.draw("lighthouse", steps=3)
    desk.is_("done")
    said = set(page.evaluate(READABLE))
    for section in ("loras", "larger", "repair"):
        page.locator(f"#aura-{section} > button").click()
    page.locator("#aura-larger-final input").click()
    page.get_by_role("option").nth(2).click()
    expect(page.locator("#aura-upscaler")).to_be_visible()
    said |= set(page.evaluate(READABLE))
    page.locator("#aura-start > button").click()
    expect(page.locator("#aura-start [data-act=choose]")).to_be_visible()
    said |= set(page.evaluate(READABLE))
    page.locator('#aura-tools [data-act="start"]').click()
    expect(page.locator("#aura-start figure img")).to_be_visible()
    said |= set(page.evaluate(READABLE))
    page.locator("#aura-scheduler input").click()
    said |= set(page.evaluate(READABLE))
    page.keyboard.press("Escape")
    page.locator('[data-act="help"]').click()
    said |= set(page.evaluate(READABLE))
    page.keyboard.press("Escape")
    page.locator("#aura-tabs button[role=tab]").nth(1).click()
    expect(page.locator("#aura-grid .aura-tile").first).to_be_visible()
    return said | set(page.evaluate(READABLE))


def _only_in(lang: str) -> set[str]:
    """Whole texts of one language that mean nothing in the other."""
    here, there = i18n.texts(lang), set(i18n.texts(OTHER[lang]).values())
    return {words for words in here.values() if words not in there and "{" not in words}


def _is_key(words: str) -> bool:
    return i18n.has(words)


def _blanks(words: str) -> set[str]:
    import string

    return {name for _, name, _, _ in string.Formatter().parse(words) if name}
