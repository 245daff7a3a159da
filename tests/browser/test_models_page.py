"""The page of the models in a real browser, beside a hub of the tests' own."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from aura.i18n import text
from aura.settings import APP_DIR
from tests.browser.conftest import Visit
from tests.browser.desk import PATIENCE_MS, Desk
from tests.browser.served import Served
from tests.catalog import layouts as of
from tests.catalog.conftest import SHAPES
from tests.catalog.hub_server import Fault, HubServer

pytestmark = pytest.mark.browser

SIZES = {"small": (1366, 768), "large": (1920, 1080)}
UNET = "unet/diffusion_pytorch_model.safetensors"
GATED = "flux1-schnell"
TOKEN = "hf_" + "a" * 34


class Place:
    """A studio with a cache of its own and a hub that has the built-in model as ``repo``."""

    def __init__(self, home: Path, repo: str, patch: pytest.MonkeyPatch, token: str | None) -> None:
        self.home, self.hub = home, HubServer(SHAPES, repo, token)
        told = {
            "HF_ENDPOINT": self.hub.url,
            "HF_HOME": str(home / "hf"),
            "HF_HUB_CACHE": str(home / "hub"),
            "HF_TOKEN_PATH": str(home / "token"),
            "HF_HUB_OFFLINE": "0",
        }
        for name, value in told.items():
            patch.setenv(name, value)
        patch.delenv("HF_TOKEN", raising=False)

    def opened(self, *options: str) -> Iterator[tuple[Served, HubServer]]:
        with self.hub.serving():
            served = Served(self.home / "data", APP_DIR, *options).start()
            yield served, self.hub
            served.stop()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, HubServer]]:
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("models")
        yield from Place(home, "stabilityai/sd-turbo", patch, None).opened()


def models(desk: Desk) -> Desk:
    """At the tab of the models."""
    desk.page.locator("#aura-tabs > .tab-wrapper button[role=tab]").nth(3).click()
    expect(row(desk, "sd-turbo")).to_be_visible()
    return desk


def row(desk: Desk, id: str) -> Locator:
    return desk.page.locator(f'#aura-models-list [data-row="{id}"]')


def press(desk: Desk, id: str, act: str) -> None:
    row(desk, id).locator(f'[data-act="{act}"]').click()


def state(desk: Desk, id: str, look: str) -> Locator:
    return row(desk, id).locator(f".aura-model-bar.is-{look}")


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_the_page_fits_the_screen_in_both_languages(
    visit: Visit, place: tuple[Served, HubServer], lang: str, theme: str, size: tuple[int, int]
) -> None:
    desk = models(visit(place[0], lang, theme, size))
    page = desk.page
    assert page.evaluate("document.documentElement.scrollHeight") <= size[1]
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    wide = "element => element.scrollWidth <= element.clientWidth"
    for part in ("head", "list", "folders"):
        assert page.locator(f"#aura-models-{part}").evaluate(wide), part
    turbo = row(desk, "sd-turbo")
    for key in ("models.page.download", "catalog.noncommercial"):
        expect(turbo).to_contain_text(text(lang, key))
    expect(row(desk, GATED)).to_contain_text(text(lang, "models.page.gated"))
    expect(row(desk, "aura-shapes")).to_contain_text(text(lang, "models.verdict.fits"))


def test_a_restricted_model_is_agreed_to_fetched_paused_resumed_used_and_removed(
    visit: Visit, place: tuple[Served, HubServer]
) -> None:
    served, hub = place
    go_on = threading.Event()
    hub.faults.append(Fault(UNET, cut=2**20, pause=go_on.wait))
    desk = models(visit(served))
    press(desk, "sd-turbo", "download")
    dialog = desk.page.get_by_role("dialog", name="Licence of SD-Turbo")
    expect(dialog).to_contain_text("does not allow commercial use")
    desk.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(row(desk, "sd-turbo").locator('[data-act="download"]')).to_be_focused()
    assert hub.asked == []
    press(desk, "sd-turbo", "download")
    dialog.get_by_role("button", name="Accept and download").click()

    expect(state(desk, "sd-turbo", "running")).to_contain_text(" of 1")
    press(desk, "sd-turbo", "pause")
    go_on.set()
    expect(state(desk, "sd-turbo", "paused")).to_be_visible()
    desk.reload()
    models(desk)
    expect(state(desk, "sd-turbo", "paused")).to_contain_text("Paused")
    heard = desk.page.locator("body > [role=status].aura-unseen")
    expect(heard).to_have_text("SD-Turbo: Paused")
    press(desk, "sd-turbo", "resume")
    expect(row(desk, "sd-turbo")).to_contain_text("Installed")
    expect(heard).to_have_text("SD-Turbo: Installed")
    assert [asked.start > 0 for asked in hub.fetched(UNET)] == [False, True]

    desk.page.get_by_role("tab", name="Text to image").click()
    desk.page.locator("#aura-model input").click()
    desk.page.get_by_role("option", name="SD-Turbo").click()
    desk.draw("a red circle", steps=1, count=1)
    desk.is_("done")

    models(desk)
    press(desk, "sd-turbo", "verify")
    expect(row(desk, "sd-turbo")).to_contain_text("all well")
    press(desk, "sd-turbo", "remove")
    removal = desk.page.get_by_role("dialog")
    expect(removal).to_contain_text("frees 1")
    removal.get_by_role("button", name="Remove it").click()
    expect(row(desk, "sd-turbo").locator('[data-act="download"]')).to_be_visible()
    assert not list(served.data.parent.glob("hub/*/snapshots/*/*"))


def test_what_fails_is_said_in_words_and_can_be_tried_again(
    visit: Visit, place: tuple[Served, HubServer]
) -> None:
    """Another repository than the hub has: there is nothing under that name."""
    desk = models(visit(place[0], lang="es"))
    press(desk, "sd15", "download")
    expect(row(desk, "sd15").locator(".is-bad")).to_contain_text("Stable Diffusion 1.5")
    press(desk, "sd15", "cancel")
    expect(row(desk, "sd15").locator('[data-act="download"]')).to_be_visible()


def test_ones_own_folders_are_used_at_once_and_leaving_the_list_deletes_nothing(
    visit: Visit, place: tuple[Served, HubServer], tmp_path: Path
) -> None:
    mine = tmp_path / "<b>mine"
    shutil.copytree(SHAPES, mine / "my-shapes")
    of.safetensors(mine / "style.safetensors", of.LORAS["SDXL kohya"])
    (mine / "old.ckpt").write_bytes(b"pickle")
    desk = models(visit(place[0]))
    shelves = desk.page.locator("#aura-models-folders")
    field = shelves.get_by_role("textbox")
    field.fill(str(tmp_path / "nowhere"))
    field.press("Enter")
    expect(shelves).to_contain_text("there is no such folder")
    expect(field).to_have_value(str(tmp_path / "nowhere"))
    field.fill(str(mine))
    shelves.get_by_role("button", name="Add", exact=True).click()
    expect(shelves).to_contain_text("LoRA (add-on)")
    expect(shelves).to_contain_text("Look for the same model as .safetensors")
    expect(shelves.locator("header b")).to_have_text(str(mine))
    expect(field).to_have_value("")

    desk.page.get_by_role("tab", name="Text to image").click()
    desk.page.locator("#aura-model input").click()
    desk.page.get_by_role("option", name="my-shapes").click()
    desk.draw("a red circle", steps=1, count=1)
    desk.is_("done")

    models(desk)
    shelves.locator('[data-act="folder_remove"]').click()
    expect(shelves.locator("section")).to_have_count(0)
    there = sorted(path.name for path in mine.iterdir())
    assert there == ["my-shapes", "old.ckpt", "style.safetensors"]


def test_a_gated_model_asks_for_a_token_and_keeps_only_a_proven_one(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gated = Place(tmp_path, "black-forest-labs/FLUX.1-schnell", monkeypatch, TOKEN)
    for served, _ in gated.opened():
        desk = models(visit(served))
        press(desk, GATED, "download")
        dialog = desk.page.get_by_role("dialog")
        dialog.get_by_role("button", name="Accept and download").click()
        field = dialog.get_by_label("Access token")
        expect(field).to_be_focused()
        field.fill("hf_wrong")
        field.press("Enter")
        expect(dialog).to_contain_text("did not accept your access token")
        assert not (tmp_path / "token").exists()
        field.fill(TOKEN)
        dialog.get_by_role("button", name="Check and keep").click()
        expect(dialog).to_have_count(0, timeout=PATIENCE_MS)
        assert (tmp_path / "token").read_text(encoding="utf-8") == TOKEN


def test_offline_one_line_says_so_and_nothing_offers_a_download(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for served, hub in Place(tmp_path, "stabilityai/sd-turbo", monkeypatch, None).opened(
        "--offline"
    ):
        desk = models(visit(served))
        expect(desk.page.locator(".aura-models-line")).to_contain_text("network is switched off")
        expect(desk.page.locator('#aura-models [data-act="download"]')).to_have_count(0)
        expect(desk.page.locator('#aura-models [data-act="set"]')).to_have_count(0)
        assert hub.asked == []
