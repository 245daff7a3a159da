"""The public endpoint ``/generate``: text to image for scripts, through the same queue.

from gradio_client import Client
pictures = Client("http://127.0.0.1:7860").predict(
    prompt="a red circle on a blue background", api_name="/generate"
)
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

import gradio as gr
from gradio.data_classes import FileData

from aura import wishes
from aura.batches import lines
from aura.batches.batch import Batch
from aura.batches.making import made
from aura.composer import compose
from aura.errors import AuraError, BadRequest, Retold, Stopped
from aura.grids import axis
from aura.i18n import error_text
from aura.requests import GenerateRequest, Picture
from aura.ui.language import reader
from aura.ui.markup import esc
from aura.ui.tabs.generate.presets import here

if TYPE_CHECKING:
    from aura.studio import Studio

SCRIPTS = "scripts"  # one owner: however many call, a page waits for one of them at most
CHOSEN = ("model", "ratio", "style", "preset", "vae", "size", "start", "mask")  # "": none
NAMES = (
    *("prompt", "negative", "model", "ratio", "width", "height", "count", "steps", "guidance"),
    *("scheduler", "seed", "style", "preset", "vae", "clip_skip", "prompts", "grid"),
    *wishes.NAMES,
)
AT_ONCE = 16  # callers that wait; the jobs themselves run one by one


def build(studio: Studio) -> None:
    gr.api(generator(studio), api_name="generate", concurrency_limit=AT_ONCE)


def generator(studio: Studio) -> Callable[..., list[dict[str, Any]]]:
    """The function behind the endpoint. What goes wrong comes as one sentence or three."""

    def generate(
        request: gr.Request,
        prompt: str = "",
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
        preset: str | None = None,
        lora: list[str] | None = None,
        vae: str | None = None,
        clip_skip: int = 0,
        start: str | None = None,
        mask: str | None = None,
        strength: float | None = None,
        size: str | None = None,
        larger: float | None = None,
        upscaler: str | None = None,
        refiner: str | None = None,
        repair: str | None = None,
        prompts: list[str] | None = None,
        grid: list[str] | None = None,
    ) -> list[dict[str, Any]]:
        """Draw pictures from text and wait for them.

        Give a ratio such as "16:9", or width and height in pixels, or the final size such as
        "1920x1080", or none of them. What is left out takes the model's own value, or the
        preset's; without a seed a random one. A LoRA is "ID" or "ID:WEIGHT"; start and mask are
        pictures as data URLs; prompts are drawn one after another; grid holds "steps=10,20" for
        each of up to three axes. Returns one object a picture: path (of a copy at the caller's),
        width, height, seed, prompt, model, seconds, stages, peak_bytes, plan; of a grid the
        labelled sheet is the last one.
        """
        asked = {name: value for name, value in locals().items() if name in NAMES}
        try:
            return [told(picture) for picture in drawn(studio, reader(request), asked)]
        except AuraError as error:
            words = error_text(reader(request), error.as_dict())
            raise gr.Error(esc(words), print_exception=False) from None

    return generate


def drawn(studio: Studio, lang: str, asked: dict[str, Any]) -> list[Picture]:
    """Submit, wait, and give back the pictures. Raises AuraError, Stopped among them."""
    plain = {
        name: None if value == "" and name in CHOSEN else value for name, value in asked.items()
    }
    prompts, grid = plain.pop("prompts"), plain.pop("grid")
    with ExitStack() as stack:
        for name in ("start", "mask"):
            plain[name] = stack.enter_context(picture_file(plain[name], name))
        machine = stack.enter_context(here(studio))
        data = studio.settings.data_dir
        wanted, _ = wishes.keywords(plain, studio.catalog, data, machine.snapshot, machine.known)

        def composed(**one: Any) -> GenerateRequest:
            filled = machine.applied(one)
            return compose(studio.catalog, studio.styles, **filled, wildcards=data / "wildcards")

        if prompts is None and not grid:
            return one_drawn(studio, composed(**wanted))
        batch = made(
            wanted,
            composed,
            studio.batches.store.unfinished,
            lines=lines.of_text("\n".join(prompts)) if prompts is not None else (),
            axes=[axis(*parts(one)) for one in grid or ()],
            lang=lang,
            names={model.id: model.name for model in studio.catalog.models},
        )
    return many_drawn(studio, batch)


def one_drawn(studio: Studio, wanted: GenerateRequest) -> list[Picture]:
    (view,) = deque(studio.jobs.follow(studio.jobs.submit(SCRIPTS, wanted)), maxlen=1)
    if view.error:
        raise Retold(view.error)
    if view.state != "done":
        raise Stopped
    return list(view.pictures)


def many_drawn(studio: Studio, batch: Batch) -> list[Picture]:
    """What was drawn of it, the sheet of a grid among them.

    Pictures that came to nothing are left out; if all did, what for is raised.
    """
    ended = studio.batches.wait(studio.batches.submit(SCRIPTS, batch))
    pictures = studio.batches.pictures(ended)
    error = studio.batches.fault(ended)
    if error and not pictures:
        raise Retold(error)
    if not ended.done and not error:
        raise Stopped
    entry = studio.history.get(ended.sheet) if ended.sheet else None
    return [*pictures, *([entry.picture] if entry else [])]


def parts(axis: str) -> tuple[str, str]:
    """Parameter and values of ``steps=10,20``."""
    parameter, _, values = axis.partition("=")
    return parameter.strip(), values


@contextmanager
def picture_file(data: str | None, name: str) -> Iterator[str | None]:
    """A data URL as a file for a while; a script may name no file of this machine."""
    if data is None:
        yield None
        return
    head, _, body = data.partition(",")
    try:
        if not (head.startswith("data:image/") and head.endswith(";base64")):
            raise ValueError(head)
        content = base64.b64decode(body, validate=True)
    except ValueError:
        raise BadRequest(field=name, problem="error.problem.data_url") from None
    with NamedTemporaryFile(suffix=".image", delete=False) as file:
        file.write(content)
    try:
        yield file.name
    finally:
        Path(file.name).unlink(missing_ok=True)


def told(picture: Picture) -> dict[str, Any]:
    """One picture for a script. Its file is fetched by the client: ``path`` is local there."""
    return picture.model_dump(mode="json") | {"path": FileData(path=picture.path).model_dump()}
