"""How events are wired, the same everywhere."""

from __future__ import annotations

from typing import Any

# A handler that answers at once: past Gradio's queue, without its spinners, not for scripts.
QUICK: dict[str, Any] = {
    "queue": False,
    "show_progress": "hidden",
    "api_visibility": "private",
}

# The same where a newer question makes an older answer wrong: never two on their way.
LATEST: dict[str, Any] = {**QUICK, "trigger_mode": "always_last"}

# A handler that stays with its page: as many at a time as there are pages.
FOLLOWER: dict[str, Any] = {
    "concurrency_limit": None,
    "show_progress": "hidden",
    "api_visibility": "private",
}
