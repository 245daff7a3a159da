"""How each architecture is called while its activations are traced.

One table: class name, and its tower or another way through it → what its work is counted
in, the two amounts of work a line is drawn through, and the call. Sizes are pixels a side,
tokens, or the patches of a picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from transformers.modeling_outputs import BaseModelOutputWithPooling
from transformers.models.sam3.modeling_sam3 import Sam3VisionEncoderOutput

Config = Mapping[str, Any]
THINGS = 8  # looked for at once
SPOKEN = 512  # FLUX's tokens of the prompt, beside those of the picture


@dataclass(frozen=True)
class Forward:
    """``positions(size, batch)`` is the work in ``unit``; ``call`` does it once."""

    unit: str
    samples: tuple[tuple[int, int], ...]  # (size, batch), which a line is drawn through
    check: tuple[int, int]  # another, for the test
    positions: Callable[[int, int], int]
    call: Callable[[Any, Config, torch.dtype, int, int], Any]


def _unet(model: Any, config: Config, dtype: torch.dtype, side: int, batch: int) -> Any:
    latents = torch.empty(batch, config.get("in_channels", 4), side // 8, side // 8, dtype=dtype)
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
        encoder_hidden_states=torch.empty(batch, SPOKEN, 4096, dtype=dtype),
        pooled_projections=torch.empty(batch, 768, dtype=dtype),
        timestep=torch.ones(batch, dtype=dtype),
        img_ids=torch.zeros(tokens, 3, dtype=dtype),
        txt_ids=torch.zeros(SPOKEN, 3, dtype=dtype),
        guidance=guidance,
    )


def _flux2(model: Any, config: Config, dtype: torch.dtype, side: int, batch: int) -> Any:
    tokens = (side // 16) ** 2
    return model(
        hidden_states=torch.empty(batch, tokens, 128, dtype=dtype),
        encoder_hidden_states=torch.empty(
            batch, SPOKEN, config["joint_attention_dim"], dtype=dtype
        ),
        timestep=torch.ones(batch, dtype=dtype),
        img_ids=torch.zeros(batch, tokens, 4, dtype=torch.long),
        txt_ids=torch.zeros(batch, SPOKEN, 4, dtype=torch.long),
        guidance=None,
    )


def _z_image(model: Any, config: Config, dtype: torch.dtype, side: int, batch: int) -> Any:
    pictures = [torch.empty(16, 1, side // 8, side // 8, dtype=dtype) for _ in range(batch)]
    words = [torch.empty(SPOKEN, config["cap_feat_dim"], dtype=dtype) for _ in range(batch)]
    return model(pictures, torch.ones(batch, dtype=dtype), words)


def _sana(model: Any, config: Config, dtype: torch.dtype, side: int, batch: int) -> Any:
    return model(
        torch.empty(batch, 32, side // 32, side // 32, dtype=dtype),
        encoder_hidden_states=torch.empty(batch, 300, 2304, dtype=dtype),
        encoder_attention_mask=torch.ones(batch, 300, dtype=dtype),
        guidance=torch.ones(batch, dtype=dtype),
        timestep=torch.ones(batch, dtype=dtype),
    )


def _vae(model: Any, config: Config, dtype: torch.dtype, side: int, batch: int) -> Any:
    channels = config.get("latent_channels", 4)
    return model.decode(torch.empty(batch, channels, side // 8, side // 8, dtype=dtype))


def _deep(model: Any, config: Config, dtype: torch.dtype, side: int, batch: int) -> Any:
    """An autoencoder that makes 32 pixels a side one."""
    return model.decode(torch.empty(batch, 32, side // 32, side // 32, dtype=dtype))


def _encoded(model: Any, config: Config, dtype: torch.dtype, side: int, batch: int) -> Any:
    return model.encode(torch.empty(batch, 3, side, side, dtype=dtype))


def _words(model: Any, config: Config, dtype: torch.dtype, tokens: int, batch: int) -> Any:
    return model(input_ids=torch.ones(batch, tokens, dtype=torch.long))


def _told(model: Any, config: Config, dtype: torch.dtype, tokens: int, batch: int) -> Any:
    """A language model of which what its layers make is wanted, not what it would say."""
    words = torch.ones(batch, tokens, dtype=torch.long)
    return model(input_ids=words, output_hidden_states=True, use_cache=False)


def _looked(tower: str = "") -> Callable[..., Any]:
    """A call of the vision tower of that name, on pictures of its native size."""

    def call(model: Any, config: Config, dtype: torch.dtype, patches: int, batch: int) -> Any:
        own = config.get("vision_config", config)
        side = own.get("backbone_config", own)["image_size"]
        part = getattr(model, tower) if tower else model
        return part(torch.empty(batch, 3, side, side, dtype=dtype))

    return call


def _read(model: Any, config: Config, dtype: torch.dtype, tokens: int, batch: int) -> Any:
    inner = getattr(model, "owlv2", model)
    text = getattr(inner, "text_model", None) or inner.text_encoder
    return text(input_ids=torch.ones(batch, tokens, dtype=torch.long))


def _captioned(model: Any, config: Config, dtype: torch.dtype, tokens: int, batch: int) -> Any:
    """The first step of writing a caption, which makes the keys and values of the picture."""
    vision = config["vision_config"]
    patches = (vision["image_size"] // vision["patch_size"]) ** 2 + 1
    seen = torch.empty(batch, patches, vision["hidden_size"], dtype=dtype)
    words = torch.ones(batch, tokens, dtype=torch.long)
    return model.text_decoder(words, encoder_hidden_states=seen, use_cache=True)


def _heard(model: Any, config: Config, dtype: torch.dtype, clips: int, batch: int) -> Any:
    """Ten seconds of sound, which is what the model was made for, as mel frames."""
    frames = torch.empty(batch, 1, 1001, config["audio_config"]["num_mel_bins"], dtype=dtype)
    return model.get_audio_features(frames)


def _found(model: Any, config: Config, dtype: torch.dtype, pictures: int, batch: int) -> Any:
    """What SAM 3 does with a picture and a prompt it has already read."""
    vision, words = model.config.vision_config, model.config.text_config
    patches = vision.image_size // vision.backbone_config.patch_size
    sides = [int(patches * scale) for scale in vision.scale_factors]
    seen = [torch.empty(batch, vision.fpn_hidden_size, s, s, dtype=dtype) for s in sides]
    prompt = torch.empty(batch, words.max_position_embeddings, vision.fpn_hidden_size, dtype=dtype)
    output = Sam3VisionEncoderOutput(fpn_hidden_states=seen, fpn_position_encoding=seen)
    return model(vision_embeds=output, text_embeds=BaseModelOutputWithPooling(pooler_output=prompt))


def _erased(model: Any, config: Config, dtype: torch.dtype, side: int, batch: int) -> Any:
    return model(torch.empty(batch, 4, side, side, dtype=dtype))


def _enlarged(model: Any, config: Config, dtype: torch.dtype, side: int, batch: int) -> Any:
    return model(torch.empty(batch, 3, side, side, dtype=dtype))


def _searched(model: Any, config: Config, dtype: torch.dtype, patches: int, batch: int) -> Any:
    """OWLv2's boxes in a picture, for a handful of things whose words were read before."""
    side = config["vision_config"]["image_size"]
    seen = model.image_embedder(torch.empty(batch, 3, side, side, dtype=dtype))[0]
    flat = seen.flatten(1, 2)
    things = torch.empty(batch, THINGS, config["text_config"]["hidden_size"], dtype=dtype)
    return model.class_predictor(flat, things), model.box_head(flat)


