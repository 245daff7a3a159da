"""How far a job is, told on a terminal: a bar for people, a line each for a log."""

from __future__ import annotations

from types import TracebackType
from typing import TextIO

from tqdm import tqdm

from aura.engine.protocol import JobEvent, Notice, Planned, Saved, Stage, Step
from aura.i18n import has, text
from aura.passes.order import parts
from aura.requests import GenerateRequest

BAR = "{desc} |{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}]"
# The stages that a log gets a line for.
SAID = ("checking", "loading", "denoising", "enlarging", "finding")


class Progress:
    """A context manager; ``show`` takes every event of the job."""

    def __init__(self, request: GenerateRequest, lang: str, stream: TextIO) -> None:
        self.request, self.lang, self.stream = request, lang, stream
        self.people = stream.isatty()
        self.said = ""
        self.part = 0
        self.bar = tqdm(
            total=len(parts(request)) * request.count * request.steps,
            desc=text(lang, "cli.stage.starting"),
            bar_format=BAR,
            file=stream,
            disable=not self.people,
            leave=False,
        )

    def __enter__(self) -> Progress:
        if not self.people:
            self.say(text(self.lang, "cli.stage.starting"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bar.close()

    def show(self, event: JobEvent) -> None:
        match event:
            case Planned():
                self.tell(event.plan["explanation"]["code"], event.plan["explanation"]["facts"])
            case Notice():
                self.tell(event.code, event.facts)
            case Stage():
                self.stage(event)
            case Step():
                self.at(event.index, self.share(event))
            case Saved() if self.people:
                self.at(event.index + 1, 0)

    def at(self, pictures: int, steps: int) -> None:
        """So many pictures have passed this part, and so many steps of the next."""
        whole = self.part * self.request.count + pictures
        self.bar.n = whole * self.request.steps + steps
        self.bar.refresh()

    def share(self, step: Step) -> int:
        """The steps of this picture done, on the scale of the bar."""
        return round(step.step / max(step.steps, 1) * self.request.steps)

    def stage(self, event: Stage) -> None:
        self.part = event.part
        words = text(self.lang, f"cli.stage.{event.stage}")
        if event.count > 1:
            words = f"{words} {event.index + 1}/{event.count}"
        self.bar.set_description_str(words)
        if not self.people and event.stage in SAID:
            self.say(words)

    def tell(self, code: str, facts: dict[str, object]) -> None:
        if has(code):
            self.say(text(self.lang, code, **facts))

    def say(self, words: str) -> None:
        if words == self.said:
            return
        self.said = words
        self.bar.clear()
        print(words, file=self.stream, flush=True)
        self.bar.refresh()
