"""Muon: momentum whose every matrix is made orthogonal before it is applied.

All directions of a matrix then learn at the same pace; small networks need far fewer steps.
Vectors and the outermost layers stay with AdamW.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch

MOMENTUM = 0.95
# Newton-Schulz in five rounds: singular values end near 1, whatever they were.
ROUNDS = 5
A, B, C = 3.4445, -4.7750, 2.0315


def orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """The nearest orthogonal matrix, roughly, in half precision."""
    x = matrix.bfloat16()
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(ROUNDS):
        gram = x @ x.T
        x = A * x + (B * gram + C * gram @ gram) @ x
    return (x.T if tall else x).float()


class Muon(torch.optim.Optimizer):
    """For weights of two dimensions and more; `lr` means what it means to AdamW."""

    def __init__(
        self, parameters: Iterable[torch.Tensor], lr: float, weight_decay: float = 0.01
    ) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._apply(weight, group["lr"], group["weight_decay"])

    def _apply(self, weight: torch.Tensor, lr: float, weight_decay: float) -> None:
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        state["momentum"].lerp_(weight.grad, 1 - MOMENTUM)
        ahead = weight.grad.lerp(state["momentum"], MOMENTUM).flatten(1)
        change = orthogonal(ahead) * (0.2 * max(ahead.shape) ** 0.5)
        weight.mul_(1 - lr * weight_decay).add_(change.view_as(weight), alpha=-lr)


def divided(module: torch.nn.Module, outermost: tuple[str, ...]) -> tuple[list, list]:
    """The module's weights: those for Muon, and those for AdamW."""
    inner, other = [], []
    for name, weight in module.named_parameters():
        apt = weight.ndim >= 2 and not name.startswith(outermost)
        (inner if apt else other).append(weight)
    return inner, other
