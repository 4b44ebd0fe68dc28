"""What has happened lately, from fills, denials, alarms and halts, newest first.

The one rule: only the board is read; a line is one sentence with the figure that matters.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from domain.board import Board
from domain.halts import Level
from domain.scopes import EVERYTHING
from tui.format import TIMES, price, quantity
from tui.words import side_tone, side_word

_MOST = 40
_ALARM_TONES = {"critical": "halt", "warning": "warn"}


class Happening(NamedTuple):
    """One thing that happened: a word of four letters, a sentence, and its tone."""

    at_us: int
    kind: str
    text: str
    tone: str


def happenings(board: Board) -> list[Happening]:
    """The newest things that happened, newest first."""
    found = [*_fills(board), *_denials(board), *_alarms(board), *_halts(board)]
    return sorted(found, key=lambda happening: -happening.at_us)[:_MOST]


def _fills(board: Board) -> Iterator[Happening]:
    for fill in islice(board.fills, _MOST):
        instrument = board.instrument(fill.account.venue, fill.symbol)
        at = price(fill.price, instrument.tick if instrument else None)
        text = f"{side_word(fill.side):<4} {quantity(fill.quantity)} {fill.symbol} @ {at} "
        yield Happening(fill.at_us, "FILL", text + fill.account.venue, side_tone(fill.side))


def _denials(board: Board) -> Iterator[Happening]:
    for denial in islice(board.denials, _MOST):
        text = f"{denial.rule}: {denial.side} {quantity(denial.quantity)} {denial.symbol}"
        yield Happening(denial.at_us, "DENY", text, "warn")


def _alarms(board: Board) -> Iterator[Happening]:
    for alarm in board.alarms:
        times = f" {TIMES}{alarm.count}" if alarm.count > 1 else ""
        tone = _ALARM_TONES.get(alarm.severity, "dim")
        yield Happening(alarm.at_us, "WARN", alarm.text + times, tone)


def _halts(board: Board) -> Iterator[Happening]:
    for halt in board.halts:
        word = "KILL" if halt.level >= Level.HALT_CANCEL else "HALT"
        over = "" if halt.reach == EVERYTHING else f"{halt.scope}: "
        yield Happening(halt.at_us, word, f"{over}{halt.reason} (by {halt.actor})", "halt")
