"""The status bar says what the engine told, for every kind of device, in both languages."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from aura.engine.protocol import Status
from aura.memory.device import GIB, Snapshot
from aura.memory.manager import Resident
from aura.ui import status
from tests.browser.conftest import Visit

CARD = Snapshot(
    kind="cuda",
    name="NVIDIA <b>RTX</b> 3060",
    total=12 * GIB,
    free=7 * GIB,
    held=3 * GIB,
    limit=4 * GIB,
    host_total=32 * GIB,
    host_free=20 * GIB,
    host_held=GIB,
    cpu_percent=12,
    utilisation=87,
    temperature=61,
    power=142,
)
CPU = Snapshot(
    kind="cpu",
    name="Some processor",
    total=16 * GIB,
    free=9 * GIB,
    held=GIB,
    host_total=16 * GIB,
    host_free=9 * GIB,
    cpu_percent=40,
)


def test_a_card_shows_what_the_driver_says_and_what_aura_holds_apart() -> None:
    shown = status.bar("en", Status(device=CARD), None, {})
    for part in ("5.0 GB / 12.0 GB", "Aura 3.0 GB", "87 %", "61 °C", "142 W", "12.0 GB / 32.0 GB"):
        assert part in shown
    assert "limit" in shown
    assert "4.0 GB" in shown


def test_a_machine_without_a_card_says_cpu_and_shows_its_ram_alone() -> None:
    shown = status.bar("es", Status(device=CPU), None, {})
    assert "<b>CPU</b>" in shown
    assert "7,0 GB / 16,0 GB" in shown
    assert "VRAM" not in shown
    assert "°C" not in shown


def test_names_are_shown_as_text() -> None:
    model = Resident(model="<i>x</i>", bytes=GIB, device="cuda:0", lent=False, idle=1)
    shown = status.bar("en", Status(device=CARD, residents=(model,)), None, {})
    assert "<i>x" not in shown
    assert "<b>RTX" not in shown
    assert "&lt;i&gt;x&lt;/i&gt; 1.0 GB" in shown


def test_before_the_engine_speaks_the_bar_says_that_it_starts() -> None:
    assert "The engine is starting" in status.bar("en", None, None, {})


@pytest.mark.browser
def test_the_bar_shows_what_runs_for_how_long_and_which_model_stays(visit: Visit) -> None:
    desk = visit()
    bar = desk.page.locator("#aura-statusbar")
    desk.draw_unending("a red circle")
    desk.is_drawing()
    expect(bar.locator(".is-busy")).to_contain_text("Drawing")
    expect(bar).to_contain_text("Aura Shapes")
    desk.stop()
    expect(bar).to_contain_text("Idle")
    expect(bar).to_contain_text("RAM")
