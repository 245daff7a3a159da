"""The samplers a person can choose, as the schedulers diffusers has for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import diffusers

# name → diffusers class and what to change in the model's own scheduler config.
# "auto" keeps what the model was published with.
SCHEDULERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "dpmpp_2m_karras": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
    "dpmpp_sde": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "euler": ("EulerDiscreteScheduler", {}),
    "euler_a": ("EulerAncestralDiscreteScheduler", {}),
    "ddim": ("DDIMScheduler", {}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "lcm": ("LCMScheduler", {}),
    "heun": ("HeunDiscreteScheduler", {}),
}


def scheduler(name: str, published: Any) -> Any:
    """A fresh scheduler called ``name`` with the config of the model's published one.

    Fresh each time: a scheduler carries the state of its last run.
    """
    if name == "auto":
        return type(published).from_config(published.config)
    class_name, changes = SCHEDULERS[name]
    return getattr(diffusers, class_name).from_config(published.config, **changes)
