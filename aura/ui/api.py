"""The public endpoint ``/generate``: text to image for scripts, through the same queue.

from gradio_client import Client
pictures = Client("http://127.0.0.1:7860").predict(
    prompt="a red circle on a blue background", api_name="/generate"
)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.data_classes import FileData

from aura.composer import compose
from aura.errors import AuraError, Stopped
from aura.i18n import error_text
from aura.requests import Picture
from aura.ui.language import reader
from aura.ui.markup import esc

if TYPE_CHECKING:
    from aura.studio import Studio

SCRIPTS = "scripts"  # one owner: however many call, a page waits for one of them at most
AT_ONCE = 16  # callers that wait; the jobs themselves run one by one


def build(studio: Studio) -> None:
    gr.api(generator(studio), api_name="generate", concurrency_limit=AT_ONCE)


def generator(studio: Studio) -> Callable[..., list[dict[str, Any]]]:
    """The function behind the endpoint. What goes wrong comes as one sentence or three."""

    def generate(
        request: gr.Request,
        prompt: str,
        negative: str = "",
        model: str | None = None,
        ratio: str | None = None,
        width: int | None = None,
        height: int | None = None,
        count: int = 1,
        steps: int | None = None,
        guidance: float | None = None,
        scheduler: str = "auto",
        seed: int | None = None,
        style: str | None = None,
    ) -> list[dict[str, Any]]:
        """Draw pictures from text and wait for them.

        Give a ratio such as "16:9", or width and height in pixels, or neither. What is left
        out takes the model's own value; without a seed a random one. Returns one object a
        picture: path (of a copy at the caller's), width, height, seed, prompt, model, seconds,
        stages, peak_bytes, plan.
        """
        try:
            return drawn(
                studio,
                prompt=prompt,
                negative=negative,
                model=model or None,
                ratio=ratio or None,
                width=width,
                height=height,
                count=count,
                steps=steps,
                guidance=guidance,
                scheduler=scheduler,
                seed=seed,
                style=style or None,
            )
        except AuraError as error:
            words = error_text(reader(request), error.as_dict())
            raise gr.Error(esc(words), print_exception=False) from None

    return generate


def drawn(studio: Studio, **asked: Any) -> list[dict[str, Any]]:
    """Submit, wait, and give back the pictures. Raises AuraError, Stopped among them."""
    wildcards = studio.settings.data_dir / "wildcards"
    wanted = compose(studio.catalog, studio.styles, **asked, wildcards=wildcards)
    job = studio.jobs.submit(SCRIPTS, wanted)
    (view,) = deque(studio.jobs.follow(job), maxlen=1)
    if view.error:
        raise Failed(view.error)
    if view.state != "done":
        raise Stopped
    return [told(picture) for picture in view.pictures]


def told(picture: Picture) -> dict[str, Any]:
    """One picture for a script. Its file is fetched by the client: ``path`` is local there."""
    return picture.model_dump(mode="json") | {"path": FileData(path=picture.path).model_dump()}


class Failed(AuraError):
    """An error that was already told as a code and facts."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(**error.get("facts", {}))
        self.code = error["code"]
