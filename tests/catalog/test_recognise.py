"""A person's own files are told apart by their headers, and no bytes can do harm."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import numpy
import pytest
from safetensors.numpy import save_file

from aura import i18n
from aura.catalog import headers
from aura.catalog.recognise import WeightFile, recognise
from aura.errors import BadWeights, PickleRefused
from tests.catalog import layouts as of
from tests.catalog.conftest import SHAPES

MUTATIONS = 10_000
MEMORY = 64 * 2**20


def told(file: WeightFile) -> tuple[str, str, str]:
    return file.kind, file.model, file.precision


# --- what there is in the world


@pytest.mark.parametrize(
    "shapes, dtype, kind, model, precision",
    [
        (of.SD15, "F16", "checkpoint", "SD 1.5", "fp16"),
        (of.SD15, "F32", "checkpoint", "SD 1.5", "fp32"),
        (of.SD2, "BF16", "checkpoint", "SD 2", "bf16"),
        (of.SDXL, "F16", "checkpoint", "SDXL", "fp16"),  # SDXL-Turbo is no different
        (of.inpainting(of.SD15), "F16", "checkpoint", "SD 1.5 inpainting", "fp16"),
        (of.inpainting(of.SDXL), "F16", "checkpoint", "SDXL inpainting", "fp16"),
        (of.FLUX_ALL, "F8_E4M3", "checkpoint", "FLUX.1 dev", "fp8"),
        (of.SD15_UNET, "F16", "denoiser", "SD 1.5", "fp16"),
        (of.under(of.DRAWS, of.SDXL_UNET), "F16", "denoiser", "SDXL", "fp16"),
        (of.REFINER_UNET, "F16", "denoiser", "SDXL refiner", "fp16"),
        (of.DIFFUSERS_SD15, "F16", "denoiser", "SD 1.5", "fp16"),
        (of.DIFFUSERS_SDXL, "F16", "denoiser", "SDXL", "fp16"),
        (of.inpainting(of.DIFFUSERS_SDXL), "F16", "denoiser", "SDXL inpainting", "fp16"),
        (of.FLUX_DEV, "BF16", "denoiser", "FLUX.1 dev", "bf16"),
        (of.FLUX_SCHNELL, "BF16", "denoiser", "FLUX.1 schnell", "bf16"),
        (of.FLUX_SCHNELL, "F8_E5M2", "denoiser", "FLUX.1 schnell", "fp8"),
        (of.FLUX_FILL, "BF16", "denoiser", "FLUX.1 Fill", "bf16"),
        (of.DIFFUSERS_FLUX, "BF16", "denoiser", "FLUX.1 schnell", "bf16"),
        (of.DIFFUSERS_FLUX_DEV, "BF16", "denoiser", "FLUX.1 dev", "bf16"),
        (of.VAE, "F32", "vae", "SD 1.5, SD 2, SDXL", "fp32"),
        (of.DIFFUSERS_VAE, "F16", "vae", "SD 1.5, SD 2, SDXL", "fp16"),
        (of.under("first_stage_model.", of.VAE), "F16", "vae", "SD 1.5, SD 2, SDXL", "fp16"),
        (of.FLUX_VAE, "F32", "vae", "FLUX.1, SD 3", "fp32"),
        ({"decoder.layers.0.weight": (64, 4, 3, 3)}, "F16", "vae", "TAESD", "fp16"),
        (of.T5, "F16", "text_encoder", "T5-XXL", "fp16"),
        (of.T5, "F8_E4M3", "text_encoder", "T5-XXL", "fp8"),
        (of.CLIP_L, "F16", "text_encoder", "CLIP-L", "fp16"),
        ({"something.weight": (4, 4)}, "F32", "unknown", "", "fp32"),
        ({}, "F32", "unknown", "", ""),
    ],
)
def test_a_file_is_what_its_tensors_say(tmp_path, shapes, dtype, kind, model, precision):
    path = of.safetensors(tmp_path / "a.safetensors", shapes, dtype)
    found = recognise(path)
    assert told(found) == (kind, model, precision)
    assert found.bytes == path.stat().st_size


@pytest.mark.parametrize("prefix", ["", of.DRAWS])
def test_packed_weights_are_told_by_what_is_written_beside_them(tmp_path, prefix):
    path = of.typed(tmp_path / "a.safetensors", of.nf4(of.FLUX_DEV, prefix))
    assert told(recognise(path)) == ("denoiser", "FLUX.1 dev", "nf4")


@pytest.mark.parametrize(
    "shapes, architecture, type_name, kind, model",
    [
        (of.FLUX_DEV, "flux", "Q4_K", "denoiser", "FLUX.1 dev"),
        (of.FLUX_SCHNELL, "flux", "Q8_0", "denoiser", "FLUX.1 schnell"),
        (of.T5_GGUF, "t5encoder", "Q5_K", "text_encoder", "T5-XXL"),
        (of.SD15_UNET, "sd1", "Q8_0", "denoiser", "SD 1.5"),
        (of.SDXL_UNET, "sdxl", "Q4_0", "denoiser", "SDXL"),
    ],
)
def test_gguf_files_are_told_too(tmp_path, shapes, architecture, type_name, kind, model):
    path = of.gguf_file(tmp_path / "a.gguf", shapes, architecture, type_name)
    assert told(recognise(path)) == (kind, model, type_name)


@pytest.mark.parametrize("name", of.LORAS)
def test_a_lora_is_told_with_the_model_it_is_for(tmp_path, name):
    found = recognise(of.safetensors(tmp_path / "a.safetensors", of.LORAS[name]))
    assert found.kind == "lora"
    assert name.startswith(found.model) and found.model
    assert name.startswith("SDXL") == (found.families == ("stable_diffusion_xl",))


def test_a_lora_whose_shapes_say_nothing_is_believed_what_its_trainer_wrote(tmp_path):
    shapes = {"lora_unet_down_blocks_0_resnets_0_conv1.lora_down.weight": (16, 320, 3, 3)}
    path = tmp_path / "a.safetensors"
    assert recognise(of.safetensors(path, shapes)).model == ""
    for said, model in (("sdxl_base_v1-0", "SDXL"), ("sd_v1", "SD 1.5"), ("flux1", "FLUX.1")):
        of.safetensors(path, shapes, words={"ss_base_model_version": said})
        assert recognise(path).model == model


def test_a_lora_of_a_model_with_more_blocks_is_not_taken_for_one_of_flux(tmp_path):
    shapes = {"transformer_blocks.59.attn.to_k.lora_A.weight": (16, 3072)}
    assert recognise(of.safetensors(tmp_path / "a.safetensors", shapes)).model == ""


@pytest.mark.parametrize("name", of.UPSCALERS)
def test_an_upscaler_is_told(tmp_path, name):
    found = recognise(of.safetensors(tmp_path / "a.safetensors", of.UPSCALERS[name], "F32"))
    assert found.kind == "upscaler" and name.startswith(found.model)
    assert found.families == ("esrgan",)


@pytest.mark.parametrize("name", of.EMBEDDINGS)
def test_an_embedding_is_told_with_its_model(tmp_path, name):
    found = recognise(of.safetensors(tmp_path / "a.safetensors", of.EMBEDDINGS[name], "F32"))
    assert found.kind == "embedding" and name.startswith(found.model)


def test_a_controlnet_is_not_taken_for_a_model_that_draws(tmp_path):
    shapes = of.DIFFUSERS_SD15 | {"controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3)}
    assert recognise(of.safetensors(tmp_path / "a.safetensors", shapes)).kind == "controlnet"


def test_a_model_of_widths_that_nobody_knows_is_not_guessed():
    unet = next((SHAPES / "unet").glob("*.safetensors"))
    assert recognise(unet).kind == "unknown"


# --- against the formats' own libraries


def test_a_header_is_read_as_the_formats_own_library_writes_it(tmp_path):
    shapes = of.EMBEDDINGS["SDXL"]
    tensors = {name: numpy.zeros(shape, "float16") for name, shape in shapes.items()}
    save_file(tensors, tmp_path / "a.safetensors", metadata={"format": "pt"})
    header = headers.read(tmp_path / "a.safetensors")
    assert {name: tensor.shape for name, tensor in header.tensors.items()} == shapes
    assert header.words == {"format": "pt"}


def test_a_gguf_header_is_read_as_the_formats_own_library_writes_it(tmp_path):
    gguf = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(tmp_path / "a.gguf", "flux")
    writer.add_array("some.numbers", [1, 2, 3])
    writer.add_float32("a.number", 0.5)
    writer.add_tensor("wide.weight", numpy.zeros((4, 96), "float32"))
    packed = gguf.quantize(numpy.zeros((4, 96), "float32"), gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("packed.weight", packed, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    header = headers.read(tmp_path / "a.gguf")
    assert header.words["general.architecture"] == "flux"
    assert header.tensors["wide.weight"] == headers.Tensor("F32", (4, 96))
    assert header.tensors["packed.weight"] == headers.Tensor("Q8_0", (4, 96))


# --- what cannot be used


@pytest.mark.parametrize("suffix", [".ckpt", ".pt", ".pth", ".bin", ".PT"])
def test_formats_that_can_run_programs_are_refused_unread(tmp_path, suffix):
    with pytest.raises(PickleRefused) as refused:
        recognise(tmp_path / f"model{suffix}")  # it need not even be there
    for lang in i18n.LANGUAGES:
        assert ".safetensors" in i18n.error_text(lang, refused.value.as_dict())


@pytest.mark.parametrize(
    "name, data, problem",
    [
        ("a.safetensors", b"", "length"),
        ("a.safetensors", b"\x00" * 8, "length"),
        ("a.safetensors", b"\xff" * 8, "length"),
        ("a.safetensors", (4).to_bytes(8, "little") + b"[[[[", "header"),
        ("a.safetensors", (2).to_bytes(8, "little") + b"[]", "header"),
        ("a.safetensors", (9000).to_bytes(8, "little") + b"[" * 9000, "header"),
        ("a.gguf", b"GGUF", "header"),
        ("a.gguf", b"GGUF" + b"\xff" * 100, "header"),
        ("a.gguf", b"nothing", "kind"),
        ("a.jpg", b"nothing", "kind"),
    ],
)
def test_bytes_that_are_no_header_are_told_so(tmp_path, name, data, problem):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(BadWeights) as refused:
        recognise(path)
    assert refused.value.facts["problem"] == f"error.problem.weights_{problem}"


def test_a_header_larger_than_any_real_one_is_not_read(tmp_path):
    path = tmp_path / "a.safetensors"
    with path.open("wb") as file:
        file.write((headers.HEADER_MAX + 1).to_bytes(8, "little"))
        file.truncate(2**30)
    with pytest.raises(BadWeights) as refused:
        recognise(path)
    assert refused.value.facts["problem"] == "error.problem.weights_large"


@pytest.mark.parametrize("write", [of.safetensors, lambda p, s: of.gguf_file(p, s, "flux")])
def test_a_file_cut_short_is_told_so(tmp_path, write):
    path = write(tmp_path / "a.safetensors", of.FLUX_DEV)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(BadWeights) as refused:
        recognise(path)
    assert refused.value.facts["problem"] == "error.problem.weights_length"


def test_a_folder_and_a_missing_file_cannot_be_read(tmp_path):
    (tmp_path / "b.safetensors").mkdir()
    for name in ("a.safetensors", "b.safetensors"):
        with pytest.raises(BadWeights) as refused:
            recognise(tmp_path / name)
        assert refused.value.facts["problem"] == "error.problem.weights_unreadable"


# --- whatever the bytes are

SAYINGS = (
    b"[" * 3000, b"{" * 50, b"9" * 5000, b"-1", b"1e999", b"null", b'""', b"\xff\xfe", b"\\ud800",
    b"18446744073709551615", b'"shape":[', b'"data_offsets":[0,0]', b"true", b"\x00" * 9,
)  # fmt: skip


def mutated(data: bytes, dice: random.Random) -> bytes:
    """One to four changes anywhere: bytes turned, cut out, doubled, put in."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(changed) + 1)
        end = min(len(changed), at + dice.randrange(1, 40))
        match dice.randrange(4):
            case 0:
                for place in range(at, end):
                    changed[place] = dice.randrange(256)
            case 1:
                del changed[at:end]
            case 2:
                changed[at:at] = changed[at:end]
            case 3:
                changed[at:end] = dice.choice(SAYINGS)
    return bytes(changed)


