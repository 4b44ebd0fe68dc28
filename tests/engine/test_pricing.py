"""Prices of the past in the ledger: taken once, used in their time, told by explain."""

from decimal import Decimal
from pathlib import Path

import pytest

from accounting.ledger_entries import Row
from accounting.pnl import windows
from domain import figures
from domain.asks_adjusting import PastPrice, RecordPrices
from domain.bookings import IMPORTED, FillBooked
from domain.errors import Refused
from domain.instruments import Account
from domain.orders import Fill, Side
from engine.livebook import LiveBook
from tests.accounting.test_recorded import prices
from tests.engine.rig import Rig, running
from tests.engine.test_livebook import START_US, booked, figures_of, fill, live_of

D = Decimal
DAY_US = 86_400_000_000
GATE = Account("gate", "main")


def swap(number: int, side: str, at_us: int) -> FillBooked:
    made = Fill(
        account=GATE,
        symbol="NEW/USDT",
        trade_id=f"x{number}",
        side=Side(side),
        quantity=D(2),
        price=D(10 * number),
        fee=D(0),
        fee_asset="USDT",
        at_us=at_us,
    )
    return FillBooked(at_us=at_us + DAY_US, actor="me", fill=made, source=IMPORTED)


def price(day_us: int, told: str, asset: str = "USDT") -> PastPrice:
    return PastPrice(asset=asset, since_us=day_us, until_us=day_us + DAY_US, price=D(told))


async def gained(rig: Rig) -> figures.AssetPnl:
    told = await rig.ask(figures.ReadPnl(assets=("NEW",), windows=("all",)))
    return told.assets[0]


async def test_old_fills_get_their_value_from_a_file_and_explain_says_whose(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, moving=False) as rig:
        first_us = rig.board.now_us // DAY_US * DAY_US - 40 * DAY_US
        await rig.desk.record(
            swap(1, "buy", first_us + 7), swap(2, "sell", first_us + 2 * DAY_US + 7)
        )
        before = await gained(rig)
        assert before.realised[0].unknown == D(2)
        ask = RecordPrices(
            prices=(price(first_us, "0.5"), price(first_us + 2 * DAY_US, "0.75")),
            source="usdt.csv",
        )
        dry = await rig.ask(RecordPrices(prices=ask.prices, source="x", dry_run=True))
        assert (dry.recorded, dry.known) == (2, 0)
        assert (await gained(rig)) == before
        told = await rig.ask(ask)
        assert (told.recorded, told.known) == (2, 0)
        after = await gained(rig)
        assert (after.realised[0].gain, after.realised[0].unknown) == (D(20), D(0))
        again = await rig.ask(ask)
        assert (again.recorded, again.known) == (0, 2)
        why = await rig.ask(figures.Explain(figure="realised", asset="NEW"))
        (step,) = why.steps
        assert step.sold is not None
        assert step.lot is not None
        assert (step.sold.valued_by, step.lot.valued_by) == ("usdt.csv", "usdt.csv")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (price(0, "-1"), "above zero"),
        (price(0, "0"), "above zero"),
        (price(2**50 * 2, "1"), "of the future"),
        (price(0, "1", "USD"), "base currency"),
        (price(0, "1", ""), "has a name"),
        (PastPrice(asset="A", since_us=5, until_us=5, price=D(1)), "a day or an hour"),
        (PastPrice(asset="A", since_us=0, until_us=40 * DAY_US, price=D(1)), "a day or an hour"),
    ],
)
async def test_what_is_no_price_is_refused_whole(
    tmp_path: Path, told: PastPrice, words: str
) -> None:
    async with running(tmp_path, moving=False) as rig:
        with pytest.raises(Refused, match=words):
            await rig.ask(RecordPrices(prices=(price(0, "1"), told), source="x"))


def test_prices_row_by_row_give_the_same_lots_as_all_at_once() -> None:
    rows: list[Row] = [
        (1, swap(1, "buy", START_US + 7)),
        (2, prices(START_US + DAY_US, DAY_US, NEW="12", USDT="0.9")),
        (3, swap(3, "sell", START_US + DAY_US + 7)),
        (4, prices(START_US, DAY_US, USDT="0.5")),
        (5, booked(fill(9, at_us=START_US + 3 * DAY_US))),
        (6, prices(START_US + 4 * DAY_US, DAY_US, USDT="0.6")),
        (7, swap(4, "sell", START_US + 4 * DAY_US + 7)),
    ]
    whole = live_of(rows)
    one_by_one = live_of(*[[row] for row in rows])
    assert figures_of(whole) == figures_of(one_by_one)
    assert whole.replays == 1


def test_the_prices_of_a_new_day_make_no_replay() -> None:
    live = LiveBook("USD", "UTC")
    live.take([(1, booked(fill(1)))])
    replays = live.replays
    live.take([(2, prices(START_US + DAY_US, DAY_US, BTC="9"))])
    live.take([(3, booked(fill(2, at_us=START_US + DAY_US + 1)))])
    assert live.replays == replays


def test_the_results_of_all_accounts_add_up_to_those_of_the_desk() -> None:
    other = Account("mexc", "main")
    rows: list[Row] = [
        (1, booked(fill(1))),
        (2, booked(fill(2, account=other))),
        (3, booked(fill(3, "sell", quantity=D("1.5")))),
        (4, booked(fill(4, "sell", quantity=D("0.25"), account=other))),
    ]
    live = live_of(rows[:3])
    live.results_of("mexc/main")
    live.take(rows[3:])
    span = windows(START_US + DAY_US)[-1]
    whole = live.results.realised(span, "BTC")
    parts = [live.results_of(a).realised(span, "BTC") for a in ("kraken/main", "mexc/main")]
    assert sum(part.gain for part in parts) == whole.gain
    assert sum(part.fees for part in parts) == whole.fees
    assert parts[1].gain
