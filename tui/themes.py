"""The hues: the only file that knows them. Everything else names a meaning.

The one rule: every theme gives every meaning, gains and losses also differ without colour
(▲ and ▼, with their signs), and a mode keeps its colour in every theme (decisions.md, Colours).
"""

from textual.theme import Theme

_MODES = {
    "demo": "#7fd4e0",
    "paper": "#e0b000",
    "observe": "#1f4e9e",
    "live": "#9d0208",
    "on-light": "#06090d",
    "on-dark": "#ffffff",
    "killed": "#ff2b3a",
    "stale-back": "#4b2e83",
}
_NIGHT = {
    **_MODES,
    "ok": "#4ec9a4",
    "warn": "#e9b44c",
    "halt": "#ff5d62",
    "stale": "#b79cf2",
    "up": "#56c7f5",
    "down": "#f59e5b",
    "dim": "#8a97a8",
    "faint": "#4d5a69",
    "key": "#9fc6ff",
    "rule": "#2a3542",
    "cursor": "#1d3148",
    "cursor-away": "#17212d",
    "series-a": "#56c7f5",
    "series-b": "#c9a4ff",
    "field": "#18212c",
    "border": "#6cb6ff",
    "input-cursor-background": "#cfd8e3",
    "input-selection-background": "#2b4a6f",
    "scrollbar": "#2a3542",
    "scrollbar-hover": "#3a4a5c",
    "scrollbar-active": "#6cb6ff",
    "scrollbar-background": "#0f151c",
    "scrollbar-background-hover": "#0f151c",
    "scrollbar-background-active": "#0f151c",
    "scrollbar-corner-color": "#0f151c",
}
_DAY = {
    **_MODES,
    "ok": "#0f7b5f",
    "warn": "#8f5b00",
    "halt": "#c1121f",
    "stale": "#6a3fb5",
    "up": "#0b63a5",
    "down": "#b34a00",
    "dim": "#566373",
    "faint": "#aab4bf",
    "key": "#0b4f94",
    "rule": "#c3ccd6",
    "cursor": "#cfe3f8",
    "cursor-away": "#e3eaf1",
    "series-a": "#0b63a5",
    "series-b": "#7a3fb5",
    "field": "#ffffff",
    "border": "#0b63a5",
    "input-cursor-background": "#1b2733",
    "input-cursor-foreground": "#ffffff",
    "input-selection-background": "#b6d4f2",
    "scrollbar": "#c3ccd6",
    "scrollbar-hover": "#aab4bf",
    "scrollbar-active": "#0b63a5",
    "scrollbar-background": "#eef2f6",
    "scrollbar-background-hover": "#eef2f6",
    "scrollbar-background-active": "#eef2f6",
    "scrollbar-corner-color": "#eef2f6",
}
_GREEN, _RED = "#5fd38d", "#ff6b6b"


def _dark(name: str, **changes: str) -> Theme:
    return Theme(
        name=name,
        primary="#6cb6ff",
        secondary="#8a97a8",
        accent="#6cb6ff",
        foreground="#d3dce6",
        background="#0b0f14",
        surface="#0f151c",
        panel="#141c25",
        warning=_NIGHT["warn"],
        error=_NIGHT["halt"],
        success=_NIGHT["ok"],
        variables={**_NIGHT, **changes},
    )


THEMES: tuple[Theme, ...] = (
    _dark("night"),
    _dark("classic", up=_GREEN, down=_RED),
    _dark("asia", up=_RED, down=_GREEN),
    Theme(
        name="day",
        primary="#0b63a5",
        secondary="#566373",
        accent="#0b63a5",
        foreground="#1b2733",
        background="#f7f9fb",
        surface="#eef2f6",
        panel="#e6ecf2",
        warning=_DAY["warn"],
        error=_DAY["halt"],
        success=_DAY["ok"],
        dark=False,
        variables=_DAY,
    ),
)
NAMES: tuple[str, ...] = tuple(theme.name for theme in THEMES)
DEFAULT = NAMES[0]


def after(name: str) -> str:
    """The theme that follows `name` when one steps through them."""
    place = NAMES.index(name) if name in NAMES else -1
    return NAMES[(place + 1) % len(NAMES)]
