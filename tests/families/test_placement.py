"""Each rung carried out for real, with a second place on the processor as the device.

Torch copies what is moved to ``cpu:0``, so that one can tell by the address of a weight
whether it is at home.
"""

from __future__ import annotations

import pytest
import torch

from aura.families.homes import Home, bytes_of, tensors_of
from aura.families.placement import Placement, kept
from tests.families import components
from tests.families.plans import plan

DEVICE = torch.device("cpu:0")
USES = {"encoding": ("text",), "denoising": ("core",), "decoding": ("vae",)}
PLACES = [
    ("resident", 1.0),
    ("encoders_out", 1.0),
    ("model_offload", 1.0),
    ("partial_blocks", 7 / 8),
    ("partial_blocks", 1 / 8),
    ("group_offload", 1.0),
    ("leaf_offload", 1.0),
    ("cpu", 1.0),
]


class Machine:
    """Three tiny models, and where each of their weights is at home."""

    def __init__(self, rung: str, share: float = 1.0) -> None:
        self.modules = {
            "text": components.t5(),
            "core": components.flux(),
            "vae": components.vae(),
        }
        self.homes = {
            tensor: tensor.data_ptr() for m in self.modules.values() for tensor in tensors_of(m)
        }
        self.placement = Placement(self.modules, USES, "core", plan(rung=rung, share=share), DEVICE)
        self.placement.settle()

    def away(self, name: str) -> int:
        """Bytes of a model that are on the device."""
        moved = [t for t in tensors_of(self.modules[name]) if t.data_ptr() != self.homes[t]]
        return sum(t.numel() * t.element_size() for t in moved)

    def run(self):
        """All stages once: what each model answers."""
        self.placement.enter("encoding")
        text = components.spoken(self.modules["text"])
        self.placement.enter("denoising")
        core = components.drawn(self.modules["core"])
        self.placement.enter("decoding")
        with torch.no_grad():
            picture = self.modules["vae"].decode(torch.ones(1, 4, 4, 4), return_dict=False)[0]
        self.placement.leave()
        return text, core, picture


@pytest.fixture(scope="module")
def expected():
    return Machine("resident").run()


@pytest.mark.parametrize(("rung", "share"), PLACES)
def test_every_placement_computes_the_same_to_the_bit(rung, share, expected):
    machine = Machine(rung, share)
    for _ in range(2):
        for mine, plain in zip(machine.run(), expected, strict=True):
            assert torch.equal(mine, plain)


@pytest.mark.parametrize(("rung", "share"), PLACES)
def test_lifted_models_have_no_hook_and_compute_as_before(rung, share, expected):
    machine = Machine(rung, share)
    machine.run()
    machine.placement.lift()
    for module in machine.modules.values():
        assert not hooks(module)
    assert torch.equal(components.drawn(machine.modules["core"]), expected[1])
    assert torch.equal(components.spoken(machine.modules["text"]), expected[0])


def test_a_placement_lifted_before_its_first_use_leaves_no_hook():
    machine = Machine("leaf_offload")
    machine.placement.lift()
    assert not any(hooks(module) for module in machine.modules.values())


def test_lifted_models_can_be_placed_in_another_way(expected):
    machine = Machine("group_offload")
    machine.run()
    machine.placement.lift()
    again = Placement(machine.modules, USES, "core", plan(rung="leaf_offload"), DEVICE)
    again.settle()
    machine.placement = again
    for mine, plain in zip(machine.run(), expected, strict=True):
        assert torch.equal(mine, plain)


def test_encoders_leave_after_encoding_and_the_rest_stays():
    machine = Machine("encoders_out")
    assert not machine.away("text") and machine.away("core") and machine.away("vae")
    machine.placement.enter("encoding")
    assert machine.away("text")
    machine.placement.enter("denoising")
    assert not machine.away("text") and machine.away("core")


def test_with_model_offload_one_component_is_on_the_device_at_a_time():
    machine = Machine("model_offload")
    for stage, names in USES.items():
        machine.placement.enter(stage)
        assert {name for name in machine.modules if machine.away(name)} == set(names)
    machine.placement.leave()
    assert not any(machine.away(name) for name in machine.modules)


@pytest.mark.parametrize("eighths", range(1, 8))
def test_partial_blocks_keep_their_share_only_while_the_core_computes(eighths):
    machine = Machine("partial_blocks", eighths / 8)
    core = machine.modules["core"]
    blocks = [*core.transformer_blocks, *core.single_transformer_blocks]
    size = sum(map(bytes_of, blocks))
    assert not machine.away("core")
    machine.placement.enter("denoising")
    largest = max(map(bytes_of, blocks))
    assert size * eighths / 8 - largest <= machine.away("core") <= size * eighths / 8
    machine.placement.enter("decoding")
    assert not machine.away("core")


def test_only_the_blocks_that_pass_through_are_hooked():
    machine = Machine("partial_blocks", 0.5)
    core = machine.modules["core"]
    staying = kept([*core.transformer_blocks, *core.single_transformer_blocks], 0.5)
    for block in (*core.transformer_blocks, *core.single_transformer_blocks):
        assert bool(hooks(block)) != any(block is one for one in staying)


def test_blocks_that_stay_are_spread_evenly():
    blocks = [torch.nn.Linear(4, 4) for _ in range(16)]
    staying = [i for i, block in enumerate(blocks) if block in kept(blocks, 0.25)]
    assert staying == [3, 7, 11, 15]


def test_weights_that_went_away_come_home_without_being_copied():
    module = torch.nn.Linear(4, 4)
    at = module.weight.data_ptr()
    home = Home(module)
    home.go(DEVICE)
    assert module.weight.data_ptr() != at
    home.back()
    assert module.weight.data_ptr() == at


def hooks(module: torch.nn.Module) -> list[str]:
    """Names of the hooks that lie anywhere in ``module``."""
    registries = [m._diffusers_hook for m in module.modules() if hasattr(m, "_diffusers_hook")]
    return [name for registry in registries for name in registry.hooks]
