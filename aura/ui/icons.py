"""The few line icons of the pages, as inline SVG that takes the colour of its text."""

from __future__ import annotations

PATHS = {
    "again": '<path d="M4 12a8 8 0 1 0 2.6-5.9"/><path d="M4 4v4.5h4.5"/>',
    "dice": (
        '<rect x="4" y="4" width="16" height="16" rx="4"/>'
        '<path d="M9 9h.01M15 9h.01M12 12h.01M9 15h.01M15 15h.01"/>'
    ),
    "download": '<path d="M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5"/><path d="M5 19.5h14"/>',
    "reuse": '<path d="M5 9h10a4 4 0 0 1 0 8H8"/><path d="m9 5-4 4 4 4"/>',
    "star": '<path d="m12 4 2.5 5.2 5.6.8-4 4 .9 5.7-5-2.7-5 2.7.9-5.7-4-4 5.6-.8z"/>',
    "info": '<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5m0-8.5h.01"/>',
    "expand": '<path d="M9 4H4v5m11-5h5v5M9 20H4v-5m11 5h5v-5"/>',
    "stop": '<rect x="6.5" y="6.5" width="11" height="11" rx="2.5"/>',
    "up": '<path d="M12 19V5m0 0 6 6m-6-6-6 6"/>',
    "left": '<path d="M19 12H5m0 0 6-6m-6 6 6 6"/>',
    "right": '<path d="M5 12h14m0 0-6-6m6 6-6 6"/>',
    "down": '<path d="M12 5v14m0 0 6-6m-6 6-6-6"/>',
    "start": (
        '<rect x="3.5" y="7.5" width="13" height="12" rx="2.5"/>'
        '<path d="m4 17 4-3.5 3 2.5 2-1.5 3 2.5M18.5 3.5v7M15 7h7"/>'
    ),
    "close": '<path d="m6 6 12 12M18 6 6 18"/>',
    "sun": (
        '<circle cx="12" cy="12" r="4"/><path d="M12 3v1.5m0 15V21m9-9h-1.5m-15 0H3'
        'm15.4-6.4-1.1 1.1M6.7 17.3l-1.1 1.1m12.8 0-1.1-1.1M6.7 6.7 5.6 5.6"/>'
    ),
    "moon": '<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z"/>',
    "keys": (
        '<rect x="3" y="6.5" width="18" height="11" rx="2.5"/>'
        '<path d="M7 10h.01M11 10h.01M15 10h.01M8.5 14h7"/>'
    ),
    "sparkle": (
        '<path d="M12 4c.8 4.6 2.9 6.7 7.5 7.5-4.6.8-6.7 2.9-7.5 7.5-.8-4.6-2.9-6.7-7.5-7.5'
        'C9.1 10.7 11.2 8.6 12 4z"/>'
    ),
    "picture": (
        '<rect x="3.5" y="5" width="17" height="14" rx="2.5"/><circle cx="9" cy="10" r="1.6"/>'
        '<path d="m4 17 5-4.5 3.5 3 3-2.5 4.5 4"/>'
    ),
    "curve": '<path d="M4 4v16h16"/><path d="m7 15 3.5-5 3 3L19 7"/>',
    "search": '<circle cx="11" cy="11" r="6.5"/><path d="m16 16 4.5 4.5"/>',
    "check": '<circle cx="12" cy="12" r="8.5"/><path d="m8 12.3 2.8 2.7L16 9.5"/>',
    "slow": '<path d="M7 4h10M7 20h10M8 4c0 4.5 8 6.5 8 11.5V20M16 4c0 4.5-8 6.5-8 11.5V20"/>',
    "no": '<circle cx="12" cy="12" r="8.5"/><path d="m9 9 6 6m0-6-6 6"/>',
    "warning": '<path d="M12 4.5 3.5 19h17z"/><path d="M12 10v4m0 2.5h.01"/>',
}


def icon(name: str, size: int = 18) -> str:
    """One icon as SVG, hidden from screen readers: the control around it carries the name."""
    return (
        f'<svg class="aura-icon" width="{size}" height="{size}" viewBox="0 0 24 24" fill="none" '
        'stroke="currentColor" stroke-width="1.8" stroke-linecap="round" '
        f'stroke-linejoin="round" aria-hidden="true">{PATHS[name]}</svg>'
    )
