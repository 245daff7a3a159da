"""OWLv2 on a tiny random model in the published layout."""

from __future__ import annotations

import gc

import pytest
import torch
from PIL import Image
from transformers import CLIPTokenizer, Owlv2ForObjectDetection

from aura.errors import BadImage, ModelDamaged
from aura.families.base import Found, StageBegun
from aura.families.owl import MOST, Owl, _pixels, named
from aura.memory.cpu import CpuDevice
from aura.memory.ledger import Ledger
from aura.memory.manager import Manager
from aura.requests import DetectRequest
from tests.families.plans import plan
from tests.families.published import catalogue, pictures

LOW = 0.01  # under which random weights find nothing


@pytest.fixture(scope="module")
def folder(tiny_models):
    return tiny_models / "owlv2"


@pytest.fixture(scope="module")
def loaded(folder):
    return Owl().load(catalogue()["owlv2"], folder, plan())


def asked(paths, things="face, red circle", threshold=LOW):
    return DetectRequest(model="owlv2", pictures=paths, things=things, threshold=threshold)


def found(loaded, request, chosen=None, first=0):
    run = Owl().run(loaded, request, chosen or plan(), first)
    return [one for one in run if isinstance(one, Found)]


def test_things_are_split_at_commas_each_once():
    assert named(" face, a hand,, face ,lantern") == ("face", "a hand", "lantern")


def test_every_picture_is_searched_after_the_words_were_read_once(loaded, tmp_path):
    told = [
        (one.stage if isinstance(one, StageBegun) else "found", one.index)
        for one in Owl().run(loaded, asked(pictures(tmp_path, 2)), plan())
    ]
    later = [(stage, index) for index in range(2) for stage in ("detecting", "found")]
    assert told == [("encoding", 0), *later]


@pytest.mark.parametrize("size", [(60, 200), (200, 60), (64, 64), (40, 300)])
def test_boxes_lie_in_the_picture_the_surest_first(loaded, tmp_path, size):
    Image.effect_noise(size, 80).convert("RGB").save(tmp_path / "tall.png")
    ((boxes,),) = [(one.boxes,) for one in found(loaded, asked((str(tmp_path / "tall.png"),)))]
    assert 0 < len(boxes) <= MOST
    assert [box.score for box in boxes] == sorted((box.score for box in boxes), reverse=True)
    for box in boxes:
        assert 0 <= box.left < box.right <= size[0] and 0 <= box.top < box.bottom <= size[1]
        assert box.thing in ("face", "red circle") and LOW < box.score <= 1


def test_the_surest_box_is_the_one_that_the_published_class_finds(loaded, folder, tmp_path):
    path, image = str(tmp_path / "square.png"), Image.effect_noise((90, 90), 80).convert("RGB")
    image.save(path)
    net = Owlv2ForObjectDetection.from_pretrained(folder).float().eval()
    words = CLIPTokenizer.from_pretrained(folder)(
        ["a photo of a face", "a photo of a red circle"],
        padding="max_length",
        max_length=16,
        truncation=True,
        return_tensors="pt",
    )
    with torch.no_grad():
        out = net(pixel_values=_pixels(loaded, image), **words)
    best = int(out.logits[0].max(dim=-1).values.argmax())
    across, down, width, height = (out.pred_boxes[0, best] * max(image.size)).tolist()
    (first, *_) = found(loaded, asked((path,)))[0].boxes
    assert first.score == pytest.approx(float(out.logits[0, best].max().sigmoid()), abs=1e-5)
    assert first.left == pytest.approx(max(0, across - width / 2), abs=1)
    assert first.bottom == pytest.approx(min(image.height, down + height / 2), abs=1)


def test_a_picture_is_made_square_without_being_moved_or_bent(loaded):
    tall = Image.new("RGB", (50, 100), (255, 0, 0))
    pixels = _pixels(loaded, tall)[0]
    side = pixels.shape[-1]
    red, grey = pixels[:, 3, 3], pixels[:, 3, side - 3]
    assert torch.allclose(pixels[:, side - 3, side // 2 - 3], red, atol=1e-3)
    assert float(red[0]) > 1.5 and abs(float(grey[0])) < 0.2 and float(red[1]) < -1.5


def test_only_what_is_sure_enough_is_told(loaded, tmp_path):
    paths = pictures(tmp_path, 1)
    every = found(loaded, asked(paths))[0].boxes
    bar = every[len(every) // 2].score
    sure = found(loaded, asked(paths, threshold=bar))[0].boxes
    assert sure == tuple(box for box in every if box.score > bar)


def test_a_second_attempt_goes_on_where_the_first_ended(loaded, tmp_path):
    request = asked(pictures(tmp_path, 2))
    whole = found(loaded, request)
    assert found(loaded, request, first=whole[0].following) == whole[1:]


def test_it_stops_at_any_happening_and_works_again_wherever_it_is_placed(loaded, folder, tmp_path):
    request = asked(pictures(tmp_path, 2))
    expected = found(loaded, request)
    moved = Owl().load(catalogue()["owlv2"], folder, plan(rung="model_offload"))
    for stop_at in range(1, 5):
        run = Owl().run(moved, request, plan())
        for _ in range(stop_at):
            next(run)
        run.close()
        assert not moved.placement.here
    assert found(moved, request) == expected
    Owl().park(moved)
    Owl().unpark(moved, plan())
    assert found(moved, request) == expected


def test_half_precision_finds_the_same_place(loaded, folder, tmp_path):
    request = asked(pictures(tmp_path, 1), things="face")
    half = Owl().load(catalogue()["owlv2"], folder, plan(dtype="bf16"))
    (full_box, *_), (half_box, *_) = (found(one, request)[0].boxes for one in (loaded, half))
    assert abs(full_box.left - half_box.left) <= 1 and abs(full_box.top - half_box.top) <= 1


def test_it_is_lent_like_every_model_and_leaves_nothing(folder, tmp_path):
    families = {"owl": Owl()}
    manager = Manager(CpuDevice(), families, Ledger(":memory:"), locate=lambda model: folder)
    request = asked(pictures(tmp_path, 1))
    with manager.lend(catalogue()["owlv2"], request) as loan:
        assert manager.residents()[0].bytes > 0
        assert found(loan.loaded, request, loan.plan)[0].boxes
    del loan
    manager.release()
    gc.collect()
    assert manager.residents() == () and manager.leaks() == ()


def test_words_that_are_missing_are_told_as_damage(folder, tmp_path):
    import shutil

    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "tokenizer.json").unlink()
    with pytest.raises(ModelDamaged):
        Owl().load(catalogue()["owlv2"], copy, plan())


def test_a_file_that_is_no_picture_is_named(loaded, tmp_path):
    (tmp_path / "words.png").write_text("no picture")
    with pytest.raises(BadImage) as refused:
        found(loaded, asked((str(tmp_path / "words.png"),)))
    assert refused.value.facts["name"] == "words.png"
