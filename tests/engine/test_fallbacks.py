"""What a venue cannot, the desk does in another way: one test for each capability that can miss.

The row of a venue says what it lacks (`quarterdeck venues`); here the lack is real: the port's
method fails when it is called, and the outcome is the same as with it.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from cli.clock import SystemClock, SystemDice
from domain import asks
from domain.board import Board
from domain.orders import Side, Status
from domain.ports import AccountReader, Hear, Market, Trader, VenueTraits
from domain.sightings import FillSeen, Sighting, TotalsSeen
from engine.connections import Connection, Connections
from tests.engine.rig import KRAKEN, D, Rig, connections_of, quick, running
from tests.engine.test_killswitch import halted
from venues.demo import open_demo


class Without:
    """A port whose named methods must never be called; all else is as it was."""

    def __init__(self, port: Any, *missing: str) -> None:
        self._port = port
        self._missing = missing
        self.called: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name in self._missing:
            raise AssertionError(f"{name} was called, and this venue cannot do it")
        self.called.append(name)
        return getattr(self._port, name)


class Silenced:
    """A reader whose stream does not tell some kinds of sightings."""

    def __init__(self, reader: AccountReader, *kinds: type[Sighting]) -> None:
        self._reader = reader
        self._kinds = kinds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    async def stream(self, hear: Hear) -> None:
        def told(sighting: Sighting) -> None:
            if not isinstance(sighting, self._kinds):
                hear(sighting)

        await self._reader.stream(told)


Readers = Callable[[AccountReader], Any]


def kraken(
    data_dir: Path,
    traits: dict[str, Any],
    *,
    reader: Readers = lambda reader: reader,
    trader: Callable[[Trader], Any] = lambda trader: trader,
    market: Callable[[Market], Any] = lambda market: market,
) -> AbstractAsyncContextManager[Rig]:
    """A rig with one venue that lacks something."""
    demo = open_demo(SystemClock(), SystemDice(), seed=7, instant=True)
    told = connections_of(demo).by_venue("kraken")
    lacking = Connection(
        traits=replace(told.traits, **traits),
        market=market(told.market),
        readers={KRAKEN: reader(told.readers[KRAKEN])},
        traders={KRAKEN: trader(told.traders[KRAKEN])},
    )
    return running(
        data_dir, demo=demo, connections=Connections({"kraken": lacking}), settings=quick()
    )


def bitcoin(board: Board) -> Decimal:
    """What the venue told last."""
    balances = board.accounts[KRAKEN].balances
    assert balances is not None
    return balances.assets["BTC"].total


async def bought(rig: Rig) -> None:
    """A market order is filled, booked and paid for."""
    client_id = (await rig.submit(rig.draft(Side.BUY, "0.01", None))).client_id
    board = await rig.until(lambda b: b.orders[client_id].status is Status.FILLED)
    assert board.orders[client_id].filled == D("0.01")
    fills = board.orders[client_id].fills
    assert sum(fill.quantity for fill in fills.values()) == D("0.01")
    assert all(fill.fee > 0 and not fill.inferred for fill in fills.values())


async def test_without_an_account_stream_fills_and_balances_are_polled(tmp_path: Path) -> None:
    lacking = kraken(
        tmp_path, {"account_stream": False}, reader=lambda port: Without(port, "stream")
    )
    async with lacking as rig:
        before = bitcoin(rig.board)
        await bought(rig)
        await rig.until(lambda b: bitcoin(b) != before)


async def test_without_a_fill_stream_an_order_that_is_heard_of_has_its_fills_asked_for(
    tmp_path: Path,
) -> None:
    # Polls would come too late for the test: what books the fills is the order's own report.
    lacking = kraken(tmp_path, {}, reader=lambda port: Silenced(port, FillSeen))
    async with lacking as rig:
        await bought(rig)


async def test_without_a_balance_stream_balances_are_asked_for_after_a_fill(
    tmp_path: Path,
) -> None:
    lacking = kraken(tmp_path, {}, reader=lambda port: Silenced(port, TotalsSeen))
    async with lacking as rig:
        before = bitcoin(rig.board)
        await bought(rig)
        await rig.until(lambda b: bitcoin(b) != before)


async def test_without_a_price_stream_prices_are_polled(tmp_path: Path) -> None:
    lacking = kraken(
        tmp_path, {"price_stream": False}, market=lambda port: Without(port, "stream_prices")
    )
    async with lacking as rig:
        known = rig.board.price("kraken", "BTC/USD")
        assert known is not None
        await rig.until(lambda b: (b.price("kraken", "BTC/USD") or known).at_us > known.at_us)
        await bought(rig)


async def test_without_cancel_all_open_orders_are_listed_and_cancelled_one_by_one(
    tmp_path: Path,
) -> None:
    lacking = kraken(
        tmp_path, {"cancel_all": False}, trader=lambda port: Without(port, "cancel_all")
    )
    async with lacking as rig:
        ids = [(await rig.submit()).client_id for _ in range(3)]
        await rig.ask(asks.Trip(reason="test"))
        board = await rig.until(halted())
        assert all(board.orders[each].status is Status.CANCELED for each in ids)


async def test_without_amendments_an_order_is_cancelled_and_placed_anew(tmp_path: Path) -> None:
    lacking = kraken(tmp_path, {"amends": False}, trader=lambda port: Without(port, "amend"))
    async with lacking as rig:
        first = (await rig.submit()).client_id
        child = await rig.ask(asks.ModifyOrder(client_id=first, quantity=D("0.02")))
        board = await rig.until(lambda b: b.orders[first].status is Status.CANCELED)
        assert board.orders[child.client_id].order.parent == first
        assert board.orders[child.client_id].quantity == D("0.02")


def test_every_trait_that_can_be_missing_has_its_test_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    taken_for_granted = {
        field.name for field in fields(VenueTraits) if field.default is True
    }  # what is off unless a venue has it needs nothing in its place
    assert taken_for_granted
    for name in taken_for_granted:
        assert f'"{name}": False' in source