def _fused(model: Any, config: Config, dtype: torch.dtype, words: int, batch: int) -> Any:
    return model(torch.empty(batch, 768, dtype=dtype))


def _one(size: int, batch: int) -> int:
    return batch


def _area(side: int, batch: int) -> int:
    return side * side * batch


def _tokens(size: int, batch: int) -> int:
    return size * batch


FORWARDS: Mapping[str, Forward] = {
    "UNet2DConditionModel": Forward(
        "latents", ((512, 2), (1024, 2)), (768, 2), lambda s, n: (s // 8) ** 2 * n, _unet
    ),
    "FluxTransformer2DModel": Forward(
        "tokens", ((512, 1), (1024, 1)), (768, 1), lambda s, n: ((s // 16) ** 2 + SPOKEN) * n, _flux
    ),
    "Flux2Transformer2DModel": Forward(
        "tokens",
        ((512, 1), (1024, 1)),
        (768, 1),
        lambda s, n: ((s // 16) ** 2 + SPOKEN) * n,
        _flux2,
    ),
    "ZImageTransformer2DModel": Forward(
        "tokens",
        ((512, 1), (1024, 1)),
        (768, 1),
        lambda s, n: ((s // 16) ** 2 + SPOKEN) * n,
        _z_image,
    ),
    "SanaTransformer2DModel": Forward(
        "latents", ((512, 1), (1024, 1)), (768, 1), lambda s, n: (s // 32) ** 2 * n, _sana
    ),
    "AutoencoderKLFlux2": Forward("pixels", ((512, 1), (1024, 1)), (768, 1), _area, _vae),
    "AutoencoderKLFlux2:encode": Forward(
        "pixels", ((512, 1), (1024, 1)), (768, 1), _area, _encoded
    ),
    "AutoencoderDC": Forward("pixels", ((512, 1), (1024, 1)), (768, 1), _area, _deep),
    "AutoencoderDC:encode": Forward("pixels", ((512, 1), (1024, 1)), (768, 1), _area, _encoded),
    "AutoencoderKL": Forward("pixels", ((512, 1), (1024, 1)), (768, 1), _area, _vae),
    "AutoencoderKL:encode": Forward("pixels", ((512, 1), (1024, 1)), (768, 1), _area, _encoded),
    "AutoencoderTiny": Forward("pixels", ((512, 1), (1024, 1)), (768, 1), _area, _vae),
    "CLIPTextModel": Forward("tokens", ((77, 1), (77, 2)), (77, 3), _tokens, _words),
    "CLIPTextModelWithProjection": Forward("tokens", ((77, 1), (77, 2)), (77, 3), _tokens, _words),
    "Qwen3Model": Forward("tokens", ((512, 1), (512, 2)), (512, 3), _tokens, _told),
    "Qwen3ForCausalLM": Forward("tokens", ((512, 1), (512, 2)), (512, 3), _tokens, _told),
    "Gemma2Model": Forward("tokens", ((600, 1), (600, 2)), (600, 3), _tokens, _told),
    "T5EncoderModel": Forward("tokens", ((512, 1), (512, 2)), (512, 3), _tokens, _words),
    "XLMRobertaModel.encoder": Forward("tokens", ((512, 1), (512, 16)), (256, 12), _tokens, _words),
    "BlipForConditionalGeneration.vision_model": Forward(
        "patches", ((576, 1), (576, 4)), (576, 2), _tokens, _looked("vision_model")
    ),
    "BlipForConditionalGeneration.text_decoder": Forward(
        "context", ((40, 1), (40, 4)), (20, 2), lambda s, n: (24**2 + s) * n, _captioned
    ),
    "SiglipModel.text_model": Forward("tokens", ((64, 1), (64, 16)), (64, 5), _tokens, _read),
    "SiglipModel.vision_model": Forward(
        "patches", ((729, 1), (729, 16)), (729, 5), _tokens, _looked("vision_model")
    ),
    "CLIPVisionModelWithProjection": Forward(
        "patches", ((256, 1), (256, 4)), (256, 2), _tokens, _looked()
    ),
    "Postfuse": Forward("pictures", ((1, 1), (1, 4)), (1, 2), _one, _fused),
    "ClapModel.text_model": Forward("tokens", ((512, 1), (512, 16)), (512, 5), _tokens, _read),
    "ClapModel.audio_model": Forward("clips", ((1, 1), (1, 16)), (1, 5), _one, _heard),
    "Sam3Model.vision_encoder": Forward(
        "patches", ((5184, 1), (5184, 2)), (5184, 1), _tokens, _looked("vision_encoder")
    ),
    "Sam3Model.text_encoder": Forward("tokens", ((32, 1), (32, 4)), (32, 2), _tokens, _read),
    "Sam3Model.detector": Forward("pictures", ((1, 1), (1, 2)), (1, 1), _one, _found),
    "Owlv2ForObjectDetection.text_model": Forward(
        "tokens", ((16, 1), (16, 16)), (16, 5), _tokens, _read
    ),
    "Owlv2ForObjectDetection.vision_model": Forward(
        "patches", ((3600, 1), (3600, 2)), (3600, 1), _tokens, _searched
    ),
    "Lama": Forward("pixels", ((512, 1), (1024, 1)), (768, 1), _area, _erased),
    "Compact": Forward("pixels", ((256, 1), (512, 1)), (384, 1), _area, _enlarged),
    "RRDBNet": Forward("pixels", ((256, 1), (512, 1)), (384, 1), _area, _enlarged),
}
