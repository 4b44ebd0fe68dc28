"""What a venue must know of the ledger reaches it: every fact, those of the past too."""

from types import SimpleNamespace
from typing import Any

from cli.engines import _heard_by
from cli.venue_access import Access
from domain.board import Board, Mode
from engine.connections import Connections
from engine.desk import Desk
from tests.venues.ccxt_stub import ManualClock
from tests.venues.test_ccxt_numbers import approved
from venues.ccxt_numbers import Numbers, number_of


def test_the_orders_of_a_replayed_ledger_are_known_by_their_numbers() -> None:
    numbers = Numbers("bitfinex")
    engine: Any = SimpleNamespace(desk=Desk(Board(mode=Mode.LIVE), ManualClock()))
    opened = Access(connections=Connections({}), observers=(numbers,))
    assert _heard_by(opened, engine) is engine
    number = str(number_of("QDT100000000000001"))
    assert numbers.own_id(number) == number
    engine.desk.replay(approved("QDT100000000000001"), 7)
    assert numbers.own_id(number) == "QDT100000000000001"
