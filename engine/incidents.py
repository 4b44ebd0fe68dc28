"""Security incidents, told from facts: each waits until a halt over everything is released.

They are those of decisions.md: a second factor locked by wrong codes, the HALT marker taken
away, a key that became wider, money that left without a request of ours. The one rule: what
happened before the account was opened here, or in a demo, is nobody's theft.
"""

from domain import bookings, controls, events
from domain.board import Board, Mode
from domain.money import ZERO, canonical
from domain.scopes import EVERYTHING, Scope
from domain.withdrawals import request_of

NAME = "security_incident"
_TOLD = f"{NAME}: security incident: "


class Incidents:
    """Keeps what no release has answered yet."""

    def __init__(self) -> None:
        self._waiting: dict[str, None] = {}
        self._opened_us: dict[str, int] = {}

    def waiting(self) -> tuple[str, ...]:
        """What happened since the last release, oldest first."""
        return tuple(self._waiting)

    def forgiven(self, scope: Scope) -> None:
        """A person released a halt: one over everything answers every incident."""
        if scope == EVERYTHING:
            self._waiting.clear()

    def fact(self, fact: events.Fact, board: Board, *, live: bool) -> None:
        """News that are incidents; of the past only what has tripped the kill switch."""
        if isinstance(fact, bookings.OpeningBalance):
            self._opened_us[fact.account] = fact.at_us
        if live:
            told = self._told(fact, board)
        elif isinstance(fact, controls.HaltTripped) and fact.reason.startswith(_TOLD):
            told = fact.reason.removeprefix(_TOLD)
        else:
            return
        if told:
            self._waiting[told] = None

    def _told(self, fact: events.Fact, board: Board) -> str:
        if isinstance(fact, controls.AlarmRaised):
            alarming = fact.alarm == "MARKER_TAMPERED" or fact.alarm.startswith("codes ")
            return fact.text if alarming else ""
        if isinstance(fact, controls.KeyAudited) and fact.gained:
            wider = ", ".join(fact.gained)
            return f"the {fact.purpose} key of {fact.account} became wider: {wider}"
        if isinstance(fact, bookings.MovementBooked):
            return self._left(fact, board)
        return ""

    def _left(self, fact: bookings.MovementBooked, board: Board) -> str:
        """A withdrawal that nobody asked for here; the demo desk makes up its own."""
        moved = fact.movement
        opened_us = self._opened_us.get(moved.account, 0)
        of_before = not opened_us or moved.at_us < opened_us
        imported = fact.source.startswith(bookings.IMPORTED)
        if moved.amount >= ZERO or board.mode is Mode.DEMO or of_before or imported:
            return ""
        if request_of(board.withdrawals.values(), moved) is not None:
            return ""
        amount = f"{canonical(-moved.amount)} {moved.asset}"
        return f"{amount} left {moved.account} without a request of ours ({moved.reference})"
