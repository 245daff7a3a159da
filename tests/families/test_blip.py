"""BLIP on a tiny random model in the published layout."""

from __future__ import annotations

import pytest
from transformers import BertTokenizer, BlipForConditionalGeneration, BlipImageProcessorPil

from aura.errors import BadImage
from aura.families.base import Captioned, StageBegun
from aura.families.blip import Blip
from aura.library.images import open_image
from aura.requests import CaptionRequest
from tests.families.plans import plan
from tests.families.published import catalogue, pictures


@pytest.fixture(scope="module")
def folder(tiny_models):
    return tiny_models / "blip-base"


@pytest.fixture(scope="module")
def loaded(folder):
    return Blip().load(catalogue()["blip-base"], folder, plan())


def captions(loaded, **asked):
    run = Blip().run(loaded, CaptionRequest(model="blip-base", **asked), plan())
    return [one.text for one in run if isinstance(one, Captioned)]


def test_every_picture_gets_its_caption_stage_by_stage(loaded, tmp_path):
    asked = CaptionRequest(model="blip-base", pictures=pictures(tmp_path, 2), tokens=3)
    told = [
        (one.stage if isinstance(one, StageBegun) else "said", one.index)
        for one in Blip().run(loaded, asked, plan())
    ]
    each = ["encoding", "captioning", "said"]
    assert told == [(stage, index) for index in range(2) for stage in each]


@pytest.mark.parametrize("prompt", ["", "a red"])
def test_a_caption_is_what_the_published_class_says(loaded, folder, tmp_path, prompt):
    (path,) = pictures(tmp_path, 1)
    net = BlipForConditionalGeneration.from_pretrained(folder).float().eval()
    words = BertTokenizer.from_pretrained(folder)
    image = open_image(tmp_path / "0.png", "0")
    pixels = BlipImageProcessorPil.from_pretrained(folder)(image, return_tensors="pt").pixel_values
    ids = words([prompt], return_tensors="pt").input_ids
    tokens = net.generate(pixel_values=pixels, input_ids=ids, max_new_tokens=6)
    expected = words.decode(tokens[0, 1:], skip_special_tokens=True)
    assert captions(loaded, pictures=(path,), prompt=prompt, tokens=6) == [expected]


def test_a_caption_begins_with_the_words_it_was_given(loaded, tmp_path):
    (said,) = captions(loaded, pictures=pictures(tmp_path, 1), prompt="xyz", tokens=2)
    assert said.replace(" ", "").startswith("xyz")


def test_a_caption_is_never_longer_than_asked(loaded, tmp_path):
    short, long = (captions(loaded, pictures=pictures(tmp_path, 1), tokens=n)[0] for n in (2, 8))
    assert len(short.split()) <= 2 < len(long.split()) <= 8


def test_a_file_that_is_no_picture_is_named(loaded, tmp_path):
    (tmp_path / "words.png").write_text("no picture")
    with pytest.raises(BadImage) as refused:
        captions(loaded, pictures=(str(tmp_path / "words.png"),))
    assert refused.value.facts["name"] == "words.png"
