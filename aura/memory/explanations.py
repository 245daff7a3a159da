"""A plan in words: the key of a text and its facts."""

from __future__ import annotations

from aura.memory.plan import Plan
from aura.memory.rungs import OpenVino


def explained(plan: Plan, best: Plan, name: str, converted: bool = False) -> Plan:
    """``how`` lists what was done to make it fit, as keys of texts.

    ``converted``: OpenVINO has computed the model on this machine before.
    """
    how = [f"plan.how.{form}" for form in dict.fromkeys(plan.formats.values())]
    how += [f"plan.how.{plan.rung}"] if plan.rung != "resident" else []
    how += ["plan.how.converting"] if plan.rung == OpenVino.name and not converted else []
    how += [f"plan.how.{switch}" for switch in plan.switches]
    how += [f"plan.how.{plan.dtype}"] if plan.dtype != best.dtype else []
    facts = {
        "model": name,
        "need_bytes": best.peak,
        "peak_bytes": plan.peak,
        "free_bytes": plan.budget,
        "how": how,
    }
    code = "plan.adapted" if how else "plan.fits"
    if plan.seconds is not None:
        code, facts = f"{code}_timed", facts | {"seconds": round(plan.seconds)}
    return plan.model_copy(update={"explanation": {"code": code, "facts": facts}})
