"""Files of weights in the layouts that are found in the world: true names, shapes and types.

A few tensors of each stand for all; the files are as long as their headers say, and empty.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path

from aura.catalog import gguf
from aura.catalog.headers import BITS

Shapes = dict[str, tuple[int, ...]]

# --- Stable Diffusion

SD15_UNET: Shapes = {
    "input_blocks.0.0.weight": (320, 4, 3, 3),
    "input_blocks.1.1.transformer_blocks.0.attn1.to_k.weight": (320, 320),
    "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (320, 768),
    "middle_block.1.transformer_blocks.0.attn2.to_v.weight": (1280, 768),
    "out.2.weight": (4, 320, 3, 3),
    "time_embed.0.weight": (1280, 320),
}
SD2_UNET = SD15_UNET | {
    "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (320, 1024),
    "middle_block.1.transformer_blocks.0.attn2.to_v.weight": (1280, 1024),
}
SDXL_UNET: Shapes = {
    "input_blocks.0.0.weight": (320, 4, 3, 3),
    "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight": (640, 2048),
    "input_blocks.7.1.transformer_blocks.9.attn2.to_k.weight": (1280, 2048),
    "label_emb.0.0.weight": (1280, 2816),
    "out.2.weight": (4, 320, 3, 3),
    "time_embed.0.weight": (1280, 320),
}
REFINER_UNET: Shapes = {
    "input_blocks.0.0.weight": (384, 4, 3, 3),
    "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight": (768, 1280),
    "label_emb.0.0.weight": (1536, 2560),
}
DIFFUSERS_SD15: Shapes = {
    "conv_in.weight": (320, 4, 3, 3),
    "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight": (320, 768),
    "conv_out.weight": (4, 320, 3, 3),
}
DIFFUSERS_SDXL: Shapes = {
    "conv_in.weight": (320, 4, 3, 3),
    "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight": (640, 2048),
    "add_embedding.linear_1.weight": (1280, 2816),
}
VAE: Shapes = {
    "encoder.conv_in.weight": (128, 3, 3, 3),
    "encoder.down.0.block.0.conv1.weight": (128, 128, 3, 3),
    "decoder.conv_in.weight": (512, 4, 3, 3),
    "decoder.mid.block_1.conv1.weight": (512, 512, 3, 3),
    "quant_conv.weight": (8, 8, 1, 1),
}
DIFFUSERS_VAE: Shapes = {
    "encoder.down_blocks.0.resnets.0.conv1.weight": (128, 128, 3, 3),
    "decoder.conv_in.weight": (512, 4, 3, 3),
    "decoder.mid_block.resnets.0.conv1.weight": (512, 512, 3, 3),
}
CLIP_L: Shapes = {
    "text_model.embeddings.token_embedding.weight": (49408, 768),
    "text_model.encoder.layers.0.self_attn.k_proj.weight": (768, 768),
}
BIG_G: Shapes = {"model.token_embedding.weight": (49408, 1280)}

# --- FLUX.1

FLUX_SCHNELL: Shapes = {
    "img_in.weight": (3072, 64),
    "txt_in.weight": (3072, 4096),
    "vector_in.in_layer.weight": (3072, 768),
    "time_in.in_layer.weight": (3072, 256),
    "double_blocks.0.img_attn.qkv.weight": (9216, 3072),
    "double_blocks.18.txt_mlp.0.weight": (12288, 3072),
    "single_blocks.0.linear1.weight": (21504, 3072),
    "single_blocks.37.linear2.weight": (3072, 15360),
    "final_layer.linear.weight": (64, 3072),
}
FLUX_DEV = FLUX_SCHNELL | {"guidance_in.in_layer.weight": (3072, 256)}
FLUX_FILL = FLUX_DEV | {"img_in.weight": (3072, 384)}
DIFFUSERS_FLUX: Shapes = {
    "x_embedder.weight": (3072, 64),
    "context_embedder.weight": (3072, 4096),
    "time_text_embed.text_embedder.linear_1.weight": (3072, 768),
    "transformer_blocks.0.attn.to_q.weight": (3072, 3072),
    "single_transformer_blocks.0.attn.to_q.weight": (3072, 3072),
    "single_transformer_blocks.0.proj_mlp.weight": (12288, 3072),
}
DIFFUSERS_FLUX_DEV = DIFFUSERS_FLUX | {
    "time_text_embed.guidance_embedder.linear_1.weight": (3072, 256)
}
FLUX_VAE = VAE | {"decoder.conv_in.weight": (512, 16, 3, 3)}
T5: Shapes = {
    "shared.weight": (32128, 4096),
    "encoder.block.0.layer.0.SelfAttention.q.weight": (4096, 4096),
    "encoder.block.23.layer.1.DenseReluDense.wo.weight": (4096, 10240),
}
T5_GGUF: Shapes = {
    "token_embd.weight": (32128, 4096),
    "enc.blk.0.attn_q.weight": (4096, 4096),
    "enc.blk.0.ffn_down.weight": (4096, 10240),
}


def under(prefix: str, shapes: Shapes) -> Shapes:
    return {prefix + name: shape for name, shape in shapes.items()}


DRAWS = "model.diffusion_model."
SD15 = (
    under(DRAWS, SD15_UNET)
    | under("first_stage_model.", VAE)
    | under("cond_stage_model.transformer.", CLIP_L)
)
SD2 = (
    under(DRAWS, SD2_UNET)
    | under("first_stage_model.", VAE)
    | {"cond_stage_model.model.token_embedding.weight": (49408, 1024)}
)
SDXL = (
    under(DRAWS, SDXL_UNET)
    | under("first_stage_model.", VAE)
    | under("conditioner.embedders.0.transformer.", CLIP_L)
    | under("conditioner.embedders.1.", BIG_G)
)
FLUX_ALL = (
    under(DRAWS, FLUX_DEV)
    | under("vae.", FLUX_VAE)
    | under("text_encoders.t5xxl.transformer.", T5)
    | under("text_encoders.clip_l.transformer.", CLIP_L)
)


def inpainting(shapes: Shapes) -> Shapes:
    """As a UNet that is given a masked picture beside the noise."""
    first = next(name for name in shapes if name.endswith(("0.0.weight", "conv_in.weight")))
    return shapes | {first: (shapes[first][0], 9, 3, 3)}


def nf4(shapes: Shapes, prefix: str = "") -> dict[str, tuple[str, tuple[int, ...]]]:
    """Packed by bitsandbytes, two parameters a byte, as Forge's checkpoints are."""
    packed: dict[str, tuple[str, tuple[int, ...]]] = {}
    for name, shape in under(prefix, shapes).items():
        if len(shape) != 2:
            packed[name] = ("BF16", shape)
            continue
        count = math.prod(shape)
        packed[name] = ("U8", (count // 2, 1))
        packed[f"{name}.absmax"] = ("F32", (count // 64,))
        packed[f"{name}.quant_map"] = ("F32", (16,))
        packed[f"{name}.quant_state.bitsandbytes__nf4"] = ("U8", (129,))
    return packed


# --- what is added to a model

LORAS: dict[str, Shapes] = {
    "SD 1.5 kohya": {
        "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight": (
            16,
            768,
        ),
        "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_up.weight": (
            320,
            16,
        ),
        "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.alpha": (),
        "lora_te_text_model_encoder_layers_0_self_attn_k_proj.lora_down.weight": (16, 768),
    },
    "SD 1.5 diffusers": {
        "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight": (16, 768),
        "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.lora_B.weight": (320, 16),
    },
    "SD 1.5 diffusers, old": {
        "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora"
        ".down.weight": (4, 768),
        "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora"
        ".up.weight": (320, 4),
    },
    "SD 1.5 LoHa": {
        "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.hada_w1_a": (320, 8),
        "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.hada_w1_b": (8, 768),
    },
    "SD 1.5 text encoder alone": {
        "lora_te_text_model_encoder_layers_0_self_attn_k_proj.lora_down.weight": (16, 768),
        "lora_te_text_model_encoder_layers_0_self_attn_k_proj.lora_up.weight": (768, 16),
    },
    "SD 2 kohya": {
        "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight": (
            16,
            1024,
        ),
    },
    "SDXL kohya": {
        "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_down.weight": (16, 2048),
        "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_up.weight": (640, 16),
        "lora_te1_text_model_encoder_layers_0_self_attn_k_proj.lora_down.weight": (16, 768),
        "lora_te2_text_model_encoder_layers_0_self_attn_k_proj.lora_down.weight": (16, 1280),
    },
    "SDXL diffusers": {
        "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight": (
            16,
            2048,
        ),
    },
    "SDXL attention to itself alone": {
        "unet.down_blocks.2.attentions.0.transformer_blocks.9.attn1.to_k.lora_A.weight": (16, 1280),
    },
    "FLUX.1 kohya": {
        "lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight": (16, 3072),
        "lora_unet_single_blocks_0_linear1.lora_down.weight": (16, 3072),
        "lora_te1_text_model_encoder_layers_0_self_attn_k_proj.lora_down.weight": (16, 768),
    },
    "FLUX.1 diffusers": {
        "transformer.single_transformer_blocks.0.attn.to_k.lora_A.weight": (16, 3072),
        "transformer.transformer_blocks.0.attn.to_k.lora_A.weight": (16, 3072),
    },
    "FLUX.1 diffusers, without single blocks": {
        "transformer.transformer_blocks.0.attn.to_k.lora_A.weight": (16, 3072),
        "transformer.transformer_blocks.18.attn.to_k.lora_A.weight": (16, 3072),
    },
    "FLUX.1 XLabs": {
        "double_blocks.0.processor.qkv_lora1.down.weight": (16, 3072),
        "double_blocks.0.processor.qkv_lora1.up.weight": (9216, 16),
    },
}
UPSCALERS: dict[str, Shapes] = {
    "ESRGAN": {
        "conv_first.weight": (64, 3, 3, 3),
        "body.0.rdb1.conv1.weight": (32, 64, 3, 3),
        "conv_up1.weight": (64, 64, 3, 3),
    },
    "ESRGAN, old": {
        "model.0.weight": (64, 3, 3, 3),
        "model.1.sub.0.RDB1.conv1.0.weight": (32, 64, 3, 3),
        "model.10.weight": (3, 64, 3, 3),
    },
    "ESRGAN, BasicSR": {
        "params_ema.conv_first.weight": (64, 3, 3, 3),
        "params_ema.body.22.rdb3.conv5.weight": (64, 192, 3, 3),
        "params_ema.body.0.rdb1.conv1.weight": (32, 64, 3, 3),
    },
    "Real-ESRGAN compact": {
        "body.0.weight": (64, 3, 3, 3),
        "body.1.weight": (64,),
        "body.2.weight": (64, 64, 3, 3),
    },
}
EMBEDDINGS: dict[str, Shapes] = {
    "SD 1.5": {"emb_params": (8, 768)},
    "SD 1.5, diffusers": {"<cat-toy>": (768,)},
    "SD 2": {"emb_params": (4, 1024)},
    "SDXL": {"clip_l": (8, 768), "clip_g": (8, 1280)},
}


# --- writing


def safetensors(
    path: Path,
    shapes: Mapping[str, tuple[int, ...]],
    dtype: str = "F16",
    words: dict[str, str] | None = None,
) -> Path:
    return typed(path, {name: (dtype, shape) for name, shape in shapes.items()}, words)


def typed(
    path: Path,
    tensors: Mapping[str, tuple[str, tuple[int, ...]]],
    words: dict[str, str] | None = None,
) -> Path:
    header, end = safetensors_header(tensors, words)
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + end)  # a hole: it takes no room on the disk
    return path


def safetensors_header(
    tensors: Mapping[str, tuple[str, tuple[int, ...]]], words: dict[str, str] | None = None
) -> tuple[bytes, int]:
    """The header, and how many bytes of weights follow it."""
    told: dict[str, object] = {"__metadata__": words} if words else {}
    end = 0
    for name, (dtype, shape) in tensors.items():
        start, end = end, end + (math.prod(shape) * BITS[dtype] + 7) // 8
        told[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
    header = json.dumps(told).encode()
    return struct.pack("<Q", len(header)) + header, end


def gguf_file(path: Path, shapes: Shapes, architecture: str, type_name: str = "Q4_K") -> Path:
    header, end = gguf_header(shapes, architecture, type_name)
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + 64 + end)
    return path


def gguf_header(shapes: Shapes, architecture: str, type_name: str) -> tuple[bytes, int]:
    number = {name: number for number, name in gguf.TYPES.items()}
    block, size = gguf.BLOCKS[type_name]
    words = _text("general.architecture") + struct.pack("<I", gguf.TEXT) + _text(architecture)
    words += _text("general.file_type") + struct.pack("<II", 4, 15)
    words += _text("some.list") + struct.pack("<IIQ", gguf.LIST, gguf.TEXT, 2)
    words += _text("a") + _text("b")
    tensors, end = b"", 0
    for name, shape in shapes.items():
        kind, bytes_ = number["F32"], math.prod(shape) * 4
        if len(shape) == 2 and math.prod(shape) % block == 0:
            kind, bytes_ = number[type_name], math.prod(shape) // block * size
        sides = struct.pack(f"<{len(shape)}Q", *reversed(shape))
        tensors += _text(name) + struct.pack("<I", len(shape)) + sides
        tensors += struct.pack("<IQ", kind, end)
        end += bytes_
    return gguf.MAGIC + struct.pack("<IQQ", 3, len(shapes), 3) + words + tensors, end


def _text(words: str) -> bytes:
    return struct.pack("<Q", len(words)) + words.encode()
