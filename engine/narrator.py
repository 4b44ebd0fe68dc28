"""What happens, as lines of the log: the first thing that is read when something went wrong.

The one rule: it only tells; what it tells is in the ledger already, or on the board.
"""

import logging

from domain import bookings, controls, events
from domain.board import Board, Phase
from domain.registry import kind_of
from domain.sentences import sentence
from domain.sightings import Sighting

# Before the ledger is read everything is a memory; nothing of it happens now.
REMEMBERING = frozenset({Phase.INIT, Phase.LEDGER_VERIFY, Phase.LOAD})
GRAVE = (controls.HaltTripped, controls.HaltUnverified, controls.HaltReopened)
NOTABLE = (
    events.OrderDenied,
    events.OrderRejected,
    events.OrderInDoubt,
    events.OrderAbsent,
    events.AmendInDoubt,
    events.CancelRefused,
    events.ForeignOrderSeen,
    controls.CodeRefused,
    controls.BreakOpened,
    controls.AlarmRaised,
    bookings.FillReversed,
)
# So many of them, so ordinary: told to whoever asks for every detail.
COMMON = (
    events.OrderSent,
    events.OrderAcked,
    events.OrderReported,
    events.OrderSettled,
    events.AmendSettled,
    bookings.Checkpoint,
    bookings.NavMarked,
    bookings.OpeningBalance,
    controls.HaltEvidenced,
)
log = logging.getLogger(__name__)


class Narrator:
    """An observer that writes each new fact as one line, as loud as it is grave."""

    def fact(self, fact: events.Fact, board: Board) -> None:
        """Tell it, unless it is remembered or history that was only now read."""
        if board.phase in REMEMBERING:
            return
        level = _level(fact)
        if level > logging.DEBUG and _is_history(fact, board):
            level = logging.DEBUG
        if log.isEnabledFor(level):
            words = kind_of(type(fact)).replace("_", " ")
            account = _account(fact)
            where = f" {account}" if account else ""
            # Whole, not a template: the log would take two orders for the same line again.
            told = f"{words}{where}: {sentence(fact)}"
            log.log(level, told)

    def sighting(self, sighting: Sighting, board: Board) -> None:
        """Prices and heartbeats are no news."""


def _level(fact: events.Fact) -> int:
    if isinstance(fact, GRAVE):
        return logging.CRITICAL
    if isinstance(fact, NOTABLE):
        return logging.WARNING
    return logging.DEBUG if isinstance(fact, COMMON) else logging.INFO


def _account(fact: events.Fact) -> str:
    """The account that the fact, or the order, fill or movement in it, is about."""
    inside = (getattr(fact, part, None) for part in ("order", "fill", "movement"))
    about = next((part for part in inside if part is not None), fact)
    return str(getattr(about, "account", ""))


def _is_history(fact: events.Fact, board: Board) -> bool:
    """A fill or movement from before this engine started."""
    told = getattr(fact, "fill", None) or getattr(fact, "movement", None)
    return told is not None and told.at_us < board.started_us
