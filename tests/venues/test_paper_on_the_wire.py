"""Paper over a loopback Kraken through the real ccxt classes: public data alone, live books."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import ROUND_DOWN, Decimal
from pathlib import Path

import pytest

from domain.errors import Unavailable
from domain.orders import OrderState, Side
from tests.venues.ccxt_wire_desk import MAIN, Clock
from tests.venues.demo_desks import an_order, state_of
from tests.wire.fixtures import until
from tests.wire.kraken.loopback import Loopback
from venues.ccxt_venue import VenueSettings, open_venue
from venues.demo_dice import SeededDice
from venues.paper import PaperVenue, open_paper
from venues.paper_desk import PaperSettings

pytestmark = pytest.mark.usefixtures("unpaced")
PURSE = {"USD": Decimal(100_000), "BTC": Decimal(1)}


@asynccontextmanager
async def paper_at_kraken(directory: Path) -> AsyncGenerator[PaperVenue]:
    problems: list[str] = []
    wanted = VenueSettings(timeout_ms=1_000)
    opening = open_venue("kraken", {}, clock=Clock(), settings=wanted, on_problem=problems.append)
    async with (
        opening as live,
        open_paper(
            live.traits,
            live.market,
            ["main"],
            clock=Clock(),
            dice=SeededDice(1, "paper"),
            state_dir=directory,
            book="ledger",
            settings=PaperSettings(balances=PURSE, latency_least_ms=1, latency_most_ms=5),
            tape=live.tape,
            on_problem=problems.append,
        ) as venue,
        asyncio.TaskGroup() as group,
    ):
        running = group.create_task(venue.run())
        yield venue
        running.cancel()
    assert problems == []


async def placed(venue: PaperVenue, side: Side, quantity: str, price: str | None) -> OrderState:
    order = an_order(side, quantity, price)
    placement = await venue.traders[MAIN].place(order)
    assert placement.accepted, placement
    return state_of(order, placement.venue_order_id)


def best_bid(loopback: Loopback) -> tuple[Decimal, Decimal]:
    """Price and displayed quantity of the best bid."""
    price, quantity = loopback.ask("depth", symbol="BTC/USD")["bids"][0]
    return Decimal(price), Decimal(quantity)


def sell(loopback: Loopback, quantity: Decimal) -> None:
    """Somebody sells at the market."""
    loopback.ask("place", side="sell", symbol="BTC/USD", quantity=str(quantity))


async def follows_trades(loopback: Loopback) -> None:
    def subscribed() -> bool:
        return any("trade" in socket["public"] for socket in loopback.ask("sockets"))

    await until(subscribed, within_s=10)


async def test_orders_walk_the_live_book_and_rest_until_volume_trades_through(
    loopback: Loopback, tmp_path: Path
) -> None:
    async with paper_at_kraken(tmp_path) as venue:
        reader = venue.readers[MAIN]
        taken = await reader.find(await placed(venue, Side.BUY, "0.05", None))
        assert {fill.liquidity for fill in taken.fills} == {"taker"}
        price, ahead = best_bid(loopback)
        state = await placed(venue, Side.BUY, "0.01", str(price))
        await follows_trades(loopback)
        sell(loopback, ahead / 2)
        sell(loopback, ahead / 2 + Decimal("0.004"))
        await until(lambda: venue.desk.till.fills[-1].liquidity == "maker", within_s=10)
        (fill,) = (await reader.find(state)).fills
        assert (fill.price, fill.quantity) == (price, Decimal("0.004"))
        (listed,) = [i for i in await venue.market.instruments() if i.symbol == "BTC/USD"]
        assert listed.fee_rate is not None
        assert listed.maker_fee_rate is not None
        for each, rate in (
            *((f, listed.fee_rate) for f in taken.fills),
            (fill, listed.maker_fee_rate),
        ):
            fee = (each.cost * rate).quantize(Decimal("1e-8"), ROUND_DOWN)
            assert each.fee == fee > 0
    assert set(loopback.ask("counts")) == {"Assets", "AssetPairs", "Trades"}


async def test_a_venue_that_falls_silent_is_not_traded_on_and_comes_back(
    loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with paper_at_kraken(tmp_path) as venue:
        await placed(venue, Side.BUY, "0.01", None)
        monkeypatch.setattr(venue.desk.books, "_age_us", 300_000)
        monkeypatch.setattr(venue.desk.books, "_wait_us", 500_000)
        loopback.ask("silence")
        await asyncio.sleep(0.4)
        with pytest.raises(Unavailable, match="live book of BTC/USD"):
            await placed(venue, Side.BUY, "0.01", None)
        assert len((await venue.readers[MAIN].history(0)).fills) == 1
        loopback.ask("silence", on=False)
        monkeypatch.setattr(venue.desk.books, "_wait_us", 8_000_000)
        loopback.ask("step")
        await placed(venue, Side.BUY, "0.01", None)


async def test_a_venue_that_is_down_at_the_start_is_told_with_the_way_out(
    loopback: Loopback, tmp_path: Path
) -> None:
    loopback.ask("down")
    async with paper_at_kraken(tmp_path) as venue:
        assert venue.trouble is not None
        assert "--demo" in venue.trouble.remedy
        loopback.ask("up")
        await venue.desk.load(["main"])
        assert venue.trouble is None
        await placed(venue, Side.BUY, "0.01", None)
