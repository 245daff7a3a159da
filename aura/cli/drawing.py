"""An engine of the command line's own, and what it draws."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing

from aura.cli.interrupt import Presses, interrupts, patiently
from aura.cli.progress import Progress
from aura.engine.protocol import Cancelled, Failed, JobEvent, Saved
from aura.engine.supervisor import Supervisor
from aura.errors import Retold, Stopped
from aura.requests import GenerateRequest, Picture
from aura.settings import Settings


class Pen:
    """A context manager: the engine runs, and Ctrl+C is a wish, as long as it is open."""

    def __init__(self, settings: Settings, lang: str) -> None:
        self.settings, self.lang = settings, lang
        self.told = 0
        self._stack = ExitStack()

    def __enter__(self) -> Pen:
        self.supervisor: Supervisor = self._stack.enter_context(closing(Supervisor(self.settings)))
        try:
            self.supervisor.start()
            self.presses: Presses = self._stack.enter_context(interrupts())
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def drawn(self, request: GenerateRequest) -> Iterator[Picture]:
        """Each picture as soon as it is saved. Raises Retold, Stopped."""
        job = secrets.token_hex(8)
        with Progress(request, self.lang, sys.stderr) as progress:
            for event in patiently(self.supervisor.run(job, request)):
                if self.presses.count > self.told:
                    self.told = self.presses.count
                    self._stop(job)
                if event is None:
                    continue
                progress.show(event)
                if isinstance(event, Saved):
                    yield event.picture
                ended(event)

    def _stop(self, job: str) -> None:
        """Once: after the step that runs. Once more: now."""
        if self.told == 1:
            self.supervisor.stop(job)
        else:
            self.supervisor.close()
            raise Stopped


def ended(event: JobEvent) -> None:
    if isinstance(event, Cancelled):
        raise Stopped
    if isinstance(event, Failed):
        raise Retold(event.error)
