"""Tiny random parts of diffusion models, built in memory."""

from __future__ import annotations

from pathlib import Path

import gguf
import torch
from diffusers import AutoencoderKL, FluxTransformer2DModel, UNet2DConditionModel
from transformers import T5Config, T5EncoderModel


def flux(double: int = 4, single: int = 8, width: int = 32) -> FluxTransformer2DModel:
    """A FLUX transformer of ``double`` + ``single`` blocks."""
    torch.manual_seed(1)
    return FluxTransformer2DModel(
        in_channels=32,
        num_layers=double,
        num_single_layers=single,
        attention_head_dim=width // 2,
        num_attention_heads=2,
        joint_attention_dim=width,
        pooled_projection_dim=width,
        axes_dims_rope=(width // 8, width // 8, width // 4),
    ).eval()


def t5(width: int = 32) -> T5EncoderModel:
    torch.manual_seed(2)
    config = T5Config(
        vocab_size=64,
        d_model=width,
        d_kv=width // 2,
        d_ff=width * 2,
        num_layers=2,
        num_heads=2,
        feed_forward_proj="gated-gelu",
    )
    return T5EncoderModel(config).eval()


def vae() -> AutoencoderKL:
    torch.manual_seed(3)
    return AutoencoderKL(
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        norm_num_groups=4,
        latent_channels=4,
    ).eval()


def unet(width: int = 32, **changes) -> UNet2DConditionModel:
    torch.manual_seed(4)
    return UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(width, width * 2),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=width,
        attention_head_dim=2,
        norm_num_groups=8,
        **changes,
    ).eval()


def words() -> torch.Tensor:
    return torch.arange(10)[None] + 1


@torch.no_grad()
def drawn(transformer: FluxTransformer2DModel) -> torch.Tensor:
    """What the transformer answers to one fixed question, 1 × 16 × 32."""
    random = torch.Generator().manual_seed(5)
    width, dtype = transformer.config.joint_attention_dim, transformer.dtype

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=random).to(dtype)

    return transformer(
        hidden_states=noise(1, 16, 32),
        encoder_hidden_states=noise(1, 10, width),
        pooled_projections=noise(1, width),
        timestep=torch.tensor([0.5], dtype=dtype),
        img_ids=torch.zeros(16, 3),
        txt_ids=torch.zeros(10, 3),
        guidance=None,
        return_dict=False,
    )[0]


@torch.no_grad()
def spoken(encoder: T5EncoderModel) -> torch.Tensor:
    return encoder(words(), return_dict=False)[0]


@torch.no_grad()
def painted(model: UNet2DConditionModel) -> torch.Tensor:
    random = torch.Generator().manual_seed(6)
    sample = torch.randn(2, 4, 8, 8, generator=random).to(model.dtype)
    text = torch.randn(2, 7, model.config.cross_attention_dim, generator=random).to(model.dtype)
    return model(sample, 10, encoder_hidden_states=text, return_dict=False)[0]


def write_gguf(model: torch.nn.Module, path: Path, form: str) -> None:
    """Linear layers in ``form``, everything else as it is."""
    writer = gguf.GGUFWriter(path, "flux")
    kind = gguf.GGMLQuantizationType[form]
    for name, tensor in model.state_dict().items():
        data = tensor.float().numpy()
        if tensor.ndim == 2:
            writer.add_tensor(name, gguf.quants.quantize(data, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, data.astype("float16"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