def judged(path: Path) -> bool:
    """Did it come out as a file of weights? The only other end is to be refused."""
    try:
        return isinstance(recognise(path), WeightFile)
    except BadWeights:
        return False


def test_ten_thousand_changed_headers_end_well_in_bounded_memory(tmp_path):
    dice = random.Random(2024)
    lora = {name: ("F16", shape) for name, shape in of.LORAS["SDXL kohya"].items()}
    seeds = [
        ("a.safetensors", *of.safetensors_header(lora, {"ss_base_model_version": "sdxl"})),
        ("b.safetensors", *of.safetensors_header({"emb_params": ("F32", (8, 768))})),
        ("c.gguf", *of.gguf_header({"enc.blk.0.attn_q.weight": (16, 256)}, "t5encoder", "Q4_K")),
    ]
    tracemalloc.start()
    ends = 0
    for _ in range(MUTATIONS):
        name, header, end = dice.choice(seeds)
        path = tmp_path / name
        broken = mutated(header, dice)
        if dice.random() < 0.5 and not name.endswith("gguf"):  # so that more than lengths is tried
            broken = (len(broken) - 8).to_bytes(8, "little") + broken[8:]
        path.unlink(missing_ok=True)  # writing over it would wait for the disk
        with path.open("xb") as file:
            file.write(broken)
            file.truncate(len(broken) + end)
        ends += judged(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MEMORY
    assert 0 < ends < MUTATIONS
