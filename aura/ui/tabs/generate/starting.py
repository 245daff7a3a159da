"""What is done with the picture to start from: bring one, paint on it, extend it, put it away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image, ImageChops

from aura.catalog.models import Model
from aura.library import canvas, inputs
from aura.library.images import open_header, open_image
from aura.ui.markup import act_data
from aura.ui.pages import Page
from aura.ui.tabs.generate import easel
from aura.ui.tabs.generate.desk import Desk
from aura.ui.tabs.generate.sections import size, start, start_view
from aura.ui.tabs.generate.sections.start import Kept
from aura.ui.wire import LATEST, QUICK

SHARE = 0.25  # of a side, that one press extends the picture by
SIDES = ("ratio", "width", "height")


class Starting:
    def __init__(self, desk: Desk, board: easel.Easel) -> None:
        self.desk, self.board = desk, board
        self.data_dir = desk.studio.settings.data_dir

    def wire(self, opened: Any) -> None:
        desk, form, parts = self.desk, self.desk.form, self.desk.form.start
        model, kept = desk.context.model, form.fields["start"]
        brought = [kept, *form.of(*SIDES), parts.accordion, *desk.outputs]
        known = [desk.owner, model, kept]
        parts.choose.upload(self.take, [*known, parts.choose], brought, **QUICK)
        parts.shown.act(self.change, [*known, form.fields["ratio"]], brought, **QUICK)
        desk.context.sends["start"] = lambda event: event.then(self.wished, known, brought, **QUICK)
        model.input(self.fit, [model, kept], form.of(*SIDES), **QUICK)
        for event in (kept.change, form.fields["strength"].release, opened.then):
            event(
                self.render,
                form.of("start", "strength"),
                [parts.shown, parts.accordion, form.fields["strength"]],
                **LATEST,
            )
        self._wire_easel(known)

    def _wire_easel(self, known: list[Any]) -> None:
        board, kept = self.board, self.desk.form.fields["start"]
        shown = self.desk.form.start.shown
        opened = shown.act(self.paint, known, [board.column, board.hint], **QUICK)
        opened.then(self.put_up, known, board.editor, **QUICK)
        board.done.click(
            self.painted, [*known, board.editor], [kept, board.column, *self.desk.outputs], **QUICK
        )
        board.cancel.click(lambda: gr.update(visible=False), None, board.column, **QUICK)

    # --- bringing one

    def take(
        self, owner: str, model_id: str, value: Any, file: str | None, request: gr.Request
    ) -> list[Any]:
        """A picture was chosen, dropped or pasted."""
        page = self.desk.page(request, owner)
        return self._bring(page, model_id, Path(file) if file else None)

    def wished(self, owner: str, model_id: str, value: Any, request: gr.Request) -> list[Any]:
        """Somebody pressed "start from this" at a picture of the history, here or elsewhere."""
        page = self.desk.page(request, owner)
        path, page.start_from = page.start_from, None
        return self._bring(page, model_id, Path(path) if path else None)

    def _bring(self, page: Page, model_id: str, file: Path | None) -> list[Any]:
        held = None
        if file is not None:
            held = self.desk.told(page, lambda: _fresh(inputs.keep_file(self.data_dir, file)))
        if held is None:
            return [*[gr.skip()] * 5, *self.desk.updates(page)]
        return [
            held.model_dump(),
            *shape(held, self.desk.model(model_id)),
            gr.update(open=True),
            *self.desk.updates(page),
        ]

    # --- changing it

    def change(
        self,
        owner: str,
        model_id: str,
        value: Any,
        ratio: str,
        request: gr.Request,
        event: gr.EventData,
    ) -> list[Any]:
        """The buttons around the small picture, but for the brush."""
        page, data = self.desk.page(request, owner), act_data(event)
        held, act = self._held(value), data["act"]
        still = [*[gr.skip()] * 5, *self.desk.updates(page)]
        if held is None or act in ("choose", "paint"):
            return still
        if act == "remove":
            plain = "1:1" if ratio == size.CUSTOM else gr.skip()
            return [None, plain, *still[2:]]
        changed = self.desk.told(page, lambda: self._changed(held, act, data.get("side", "")))
        if changed is None:
            return [*[gr.skip()] * 5, *self.desk.updates(page)]
        return [changed.model_dump(), *shape(changed, self.desk.model(model_id)), *still[4:]]

    def _changed(self, held: Kept, act: str, side: str) -> Kept:
        if act == "clear":
            return held.model_copy(update={"mask": None})
        if act == "original":
            return _fresh(Path(held.original))
        picture, mask = extended(_opened(held.picture), _mask(held), side)
        return held.model_copy(update={"picture": self._keep(picture), "mask": self._keep(mask)})

    def _keep(self, image: Image.Image) -> str:
        return str(inputs.keep(self.data_dir, image))

    def fit(self, model_id: str, value: Any) -> list[Any]:
        """Another model has another area; the shape stays the picture's."""
        held = self._held(value)
        return shape(held, self.desk.model(model_id)) if held else [gr.skip()] * 3

    # --- painting on it

    def paint(
        self, owner: str, model_id: str, value: Any, request: gr.Request, event: gr.EventData
    ) -> list[Any]:
        page = self.desk.page(request, owner)
        page.painting = act_data(event)["act"] == "paint" and self._held(value) is not None
        if not page.painting:
            return [gr.skip(), gr.skip()]
        return [gr.update(visible=True), easel.hint(page.lang)]

    def put_up(self, owner: str, model_id: str, value: Any, request: gr.Request) -> Any:
        """The picture on the easel, once that stands: an editor nobody sees takes none."""
        page, held = self.desk.page(request, owner), self._held(value)
        if held is None or not page.painting:
            return gr.skip()
        return easel.easel_value(_opened(held.picture), _mask(held))

    def painted(
        self, owner: str, model_id: str, value: Any, drawn: Any, request: gr.Request
    ) -> list[Any]:
        page, held = self.desk.page(request, owner), self._held(value)
        changed = held and self.desk.told(page, lambda: self._masked(held, drawn))
        return [
            changed.model_dump() if changed else gr.skip(),
            gr.update(visible=False),
            *self.desk.updates(page),
        ]

    def _masked(self, held: Kept, drawn: Any) -> Kept:
        mask = easel.joined(_mask(held), easel.painted(drawn, _size(held.picture)))
        return held.model_copy(update={"mask": self._keep(mask) if mask else None})

    # --- showing it

    def render(self, value: Any, strength: float, request: gr.Request) -> list[Any]:
        lang, held = self.desk.page(request).lang, self._held(value)
        return [
            start_view.shown(lang, held, self.desk.context.shelf.thumbnails),
            gr.update(label=start.title(lang, held, strength)),
            gr.update(visible=held is not None),
        ]

    def _held(self, value: Any) -> Kept | None:
        return start.kept(value, self.data_dir)


def extended(
    picture: Image.Image, mask: Image.Image | None, side: str
) -> tuple[Image.Image, Image.Image]:
    """The picture with more room at one side, and the mask of the room and what was painted.

    Raises BadRequest where it would become too large.
    """
    along = picture.width if side in ("left", "right") else picture.height
    room = {name: round(along * SHARE) if name == side else 0 for name in start_view.SIDES}
    larger, empty = canvas.extend(picture, **room, multiple=1)
    if mask is None:
        return larger, empty
    known = Image.new("L", larger.size)
    known.paste(mask.convert("L"), (room["left"], room["top"]))
    return larger, ImageChops.lighter(empty, known)


def _fresh(path: Path) -> Kept:
    return Kept(picture=str(path), original=str(path))


def _opened(path: str) -> Image.Image:
    return open_image(Path(path), Path(path).name)


def _mask(held: Kept) -> Image.Image | None:
    return _opened(held.mask) if held.mask else None


def _size(path: str) -> tuple[int, int]:
    header = open_header(Path(path), Path(path).name)
    return header.width, header.height


def shape(held: Kept, model: Model) -> list[Any]:
    """Ratio, width and height to draw a picture of this shape with this model."""
    return list(size.like(*_size(held.picture), model))
