"""Enlarged to an exact size and drawn over, whole or in tiles."""

from __future__ import annotations

import pytest
from PIL import Image, ImageChops

from aura.passes import enlarge, refine
from aura.passes.piece import Sketch
from aura.requests import Larger, Lora, UpscaleRequest
from tests.memory import simulation
from tests.passes.desks import MODEL, Folder, drawn, played
from tests.passes.test_tiles import noise


@pytest.fixture
def folder():
    return Folder()


def asked(**changes):
    larger = Larger(**({"width": 200, "height": 120} | changes))
    return simulation.request(MODEL, count=3, width=64, height=64, larger=larger, steps=10)


def untouched(folder):
    """A model that gives back what it starts from."""
    return lambda work: drawn(folder.images[work.start.pictures[0]])


def test_every_size_is_reached_exactly_and_a_circle_stays_round(folder):
    square = Image.new("RGB", (64, 64), "blue")
    square.paste("red", (24, 24, 40, 40))
    made, pieces = played(enlarge.made(Sketch(square, 2), folder.desk(asked(), None)), None)
    assert made.image.size == (200, 120) and made.index == 2 and not pieces
    red = made.image.split()[0].point(lambda value: 255 * (value > 127)).getbbox()
    assert abs((red[2] - red[0]) - (red[3] - red[1])) <= 1  # cropped, not squashed


def test_what_a_model_enlarges_by_its_own_factor_ends_at_the_size_too(folder):
    model = simulation.model("big", task="upscale", area=0)
    picture = noise(64, 64)
    making = enlarge.made(Sketch(picture), folder.desk(asked(), model))
    made, (piece,) = played(making, lambda work: drawn(picture.resize((256, 256))))
    assert isinstance(piece.work, UpscaleRequest) and piece.work.model == "big"
    assert made.image.size == (200, 120)


@pytest.mark.parametrize("tile", [0, 64, 96])
def test_a_model_that_changes_nothing_leaves_the_picture_as_it_is(folder, tile):
    picture = noise(201, 123)  # no multiple of anything
    request = asked(width=201, height=123)
    making = refine.made(Sketch(picture, 1), folder.desk(request, tile=tile))
    made, pieces = played(making, untouched(folder))
    assert not ImageChops.difference(made.image, picture).getbbox()
    assert len(pieces) == (1 if not tile else pieces[0].of) and pieces[-1].at == pieces[-1].of - 1
    assert all(p.work.width % 8 == p.work.height % 8 == 0 for p in pieces)


def test_all_tiles_of_a_picture_are_drawn_with_its_seed_and_prompt(folder):
    request = asked().model_copy(update={"prompts": ("a", "b", "c"), "seed": 2**32 - 1})
    making = refine.made(Sketch(noise(200, 120), 2), folder.desk(request, tile=64))
    _, pieces = played(making, untouched(folder))
    assert {piece.work.seed for piece in pieces} == {1}
    assert {piece.work.prompts for piece in pieces} == {("c",)}
    assert all(piece.work.larger is None and piece.work.count == 1 for piece in pieces)


def test_another_model_takes_its_own_settings_and_no_parts_that_are_not_for_it(folder):
    request = asked(steps=2).model_copy(update={"loras": (Lora(id="x"),), "guidance": 0.0})
    other = simulation.model("b", family="other", area=64 * 64)
    (work,) = [refine.tile(folder.desk(request, other))]
    assert (work.model, work.steps, work.guidance) == ("b", 2, 5.0) and work.loras == ()
    kin = simulation.model("c", area=64 * 64)
    assert refine.tile(folder.desk(request, kin)).loras == request.loras


def test_a_picture_larger_than_any_model_draws_is_never_asked_for_whole(folder):
    assert refine.whole(folder.desk(asked(width=8192, height=4096))) is None
    assert refine.whole(folder.desk(asked(width=4096, height=4096))).width == 4096
