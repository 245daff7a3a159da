"""What each control of the tab does: read the page, ask the studio, show what changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from aura.catalog.models import Model
from aura.catalog.vocabulary import unknown_words
from aura.composer import compose
from aura.errors import AuraError
from aura.jobs.job import JobView
from aura.ui.advice import better
from aura.ui.context import Context
from aura.ui.markup import act_data
from aura.ui.pages import Page
from aura.ui.status import told
from aura.ui.tabs.generate import examples, message, panel, reuse, styles
from aura.ui.tabs.generate.live import PARTS, Live, focus
from aura.ui.tabs.generate.panel import FIELDS, Panel
from aura.ui.wire import FOLLOWER, QUICK


class Actions:
    """Handlers of one tab. None of them draws: they submit, choose, stop, and look."""

    def __init__(
        self,
        context: Context,
        form: Panel,
        shown: Mapping[str, Any],
        live: Live,
    ) -> None:
        self.context, self.form, self.shown, self.live = context, form, shown, live
        self.studio, self.pages = context.studio, context.pages
        self.outputs = [shown[name] for name in PARTS]

    # --- which control does what

    def wire(self) -> None:
        owner, model, form = self.context.owner, self.context.model, self.form
        opened = self.context.page.load(
            self.open,
            [owner, self.context.last, model],
            [owner, model, *form.inputs, form.examples, form.size, form.sides, *self.outputs],
            **QUICK,
        )
        drawn = form.draw.click(
            self.draw,
            [owner, model, *form.inputs],
            [self.context.last, *self.outputs],
            **QUICK,
        )
        for event in (opened, drawn):
            self._then_follow(event)
        form.stop.click(self.stop, owner, self.outputs, **QUICK)
        self.context.clock.tick(self.tick, owner, self.outputs, **QUICK)
        self._wire_pictures()
        self._wire_panel()
        styles.wire(self.studio, form)
        self.context.sends["stage"] = lambda event: event.then(
            self.look, owner, self.outputs, **QUICK
        )

    def _then_follow(self, event: Any) -> None:
        event.then(self.live.follow(), self.context.owner, self.outputs, **FOLLOWER)

    def _wire_pictures(self) -> None:
        owner, form = self.context.owner, self.form
        settings = [self.context.model, *form.inputs]
        self.shown["strip"].act(self.show, owner, self.outputs, **QUICK)
        self.shown["tools"].act(self.use, owner, [*settings, *self.outputs], **QUICK)
        for name in ("queue", "message"):
            event = self.shown[name].act(
                self.manage, owner, [form.fields["prompt"], *self.outputs], **QUICK
            )
            self._then_follow(event)

    def _wire_panel(self) -> None:
        owner, model, form = self.context.owner, self.context.model, self.form
        form.examples.act(self.example, None, form.fields["prompt"], **QUICK)
        form.warmer.act(self.warm, model, None, **QUICK)
        form.dice.click(lambda: None, None, form.fields["seed"], **QUICK)
        form.again.click(self.last_seed, owner, form.fields["seed"], **QUICK)
        form.read.upload(
            self.read, [owner, form.read], [model, *form.inputs, *self.outputs], **QUICK
        )
        sides = [form.fields[name] for name in ("ratio", "width", "height")]
        for side in sides:
            side.change(self.sizes, [model, *sides], [form.size, form.sides], **QUICK)
        model.input(
            self.model_chosen,
            [owner, model, *sides],
            [
                *(form.fields[n] for n in ("steps", "guidance", "scheduler")),
                form.examples,
                form.size,
            ],
            **QUICK,
        )

    # --- handlers

    def open(
        self, owner: str, last: Mapping[str, Any] | None, model_id: str, request: gr.Request
    ) -> list[Any]:
        """A page was loaded: who it is, what it asked for last, what its jobs do."""
        page = self.pages.opened(request, owner)
        model = self._model((last or {}).get("model") or model_id)
        fields = panel.filled(reuse.valid(last or {}), model)
        chosen = dict(zip(FIELDS, fields, strict=True))
        if not isinstance(chosen["seed"], int):
            chosen["seed"] = None  # Gradio shows a number that was never set as 0
        ratio = chosen["ratio"] if isinstance(chosen["ratio"], str) else "1:1"
        sides = [chosen[n] if isinstance(chosen[n], int) else None for n in ("width", "height")]
        return [
            page.owner,
            model.id,
            *chosen.values(),
            examples.chips(page.lang, model),
            panel.size_words(page.lang, model, ratio, *sides),
            gr.update(visible=ratio == panel.CUSTOM),
            *self.live.updates(page),
        ]

    def draw(self, request: gr.Request, owner: str, model_id: str, *values: Any) -> list[Any]:
        page = self.pages.of(request, owner)
        page.message, page.looking_at = "", None
        asked = {"model": model_id, **panel.keywords(values)}
        try:
            wanted = compose(
                self.studio.catalog, self.studio.styles, **asked, wildcards=self._wildcards()
            )
            page.job = self.studio.jobs.submit(page.owner, wanted)
        except AuraError as error:
            page.message = message.failed(page.lang, error.as_dict())
            return [gr.skip(), *self.live.updates(page)]
        page.message = self._hint(page, self._model(model_id), wanted.prompts[0])
        return [reuse.kept(asked), *self.live.updates(page)]

    def _hint(self, page: Page, model: Model, prompt: str) -> str:
        """Kind words when the model was never taught what it is asked for."""
        page.later = None
        words = unknown_words(model, self.studio.settings.app_dir, prompt)
        if not words:
            return ""

        def card() -> str:
            hint = better(page.lang, self.studio, model)
            return examples.only_shapes(page.lang, model, words, hint)

        if told(self.studio) is None:  # what would fit is known once the engine has spoken
            page.later = card
        return card()

    def warm(self, model_id: str) -> None:
        """Somebody begins to write: the model is loaded meanwhile, unless a job is here."""
        self.studio.engine.warm(self._model(model_id).id)

    def stop(self, owner: str, request: gr.Request) -> list[Any]:
        page = self.pages.of(request, owner)
        view = focus(self.studio.jobs.views(page.owner), page.job)
        if view is not None and not view.ended:
            self.studio.jobs.stop(view.id)
            page.job = view.id
        return self.live.updates(page)

    def tick(self, owner: str, request: gr.Request) -> list[Any]:
        """Once a second: what no follower brings, such as jobs of a page opened twice."""
        page = self.pages.of(request, owner)
        if page.following.locked():
            return [gr.skip()] * len(PARTS)
        return page.settled(self.live.render(page))

    def look(self, owner: str, request: gr.Request) -> list[Any]:
        """Another tab chose a picture for the stage."""
        return self.live.updates(self.pages.of(request, owner))

    def show(self, owner: str, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A thumbnail was clicked. Only pictures of the history can be looked at."""
        page = self.pages.of(request, owner)
        path = act_data(event).get("picture", "")
        page.looking_at = path if self.context.shelf.get(path) else None
        return self.live.updates(page)

    def use(self, owner: str, request: gr.Request, event: gr.EventData) -> list[Any]:
        """The buttons beneath the stage that need the server: star, and reuse of settings."""
        page, data = self.pages.of(request, owner), act_data(event)
        entry = self.context.shelf.get(data.get("picture", ""))
        settings = [gr.skip()] * (1 + len(FIELDS))
        if entry and data["act"] == "star":
            self.studio.history.star(entry.picture.path, not entry.starred)
        elif entry and data["act"] == "reuse":
            settings = self._settings(reuse.of_entry(entry))
            page.message = message.told(page.lang, "generate.reused")
        return [*settings, *self.live.updates(page)]

    def manage(self, owner: str, request: gr.Request, event: gr.EventData) -> list[Any]:
        """The buttons of the queue and of the message card."""
        page, data = self.pages.of(request, owner), act_data(event)
        act, job = data["act"], data.get("job", "")
        prompt: Any = data["prompt"] if act == "example" else gr.skip()
        page.message, page.later = "", None
        jobs = self.studio.jobs
        if act == "dismiss":
            page.dismissed |= {view.id for view in jobs.views(page.owner) if view.ended}
        elif act in ("pause", "resume"):
            (jobs.pause if act == "pause" else jobs.resume)()
        elif act == "clear":
            jobs.clear(page.owner)
            page.dismissed |= {view.id for view in jobs.views(page.owner) if view.ended}
        elif act in ("stop", "front", "retry") and self._owns(page, job):
            self._job_act(page, act, job)
        return [prompt, *self.live.updates(page)]

    def _job_act(self, page: Page, act: str, job: str) -> None:
        try:
            answer = getattr(self.studio.jobs, act)(job)
        except AuraError as error:
            page.message = message.failed(page.lang, error.as_dict())
            return
        if act == "retry":
            page.job, page.looking_at = answer, None
            page.dismissed.add(job)

    def _owns(self, page: Page, job: str) -> bool:
        view: JobView | None = self.studio.jobs.view(job)
        return view is not None and view.owner == page.owner

    def example(self, event: gr.EventData) -> str:
        return act_data(event).get("prompt", "")

    def last_seed(self, owner: str, request: gr.Request) -> Any:
        """The seed of the picture on the stage."""
        page = self.pages.of(request, owner)
        entry = self.live.entry(page)
        return entry.picture.seed if entry else gr.skip()

    def read(self, owner: str, file: str | None, request: gr.Request) -> list[Any]:
        """Settings back from a picture somebody dropped or chose."""
        page = self.pages.of(request, owner)
        settings = [gr.skip()] * (1 + len(FIELDS))
        try:
            if file:
                settings = self._settings(reuse.of_file(file))
                page.message = message.told(page.lang, "generate.read.done")
        except AuraError as error:
            page.message = message.failed(page.lang, error.as_dict())
        return [*settings, *self.live.updates(page)]

    def _settings(self, settings: Mapping[str, Any]) -> list[Any]:
        """Updates for the model chooser and the panel. An unknown model stays unchosen."""
        known = {model.id for model in self.studio.catalog.available()}
        wanted = settings.get("model")
        model = self._model(wanted if wanted in known else None)
        return [
            model.id if wanted in known else gr.skip(),
            *panel.filled(reuse.valid(settings), model),
        ]

    def sizes(
        self, model_id: str, ratio: str, width: Any, height: Any, request: gr.Request
    ) -> list[Any]:
        words = panel.size_words(
            self.pages.of(request, None).lang, self._model(model_id), ratio, width, height
        )
        return [words, gr.update(visible=ratio == panel.CUSTOM)]

    def model_chosen(
        self, owner: str, model_id: str, ratio: str, width: Any, height: Any, request: gr.Request
    ) -> list[Any]:
        page, model = self.pages.of(request, owner), self._model(model_id)
        chosen = model.defaults
        return [
            chosen.steps,
            chosen.guidance,
            chosen.scheduler,
            examples.chips(page.lang, model),
            panel.size_words(page.lang, model, ratio, width, height),
        ]

    def _model(self, model_id: str | None) -> Model:
        known = {model.id: model for model in self.studio.catalog.models}
        return known.get(model_id or "") or self.studio.catalog.default()

    def _wildcards(self) -> Any:
        return self.studio.settings.data_dir / "wildcards"
