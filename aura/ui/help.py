"""The help that `?` opens: shortcuts, wildcards, and how to write a prompt."""

from __future__ import annotations

import gradio as gr

from aura.i18n import text
from aura.ui.context import Context
from aura.ui.language import reader
from aura.ui.markup import esc, island
from aura.ui.wire import QUICK

SHORTCUTS = (
    ("Ctrl + Enter", "help.key.draw"),
    ("Esc", "help.key.stop"),
    ("← →", "help.key.browse"),
    ("F", "help.key.full"),
    ("I", "help.key.details"),
    ("M", "help.key.memory"),
    ("Alt + 1 … 9", "help.key.tabs"),
    ("?", "help.key.help"),
)


def build(context: Context) -> None:
    """A dialog of the browser's own, filled when the page loads."""
    dialog = island("aura-help")
    context.page.load(_fill, None, dialog, **QUICK)


def _fill(request: gr.Request) -> str:
    return content(reader(request))


def content(lang: str) -> str:
    keys = "".join(
        f"<tr><td><kbd>{esc(keys)}</kbd></td><td>{esc(text(lang, key))}</td></tr>"
        for keys, key in SHORTCUTS
    )
    wild = (
        ("{red|blue|green}", "help.wild.choice"),
        ("__colour__", "help.wild.file"),
    )
    wilds = "".join(
        f"<tr><td><code>{esc(sample)}</code></td><td>{esc(text(lang, key))}</td></tr>"
        for sample, key in wild
    )
    close = esc(text(lang, "help.close"))
    return (
        '<dialog id="aura-help-dialog" aria-labelledby="aura-help-title">'
        f'<form method="dialog"><h2 id="aura-help-title">{esc(text(lang, "help.title"))}</h2>'
        f"<h3>{esc(text(lang, 'help.keys'))}</h3><table>{keys}</table>"
        f"<h3>{esc(text(lang, 'help.wild'))}</h3><table>{wilds}</table>"
        f"<h3>{esc(text(lang, 'help.back'))}</h3><p>{esc(text(lang, 'help.back.text'))}</p>"
        f"<h3>{esc(text(lang, 'help.start'))}</h3><p>{esc(text(lang, 'help.start.text'))}</p>"
        f'<button class="aura-btn is-text" value="close">{close}</button></form></dialog>'
    )
