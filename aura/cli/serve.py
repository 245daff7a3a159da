"""``aura serve``: the studio in the browser."""

from __future__ import annotations

import argparse
import sys
import webbrowser

from aura.cli.journal import keep_log
from aura.cli.options import add_serving
from aura.errors import AlreadyRunning
from aura.i18n import text
from aura.settings import Settings


def add_arguments(parser: argparse.ArgumentParser, lang: str) -> None:
    add_serving(parser, lang)


def run(args: argparse.Namespace, settings: Settings, lang: str) -> int:
    from aura.ui import serving

    keep_log(settings.data_dir, "studio")
    try:
        return serving.serve(settings, lang)
    except serving.PortBusy as busy:
        print(text(lang, "cli.serve.port_busy", port=str(busy)), file=sys.stderr)
        return 1
    except AlreadyRunning as running:
        url = running.facts.get("url")
        if not url:
            raise
        print(text(lang, "cli.serve.already", url=url))
        if settings.browser:
            webbrowser.open(url)
        return 0
