"""The pipelines of diffusers, made to compute stage by stage where they are told to."""

from __future__ import annotations

import copy
from typing import Any

import torch


class Staged:
    """Mixed into a pipeline whose parts come and go: it cannot ask them where it computes."""

    computes_on = torch.device("cpu")

    scheduler: Any

    @property
    def _execution_device(self) -> torch.device:
        return self.computes_on

    def prepare_extra_step_kwargs(self, generator: torch.Generator, eta: float) -> dict[str, Any]:
        """Called once the timesteps are known. From here they are counted and not looked up: a
        rounded schedule may name one of them twice."""
        if getattr(self.scheduler, "begin_index", 0) is None:
            self.scheduler.set_begin_index(0)
        extra: dict[str, Any] = super().prepare_extra_step_kwargs(generator, eta)  # type: ignore[misc]
        return extra


class Begun(Staged):
    """Mixed into a pipeline that begins on the way: each counts the steps left in its own way."""

    def get_timesteps(
        self, num_inference_steps: int, strength: float, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, int]:
        """The last of the timesteps, exactly ``GenerateRequest.worked_steps``."""
        left = max(1, int(num_inference_steps * strength))
        first = (num_inference_steps - left) * self.scheduler.order
        if hasattr(self.scheduler, "set_begin_index"):
            self.scheduler.set_begin_index(first)
        return self.scheduler.timesteps[first:], left


class RowByRow:
    """Stands for a model and computes its batch one row after another, for less memory."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def __call__(self, sample: torch.Tensor, *inputs: Any, **named: Any) -> tuple[torch.Tensor]:
        rows = len(sample)
        answers = [
            self._model(
                sample[row : row + 1],
                *(_row(value, row, rows) for value in inputs),
                **{name: _row(value, row, rows) for name, value in named.items()},
            )[0]
            for row in range(rows)
        ]
        return (torch.cat(answers),)


def denoiser(pipe: Any, scheduler: Any, core: str, split: bool) -> Any:
    """A view of ``pipe`` for one picture: with its own scheduler, and the core row by row.

    A view, because both are this run's alone: there is nothing to put back.
    """
    view = copy.copy(pipe)
    view.__dict__["scheduler"] = scheduler
    if split:
        view.__dict__[core] = RowByRow(getattr(pipe, core))
    return view


def _row(value: Any, row: int, rows: int) -> Any:
    """One row of what has a row for each of the batch; anything else as it is."""
    if isinstance(value, dict):
        return {name: _row(one, row, rows) for name, one in value.items()}
    if isinstance(value, torch.Tensor) and value.ndim and len(value) == rows:
        return value[row : row + 1]
    return value
