"""Aura on a machine that is too small for the best plan: ``python -m tests.browser.scarce``.

Everything is real but one thing: drawing under the first plan of all asks torch for more
memory than any machine has. It fails as torch fails, and the ladder has to be climbed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from aura.settings import Settings, read

if TYPE_CHECKING:
    from aura.engine.worker import Worker
    from aura.families.base import Happening

ENGINE = (sys.executable, "-m", "tests.browser.scarce", "engine")
FAILS_AT = 3  # steps into the first picture
NOBODY_HAS = 2**60  # bytes


def serve(arguments: list[str]) -> int:
    from aura.cli.main import parser
    from aura.cli.options import given
    from aura.ui import serving

    args = parser("en").parse_args(arguments)
    return serving.serve(read(given(args)), "en", command=ENGINE)


def open_worker(settings: Settings) -> Worker:
    """Called in the engine's process, once it is time to import torch."""
    import torch

    from aura.catalog import Catalog
    from aura.engine.worker import Worker
    from aura.families.base import StepDone
    from aura.families.registry import by_name
    from aura.families.stable_diffusion import StableDiffusion
    from aura.memory.device import open_device
    from aura.memory.ledger import Ledger
    from aura.memory.manager import Manager

    class Scarce(StableDiffusion):
        best = ""  # the plan that this machine is too small for

        def run(self, loaded: Any, request: Any, plan: Any, first: int = 0) -> Iterator[Happening]:
            self.best = self.best or plan.signature
            with closing(super().run(loaded, request, plan, first)) as happenings:
                for happening in happenings:
                    yield happening
                    late = isinstance(happening, StepDone) and happening.step >= FAILS_AT
                    if late and plan.signature == self.best:
                        torch.empty(NOBODY_HAS, dtype=torch.uint8)

    catalog = Catalog.read(settings)
    manager = Manager(
        open_device(settings),
        by_name() | {Scarce.name: Scarce()},
        Ledger(settings.data_dir / "ledger.db"),
        locate=catalog.installed,
    )
    return Worker(settings, manager=manager, catalog=catalog)


if __name__ == "__main__":
    if sys.argv[1:] == ["engine"]:
        from aura.engine import child

        child.main(open_worker)
    else:
        sys.exit(serve(sys.argv[1:]))
