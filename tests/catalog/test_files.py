"""Which files of a repository are needed, from listings as the published ones look."""

from __future__ import annotations

from aura.catalog.files import needed
from aura.catalog.remote import RemoteFile

GB = 10**9


def files(sizes: dict[str, int]) -> tuple[RemoteFile, ...]:
    return tuple(RemoteFile(name, size, "0" * 40) for name, size in sizes.items())


def taken(*args: object) -> set[str]:
    return {file.path for file in needed(*args)}  # type: ignore[arg-type]


SDXL_INDEX = {
    "_class_name": "StableDiffusionXLPipeline",
    "_diffusers_version": "0.19.0",
    "force_zeros_for_empty_prompt": True,
    "scheduler": ["diffusers", "EulerDiscreteScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
    "safety_checker": [None, None],
}
SDXL = {
    "README.md": 9000,
    "model_index.json": 600,
    "sd_xl_base_1.0.safetensors": 7 * GB,
    "sd_xl_base_1.0_0.9vae.safetensors": 7 * GB,
    "scheduler/scheduler_config.json": 500,
    "text_encoder/config.json": 500,
    "text_encoder/flax_model.msgpack": GB,
    "text_encoder/model.fp16.safetensors": GB // 4,
    "text_encoder/model.onnx": GB,
    "text_encoder/model.safetensors": GB // 2,
    "text_encoder/openvino_model.bin": GB,
    "tokenizer/merges.txt": 500_000,
    "tokenizer/special_tokens_map.json": 400,
    "tokenizer/tokenizer_config.json": 700,
    "tokenizer/vocab.json": 1_000_000,
    "unet/config.json": 1700,
    "unet/diffusion_pytorch_model.fp16.safetensors": 5 * GB,
    "unet/diffusion_pytorch_model.safetensors": 10 * GB,
    "vae/config.json": 600,
    "vae/diffusion_pytorch_model.fp16.safetensors": GB // 6,
    "vae/diffusion_pytorch_model.safetensors": GB // 3,
    "vae_1_0/diffusion_pytorch_model.safetensors": GB // 3,
    "vae_decoder/model.onnx": GB // 5,
}


def test_of_a_pipeline_its_parts_are_taken_once_in_half_precision():
    assert taken(files(SDXL), SDXL_INDEX) == {
        "model_index.json",
        "scheduler/scheduler_config.json",
        "text_encoder/config.json",
        "text_encoder/model.fp16.safetensors",
        "tokenizer/merges.txt",
        "tokenizer/special_tokens_map.json",
        "tokenizer/tokenizer_config.json",
        "tokenizer/vocab.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "vae/config.json",
        "vae/diffusion_pytorch_model.fp16.safetensors",
    }


def test_a_part_without_half_precision_comes_in_full():
    less = {name: size for name, size in SDXL.items() if not name.startswith("vae/diff")}
    less["vae/diffusion_pytorch_model.safetensors"] = GB // 3
    assert "vae/diffusion_pytorch_model.safetensors" in taken(files(less), SDXL_INDEX)


def test_shards_come_with_the_index_that_names_them():
    flux = {
        "model_index.json": 500,
        "flux1-schnell.safetensors": 24 * GB,
        "transformer/config.json": 300,
        "transformer/diffusion_pytorch_model-00001-of-00002.safetensors": 10 * GB,
        "transformer/diffusion_pytorch_model-00002-of-00002.safetensors": 10 * GB,
        "transformer/diffusion_pytorch_model.safetensors.index.json": 120_000,
    }
    index = {"transformer": ["diffusers", "FluxTransformer2DModel"]}
    assert taken(files(flux), index) == set(flux) - {"flux1-schnell.safetensors"}


def test_shards_in_half_precision_come_with_theirs():
    sizes = {
        "unet/diffusion_pytorch_model.fp16-00001-of-00002.safetensors": GB,
        "unet/diffusion_pytorch_model.fp16-00002-of-00002.safetensors": GB,
        "unet/diffusion_pytorch_model.safetensors.index.fp16.json": 1000,
        "unet/diffusion_pytorch_model-00001-of-00002.safetensors": 2 * GB,
        "unet/diffusion_pytorch_model-00002-of-00002.safetensors": 2 * GB,
        "unet/diffusion_pytorch_model.safetensors.index.json": 1000,
    }
    found = taken(files(sizes), {"unet": ["diffusers", "UNet2DConditionModel"]})
    assert len(found) == 3 and all("fp16" in name for name in found)


def test_of_a_model_of_one_part_its_configurations_words_and_weights_are_taken():
    blip = {
        ".gitattributes": 1000,
        "README.md": 6000,
        "config.json": 4000,
        "model.safetensors": GB,
        "preprocessor_config.json": 300,
        "pytorch_model.bin": GB,
        "special_tokens_map.json": 100,
        "tf_model.h5": GB,
        "tokenizer.json": 700_000,
        "tokenizer_config.json": 500,
        "vocab.txt": 200_000,
        "onnx/model.onnx": GB,
        "sentencepiece.bpe.model": 5_000_000,
    }
    left = {".gitattributes", "README.md", "pytorch_model.bin", "tf_model.h5", "onnx/model.onnx"}
    assert taken(files(blip), None) == set(blip) - left


def test_named_files_are_taken_and_no_others():
    sizes = {"RealESRGAN_x2.safetensors": 1, "RealESRGAN_x4.safetensors": 1, "config.json": 1}
    assert taken(files(sizes), None, ("RealESRGAN_x4.safetensors",)) == {
        "RealESRGAN_x4.safetensors"
    }


def test_small_files_come_first_so_that_what_is_wrong_shows_early():
    sizes = [file.size for file in needed(files(SDXL), SDXL_INDEX)]
    assert sizes == sorted(sizes)
