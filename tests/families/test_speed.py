"""What is switched for speed is decided by the machine, and put back afterwards."""

from __future__ import annotations

import pytest
import torch

from aura.families import speed
from aura.families.speed import Machine
from aura.memory.cpu import dtypes
from aura.memory.device import GIB
from tests.families import components
from tests.families.plans import plan

PASCAL, TURING, AMPERE = (Machine("cuda", c) for c in ((6, 1), (7, 5), (8, 6)))
PROCESSOR, APPLE = Machine("cpu"), Machine("mps")
ROOMY = plan(device="cuda:0", budget=8 * GIB, peak=4 * GIB)


@pytest.mark.parametrize(
    ("machine", "pays"),
    [(AMPERE, True), (TURING, False), (PASCAL, False), (PROCESSOR, False), (APPLE, False)],
)
def test_tf32_is_for_cards_that_have_it(machine, pays):
    assert speed.tf32_pays(machine) == pays


def test_kernels_are_tried_out_only_where_shapes_repeat_and_memory_is_left():
    full = plan(device="cuda:0", budget=4 * GIB, peak=4 * GIB - 1)
    assert speed.benchmark_pays(AMPERE, ROOMY, passes=20)
    assert not speed.benchmark_pays(AMPERE, ROOMY, passes=1)
    assert not speed.benchmark_pays(AMPERE, full, passes=20)
    assert not speed.benchmark_pays(PROCESSOR, ROOMY, passes=20)


@pytest.mark.parametrize(
    ("machine", "dtype", "pays"),
    [
        (AMPERE, torch.bfloat16, True),
        (TURING, torch.float16, True),
        (TURING, torch.float32, False),
        (PASCAL, torch.float16, False),
        (PROCESSOR, torch.bfloat16, True),
        (PROCESSOR, torch.float32, False),
        (APPLE, torch.float16, False),
    ],
)
def test_channels_come_last_where_half_precision_has_units_of_its_own(machine, dtype, pays):
    assert speed.channels_last_pays(machine, dtype) == pays


@pytest.mark.parametrize(
    ("compiler", "changes", "works"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"rung": "model_offload"}, True),
        (True, {"rung": "leaf_offload"}, False),
        (True, {"rung": "partial_blocks"}, False),
        (True, {"formats": {"unet": "fp8"}}, False),
    ],
)
def test_blocks_are_compiled_only_where_nothing_is_in_the_way(compiler, changes, works):
    assert speed.compiling_works(Machine("cuda", (8, 6), compiler), plan(**changes)) == works


def test_convolutions_in_another_order_compute_the_same():
    model = components.unet().to(torch.bfloat16)
    expected = components.painted(model).float()
    speed.arrange(model, PROCESSOR, torch.bfloat16)
    kernels = [m.weight for m in model.modules() if isinstance(m, torch.nn.Conv2d)]
    assert all(k.is_contiguous(memory_format=torch.channels_last) for k in kernels)
    error = (components.painted(model).float() - expected).norm() / expected.norm()
    assert error < 0.02


@pytest.mark.parametrize("before", ["none", "ieee", "tf32"])
def test_torch_is_afterwards_as_it_was(before):
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    own = matmul.fp32_precision, cudnn.benchmark
    try:
        matmul.fp32_precision, cudnn.benchmark = before, True
        with pytest.raises(KeyError), speed.tuned(AMPERE, ROOMY, passes=1):
            assert matmul.fp32_precision == "tf32" and not cudnn.benchmark
            raise KeyError
        assert (matmul.fp32_precision, cudnn.benchmark) == (before, True)
    finally:
        matmul.fp32_precision, cudnn.benchmark = own


class Clock:
    """Time that passes only where a rival computes."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def taking(self, *seconds: float):
        left = list(seconds)

        def call() -> None:
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return call


def broken() -> None:
    raise RuntimeError("no kernel image is available for execution on the device")


def test_the_faster_attention_wins_whatever_its_first_call_takes():
    clock = Clock()
    rivals = {"sdpa": clock.taking(1.0), "xformers": clock.taking(9.0, 0.5)}
    assert speed.winner(rivals, clock) == "xformers"


def test_an_attention_that_is_hardly_faster_is_not_taken():
    clock = Clock()
    rivals = {"sdpa": clock.taking(1.0), "xformers": clock.taking(0.97)}
    assert speed.winner(rivals, clock) == "sdpa"


def test_an_attention_that_does_not_work_is_out():
    clock = Clock()
    assert speed.winner({"sdpa": clock.taking(1.0), "xformers": broken}, clock) == "sdpa"


@pytest.mark.parametrize(
    ("cpuinfo", "best"),
    [
        ("flags : fpu avx512f avx512_bf16", "bf16"),
        ("flags : fpu amx_tile amx_bf16", "bf16"),
        ("Features : fp asimd i8mm bf16", "bf16"),
        ("flags : fpu avx2 avx512f", "fp32"),
        ("", "fp32"),
    ],
)
def test_a_processor_computes_in_half_precision_first_if_it_has_the_instructions(cpuinfo, best):
    assert dtypes(cpuinfo)[0] == best and set(dtypes(cpuinfo)) == {"bf16", "fp32"}
