"""What the buttons of the queue and of the message card do."""

from __future__ import annotations

from typing import Any

import gradio as gr

from aura.jobs.job import JobView
from aura.ui.markup import act_data
from aura.ui.pages import Page
from aura.ui.tabs.generate.desk import Desk
from aura.ui.wire import QUICK


class Managing:
    def __init__(self, desk: Desk) -> None:
        self.desk, self.jobs = desk, desk.studio.jobs
        self.batches = desk.studio.batches

    def wire(self) -> None:
        desk = self.desk
        outputs = [desk.form.fields["prompt"], *desk.outputs]
        for name in ("queue", "message"):
            desk.follow(desk.shown[name].act(self.manage, desk.owner, outputs, **QUICK))

    def manage(self, owner: str, request: gr.Request, event: gr.EventData) -> list[Any]:
        page, data = self.desk.page(request, owner), act_data(event)
        act, job = data["act"], data.get("job", "")
        prompt: Any = data["prompt"] if act == "example" else gr.skip()
        page.message, page.later = "", None
        jobs = self.jobs
        if act == "dismiss":
            page.dismissed |= {view.id for view in jobs.views(page.owner) if view.ended}
        elif act in ("pause", "resume"):
            (jobs.pause if act == "pause" else jobs.resume)()
        elif act == "clear":
            self.batches.stop_all(page.owner)
            jobs.clear(page.owner)
            page.dismissed |= {view.id for view in jobs.views(page.owner) if view.ended}
        elif act in ("stop", "front", "retry") and self._owns(page, job):
            self._job_act(page, act, job)
        return [prompt, *self.desk.updates(page)]

    def _job_act(self, page: Page, act: str, job: str) -> None:
        answer = self.desk.told(page, lambda: getattr(self.jobs, act)(job))
        if act == "retry" and answer:
            page.job, page.looking_at = answer, None
            page.dismissed.add(job)

    def _owns(self, page: Page, job: str) -> bool:
        view: JobView | None = self.jobs.view(job)
        return view is not None and view.owner == page.owner
