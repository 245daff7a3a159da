"""The look in numbers: one palette for light and dark, and the Gradio theme made from it.

The colours are CSS variables (``--aura-text``), so that the style sheet and Gradio's own
components draw from the same place and a switch of the theme needs no reload. Contrast
of what is read against what it lies on is held by a test.
"""

from __future__ import annotations

import gradio as gr

DARK = {
    "bg": "#0d0f15",
    "surface": "#151821",
    "raised": "#1d212d",
    "field": "#10131a",
    "border": "#272c3a",
    "border-strong": "#6b7590",
    "text": "#eceef5",
    "muted": "#9ba4b8",
    "accent": "#5a4fe8",
    "accent-hover": "#6a60f2",
    "accent-text": "#b4b0ff",
    "accent-soft": "#24244a",
    "on-accent": "#ffffff",
    "good": "#4ade80",
    "busy": "#fbbf24",
    "bad": "#f87171",
    "bad-soft": "#3a1d23",
    "note-soft": "#1d2440",
}

LIGHT = {
    "bg": "#f3f4f8",
    "surface": "#ffffff",
    "raised": "#eef0f6",
    "field": "#f7f8fb",
    "border": "#dde1ea",
    "border-strong": "#7f8aa3",
    "text": "#181b26",
    "muted": "#566077",
    "accent": "#5146e0",
    "accent-hover": "#4338ca",
    "accent-text": "#4338ca",
    "accent-soft": "#e7e6fc",
    "on-accent": "#ffffff",
    "good": "#15803d",
    "busy": "#a15c07",
    "bad": "#b91c1c",
    "bad-soft": "#fde8e8",
    "note-soft": "#e9ecfd",
}

# What is read on what: every pair holds a contrast of 4.5 : 1 in both palettes.
READ_ON = (
    ("text", "bg"),
    ("text", "surface"),
    ("text", "raised"),
    ("text", "field"),
    ("text", "bad-soft"),
    ("text", "note-soft"),
    ("muted", "bg"),
    ("muted", "surface"),
    ("muted", "raised"),
    ("muted", "field"),
    ("on-accent", "accent"),
    ("accent-text", "surface"),
    ("accent-text", "accent-soft"),
    ("accent-text", "bg"),
    ("bad", "surface"),
    ("bad", "bg"),
    ("good", "bg"),
    ("busy", "bg"),
)

FONT = ("IBM Plex Sans", "system-ui", "sans-serif")
MONO = ("IBM Plex Mono", "ui-monospace", "monospace")
WEIGHTS = (400, 700)  # Gradio ships the others without most of their letters


def palette_css() -> str:
    """Both palettes as CSS variables; dark is a class on the page or its body."""
    return f":root{{{_variables(LIGHT)}}}\n:root.dark,:root .dark{{{_variables(DARK)}}}\n"


def _variables(palette: dict[str, str]) -> str:
    return "".join(f"--aura-{name}:{colour};" for name, colour in palette.items())


def make() -> gr.themes.Base:
    """Gradio's components in Aura's colours. Fonts come from this machine alone."""
    base = gr.themes.Base(
        primary_hue="indigo",
        neutral_hue="slate",
        text_size="sm",
        spacing_size="sm",
        radius_size="md",
        font=[gr.themes.LocalFont(FONT[0], weights=WEIGHTS), *FONT[1:]],
        font_mono=[gr.themes.LocalFont(MONO[0], weights=WEIGHTS), *MONO[1:]],
    )
    return base.set(**_tokens())


def _tokens() -> dict[str, str]:
    """Gradio's tokens by the palette's names; the same words hold in light and dark."""
    by_colour = {
        "bg": ("body_background_fill",),
        "surface": ("block_background_fill", "background_fill_primary", "panel_background_fill"),
        "raised": (
            "background_fill_secondary",
            "button_secondary_background_fill",
            "checkbox_label_background_fill",
            "table_even_background_fill",
        ),
        "field": ("input_background_fill", "input_background_fill_focus"),
        "border": (
            "border_color_primary",
            "block_border_color",
            "input_border_color",
            "checkbox_label_border_color",
            "button_secondary_border_color",
            "panel_border_color",
        ),
        "text": (
            "body_text_color",
            "block_title_text_color",
            "block_label_text_color",
            "button_secondary_text_color",
            "checkbox_label_text_color",
        ),
        "muted": ("body_text_color_subdued", "block_info_text_color", "input_placeholder_color"),
        "accent": (
            "button_primary_background_fill",
            "button_primary_border_color",
            "slider_color",
            "checkbox_background_color_selected",
            "checkbox_label_background_fill_selected",
            "input_border_color_focus",
        ),
        "accent-hover": ("button_primary_background_fill_hover",),
        "accent-soft": (
            "button_secondary_background_fill_hover",
            "checkbox_label_background_fill_hover",
            "color_accent_soft",
        ),
        "accent-text": ("link_text_color", "link_text_color_hover"),
        "on-accent": ("button_primary_text_color", "checkbox_label_text_color_selected"),
    }
    tokens = {
        "block_shadow": "none",
        "block_border_width": "0px",
        "block_padding": "0px",
        "block_info_text_size": "12px",
        "block_title_text_size": "12px",
        "block_title_text_weight": "600",
        "block_label_background_fill": "transparent",
        "input_shadow": "none",
        "input_shadow_focus": "none",
        "input_border_width": "1px",
        "button_primary_shadow": "none",
        "button_secondary_shadow": "none",
        "layout_gap": "12px",
        "form_gap_width": "0px",
        "color_accent": "var(--aura-accent)",
    }
    for colour, names in by_colour.items():
        for name in names:
            tokens[name] = f"var(--aura-{colour})"
            tokens[f"{name}_dark"] = f"var(--aura-{colour})"
    return tokens
