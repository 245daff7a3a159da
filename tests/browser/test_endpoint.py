"""The endpoint for scripts: one is public, and it answers in objects or in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image

from tests.browser.served import Served


@pytest.fixture(scope="module")
def client(app: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    fetched = tmp_path_factory.mktemp("fetched")
    client = Client(app.url, download_files=str(fetched), verbose=False)
    yield client
    client.close()


def test_only_generate_is_public(client: Client) -> None:
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert list(named) == ["/generate"]


def test_generate_gives_a_picture_with_all_that_is_known_of_it(client: Client) -> None:
    (told,) = client.predict(
        prompt="a red circle", ratio="16:9", steps=3, seed=5, api_name="/generate"
    )
    assert told["seed"] == 5
    assert set(told["stages"]) >= {"encoding", "denoising", "decoding"}
    assert told["peak_bytes"] > 0
    assert told["plan"]["model"] == told["model"] == "aura-shapes"
    with Image.open(Path(told["path"])) as picture:
        assert picture.size == (told["width"], told["height"])


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"prompt": ""}, "4000 characters"),
        ({"prompt": "x", "ratio": "16:10"}, "the ratio is one of"),
        ({"prompt": "x", "width": 64, "height": 99_999}, "4096"),
        ({"prompt": "x", "count": 1000}, "64"),
        ({"prompt": "x", "model": "<b>none</b>"}, "no model called"),
        ({"prompt": "x" * 5000}, "4000 characters"),
    ],
)
def test_bad_input_is_refused_in_words(
    client: Client, asked: dict[str, object], words: str
) -> None:
    with pytest.raises(AppError) as refused:
        client.predict(**asked, api_name="/generate")
    assert words in str(refused.value)
    assert "Traceback" not in str(refused.value)
    assert "<b>" not in str(refused.value)
