"""LoRAs and VAEs become part of a loaded model, and leave it as they found it."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, FluxTransformer2DModel
from safetensors.torch import save_file

from aura.catalog.models import Defaults
from aura.errors import AdditionUnfit
from aura.families.base import Drawn
from aura.families.registry import by_name
from aura.requests import Lora
from tests.engine.scripted import request
from tests.families import additions, components
from tests.families.plans import plan
from tools import full_size

NAMES = {"sd15": "stable_diffusion", "sdxl": "stable_diffusion_xl", "flux1-schnell": "flux"}
CORES = {"flux": "transformer"}
STREAMS = [
    ("encoders_out", 1.0),
    ("model_offload", 1.0),
    ("partial_blocks", 0.5),
    ("group_offload", 1.0),
    ("leaf_offload", 1.0),
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("adapted")
    return {name: full_size.write(name, root / name, tiny=True) for name in NAMES}


class Studio:
    """One model, loaded, with ``files`` of LoRAs and others for it."""

    def __init__(self, name: str, folder: Path, files: Path, **placed) -> None:
        self.name = NAMES[name]
        self.plan, self.files = plan(**placed), files
        self.models = []
        self.folder = folder
        self.family = by_name(additions=self)[self.name]
        self.model = additions.added("generate", folder, self.name)
        self.model = self.model.model_copy(update={"file": None, "folder": str(folder)})
        self.loaded = self.family.load(self.model, folder, self.plan)

    def get(self, id):
        return additions.additions(*self.models).get(id)

    def of(self, asked):
        return additions.additions(*self.models).of(asked)

    def named(self, family, texts):
        return additions.additions(*self.models).named(family, texts)

    def add(self, task: str, path: Path, **fields) -> str:
        self.models.append(additions.added(task, path, self.name, **fields))
        return self.models[-1].id

    def lora(self, write=additions.kohya, seed: int = 0) -> str:
        pipe, core = self.loaded.pipe, CORES.get(self.name, "unet")
        path = self.files / f"{write.__name__}{seed}.safetensors"
        prefix = "lora_unet" if write is additions.kohya else core
        te = "lora_te" if self.name == "stable_diffusion" else "lora_te1"
        te = te if write is additions.kohya else "text_encoder"
        parts = {prefix: getattr(pipe, core), te: pipe.text_encoder}
        return self.add("lora", write(path, parts, seed))

    def drawn(self, *loras, **changes) -> np.ndarray:
        asked = request(loras=tuple(Lora(id=i, weight=w) for i, w in loras), **changes)
        happenings = self.family.run(self.loaded, asked, self.plan)
        (image,) = [one.image for one in happenings if isinstance(one, Drawn)]
        return np.asarray(image, int)


def same(one, other) -> bool:
    return np.array_equal(one, other)


@pytest.fixture(scope="module", params=NAMES)
def studio(request, folders, tmp_path_factory):
    made = Studio(request.param, folders[request.param], tmp_path_factory.mktemp("files"))
    yield made
    made.family.unload(made.loaded)


def layouts(studio):
    return (
        (additions.diffusers,) if studio.name == "flux" else (additions.kohya, additions.diffusers)
    )


def test_a_lora_changes_the_picture_and_leaves_without_a_trace(studio):
    before = studio.drawn()
    layers = {name for name, _ in studio.loaded.pipe.components[studio.family.core].named_modules()}
    for write in layouts(studio):
        lora = studio.lora(write)
        on = studio.drawn((lora, 1.0))
        assert not same(on, before)
        assert same(studio.drawn((lora, 1.0)), on)
        assert same(studio.drawn(), before)
    core = getattr(studio.loaded.pipe, studio.family.core)
    assert {name for name, _ in core.named_modules()} == layers


def test_a_lora_says_as_much_as_its_weight(studio):
    lora = studio.lora(layouts(studio)[0])
    before = studio.drawn()
    assert same(studio.drawn((lora, 0.0)), before)
    half, whole = studio.drawn((lora, 0.5)), studio.drawn((lora, 1.0))
    assert not same(half, whole) and not same(half, before)
    assert same(studio.drawn((lora, 0.5)), half)


def test_two_loras_speak_together_and_one_may_leave(studio):
    write = layouts(studio)[0]
    one, two = studio.lora(write, 1), studio.lora(write, 2)
    first = studio.drawn((one, 1.0))
    both = studio.drawn((one, 1.0), (two, 1.0))
    assert not same(both, first) and not same(both, studio.drawn((two, 1.0)))
    assert same(studio.drawn((one, 1.0)), first)


def test_a_lora_that_left_holds_no_memory(studio):
    studio.drawn((studio.lora(layouts(studio)[0]), 1.0))
    core = getattr(studio.loaded.pipe, studio.family.core)
    held = [weakref.ref(one) for name, one in core.named_parameters() if "lora" in name]
    studio.drawn()
    gc.collect()
    assert held and not any(one() is not None for one in held)


def test_a_lora_of_another_kind_is_named_and_nothing_is_broken(studio, folders):
    before = studio.drawn()
    mixed = studio.lora(layouts(studio)[0])
    odd = {"lora_unet_nowhere_to_q.lora_down.weight": torch.zeros(2, 8)}
    odd["lora_unet_nowhere_to_q.lora_up.weight"] = torch.zeros(8, 2)
    core = studio.family.core
    wrong = {f"{core}.nowhere.to_q.lora_A.weight": torch.zeros(2, 8)}
    wrong[f"{core}.nowhere.to_q.lora_B.weight"] = torch.zeros(8, 2)
    for number, tensors in enumerate((odd, wrong)):
        path = studio.files / f"other{number}.safetensors"
        save_file(tensors, path)
        other = studio.add("lora", path)
        with pytest.raises(AdditionUnfit) as refused:
            studio.drawn((mixed, 1.0), (other, 1.0))
        assert refused.value.facts["name"] == path.stem
        assert same(studio.drawn(), before)


@pytest.mark.parametrize(("rung", "share"), STREAMS)
def test_a_lora_draws_the_same_wherever_the_model_is_placed(plain_one, rung, share):
    plain, expected, on = plain_one
    placed = Studio("sdxl", plain.folder, plain.files, rung=rung, share=share, device="cpu:0")
    lora = placed.lora()
    assert same(placed.drawn((lora, 1.0)), on)
    assert same(placed.drawn(), expected)
    placed.drawn((lora, 1.0))
    placed.family.park(placed.loaded)
    placed.family.unpark(placed.loaded, placed.plan)
    assert same(placed.drawn((lora, 1.0)), on)


@pytest.fixture(scope="module")
def plain_one(folders, tmp_path_factory):
    made = Studio("sdxl", folders["sdxl"], tmp_path_factory.mktemp("plain"))
    return made, made.drawn(), made.drawn((made.lora(), 1.0))


@pytest.mark.parametrize(
    ("form", "rung"),
    [
        ("fp8", "resident"),
        ("fp8", "leaf_offload"),
        ("int8", "resident"),
        ("nf4", "partial_blocks"),
        ("gguf_q8", "leaf_offload"),
    ],
)
def test_a_lora_speaks_over_weights_that_are_stored_smaller(folders, tmp_path, form, rung):
    name = "sd15" if form in ("fp8", "int8") else "flux1-schnell"
    core = "unet" if name == "sd15" else "transformer"
    if form == "gguf_q8":
        components.write_gguf(
            FluxTransformer2DModel.from_pretrained(folders[name] / core),
            folders[name] / core / "model-Q8_0.gguf",
            "Q8_0",
        )
    stored = {"dtype": "bf16", "formats": {core: form}, "rung": rung, "device": "cpu:0"}
    studio = Studio(name, folders[name], tmp_path, **stored)
    before = studio.drawn()
    lora = studio.lora(additions.diffusers)
    assert not same(studio.drawn((lora, 1.0)), before)
    kept = [p for n, p in getattr(studio.loaded.pipe, core).named_parameters() if "lora_" in n]
    assert {one.dtype for one in kept} <= {torch.bfloat16, torch.float32}
    assert same(studio.drawn(), before)


def test_a_lora_made_for_few_steps_spaces_them_its_own_way(plain_one):
    studio, before, _ = plain_one
    published = studio.loaded.published
    path = additions.kohya(
        studio.files / "fast.safetensors", {"lora_unet": studio.loaded.pipe.unet}
    )
    fast = studio.add("lora", path, defaults=Defaults(spacing="trailing"))
    even = studio.add("lora", path.rename(path.with_name("even.safetensors")))
    path.with_name("fast.safetensors").hardlink_to(path.with_name("even.safetensors"))
    assert not same(studio.drawn((fast, 1.0)), studio.drawn((even, 1.0)))
    assert same(studio.drawn(), before) and studio.loaded.published is published


# --- another VAE


@pytest.fixture(scope="module")
def vaes(plain_one, tmp_path_factory):
    """Another VAE, as a folder and as the one file that its authors' tools write."""
    studio = plain_one[0]
    folder = tmp_path_factory.mktemp("vaes")
    torch.manual_seed(5)
    other = AutoencoderKL.from_config(studio.loaded.pipe.vae.config)
    other.save_pretrained(folder / "whole")
    save_file(other.state_dict(), folder / "single.safetensors")
    return studio.add("vae", folder / "whole"), studio.add("vae", folder / "single.safetensors")


