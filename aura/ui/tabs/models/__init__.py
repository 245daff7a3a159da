"""The tab of the models: what is here, what fits, downloads, and folders of one's own."""

from __future__ import annotations

import gradio as gr

from aura.ui.context import Context
from aura.ui.tabs.models.actions import Models
from aura.ui.wire import QUICK

# A press takes along what is typed beside it, which stays there only if it was refused; Enter
# presses for who types. A question is a dialog of the browser's; once it is answered the
# keyboard is back in the model's row.
_WIRE = """
let sent = null, asked = null;
const press = (hit) => {
  const field = hit.closest('dialog, .aura-models-field')?.querySelector('input');
  sent = field && field.value;
  trigger('act', {...hit.dataset, ...(field ? {value: field.value} : {})});
};
element.addEventListener('click', ({target}) => {
  const hit = target.closest('[data-act]');
  if (hit) press(hit);
});
element.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !event.target.matches('input')) return;
  event.preventDefault();
  press(event.target.closest('dialog, .aura-shelves').querySelector('.is-main'));
});
element.addEventListener('cancel', (event) => {
  event.preventDefault();
  trigger('act', {act: 'close'});
}, true);
new MutationObserver(() => {
  const dialog = element.querySelector('dialog');
  if (dialog && !dialog.open) {
    asked = dialog.dataset.model;
    dialog.showModal();
  } else if (!dialog && asked) {
    const row = document.querySelector(`[data-row="${CSS.escape(asked)}"]`);
    asked = null;
    row?.querySelector('button')?.focus();
  }
  const field = element.querySelector('input');
  const refused = element.querySelector('dialog .is-bad, .aura-shelves > .is-bad');
  if (field && field.value === sent && !refused) field.value = '';
}).observe(element, {childList: true, subtree: true});
"""


def build(context: Context, tab: gr.Tab) -> None:
    models = Models(context)
    with gr.Column(elem_id="aura-models"):
        head = _island("head")
        with gr.Row(elem_id="aura-models-body"):
            rows, shelves = _island("list"), _island("folders")
        ask = _island("ask")
    islands = [head, rows, shelves, ask]
    shown = [*islands, context.model]
    tab.select(models.opened, context.owner, shown, **QUICK)
    context.clock.tick(models.tick, context.owner, shown, **QUICK)
    for part in islands:
        part.act(models.act, context.owner, shown, **QUICK)


def _island(name: str) -> gr.HTML:
    return gr.HTML("", elem_id=f"aura-models-{name}", js_on_load=_WIRE, apply_default_css=False)
