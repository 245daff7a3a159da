"""Weights of words, long prompts, CLIP skip and words that were trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from aura.errors import AdditionUnfit
from aura.families import prompts
from aura.families.base import Drawn, Noticed
from aura.families.registry import by_name
from aura.families.weighting import parse, plain, spelt_out, weighted
from tests.engine.scripted import request
from tests.families import additions
from tests.families.plans import plan
from tools import full_size

# --- what a person wrote


@pytest.mark.parametrize(
    ("prompt", "told"),
    [
        ("a red circle", [("a red circle", 1.0)]),
        ("a (red:1.5) circle", [("a ", 1.0), ("red", 1.5), (" circle", 1.0)]),
        ("(red)", [("red", 1.1)]),
        ("((red))", [("red", 1.21)]),
        ("[red]", [("red", 0.909)]),
        ("(a (red:2) circle:0.5)", [("a ", 0.5), ("red", 1.0), (" circle", 0.5)]),
        ("(red:1.0) circle", [("red circle", 1.0)]),
        (r"a \(red\) circle", [("a (red) circle", 1.0)]),
        ("a (red circle", [("a (red circle", 1.0)]),
        ("a red) circle]", [("a red) circle]", 1.0)]),
        ("16:9, (wide:1.2)", [("16:9, ", 1.0), ("wide", 1.2)]),
        ("(red:-1)", [("red", 0.0)]),
        ("", [("", 1.0)]),
    ],
)
def test_brackets_and_numbers_mean_what_people_know(prompt, told):
    found = [(text, round(worth, 3)) for text, worth in parse(prompt)]
    assert found == told


@given(st.text(alphabet="ab (:)[]\\1.", max_size=200))
def test_any_prompt_is_understood_and_loses_nothing_but_its_brackets(prompt):
    told = parse(prompt)
    assert told and all(worth >= 0 for _, worth in told)
    kept = [letter for letter in plain(told) if letter in "ab"]
    assert kept == [letter for letter in prompt if letter in "ab"]


@given(st.text(alphabet=st.characters(exclude_characters="()[]\\"), max_size=100))
def test_a_prompt_without_brackets_stays_as_it_is(prompt):
    assert plain(parse(prompt)) == prompt and not weighted(parse(prompt))


def test_only_numbers_are_weights_beyond_doubt():
    assert spelt_out("a (red:1.2) circle") and not spelt_out("a sign that says (open)")


# --- what a model hears


class Listener:
    def __init__(self, name: str, family: str, folder: Path, *models) -> None:
        self.family = by_name(additions=additions.additions(*models))[family]
        self.model = additions.added("generate", folder, family)
        self.plan = plan()
        self.loaded = self.family.load(self.model, folder, self.plan)

    def happenings(self, prompt: str, negative: str = "", **changes):
        self.loaded.embeddings.clear()
        told = {"prompt": prompt, "prompts": (prompt,), "negatives": (negative,), "steps": 1}
        asked = request(**(told | changes))
        return list(self.family.run(self.loaded, asked, self.plan))

    def drawn(self, prompt: str, negative: str = "", **changes) -> bytes:
        found = self.happenings(prompt, negative, **changes)
        return next(np.asarray(one.image).tobytes() for one in found if isinstance(one, Drawn))

    def noticed(self, prompt: str, **changes) -> list[str]:
        found = self.happenings(prompt, **changes)
        return [one.code for one in found if isinstance(one, Noticed)]


NAMES = {"sd15": "stable_diffusion", "sdxl": "stable_diffusion_xl", "flux1-schnell": "flux"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("heard")
    return {name: full_size.write(name, root / name, tiny=True) for name in NAMES}


@pytest.fixture(scope="module", params=["sd15", "sdxl"])
def listener(request, folders):
    return Listener(request.param, NAMES[request.param], folders[request.param])


@pytest.fixture(scope="module")
def reader(folders):
    """One that reads sentences."""
    return Listener("flux1-schnell", "flux", folders["flux1-schnell"])


def test_a_weight_changes_the_picture_and_a_weight_of_one_does_not(listener):
    before = listener.drawn("a red circle")
    assert listener.drawn("a (red:1.0) circle") == before
    pictures = {listener.drawn(f"a (red:{worth}) circle") for worth in (0.4, 1.4, 1.8)}
    assert len(pictures | {before}) == 4
    assert listener.drawn("a red circle", "(blue:1.5)") != listener.drawn("a red circle", "blue")


def test_the_tail_of_a_long_prompt_matters_and_nobody_is_told_it_was_cut(listener):
    long = "a red circle, " * 12
    assert listener.drawn(long + "blue") != listener.drawn(long + "green")
    assert listener.drawn("red", long + "blue") != listener.drawn("red", long + "green")
    assert listener.drawn(long, guidance=1.0) != listener.drawn(long + "blue", guidance=1.0)
    assert not listener.noticed(long)


def test_clip_skip_changes_the_picture_and_none_leaves_it_as_it_is(listener):
    before = listener.drawn("a red circle")
    assert listener.drawn("a red circle", clip_skip=0) == before
    assert listener.drawn("a red circle", clip_skip=1) != before
    assert listener.drawn("a red circle", clip_skip=8)  # more layers than there are


def test_an_unweighted_prompt_is_weighed_as_it_is_read(listener):
    """The library's way through the encoder and the pipeline's own are one."""
    pipe = listener.loaded.pipe
    told, denied = (("a red circle", 1.0),), (("blue", 1.0),)
    own = listener.family.encode(pipe, "a red circle", "blue")
    for name, one in listener.family.weigh(pipe, told, denied, 0).items():
        assert torch.allclose(one, own[name], atol=1e-5), name


def test_a_model_that_reads_sentences_gets_them_without_numbers(reader):
    before = reader.drawn("a red circle")
    assert reader.drawn("a (red:1.5) circle") == before
    assert reader.noticed("a (red:1.5) circle") == ["families.weights_ignored"]
    assert reader.drawn("a (red) circle") != before and not reader.noticed("a (red) circle")
    assert reader.noticed("a red circle", clip_skip=1) == ["families.clip_skip_ignored"]
    assert reader.noticed("a red circle, " * 80) == ["families.prompt_shortened"]


def test_without_the_library_words_count_the_same_and_it_is_said(listener, monkeypatch):
    before = listener.drawn("a red circle")
    monkeypatch.setattr("aura.families.hearing.weighing_works", lambda: False)
    assert listener.drawn("a (red:1.5) circle") == before
    assert listener.noticed("a (red:1.5) circle") == ["families.weights_ignored"]
    assert listener.noticed("a red circle, " * 12) == ["families.prompt_shortened"]


# --- words that were trained


@pytest.fixture(scope="module")
def taught(folders, tmp_path_factory):
    """SD 1.5 and SDXL with a trained word each, of three vectors."""
    root = tmp_path_factory.mktemp("words")
    made = {}
    for name in ("sd15", "sdxl"):
        silent = Listener(name, NAMES[name], folders[name])
        encoders = [getattr(silent.loaded.pipe, encoder) for _, encoder in silent.family.clips]
        keys = ("clip_l", "clip_g") if len(encoders) > 1 else ("emb_params",)
        random = torch.Generator().manual_seed(3)
        tensors = {
            key: torch.randn(3, encoder.config.hidden_size, generator=random)
            for key, encoder in zip(keys, encoders, strict=True)
        }
        save_file(tensors, root / f"myStyle-{name}.safetensors")
        word = additions.added("embedding", root / f"myStyle-{name}.safetensors", NAMES[name])
        made[name] = (silent, Listener(name, NAMES[name], folders[name], word))
    return made


@pytest.mark.parametrize("name", ["sd15", "sdxl"])
def test_a_trained_word_speaks_only_where_it_is_named(taught, name):
    silent, knowing = taught[name]
    assert knowing.drawn("a red circle") == silent.drawn("a red circle")
    asked = f"a red circle, MYSTYLE-{name}"
    assert knowing.drawn(asked) != silent.drawn(asked)
    assert knowing.noticed(asked) == ["families.embeddings_used"]
    assert knowing.drawn(f"(myStyle-{name}:1.3)") != knowing.drawn(f"myStyle-{name}")
    assert knowing.drawn("red", f"myStyle-{name}") != silent.drawn("red", f"myStyle-{name}")
    assert knowing.drawn(f"myStyle-{name}s") == silent.drawn(f"myStyle-{name}s")
    assert knowing.drawn("a red circle") == silent.drawn("a red circle")


def test_a_word_for_another_encoder_is_named_and_nothing_is_broken(taught, folders, tmp_path):
    save_file({"emb_params": torch.zeros(2, 7)}, tmp_path / "odd.safetensors")
    odd = additions.added("embedding", tmp_path / "odd.safetensors", NAMES["sd15"])
    listener = Listener("sd15", NAMES["sd15"], folders["sd15"], odd)
    with pytest.raises(AdditionUnfit):
        listener.drawn("an odd circle")
    assert listener.drawn("a red circle") == taught["sd15"][0].drawn("a red circle")


def test_the_library_is_here():
    assert prompts.weighing_works()
