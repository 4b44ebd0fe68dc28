"""Lines of toned text: the only way by which words reach the terminal.

The one rule: text is literal. It is never parsed as markup, and whatever is not printable is
taken out here once more, though venue text was cleaned where it entered.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from domain.text import clean

ELLIPSIS = "…"
_LONGEST = 4_000


class Part(NamedTuple):
    """A run of text in one tone (a word of `tui.tones`); `act` is what a click on it does."""

    text: str
    tone: str = ""
    act: str = ""


Line = Sequence[Part]
Lines = Sequence[Line]
Tones = Mapping[str, Style]
FILL = Part("", "fill")  # pushes what follows it to the right edge
NO_LINE: Line = ()


def plain(text: str) -> str:
    """The text without anything that a terminal could take for a command."""
    return text if text.isprintable() else clean(text, longest=_LONGEST)


def width_of(text: str) -> int:
    """How many cells the text takes."""
    return len(text) if text.isascii() else cell_len(text)


def line_width(line: Line) -> int:
    """How many cells a line takes, a fill counting as nothing."""
    return sum(width_of(plain(part.text)) for part in line)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Plain text in exactly `width` cells; what is cut ends in `…`."""
    length = width_of(text)
    if length == width:
        return text
    if length < width:
        padding = " " * (width - length)
        return padding + text if right else text + padding
    return set_cell_size(text, width - 1) + ELLIPSIS if width > 0 else ""


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` cells, broken at spaces where there are any."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines.extend(_broken(plain(paragraph), max(2, width)))
    return lines


def _broken(text: str, width: int) -> list[str]:
    lines: list[str] = []
    while width_of(text) > width:
        head = text[:width]
        while width_of(head) > width:
            head = head[:-1]
        at_word_end = text[len(head) : len(head) + 1] == " "
        cut = len(head) if at_word_end else head.rfind(" ") + 1 or len(head)
        lines.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*lines, text]


def strip_of(line: Line, width: int, base: Style, tones: Tones) -> Strip:
    """The line as one strip of exactly `width` cells on the style `base`."""
    room = max(0, width - line_width(line))
    segments: list[Segment] = []
    left = width
    for part in line:
        if part.tone == "fill":
            text, room = " " * min(room, left), 0
            style = base
        else:
            text = plain(part.text)
            style = base + tones[part.tone] if part.tone else base
        if width_of(text) > left:
            text = fit(text, left)
        if text:
            segments.append(Segment(text, style))
        left -= width_of(text)
    if left > 0:
        segments.append(Segment(" " * left, base))
    return Strip(segments, width)


def part_at(line: Line, x: int, width: int) -> Part | None:
    """The part under cell `x` of a line that was drawn with `width` cells."""
    room = max(0, width - line_width(line))
    place = 0
    for part in line:
        if part.tone == "fill":
            place += room
            room = 0
            continue
        place += width_of(plain(part.text))
        if x < place:
            return part
    return None


def joined(groups: Iterable[Line], gap: str = "  ") -> Line:
    """Several groups of parts in one line, `gap` between them."""
    line: list[Part] = []
    for group in groups:
        if line:
            line.append(Part(gap))
        line.extend(group)
    return line