def test_another_vae_draws_in_the_place_of_the_models_and_leaves_again(plain_one, vaes):
    studio, before, _ = plain_one
    own = studio.loaded.pipe.vae
    as_folder, as_file = (studio.drawn(vae=vae) for vae in vaes)
    assert same(as_folder, as_file) and not same(as_folder, before)
    assert studio.loaded.pipe.vae is not own
    assert same(studio.drawn(), before) and studio.loaded.pipe.vae is own


def test_another_vae_is_placed_as_the_models_own(plain_one, vaes):
    plain, _, _ = plain_one
    placed = Studio("sdxl", plain.folder, plain.files, rung="model_offload", device="cpu:0")
    placed.models = plain.models
    assert same(placed.drawn(vae=vaes[0]), plain.drawn(vae=vaes[0]))
    assert not placed.loaded.placement.here


def test_a_vae_of_other_latents_is_refused(plain_one, tmp_path):
    studio, before, _ = plain_one
    config = dict(studio.loaded.pipe.vae.config) | {"latent_channels": 16}
    AutoencoderKL.from_config(config).save_pretrained(tmp_path / "sixteen")
    with pytest.raises(AdditionUnfit):
        studio.drawn(vae=studio.add("vae", tmp_path / "sixteen"))
    assert same(studio.drawn(), before)


# --- what it takes


def test_what_is_added_is_part_of_the_footprint(plain_one, vaes):
    studio = plain_one[0]
    lora = studio.lora()
    bare = studio.family.footprint(studio.model, studio.folder, request())
    more = studio.family.footprint(
        studio.model, studio.folder, request(loras=(Lora(id=lora),), vae=vaes[0])
    )
    for name, path in (("unet", studio.get(lora)), ("vae", studio.get(vaes[0]))):
        for form, size in bare.component(name).weights.items():
            each = 4 if form == "fp32" else 2
            assert more.component(name).weights[form] == size + each * path.parameters
    assert more.component("text_encoder") == bare.component("text_encoder")
