"""What the library finds can be taken along: as one sheet, as one archive."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.desk import Desk

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("lang", ["en", "es"])
def test_what_a_search_finds_is_downloaded_as_a_sheet_and_as_a_zip(
    visit: Visit, lang: str, tmp_path: Path
) -> None:
    desk = visit(lang=lang)
    word = {"en": "yellow", "es": "amarillo"}[lang]
    desk.draw(f"{word} square export", steps=2, count=2)
    desk.is_("done")
    desk.page.locator("#aura-tabs button[role=tab]").nth(1).click()
    desk.page.locator("#aura-search input, #aura-search textarea").fill(f"{word} export")
    expect(desk.page.locator("#aura-grid .aura-tile")).to_have_count(2)
    with Image.open(downloaded(desk, "sheet", tmp_path)) as sheet:
        assert sheet.width > sheet.height  # two side by side
    with zipfile.ZipFile(downloaded(desk, "zip", tmp_path)) as packed:
        assert len(packed.namelist()) == 2 and packed.testzip() is None


def downloaded(desk: Desk, kind: str, folder: Path) -> Path:
    desk.page.locator(f'#aura-export [data-act="{kind}"]').click()
    link = desk.page.locator(f"#aura-export a[download*={'sheet' if kind == 'sheet' else 'zip'}]")
    expect(link).to_be_visible()
    with desk.page.expect_download() as waiting:
        link.click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path
