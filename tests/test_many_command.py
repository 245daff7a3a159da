"""Many pictures on the command line: what is there is not drawn again, and grids get a sheet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from aura import i18n
from aura.cli.asking import asked
from aura.cli.main import parser
from aura.cli.moving import moved
from aura.errors import AuraError
from aura.library.metadata import read_record
from aura.settings import Settings
from tests.library.pictures import save
from tests.test_cli import Terminal


@pytest.fixture
def terminal(tmp_path: Path, tiny_pack: Path) -> Terminal:
    return Terminal(tmp_path / "data", tiny_pack.parent)


@pytest.fixture
def wanted(tmp_path: Path, tiny_pack: Path):
    """The requests that arguments ask for, without drawing any."""
    settings = Settings(data_dir=tmp_path / "data", models_dirs=(tiny_pack.parent,), device="cpu")

    def of(*arguments: str):
        args = parser("en").parse_args(["generate", "--model", "tiny", *arguments])
        return asked(args, settings, "en")

    return of


def test_a_grid_is_drawn_with_its_sheet_and_not_drawn_twice(terminal, tmp_path, capfd):
    asked_for = (
        "generate", "a red star", "--model", "tiny", "--grid", "steps=1-2", "--grid",
        "prompt=red, blue", "--seed", "7", "--json",
    )  # fmt: skip
    code, out, err = terminal.run(*asked_for)
    assert code == 0, err
    *cells, sheet = json.loads(out)
    records = [read_record(Path(cell["path"])) for cell in cells]
    assert [(r.request.steps, r.request.prompt) for r in records] == [
        (1, "a red star"), (2, "a red star"), (1, "a blue star"), (2, "a blue star"),
    ]  # fmt: skip
    assert {cell["seed"] for cell in cells} == {7}
    with Image.open(sheet["path"]) as image:
        assert image.width > 2 * 64 and image.height > 2 * 64
    before = set((tmp_path / "data" / "outputs").rglob("*.png"))
    assert terminal.here(*asked_for) == 0, "no engine is needed where all is there"
    (again,) = json.loads(capfd.readouterr().out)
    assert set((tmp_path / "data" / "outputs").rglob("*.png")) - before == {Path(again["path"])}


def test_a_file_of_prompts_goes_on_where_it_was_left(terminal, wanted, tmp_path):
    path, out_folder = tmp_path / "prompts.txt", tmp_path / "out"
    path.write_text("a red star\n# no\n\na blue star\na green star\n")
    asked_for = ("--prompts", str(path), "--steps", "1", "--seed", "3")
    red, blue, green = wanted(*asked_for).requests
    for request in (red, green):  # what an earlier run has drawn
        moved(Path(save(tmp_path / "data" / "outputs", request).path), out_folder)
    stopped = ({"code": "passes.unfinished.stopped", "facts": {"missing": []}},)
    halfway = save(tmp_path / "data" / "outputs", blue, notices=stopped)
    moved(Path(halfway.path), out_folder)
    run = ("generate", *asked_for, "--model", "tiny", "--out", str(out_folder))
    code, out, err = terminal.run(*run)
    assert code == 0, err
    (only,) = out.splitlines()
    record = read_record(Path(only))
    assert (record.request.prompt, record.picture["seed"]) == ("a blue star", 4)
    assert i18n.text("en", "cli.generate.skipped", count=2, all=3) in err


def test_without_a_seed_the_same_file_is_the_same_unfinished_batch(wanted, tmp_path):
    from aura.batches.store import Store

    path = tmp_path / "prompts.txt"
    path.write_text("a star\na circle")
    first = wanted("--prompts", str(path))
    Store(tmp_path / "data" / "batches").keep(first.batch)
    assert wanted("--prompts", str(path)).batch.id == first.batch.id
    Store(tmp_path / "data" / "batches").keep(first.batch.model_copy(update={"done": True}))
    assert wanted("--prompts", str(path)).batch.id != first.batch.id


def test_options_mean_what_they_say(wanted, tmp_path):
    Image.new("RGB", (64, 64), "red").save(tmp_path / "begin.png")
    begin = str(tmp_path / "begin.png")
    (request,) = wanted("x", "--start", begin, "--mask", begin, "--strength", "0.4").requests
    assert request.start.strength == 0.4 and len(request.start.masks) == 1
    (request,) = wanted("x", "--larger", "2", "--refiner", "tiny", "--clip-skip", "1").requests
    assert (request.larger.width, request.larger.model, request.clip_skip) == (128, "tiny", 1)
    (request,) = wanted("x", "--preset", "quality").requests
    assert (request.preset, request.steps) == ("quality", 30)
    (request,) = wanted("x", "--size", "160x96").requests
    assert (request.larger.width, request.larger.height) == (160, 96)


BAD = {
    "no such preset": ["x", "--preset", "turbo"],
    "no such lora": ["x", "--lora", "nothing"],
    "a weight that is none": ["x", "--lora", "a:heavy"],
    "no such vae": ["x", "--vae", "nothing"],
    "clip skip": ["x", "--clip-skip", "99"],
    "no picture": ["x", "--start", "none.png"],
    "a mask alone": ["x", "--mask", "none.png"],
    "a strength alone": ["x", "--strength", "0.5"],
    "no size": ["x", "--size", "huge"],
    "two sizes": ["x", "--size", "64x64", "--ratio", "1:1"],
    "no upscaler": ["x", "--larger", "2", "--upscaler", "nothing"],
    "no file": ["--prompts", "none.txt"],
    "a prompt and a file": ["x", "--prompts", "none.txt"],
    "no parameter": ["x", "--grid", "colour=red"],
    "no values": ["x", "--grid", "steps"],
    "too many": ["x", "--grid", "steps=1-50", "--grid", "seed=1-50"],
    "a preset nobody has": ["x", "--grid", "preset=turbo"],
}


@pytest.mark.parametrize("asked_for", BAD.values(), ids=BAD)
def test_what_cannot_be_ends_with_2_and_a_sentence(terminal, capfd, asked_for):
    for lang in i18n.LANGUAGES:
        assert terminal.here("generate", "--model", "tiny", *asked_for, "--lang", lang) == 2
        out, err = capfd.readouterr()
        assert out == "" and len(err) > 20 and "Traceback" not in err and "{" not in err


def test_what_is_asked_is_checked_whole_before_the_first_picture(wanted, tmp_path):
    path = tmp_path / "prompts.txt"
    path.write_text("a star\na __missing__ star")
    with pytest.raises(AuraError):
        wanted("--prompts", str(path))
    assert not (tmp_path / "data" / "outputs").exists()
