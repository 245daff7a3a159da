"""How each architecture is called while its activations are traced.

One ordered table: class name → what its work is counted in, the two amounts of work a line
is drawn through, and the call. Sizes are pixels a side or tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

Config = Mapping[str, Any]
FLUX_TOKENS = 512  # of the prompt, beside those of the picture


@dataclass(frozen=True)
class Forward:
    """``positions(size, batch)`` is the work in ``unit``; ``call`` does it once."""

    unit: str
    samples: tuple[tuple[int, int], ...]  # (size, batch)
    positions: Callable[[int, int], int]
    call: Callable[[Any, Config, torch.dtype, int, int], Any]


def _unet(model: Any, config: Config, dtype: torch.dtype, side: int, batch: int) -> Any:
    latents = torch.empty(batch, 4, side // 8, side // 8, dtype=dtype)
    words = torch.empty(batch, 77, config["cross_attention_dim"], dtype=dtype)
    pooled = torch.empty(batch, 1280, dtype=dtype)
    sizes = torch.empty(batch, 6, dtype=dtype)
    added = {"text_embeds": pooled, "time_ids": sizes}
    more = {"added_cond_kwargs": added} if "addition_embed_type" in config else {}
    return model(latents, torch.tensor(1), words, **more)


def _flux(model: Any, config: Config, dtype: torch.dtype, side: int, batch: int) -> Any:
    tokens = (side // 16) ** 2
    guidance = torch.ones(batch, dtype=dtype) if config["guidance_embeds"] else None
    return model(
        hidden_states=torch.empty(batch, tokens, 64, dtype=dtype),
        encoder_hidden_states=torch.empty(batch, FLUX_TOKENS, 4096, dtype=dtype),
        pooled_projections=torch.empty(batch, 768, dtype=dtype),
        timestep=torch.ones(batch, dtype=dtype),
        img_ids=torch.zeros(tokens, 3, dtype=dtype),
        txt_ids=torch.zeros(FLUX_TOKENS, 3, dtype=dtype),
        guidance=guidance,
    )


def _vae(model: Any, config: Config, dtype: torch.dtype, side: int, batch: int) -> Any:
    channels = config.get("latent_channels", 4)
    return model.decode(torch.empty(batch, channels, side // 8, side // 8, dtype=dtype))


def _words(model: Any, config: Config, dtype: torch.dtype, tokens: int, batch: int) -> Any:
    return model(input_ids=torch.ones(batch, tokens, dtype=torch.long))


def _blip(model: Any, config: Config, dtype: torch.dtype, tokens: int, batch: int) -> Any:
    side = config["vision_config"]["image_size"]
    pixels = torch.empty(batch, 3, side, side, dtype=dtype)
    return model(pixel_values=pixels, input_ids=torch.ones(batch, tokens, dtype=torch.long))


def _siglip(model: Any, config: Config, dtype: torch.dtype, tokens: int, batch: int) -> Any:
    side = config["vision_config"]["image_size"]
    return model.get_image_features(torch.empty(batch, 3, side, side, dtype=dtype))


def _each(size: int, batch: int) -> int:
    return batch


def _tokens(size: int, batch: int) -> int:
    return size * batch


FORWARDS: Mapping[str, Forward] = {
    "UNet2DConditionModel": Forward(
        "latents", ((512, 2), (1024, 2)), lambda side, batch: (side // 8) ** 2 * batch, _unet
    ),
    "FluxTransformer2DModel": Forward(
        "tokens",
        ((512, 1), (1024, 1)),
        lambda side, batch: ((side // 16) ** 2 + FLUX_TOKENS) * batch,
        _flux,
    ),
    "AutoencoderKL": Forward(
        "pixels", ((512, 1), (1024, 1)), lambda side, batch: side * side * batch, _vae
    ),
    "CLIPTextModel": Forward("tokens", ((77, 1), (77, 2)), _tokens, _words),
    "CLIPTextModelWithProjection": Forward("tokens", ((77, 1), (77, 2)), _tokens, _words),
    "T5EncoderModel": Forward("tokens", ((512, 1), (512, 2)), _tokens, _words),
    "XLMRobertaModel": Forward("tokens", ((512, 1), (512, 16)), _tokens, _words),
    "BlipForConditionalGeneration": Forward("pictures", ((20, 1), (20, 4)), _each, _blip),
    "SiglipModel": Forward("pictures", ((64, 1), (64, 16)), _each, _siglip),
}
