"""Canaries rest: small, whole, post-only, away from the market and inside the collar."""

from decimal import Decimal
from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.board import Board, Mode, at
from domain.drills import STRATEGY
from domain.instruments import Account, Instrument
from domain.market import Price
from domain.money import exactly
from domain.orders import Kind, Side
from domain.table import Table
from risk.canary import canaries

D = Decimal
KRAKEN = Account("kraken", "main")
HUNDRED = D(100)
steps = st.sampled_from([D("0.00001"), D("0.01"), D("0.5"), D(1), None])


def board(*instruments: Instrument, middle: Decimal = HUNDRED) -> Board:
    prices = {
        at(i.venue, i.symbol): Price(
            venue=i.venue, symbol=i.symbol, bid=middle, ask=middle, last=middle, at_us=1
        )
        for i in instruments
    }
    return Board(
        mode=Mode.PAPER,
        instruments=Table({at(i.venue, i.symbol): i for i in instruments}),
        prices=Table(prices),
    )


@given(
    tick=steps,
    lot=steps,
    least=st.sampled_from([None, D("0.001"), D(2)]),
    worth=st.sampled_from([None, D(5), D(25)]),
    middle=st.decimals(60, 90_000, places=2),
    collar=st.decimals(2, 20, places=1),
)
@settings(max_examples=150)
def test_a_canary_fits_its_venue_and_cannot_trade_at_once(
    tick: Decimal | None,
    lot: Decimal | None,
    least: Decimal | None,
    worth: Decimal | None,
    middle: Decimal,
    collar: Decimal,
) -> None:
    known = Instrument(
        venue="kraken", symbol="BTC/USD", tick=tick, lot=lot, min_quantity=least, min_value=worth
    )
    with exactly():
        buy, sell = canaries(KRAKEN, board(known, middle=middle), collar)
        for draft in (buy, sell):
            assert draft.price is not None
            assert (draft.kind, draft.post_only, draft.strategy) == (Kind.LIMIT, True, STRATEGY)
            assert known.fits_tick(draft.price)
            assert known.fits_lot(draft.quantity)
            assert draft.quantity >= (least or 0)
            assert draft.quantity * draft.price >= (worth or 0)
            away = abs(draft.price / middle - 1) * 100
            assert away <= collar * D("0.6") + (tick or D("1e-8")) / middle * 100
        assert buy.price is not None
        assert sell.price is not None
        assert buy.price < middle < sell.price
        smaller = buy.quantity - (lot or D("1e-8"))
        assert smaller < (least or 0) or smaller * buy.price < (worth or D(10)) * D("1.1")


def test_pairs_in_the_base_currency_come_first_and_what_has_no_price_or_is_off_never() -> None:
    known = [
        Instrument(venue="kraken", symbol="AAA/BTC"),
        Instrument(venue="kraken", symbol="BBB/USD"),
        Instrument(venue="kraken", symbol="CCC/USD", active=False),
        Instrument(venue="mexc", symbol="DDD/USD"),
    ]
    shown = board(*known)
    silent = Instrument(venue="kraken", symbol="EEE/USD")
    shown = shown.but(instruments=shown.instruments.put(at("kraken", "EEE/USD"), silent))
    with exactly():
        drafts = list(islice(canaries(KRAKEN, shown, D(5)), 20))
    assert [(d.symbol, d.side) for d in drafts] == [
        ("BBB/USD", Side.BUY),
        ("BBB/USD", Side.SELL),
        ("AAA/BTC", Side.BUY),
        ("AAA/BTC", Side.SELL),
    ]
