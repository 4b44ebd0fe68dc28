"""The crowd: two-sided books that move, the same for the same seed, and step aside for a test."""

from decimal import Decimal

from domain.orders import Kind, Side
from tests.wire.clock import SteppedClock
from tests.wire.kraken.assets import LISTINGS
from tests.wire.kraken.server import WALKS
from tests.wire.kraken.venue import KrakenVenue
from tests.wire.market_maker import LEVELS, MarketMaker
from tests.wire.orders import Wish


def a_market(seed: int = 3) -> tuple[KrakenVenue, MarketMaker]:
    venue = KrakenVenue(seed=seed, clock=SteppedClock())
    crowd = MarketMaker(venue.exchange, WALKS, seed)
    crowd.open()
    return venue, crowd


def test_every_pair_has_two_sides_a_spread_and_a_last_price() -> None:
    venue, crowd = a_market()
    crowd.step(20)
    for symbol, listing in LISTINGS.items():
        bids, asks = venue.exchange.books[symbol].depth(100)
        assert len(bids) > LEVELS / 2
        assert len(asks) > LEVELS / 2
        assert bids[0][0] < asks[0][0]
        assert all(price % listing.tick == 0 for price, _ in bids + asks)
        assert venue.exchange.settlement.tape[symbol]


def test_prices_move_and_a_stable_coin_stays_home() -> None:
    venue, crowd = a_market()
    crowd.step(200)
    assert crowd.middles["BTC/USD"] != WALKS["BTC/USD"].start
    assert abs(crowd.middles["USDT/USD"] - 1) < Decimal("0.005")
    cross = crowd.middles["ETH/USD"] / crowd.middles["BTC/USD"]
    assert abs(crowd.middles["ETH/BTC"] / cross - 1) < Decimal("0.001")
    assert venue.stats["BTC/USD"].low < venue.stats["BTC/USD"].high


def test_the_same_seed_and_steps_make_the_same_tape() -> None:
    def tape(seed: int) -> list[tuple[str, Decimal, Decimal]]:
        venue, crowd = a_market(seed)
        crowd.step(10)
        return [
            (trade.symbol, trade.price, trade.quantity)
            for trades in venue.exchange.settlement.tape.values()
            for trade in trades
        ]

    assert tape(3) == tape(3)
    assert tape(3) != tape(4)


def test_one_resting_order_can_be_hit_and_no_other() -> None:
    venue, crowd = a_market()
    wish = Wish(
        owner="main",
        symbol="BTC/USD",
        side=Side.BUY,
        kind=Kind.LIMIT,
        quantity=Decimal("0.1"),
        price=Decimal(50000),
    )
    deep = venue.exchange.submit(wish)
    crowd.hit(deep, Decimal("0.04"))
    assert (deep.filled, deep.executions[0].price) == (Decimal("0.04"), Decimal(50000))
    bids, asks = venue.exchange.books["BTC/USD"].depth(5)
    assert bids[0][0] < asks[0][0]


def test_the_crowd_leaves_no_orders_behind_when_it_leaves() -> None:
    venue, crowd = a_market()
    crowd.step(5)
    for symbol in WALKS:
        crowd.withdraw(symbol)
    assert all(book.depth(5) == ([], []) for book in venue.exchange.books.values())
    assert venue.exchange.tickets == {}
