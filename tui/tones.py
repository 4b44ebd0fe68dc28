"""Tones: what a colour means. A screen says `up` or `halt`, and the theme gives it its hue.

The one rule: no code names a hue. A tone is made of the theme's meanings (`themes.py`), which
`console.tcss` uses under the same names for frames and fields.
"""

from collections.abc import Mapping
from typing import NamedTuple

from rich.style import Style


class Tone(NamedTuple):
    """Meanings from the theme: of the letters, of what is behind them; and the weight."""

    front: str = ""
    back: str = ""
    bold: bool = False
    reverse: bool = False


TONES: Mapping[str, Tone] = {
    "dim": Tone("dim"),  # labels, units, what can wait
    "faint": Tone("faint"),  # rules, empty bars, separators
    "strong": Tone(bold=True),  # the figure that matters
    "accent": Tone("accent", bold=True),  # where the operator is
    "ok": Tone("ok"),
    "warn": Tone("warn"),
    "halt": Tone("halt", bold=True),  # danger and failure
    "stale": Tone("stale"),  # too old to act on
    "up": Tone("up"),  # a gain, a purchase
    "down": Tone("down"),  # a loss, a sale
    "key": Tone("key", bold=True),  # a key to press
    "danger": Tone("halt", bold=True),  # a key that does something grave
    "head": Tone("dim", bold=True),  # a table's header
    "mark": Tone("accent", bold=True),  # a marked row
    "bar": Tone("accent"),  # the used part of a limit
    "bar-warn": Tone("warn"),
    "bar-full": Tone("halt"),
    "killed": Tone("on-dark", "killed", bold=True),
    "ready": Tone(bold=True),
    "demo": Tone("on-light", "demo", bold=True),
    "paper": Tone("on-light", "paper", bold=True),
    "observe": Tone("on-dark", "observe", bold=True),
    "live": Tone("on-dark", "live", bold=True),
    "series-a": Tone("series-a"),
    "series-b": Tone("series-b"),
    "limit-line": Tone("halt"),
    "inverse": Tone(bold=True, reverse=True),  # an alarm on the mode bar
    "nav-here": Tone("background", "accent", bold=True),
    "cursor": Tone(back="cursor"),
    "cursor-away": Tone(back="cursor-away"),
    "banner-halt": Tone("on-dark", "live", bold=True),
    "banner-stale": Tone("on-dark", "stale-back"),
}


def styles(meanings: Mapping[str, str]) -> dict[str, Style]:
    """Each tone as a style, from a theme's meanings to hues (`#rrggbb`)."""
    return {
        name: Style(
            color=meanings[tone.front] if tone.front else None,
            bgcolor=meanings[tone.back] if tone.back else None,
            bold=tone.bold or None,
            reverse=tone.reverse or None,
        )
        for name, tone in TONES.items()
    }
