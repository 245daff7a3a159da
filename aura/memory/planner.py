"""The planner: a pure function from what is known to an ordered list of plans.

Every legal way to run is weighed, the ways are put in order of what they cost in time
and quality, and of those only the ones are kept that need strictly less memory than
every better one before. So the list is the ladder, too: each next plan is cheaper.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

from aura.errors import MemoryRefused
from aura.memory.activations import workspace
from aura.memory.device import SHARE_RAM, TORCH_NAMES, Kind, Snapshot, budget, host_budget
from aura.memory.explanations import explained
from aura.memory.footprint import Footprint
from aura.memory.legality import legal
from aura.memory.pace import converting_pays, foreseen, measured_first
from aura.memory.plan import Plan, signature
from aura.memory.rungs import BANDWIDTH, RUNGS, OpenVino, Processor, Rung, Weighed
from aura.memory.wishes import ANY, unmet
from aura.requests import Way as Wish

# What a switch costs in time and a storage form in quality, on the scale of Rung.cost.
# The order is also that in which they are tried.
SWITCHES: Mapping[str, float] = {
    "vae_slicing": 0.02,
    "vae_tiling": 0.1,
    "small_batch": 0.2,
    "small_tile": 0.2,
    "cfg_split": 0.4,
    "attention_slicing": 0.5,
    "taesd": 0.7,
}
FORMATS: Mapping[str, float] = {
    "fp8": 0.9,
    "int8": 1.0,
    "gguf_q8": 1.0,
    "nf4": 1.2,
    "gguf_q4": 1.3,
}
LOWER_DTYPE = 0.5
# In which form the large text encoders go beside a core that is stored as GGUF.
BESIDE = {"gguf_q8": "fp8", "gguf_q4": "fp8"}


@dataclass(frozen=True)
class Known:
    """What the ledger has learnt on this machine about one model. Plain, so plans stay pure.

    By plan signature: ``excess`` bytes were taken beyond the predicted peak (below 0: fewer),
    ``seconds`` one whole request took; ``failed`` ran out of memory before.
    """

    excess: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    failed: frozenset[str] = frozenset()
    throughput: Mapping[str, float] = field(default_factory=dict)  # dtype → operations a second
    pace: float = 1.0  # what runs took, over what was foreseen
    spent: float = 0.0  # seconds that torch has computed this model for
    converted: bool = False  # OpenVINO has computed it before


NOTHING = Known()


def ladder(
    name: str,
    footprint: Footprint,
    snapshot: Snapshot,
    *,
    taken: int = 0,
    host_taken: int = 0,
    ram_most: int | None = None,
    known: Known = NOTHING,
    wish: Wish = ANY,
) -> tuple[Plan, ...]:
    """Every plan worth having, best first; fitting or not.

    Each is strictly cheaper than those before it that need no more RAM beside the card than
    there is, nor than ``ram_most``; those that need more stand in no other's way. ``taken``
    and ``host_taken`` are bytes that cannot be evicted: of lent models. With a ``wish`` only
    plans that grant it are considered, and there may be none.
    """
    room = max(0, budget(snapshot) - taken), max(0, host_budget(snapshot) - host_taken)
    most = room[1] if ram_most is None else min(room[1], ram_most)
    plans: list[Plan] = []
    least: dict[tuple[bool, bool], int] = {}  # by where it computes, and by RAM: lowest peak
    for way in _ways(footprint, snapshot, known):
        way = way.small() if wish.decoder == "tiny" else way
        peak, kin = way.peak + way.learnt(known), (way.processor, way.beside > most)
        if peak < least.get(kin, peak + 1):
            plan = way.plan(name, room, known)
            if unmet(wish, plan):
                continue
            least[kin] = peak
            plans.append(_timed(plan, way, snapshot.bandwidth, known))
    return tuple(explained(plan, plans[0], name, known.converted) for plan in plans)


def fitting(
    plans: tuple[Plan, ...], snapshot: Snapshot, host_taken: int = 0, known: Known = NOTHING
) -> tuple[Plan, ...]:
    """Of a ladder, the plans that fit, without those that ran out on this machine before.

    Where only such remain, the cheapest of them is tried again: memory may be freer now.
    """
    ram = max(0, host_budget(snapshot) - host_taken)
    fit = tuple(plan for plan in plans if plan.peak <= plan.budget and plan.ram <= ram)
    return tuple(plan for plan in fit if plan.signature not in known.failed) or fit[-1:]


# What helps where a plan fitted a moment ago.
CLOSE_PROGRAMS: Mapping[str, Any] = {"code": "plan.change.close_programs", "facts": {}}


def refusal(
    name: str, plans: tuple[Plan, ...], change: Mapping[str, Any] = CLOSE_PROGRAMS
) -> MemoryRefused:
    """Why nothing fits, with the change (a key of the texts and its facts) that would help."""
    cheapest = plans[-1]
    return MemoryRefused(
        model=name,
        need_bytes=cheapest.peak if cheapest.peak > cheapest.budget else cheapest.ram,
        budget_bytes=cheapest.budget,
        change=change["code"],
        **change["facts"],
    )


@dataclass(frozen=True)
class Way:
    """One legal way to run, weighed but not yet held against a budget."""

    rung: Rung
    weighed: Weighed
    dtype: str
    switches: tuple[str, ...]
    cost: float
    on: Kind  # what is there, whether it computes or not

    @property
    def processor(self) -> bool:
        """True where a card is there and stands by."""
        return isinstance(self.rung, Processor)

    @property
    def kind(self) -> Kind:
        return "cpu" if self.processor else self.on

    @property
    def device(self) -> str:
        return TORCH_NAMES[self.kind]

    @property
    def share(self) -> float:
        return getattr(self.rung, "eighths", 8) / 8

    @property
    def beside(self) -> int:
        """Bytes in RAM beside a card that computes."""
        return 0 if self.kind in SHARE_RAM else self.rung.in_ram(self.weighed)

    @cached_property
    def signature(self) -> str:
        formats = self.weighed.formats
        return signature(
            self.device, self.rung.name, self.share, self.dtype, formats, self.switches
        )

    @cached_property
    def stages(self) -> dict[str, int]:
        return {stage: self._stage(stage) for stage in self.weighed.footprint.uses}

    @property
    def peak(self) -> int:
        return max(self.stages.values())

    def _stage(self, stage: str) -> int:
        footprint = self.weighed.footprint
        least = footprint.activations[stage][self.dtype]
        for switch in self.switches:
            relieved = footprint.relief[switch].get(stage)
            least = min(least, relieved[self.dtype]) if relieved else least
        weights = self.rung.during(self.weighed, stage) + self.weighed.widened[stage]
        return weights + workspace(self.kind, stage, least, self.dtype)

    def relieved(self) -> Way | None:
        """The same with one more switch, one that helps the stage at the peak."""
        footprint = self.weighed.footprint
        worst = max(self.stages, key=lambda stage: self.stages[stage])
        for switch in SWITCHES:
            if switch in footprint.rungs and worst in footprint.relief.get(switch, {}):
                more = self._switched(switch)
                if more.stages[worst] < self.stages[worst]:
                    return more
        return None

    def small(self) -> Way:
        """The same with the small decoder, if there is one and it goes with the rest."""
        more, known = self._switched("taesd"), self.weighed.footprint
        there = "taesd" in known.rungs and "taesd" in known.relief
        new = there and "taesd" not in self.switches
        return more if new and legal(None, more.switches, self.dtype, self.kind) else self

    def _switched(self, switch: str) -> Way:
        on = tuple(s for s in SWITCHES if s in (*self.switches, switch))
        return replace(self, switches=on, cost=self.cost + SWITCHES[switch])

    def learnt(self, known: Known) -> int:
        """Bytes that this machine showed beyond the prediction; it never needs less than rests."""
        more = known.excess.get(self.signature, 0)
        return max(more, self.rung.resting(self.weighed) - self.peak) if more < 0 else more

    def plan(self, name: str, room: tuple[int, int], known: Known) -> Plan:
        """With what this machine has shown before: larger peaks, and how long it takes."""
        more = self.learnt(known)
        shared = self.kind in SHARE_RAM
        return Plan(
            model=self.weighed.footprint.model,
            device=self.device,
            rung=self.rung.name,
            dtype=self.dtype,
            switches=self.switches,
            formats=dict(self.weighed.formats),
            share=self.share,
            stages={stage: max(size + more, 0) for stage, size in self.stages.items()},
            peak=self.peak + more,
            excess=more,
            resting=self.rung.resting(self.weighed),
            ram=self.peak + more if shared else self.rung.in_ram(self.weighed),
            budget=room[1] if self.processor else room[0],
            explanation={},
        )


def _ways(footprint: Footprint, snapshot: Snapshot, known: Known) -> Iterator[Way]:
    """Every legal way to run, by its cost. What is free now plays no part yet."""
    bandwidth, dtypes = snapshot.bandwidth or BANDWIDTH, snapshot.dtypes
    if snapshot.kind == "cpu":
        dtypes = measured_first(dtypes, known.throughput)
    for way in _weighed_ways(footprint.model_dump_json(), snapshot.kind, dtypes, bandwidth):
        if not isinstance(way.rung, OpenVino) or converting_pays(way.weighed, way.dtype, known):
            yield way


@lru_cache(maxsize=256)
def _weighed_ways(
    footprint_json: str, kind: Kind, offered: tuple[str, ...], bandwidth: float
) -> tuple[Way, ...]:
    """Remembered, because people ask for the same thing many times."""
    footprint = Footprint.model_validate_json(footprint_json)
    ways: list[Way] = []
    for rank, dtype in enumerate(footprint.ranked(offered)):
        for form in (None, *(f for f in FORMATS if f in footprint.rungs)):
            weighed = _weighed(footprint, dtype, form)
            for rung in RUNGS if weighed else ():
                if weighed and rung.name in footprint.rungs and rung.legal(weighed, kind):
                    cost = rung.cost(weighed, bandwidth)
                    cost += rank * LOWER_DTYPE + FORMATS.get(form or "", 0.0)
                    ways += _chain(Way(rung, weighed, dtype, (), cost, kind), form)
    return tuple(sorted(ways, key=lambda way: way.cost))


def _chain(first: Way, form: str | None) -> Iterator[Way]:
    """A way, and the same with one more switch each time, as long as one helps."""
    way: Way | None = first
    while way is not None:
        if legal(form, way.switches, way.dtype, way.kind):
            yield way
        way = way.relieved()


def _weighed(footprint: Footprint, dtype: str, form: str | None) -> Weighed | None:
    """The components in ``form`` where they know it, else in ``dtype``; None if none knows it."""
    if form and form not in footprint.component(footprint.core).weights:
        return None
    formats: dict[str, str] = {}
    for part in footprint.components:
        stored = next((f for f in (form, BESIDE.get(form or "")) if f and f in part.weights), None)
        if stored:
            formats[part.name] = stored
    sizes = {p.name: p.weights[formats.get(p.name, dtype)] for p in footprint.components}
    return Weighed(footprint, sizes, formats)


def _timed(plan: Plan, way: Way, bandwidth: float | None, known: Known) -> Plan:
    """What this machine has shown wins over what its speed makes likely."""
    likely = foreseen(way.rung, way.weighed, way.dtype, known.throughput, bandwidth)
    told: dict[str, object] = {"foreseen": likely}
    if plan.signature in known.seconds:
        told |= {"seconds": known.seconds[plan.signature], "timed": "measured"}
    elif likely is not None:
        told |= {"seconds": likely * known.pace, "timed": "predicted"}
    return plan.model_copy(update=told)
