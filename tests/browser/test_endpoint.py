"""The endpoint for scripts: one is public, and it answers in objects or in words."""

from __future__ import annotations

import base64
import io
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


def test_many_prompts_with_a_preset_come_in_their_order(client: Client) -> None:
    pictures = client.predict(
        prompts=["a red circle", "# not this", "a blue star"],
        preset="ultra_fast",
        steps=2,
        seed=5,
        api_name="/generate",
    )
    assert [one["prompt"] for one in pictures] == ["a red circle", "a blue star"]
    assert [one["seed"] for one in pictures] == [5, 6]


def test_a_grid_gives_its_cells_and_then_their_sheet(client: Client) -> None:
    *cells, sheet = client.predict(
        prompt="a red circle", grid=["steps=1, 2"], size="64x64", seed=5, api_name="/generate"
    )
    assert [(one["width"], one["height"]) for one in cells] == [(64, 64)] * 2
    assert sheet["width"] > 2 * sheet["notices"][0]["facts"]["count"]


def test_a_script_brings_the_picture_to_start_from_itself(client: Client) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(buffer, "PNG")
    data = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    asked = {"prompt": "a red circle", "size": "64x64", "steps": 4, "strength": 0.25}
    (told,) = client.predict(**asked, start=data, api_name="/generate")
    with Image.open(Path(told["path"])) as picture:
        red, green, blue = picture.convert("RGB").getpixel((32, 32))
    assert red > 150 > max(green, blue)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"prompt": ""}, "4000 characters"),
        ({"prompt": "x", "ratio": "16:10"}, "the ratio is one of"),
        ({"prompt": "x", "width": 64, "height": 99_999}, "4096"),
        ({"prompt": "x", "count": 1000}, "64"),
        ({"prompt": "x", "model": "<b>none</b>"}, "no model called"),
        ({"prompt": "x" * 5000}, "4000 characters"),
        ({"prompt": "x", "start": "/etc/passwd"}, "data URL"),
        ({"prompt": "x", "preset": "turbo"}, "no preset"),
        ({"prompt": "x", "grid": ["colour=red"]}, "nothing a grid can vary"),
        ({"prompt": "x", "size": "large"}, "WIDTHxHEIGHT"),
        ({"prompts": []}, "no prompt"),
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
