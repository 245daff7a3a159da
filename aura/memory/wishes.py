"""What a person wants of the plan, held against what there is. Pure, like the planner."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from aura.memory.plan import Plan
from aura.requests import Way, Work

ANY = Way()
PLACES: Mapping[str, tuple[str, ...]] = {  # wish → the rungs that grant it
    "resident": ("resident",),
    "offload": ("encoders_out", "model_offload"),
    "stream": ("partial_blocks", "group_offload", "leaf_offload"),
}
DTYPES = ("fp32", "bf16", "fp16")
CORES = ("unet", "transformer")  # whose form is meant, not that of an encoder beside it


def wish_of(request: Work) -> Way:
    wish: Way = getattr(request, "way", ANY)
    return wish


def unmet(wish: Way, plan: Plan) -> tuple[str, ...]:
    """The wishes that ``plan`` does not grant, as keys of texts."""
    met = {
        wish.precision: _stored(wish.precision, plan),
        wish.placement: _placed(wish.placement, plan),
        wish.decoder: _decoded(wish.decoder, plan),
    }
    return tuple(f"plan.wish.{name}" for name, so in met.items() if not so)


def granted(
    fit: tuple[Plan, ...],
    wish: Way,
    wished: Callable[[Way], tuple[Plan, ...]],
    failed: Collection[str],
) -> tuple[Plan, ...]:
    """Of the plans that fit, those that grant the wish first, then those that need still less.

    ``wished`` are the fitting plans of a ladder that knows nothing else, and ``failed`` the
    signatures of what ran out before. ``fit`` as it is where the wish cannot be granted.
    """
    if wish == ANY:
        return fit
    good = tuple(plan for plan in wished(wish) if plan.signature not in failed)
    return good + tuple(plan for plan in fit if not good or plan.cheaper_than(good[-1]))


def _stored(precision: str, plan: Plan) -> bool:
    form = next((plan.formats[name] for name in CORES if name in plan.formats), "")
    if precision in DTYPES:
        return not form and plan.dtype == precision
    return precision == "auto" or form.startswith(precision)


def _placed(placement: str, plan: Plan) -> bool:
    if placement == "cpu":
        return not plan.on_card
    return placement == "auto" or plan.rung in PLACES[placement]


def _decoded(decoder: str, plan: Plan) -> bool:
    return decoder == "auto" or (decoder == "tiny") == ("taesd" in plan.switches)
