"""Where a model's weights lie during each stage: carries out the rungs of ``memory.rungs``.

Weights that leave the device have a home in RAM which they never give up: they come as
copies, and to leave is to drop the copy. Blocks and layers that pass through while a
model computes are moved by the hooks of diffusers; everything else is moved here, between
the stages, because the stages are ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain

import psutil
import torch
from diffusers.hooks import HookRegistry, apply_group_offloading
from torch import nn

from aura.families.homes import RAM, Home, Passing, bytes_of, is_packed
from aura.memory.plan import Plan

BLOCKS = (nn.ModuleList, nn.Sequential)  # lists of these right below a model can be streamed
HOOKS = ("lazy_prefetch_group_offloading", "layer_execution_tracker", "group_offloading")
STREAMED = {  # rung → how its streamed parts pass through
    "partial_blocks": "block_level",
    "group_offload": "block_level",
    "leaf_offload": "leaf_level",
}


class Placement:
    """The modules of one loaded model, where its plan wants them.

    ``uses``: stage → names of the modules that it computes with; ``core`` is the one whose
    blocks may be streamed. All modules are in RAM when it is made. ``settle`` places them,
    ``enter`` and ``leave`` move what a stage needs, ``lift`` undoes everything.
    """

    def __init__(
        self,
        modules: Mapping[str, nn.Module],
        uses: Mapping[str, Sequence[str]],
        core: str,
        plan: Plan,
        device: torch.device,
    ) -> None:
        self.modules, self.uses, self.core = dict(modules), dict(uses), core
        self.plan, self.device = plan, device
        self.here: set[str] = set()  # modules that are on the device now
        self._homes: dict[str, list[Home]] = {}
        self._passing: list[Passing] = []

    @property
    def encoders(self) -> frozenset[str]:
        """Modules that nothing after encoding needs."""
        later = chain(*(names for stage, names in self.uses.items() if stage != "encoding"))
        return frozenset(self.uses.get("encoding", ())) - set(later)

    @property
    def resting(self) -> frozenset[str]:
        """Modules that stay on the device between two stages."""
        if self.plan.rung in ("resident", "openvino", "cpu"):
            return frozenset(self.modules)
        if self.plan.rung == "encoders_out":
            return frozenset(self.modules) - self.encoders
        return frozenset()

    @property
    def streamed(self) -> frozenset[str]:
        """Modules whose parts pass through the device while they compute."""
        if self.plan.rung == "leaf_offload":
            return self.encoders | {self.core}
        return frozenset((self.core,)) if self.plan.rung in STREAMED else frozenset()

    def settle(self) -> None:
        """Everything in its place between two stages, with the hooks that streaming needs."""
        for name, module in self.modules.items():
            if name in self.resting:
                module.to(self.device)
                self.here.add(name)
            elif name in self.streamed:
                streamed = self._pass if is_packed(module) else self._stream
                self._homes[name] = [Home(part) for part in streamed(module)]
                self._homes[name] += self._own(module)
            else:
                self._homes[name] = [Home(module)]

    def enter(self, stage: str) -> None:
        """The weights that ``stage`` computes with come; others that do not rest leave."""
        wanted = set(self.uses[stage])
        self._out(self.here - self.resting - wanted)
        for name in sorted(wanted - self.here):
            self.here.add(name)
            for home in self._homes[name]:
                home.go(self.device)

    def leave(self) -> None:
        """Back to where everything rests."""
        self._out(self.here - self.resting)

    def lift(self) -> None:
        """No hook, and every weight in RAM."""
        self._open(frozenset())
        self.here.clear()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """For a while no hook and nothing that comes and goes, so that layers and modules may
        be put in and taken out; what rests on the device stays there."""
        self._open(self.resting)
        try:
            yield
        finally:
            self.settle()

    def forget(self) -> None:
        """No hook, and no reference to any weight; nothing is moved."""
        self._unhook()
        self.modules.clear()
        self.here.clear()
        self._homes.clear()

    def _open(self, staying: frozenset[str]) -> None:
        self.leave()
        self._unhook()
        for name, module in self.modules.items():
            if name not in staying:
                module.to(RAM)
        self._homes.clear()

    def _out(self, names: set[str]) -> None:
        for name in names:
            for home in self._homes[name]:
                home.back()
        self.here -= names

    def _stream(self, module: nn.Module) -> list[nn.Module]:
        """Hook what passes through; return the blocks that come and stay for a stage."""
        staying = self._staying(module)
        with hidden(module, staying):
            apply_group_offloading(
                module,
                onload_device=self.device,
                offload_device=RAM,
                offload_type=STREAMED[self.plan.rung],
                num_blocks_per_group=1,
                use_stream=self.device.type == "cuda",
                low_cpu_mem_usage=not room_to_pin(module),
            )
        return staying

    def _pass(self, module: nn.Module) -> list[nn.Module]:
        """The same for packed weights; what lies in no block stays for a stage, too."""
        if STREAMED[self.plan.rung] == "leaf_level":
            parts = [(part, Home(part, recurse=False)) for part in module.modules()]
            self._passing.append(Passing([one for one in parts if one[1].kept], self.device))
            return []
        staying = self._staying(module)
        passing = [b for b in blocks_of(module) if not any(b is one for one in staying)]
        self._passing.append(Passing([(b, Home(b)) for b in passing], self.device))
        return staying + [child for child in module.children() if not isinstance(child, BLOCKS)]

    def _own(self, module: nn.Module) -> list[Home]:
        """What lies in the module itself and in no part of it, where no hook brings it."""
        by_leaf = STREAMED[self.plan.rung] == "leaf_level"
        return [] if by_leaf or not is_packed(module) else [Home(module, recurse=False)]

    def _staying(self, module: nn.Module) -> list[nn.Module]:
        share = self.plan.share if self.plan.rung == "partial_blocks" else 0.0
        return kept(list(blocks_of(module)), share)

    def _unhook(self) -> None:
        for name in self.streamed:
            unhook(self.modules[name])
        for passing in self._passing:
            passing.remove()
        self._passing.clear()


def unhook(module: nn.Module) -> None:
    """Take away everything that streaming has hung into ``module``."""
    registry = HookRegistry.check_if_exists_or_initialize(module)
    for name in HOOKS:
        registry.remove_hook(name, recurse=True)


def blocks_of(module: nn.Module) -> Iterator[nn.Module]:
    for child in module.children():
        if isinstance(child, BLOCKS):
            yield from child


def kept(blocks: Sequence[nn.Module], share: float) -> list[nn.Module]:
    """Blocks evenly spaced over ``blocks`` with at most ``share`` of their bytes."""
    staying: list[nn.Module] = []
    seen = held = 0
    for block in blocks:
        size = bytes_of(block)
        seen += size
        if held + size <= seen * share:
            staying.append(block)
            held += size
    return staying


@contextmanager
def hidden(module: nn.Module, blocks: Sequence[nn.Module]) -> Iterator[None]:
    """For a while ``module`` looks as if it did not have ``blocks``: no hook reaches them."""
    lists = {name: child for name, child in module.named_children() if isinstance(child, BLOCKS)}
    try:
        for name, child in lists.items():
            shown = [block for block in child if not any(block is one for one in blocks)]
            setattr(module, name, nn.ModuleList(shown))
        yield
    finally:
        for name, child in lists.items():
            setattr(module, name, child)


def room_to_pin(module: nn.Module) -> bool:
    """Whether RAM bears a pinned copy, which the allocator may round up to twice the size."""
    return psutil.virtual_memory().available > 3 * bytes_of(module)
