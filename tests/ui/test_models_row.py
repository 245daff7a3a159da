"""One model of the page as HTML: its words, what can be pressed, and nothing that harms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aura import settings
from aura.catalog.downloads import DownloadView
from aura.catalog.models import Catalog
from aura.catalog.progress import Progress
from aura.catalog.verify import Verified
from aura.errors import DownloadDamaged, GatedModel, PickleRefused
from aura.inventory import Entry, entry, recommended
from aura.memory.device import GIB
from aura.memory.simulated import imagined
from aura.ui.tabs.models.checks import Check
from aura.ui.tabs.models.row import row_html
from tests.catalog.conftest import remote_model

HARM = '<img src=x onerror="harm()">'


def an_entry(here: bool = False, **changes: Any) -> Entry:
    folder = Path("/cache/model") if here else None
    model = remote_model(**({"repo": "some/where"} | changes))
    return Entry(model=model, folder=folder, bytes=2 * GIB, verdict=None)


def row(
    view: DownloadView | None = None,
    check: Check | None = None,
    *,
    lang: str = "en",
    here: bool = False,
    offline: bool = False,
    **changes: Any,
) -> str:
    return row_html(lang, an_entry(here, **changes), view, check, offline=offline)


def acts(html: str) -> list[str]:
    return [part.partition('"')[0] for part in html.split('data-act="')[1:]]


def test_what_a_model_says_of_itself_is_shown_as_text():
    harmful = {"name": HARM, "licence": HARM, "id": HARM, "good_for": {"en": HARM}}
    view = DownloadView(model="x", state="failed", error=PickleRefused(name=HARM).as_dict())
    assert "<img" not in row(view, **harmful)
    assert "<img" not in row(None, Check(file=HARM), here=True, **harmful)


@pytest.mark.parametrize(
    "state, expected",
    [
        ("queued", ["pause", "cancel"]),
        ("running", ["pause", "cancel"]),
        ("paused", ["resume", "cancel"]),
        ("failed", ["retry", "cancel"]),
        ("cancelled", ["download"]),
    ],
)
def test_each_state_offers_what_can_be_done_then(state, expected):
    assert acts(row(DownloadView(model="x", state=state))) == expected


def test_what_is_here_can_be_proven_and_what_was_fetched_removed():
    assert acts(row(here=True)) == ["verify", "remove"]
    assert acts(row(here=True, repo=None, folder="/mine")) == ["verify"]


def test_a_model_that_cannot_be_used_yet_is_not_offered():
    assert acts(row(family="unheard_of")) == []


def test_offline_nothing_is_offered_that_needs_the_network():
    assert acts(row(offline=True)) == []
    assert acts(row(DownloadView(model="x", state="paused"), offline=True)) == ["cancel"]


def test_a_refused_login_offers_to_enter_a_token():
    error = GatedModel(model="Far", url="https://hub/far").as_dict()
    assert acts(row(DownloadView(model="x", state="failed", error=error)))[0] == "token"


@pytest.mark.parametrize(
    "lang, words",
    [
        ("en", ("Downloading", "1.0 GB of 2.0 GB", "5 MB/s", "3 min 20 s left")),
        ("es", ("Descargando", "1,0 GB de 2,0 GB", "5 MB/s", "quedan 3 min 20 s")),
    ],
)
def test_a_download_tells_how_far_it_is_how_fast_and_how_long_it_takes(lang, words):
    now = Progress(phase="fetching", bytes=GIB, total=2 * GIB, speed=5 * 2**20, left=200)
    html = row(DownloadView(model="x", state="running", progress=now), lang=lang)
    assert all(word in html for word in words) and 'aria-valuenow="50"' in html


def test_the_network_being_away_is_said():
    now = Progress(phase="away", total=5)
    said = row(DownloadView(model="x", state="running", progress=now))
    assert "The network is away" in said


def test_why_a_download_ended_is_said_in_words():
    error = DownloadDamaged(model="Far", path="unet/a.safetensors").as_dict()
    said = row(DownloadView(model="x", state="failed", error=error))
    assert "arrived damaged" in said and "unet/a.safetensors" in said


def test_a_check_tells_what_it_set_aside_and_what_to_press():
    report = Verified(model="x", folder="/f", files=3, bytes=9, damaged=("a.json",), aside=True)
    said = row(None, Check(report=report))
    assert "a.json" in said and "Press Download" in said


def test_conditions_are_marked():
    said = row(commercial=False, gated=True)
    assert "No commercial use" in said and "account needed" in said
    assert "commercial" not in row()


@pytest.mark.parametrize("card, ram", [(0, 16), (8, 16), (24, 64)])
def test_the_recommended_set_runs_here_and_asks_for_no_licence(card, ram):
    catalog = Catalog.read(settings.read({}, {}))
    machine = imagined(card * GIB, ram * GIB)
    found = recommended(entry(model, catalog, machine) for model in catalog.models)
    tasks = [one.model.task for one in found]
    assert "generate" in tasks and len(tasks) == len(set(tasks))
    assert all(one.fit in ("fits", "slow") for one in found)
    assert all(one.model.commercial and not one.model.gated for one in found)


def test_nothing_is_recommended_where_nothing_runs():
    catalog = Catalog.read(settings.read({}, {}))
    entries = [entry(model, catalog, imagined(0, GIB // 2)) for model in catalog.models]
    assert recommended(entries) == ()
