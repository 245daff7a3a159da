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


def scheduler(name: str, published: Any, steps: int) -> Any:
    """A fresh scheduler called ``name`` with the config of the model's published one.

    Fresh each time: a scheduler carries the state of its last run. The one of LCM picks its
    steps out of as many as the model was distilled from, and must not be asked for more.
    """
    kind: Any = type(published)
    changes: dict[str, Any] = {}
    if name != "auto":
        class_name, changes = SCHEDULERS[name]
        kind = getattr(diffusers, class_name)
    made = kind.from_config(published.config, **changes)
    few = made.config.get("original_inference_steps")
    if few is not None and few < steps:
        return kind.from_config(made.config, original_inference_steps=steps)
    return made
