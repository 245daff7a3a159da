"""From latents to pictures: slices, tiles, a small decoder, and half precision that overflows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny

from aura.families.base import Noticed
from aura.families.decoder import WIDE_TILE, Decoder, tile
from aura.families.preview import decode, encode
from aura.memory.activations import TILE
from tests.families.components import vae
from tests.families.plans import plan


def finished(decoder, latents, under):
    """What was noticed, and the picture."""
    happenings = decoder.decoded(latents, under)
    noticed = []
    while True:
        try:
            noticed.append(next(happenings))
        except StopIteration as end:
            return noticed, np.asarray(end.value, int)


@pytest.fixture
def latents():
    return torch.randn(1, 4, 24, 24, generator=torch.Generator().manual_seed(1))


def test_tiling_and_slicing_are_switched_by_the_plan_and_off_again():
    decoder = Decoder(vae())
    decoder.set(plan(switches=("vae_tiling", "vae_slicing")))
    assert decoder.vae.use_tiling and decoder.vae.use_slicing
    decoder.set(plan())
    assert not decoder.vae.use_tiling and not decoder.vae.use_slicing


def test_a_model_trained_on_large_pictures_is_tiled_as_planned():
    large = vae()
    large.register_to_config(sample_size=1024)
    tile(large, TILE)
    assert (large.tile_sample_min_size, large.tile_latent_min_size) == (512, 256)


def test_tiles_give_nearly_the_whole_picture(latents):
    decoder = Decoder(vae())
    decoder.set(plan())
    _, whole = finished(decoder, latents, plan())
    tiled = plan(switches=("vae_tiling",))
    decoder.set(tiled)
    _, pieces = finished(decoder, latents, tiled)
    assert pieces.shape == whole.shape
    assert np.abs(pieces - whole).mean() < 16


class Overflowing(type(vae())):
    """Answers with infinities in half precision, as published decoders do."""

    calls: list

    def decode(self, latents, return_dict=False):
        self.calls.append((self.dtype, self.use_tiling, self.tile_sample_min_size))
        if self.dtype == torch.float32:
            return super().decode(latents, return_dict=return_dict)
        return (torch.full((1, 3, 48, 48), float("nan")),)


@pytest.fixture
def overflowing():
    made = vae()
    made.__class__ = Overflowing
    made.calls = []
    made.register_to_config(sample_size=1024)
    return made.half()


class Saturated(Overflowing):
    """Answers all in black, as some cards do in half precision; in full as it should."""

    def decode(self, latents, return_dict=False):
        whole = super().decode(latents, return_dict=return_dict)[0]
        return (whole if self.dtype == torch.float32 else torch.full_like(whole, -1.0),)


class Night(Overflowing):
    """Answers all in black in every precision: that is what it was asked to draw."""

    def decode(self, latents, return_dict=False):
        self.calls.append(self.dtype)
        return (torch.full((1, 3, 48, 48), -1.0, dtype=self.dtype),)


def test_a_black_picture_is_decoded_again_in_full_precision(overflowing, latents):
    overflowing.__class__ = Saturated
    decoder = Decoder(overflowing)
    decoder.set(plan())
    noticed, picture = finished(decoder, latents, plan())
    assert [one.code for one in noticed] == ["families.decoded_again"]
    assert picture.std() > 1


def test_a_picture_that_is_meant_to_be_black_is_tried_once_and_spoils_no_other(
    overflowing, latents
):
    overflowing.__class__ = Night
    decoder = Decoder(overflowing)
    decoder.set(plan())
    assert finished(decoder, latents, plan())[1].max() == 0
    assert overflowing.calls == [torch.float16, torch.float32]
    finished(decoder, latents, plan())
    assert overflowing.calls[2] == torch.float16


class Blind(type(vae())):
    """Encodes to no numbers in half precision."""

    def encode(self, pixels, return_dict=True):
        answer = super().encode(pixels, return_dict=return_dict)
        if self.dtype != torch.float32:
            answer[0].mean.fill_(float("nan"))
        return answer


def test_a_picture_that_overflows_in_the_encoder_is_encoded_again_in_full_precision():
    pixels = torch.rand(1, 3, 48, 48, generator=torch.Generator().manual_seed(2)) * 2 - 1
    exact = encode(vae(), pixels)
    blind = vae()
    blind.register_to_config(sample_size=1024)  # so that one tile holds it
    blind.tile_sample_min_size = 1024
    blind.__class__ = Blind
    decoder = Decoder(blind.half())
    decoder.set(plan())
    made = decoder.encoded(pixels)
    assert next(made).code == "families.encoded_again"
    with pytest.raises(StopIteration) as end:
        next(made)
    assert torch.allclose(end.value.value, exact, atol=0.02)
    assert blind.dtype == torch.float16 and not blind.use_tiling


def test_what_is_encoded_comes_back_as_it_is_decoded():
    model = vae()
    model.register_to_config(shift_factor=0.5, scaling_factor=0.3)
    pixels = torch.rand(1, 3, 48, 48, generator=torch.Generator().manual_seed(2)) * 2 - 1
    with torch.no_grad():
        code = model.encode(pixels).latent_dist.mode()
        expected = model.decode(code).sample
    assert torch.allclose(decode(model, encode(model, pixels)), expected, atol=1e-4)


def test_an_overflow_is_said_and_decoded_again_in_full_precision(overflowing, latents):
    decoder = Decoder(overflowing)
    decoder.set(plan())
    noticed, picture = finished(decoder, latents, plan())
    assert [one.code for one in noticed if isinstance(one, Noticed)] == ["families.decoded_again"]
    assert picture.std() > 1
    assert overflowing.dtype == torch.float16 and not overflowing.use_tiling


def test_full_precision_works_in_small_tiles_so_that_its_memory_is_covered(overflowing, latents):
    decoder = Decoder(overflowing)
    tiled = plan(switches=("vae_tiling",))
    decoder.set(tiled)
    finished(decoder, latents, tiled)
    assert overflowing.calls == [
        (torch.float16, True, TILE),
        (torch.float32, True, WIDE_TILE),
    ]
    assert overflowing.tile_sample_min_size == TILE


def test_a_decoder_that_overflowed_is_not_asked_in_half_precision_again(overflowing, latents):
    decoder = Decoder(overflowing)
    decoder.set(plan())
    finished(decoder, latents, plan())
    finished(decoder, latents, plan())
    assert [dtype for dtype, *_ in overflowing.calls] == [torch.float16, *(torch.float32,) * 2]


def test_a_small_decoder_stands_in_where_the_plan_says_so(tmp_path: Path, latents):
    small = AutoencoderTiny(
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1, 1),
    )
    small.save_pretrained(tmp_path)
    decoder, under = Decoder(vae(), tmp_path), plan(switches=("taesd",))
    decoder.set(under)
    _, quick = finished(decoder, latents, under)
    with torch.no_grad():
        pixels = small.decode(latents, return_dict=False)[0][0]
    expected = ((pixels / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).numpy() * 255).round()
    assert np.abs(quick - expected).max() <= 1
    assert not decoder.uses_vae(under) and decoder.uses_vae(plan())
