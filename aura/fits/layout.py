"""What a plan holds where, component by component: what the pictures of memory are drawn from."""

from __future__ import annotations

from aura.memory.footprint import Footprint
from aura.memory.plan import Plan
from aura.memory.rungs import RUNGS, Rung, Weighed
from aura.requests import Plain


class Part(Plain):
    """``size`` bytes of weights of one component; ``of`` is all of that component."""

    name: str
    size: int
    of: int


class Stage(Plain):
    """One stage of a job: the weights that are where it computes, and bytes beside them."""

    name: str
    parts: tuple[Part, ...]
    working: int

    @property
    def peak(self) -> int:
        return sum(part.size for part in self.parts) + self.working


class Layout(Plain):
    """``waiting`` are the components that lie in RAM beside a card; ``streamed`` the bytes
    that cross from there at every step."""

    stages: tuple[Stage, ...]
    waiting: tuple[Part, ...] = ()
    streamed: int = 0

    @property
    def worst(self) -> Stage:
        return max(self.stages, key=lambda stage: stage.peak)


def layout(plan: Plan, footprint: Footprint) -> Layout:
    """Of a plan that was made from this footprint. The worst stage's peak is the plan's."""
    weighed, rung = _weighed(plan, footprint), _rung(plan)
    stages = (_stage(name, plan, weighed, rung) for name in plan.stages)
    beside = plan.on_card and rung.in_ram(weighed)
    away = footprint.encoders if rung.resting(weighed) else tuple(weighed.sizes)
    sizes = weighed.sizes
    return Layout(
        stages=tuple(stages),
        waiting=tuple(Part(name=n, size=sizes[n], of=sizes[n]) for n in away) if beside else (),
        streamed=_rung(plan).streamed(weighed),
    )


def _stage(name: str, plan: Plan, weighed: Weighed, rung: Rung) -> Stage:
    held = rung.during(weighed, name)
    return Stage(
        name=name,
        parts=_parts(name, held, weighed, rung),
        working=max(0, plan.stages[name] - held),
    )


def _parts(stage: str, held: int, weighed: Weighed, rung: Rung) -> tuple[Part, ...]:
    """Whole components where the model rests on the device; else the one that computes."""
    if rung.resting(weighed):
        gone = () if held == weighed.all else weighed.footprint.encoders
        staying = (item for item in weighed.sizes.items() if item[0] not in gone)
        return tuple(Part(name=name, size=size, of=size) for name, size in staying)
    name = max(weighed.footprint.uses[stage], key=lambda used: weighed.sizes[used])
    return (Part(name=name, size=held, of=weighed.sizes[name]),)


def _weighed(plan: Plan, footprint: Footprint) -> Weighed:
    parts = footprint.components
    sizes = {part.name: part.weights[plan.formats.get(part.name, plan.dtype)] for part in parts}
    return Weighed(footprint, sizes, plan.formats)


def _rung(plan: Plan) -> Rung:
    named = (rung for rung in RUNGS if rung.name == plan.rung)
    return next(rung for rung in named if getattr(rung, "eighths", 8) / 8 == plan.share)
