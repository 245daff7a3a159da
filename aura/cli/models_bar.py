"""How far a download or a check is, on standard error: a bar for people, a few lines else."""

from __future__ import annotations

from types import TracebackType
from typing import TextIO

from tqdm import tqdm

from aura.catalog.progress import Progress
from aura.i18n import text


class _Bar:
    """A bar of bytes on a terminal; ``say`` for what must be read in a log too."""

    def __init__(self, words: str, stream: TextIO) -> None:
        self.stream, self.people = stream, stream.isatty()
        self.bar = tqdm(
            desc=words,
            unit="B",
            unit_scale=True,
            unit_divisor=1024,
            file=stream,
            disable=not self.people,
            leave=False,
        )
        self.said = ""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.close()

    def say(self, words: str) -> None:
        """Once, until something else was said."""
        if words != self.said:
            self.said = words
            self.bar.clear()
            print(words, file=self.stream, flush=True)


class Arriving(_Bar):
    """A download of the model called ``name``."""

    def __init__(self, name: str, lang: str, stream: TextIO) -> None:
        super().__init__(name, stream)
        self.name, self.lang = name, lang

    def __enter__(self) -> Arriving:
        return self

    def show(self, progress: Progress) -> None:
        if self.bar.total is None and progress.total:
            self.bar.total = progress.total
            self.bar.initial = self.bar.n = progress.bytes  # what was here has no speed
        self.bar.set_postfix_str(progress.file, refresh=False)
        self.bar.update(progress.bytes - self.bar.n)
        if progress.phase == "fetching" and progress.total:
            facts = {"model": self.name, "total_bytes": progress.total}
            self.say(text(self.lang, "models.phase.fetching", **facts))
        elif progress.phase in ("away", "done"):
            self.say(text(self.lang, f"models.phase.{progress.phase}", model=self.name))


class Reading(_Bar):
    """Files that are read to be proven."""

    def __init__(self, lang: str, stream: TextIO) -> None:
        super().__init__(text(lang, "models.phase.checking"), stream)

    def __enter__(self) -> Reading:
        return self

    def show(self, name: str, size: int) -> None:
        self.bar.set_postfix_str(name, refresh=False)
        self.bar.update(size)
