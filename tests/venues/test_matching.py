"""The order book keeps price-time order and neither makes nor loses a quantity."""

from collections import defaultdict
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import ZERO
from domain.orders import Side, TimeInForce
from venues.matching import OrderBook, Outcome, Working

GTC, IOC, FOK = TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK


def order(
    name: str, side: Side, quantity: str | int, price: str | int | None, owner: str = ""
) -> Working:
    size = Decimal(quantity)
    limit = None if price is None else Decimal(price)
    return Working(name, owner or name, side, limit, size, size)


def buy(name: str, quantity: str | int, price: str | int | None, owner: str = "") -> Working:
    return order(name, Side.BUY, quantity, price, owner)


def sell(name: str, quantity: str | int, price: str | int | None, owner: str = "") -> Working:
    return order(name, Side.SELL, quantity, price, owner)


def a_book(*resting: Working) -> OrderBook:
    book = OrderBook("BTC/USD")
    for each in resting:
        book.submit(each)
    return book


def met(outcome: Outcome) -> list[tuple[str, str, str]]:
    return [(t.maker.order_id, str(t.price), str(t.quantity)) for t in outcome.trades]


def test_the_better_price_trades_first_and_at_the_makers_price() -> None:
    book = a_book(sell("dear", 1, 102), sell("cheap", 1, 100))
    outcome = book.submit(buy("taker", "1.5", 105))
    assert met(outcome) == [("cheap", "100", "1"), ("dear", "102", "0.5")]
    assert outcome.ended == "filled"


def test_the_highest_bid_trades_first() -> None:
    book = a_book(buy("low", 1, 98), buy("high", 1, 99), buy("middle", 1, "98.5"))
    outcome = book.submit(sell("taker", 3, None))
    assert [t.maker.order_id for t in outcome.trades] == ["high", "middle", "low"]


def test_at_one_price_who_came_first_trades_first() -> None:
    book = a_book(buy("first", 1, 100), buy("second", 1, 100))
    assert met(book.submit(sell("taker", 1, 100))) == [("first", "100", "1")]
    assert book.find("second") is not None


def test_the_rest_of_a_limit_order_rests_and_a_market_order_never_does() -> None:
    book = a_book(sell("maker", 1, 100))
    assert book.submit(buy("limit", 3, 100)).ended == ""
    assert book.best(Side.BUY) == Decimal(100)
    outcome = book.submit(sell("market", 5, None))
    assert (outcome.ended, met(outcome)) == ("canceled", [("limit", "100", "2")])
    assert book.find("market") is None


def test_immediate_or_cancel_takes_what_is_there_and_rests_nothing() -> None:
    book = a_book(sell("maker", 1, 100))
    outcome = book.submit(buy("ioc", 3, 100), time_in_force=IOC)
    assert (outcome.ended, met(outcome)) == ("canceled", [("maker", "100", "1")])
    assert book.depth(5) == ([], [])


def test_fill_or_kill_trades_whole_or_not_at_all() -> None:
    book = a_book(sell("maker", 1, 100), sell("far", 1, 110))
    assert book.submit(buy("kill", 2, 105), time_in_force=FOK).trades == ()
    assert book.depth(5)[1] == [(Decimal(100), Decimal(1)), (Decimal(110), Decimal(1))]
    assert book.submit(buy("fill", 2, 110), time_in_force=FOK).ended == "filled"


def test_post_only_is_refused_when_it_would_trade_and_rests_when_it_would_not() -> None:
    book = a_book(sell("maker", 1, 100))
    assert book.submit(buy("crossing", 1, 100), post_only=True).ended == "refused"
    assert book.submit(buy("resting", 1, 99), post_only=True).ended == ""
    assert [price for price, _ in book.depth(5)[0]] == [Decimal(99)]


def test_an_owner_that_must_not_trade_with_itself_loses_the_arriving_order() -> None:
    book = a_book(sell("other", 1, 100), sell("own", 1, 101, "me"), sell("behind", 1, 102))
    outcome = book.submit(buy("new", 3, 105, "me"), self_trades=False)
    assert (outcome.ended, met(outcome)) == ("canceled", [("other", "100", "1")])
    assert book.find("own") is not None
    assert book.find("new") is None


def test_fill_or_kill_does_not_count_what_it_must_not_trade_with() -> None:
    book = a_book(sell("own", 1, 100, "me"), sell("other", 1, 100))
    outcome = book.submit(buy("new", 1, 100, "me"), time_in_force=FOK, self_trades=False)
    assert (outcome.ended, outcome.trades) == ("canceled", ())


def test_an_id_cannot_rest_twice() -> None:
    book = a_book(buy("one", 1, 100))
    with pytest.raises(ValueError, match="not a new one"):
        book.submit(buy("one", 1, 101))


def test_a_smaller_quantity_keeps_its_place_in_the_queue() -> None:
    book = a_book(buy("first", 2, 100), buy("second", 1, 100))
    assert book.amend("first", quantity=Decimal(1), price=None) is not None
    assert met(book.submit(sell("taker", 1, 100))) == [("first", "100", "1")]


@pytest.mark.parametrize(("quantity", "price"), [("3", None), ("2", "99")])
def test_a_larger_quantity_or_a_new_price_goes_to_the_end(quantity: str, price: str | None) -> None:
    resting = (buy("first", 2, 100), buy("second", 1, price or 100))
    book = a_book(*resting)
    book.amend("first", quantity=Decimal(quantity), price=Decimal(price) if price else None)
    assert met(book.submit(sell("taker", 1, 99)))[0][0] == "second"


def test_an_amended_price_may_trade_at_once() -> None:
    book = a_book(sell("maker", 1, 101), buy("mine", 1, 100))
    amended = book.amend("mine", quantity=Decimal(1), price=Decimal(101))
    assert amended is not None
    assert met(amended[1]) == [("maker", "101", "1")]


def test_a_post_only_amendment_that_would_trade_leaves_the_order_as_it_was() -> None:
    book = a_book(sell("maker", 1, 101), buy("mine", 1, 100))
    amended = book.amend("mine", quantity=Decimal(1), price=Decimal(101), post_only=True)
    assert amended is not None
    assert amended[1].ended == "refused"
    assert book.depth(1)[0] == [(Decimal(100), Decimal(1))]


def test_an_amendment_below_what_is_filled_changes_nothing() -> None:
    book = a_book(buy("mine", 2, 100))
    book.submit(sell("taker", 1, 100))
    assert book.amend("mine", quantity=Decimal(1), price=None) is None
    assert book.depth(1)[0] == [(Decimal(100), Decimal(1))]


def test_the_cost_of_a_market_order_walks_the_book_and_changes_nothing() -> None:
    book = a_book(sell("a", 1, 100), sell("b", 2, 110))
    assert book.cost(buy("taker", 2, None)) == Decimal(210)
    assert book.available(buy("taker", 9, None)) == Decimal(3)
    assert book.depth(2)[1] == [(Decimal(100), Decimal(1)), (Decimal(110), Decimal(2))]


Action = tuple[Side, int, int | None, TimeInForce, bool, str, int]
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(list(Side)),
        st.integers(1, 9),  # quantity
        st.one_of(st.none(), st.integers(95, 105)),  # price; None: market
        st.sampled_from([GTC, GTC, GTC, IOC, FOK]),
        st.booleans(),  # post only
        st.sampled_from(["new", "new", "new", "cancel", "amend"]),
        st.integers(0, 40),  # which earlier order to cancel or amend
    ),
    max_size=40,
)


class Tally:
    """Plays actions and keeps its own account of every quantity."""

    def __init__(self, *, self_trades: bool) -> None:
        self.book = OrderBook("BTC/USD")
        self.self_trades = self_trades
        self.orders: list[Working] = []
        self.traded: defaultdict[str, Decimal] = defaultdict(Decimal)

    def note(self, outcome: Outcome) -> None:
        for trade in outcome.trades:
            assert trade.quantity > 0
            assert trade.maker.side is not trade.taker.side
            assert self.self_trades or trade.maker.owner != trade.taker.owner
            self.traded[trade.maker.order_id] += trade.quantity
            self.traded[trade.taker.order_id] += trade.quantity

    def play(self, index: int, action: Action) -> None:
        side, quantity, price, lasting, post_only, what, which = action
        chosen = f"o{which}"
        if what == "cancel":
            self.book.cancel(chosen)
        elif what == "amend":
            limit = None if price is None else Decimal(price)
            new = self.book.amend(chosen, quantity=Decimal(quantity), price=limit)
            self.note(new[1] if new else Outcome())
        else:
            new_order = order(f"o{index}", side, quantity, price, f"owner{index % 3}")
            self.orders.append(new_order)
            self.note(
                self.book.submit(
                    new_order,
                    time_in_force=lasting,
                    post_only=post_only and price is not None,
                    self_trades=self.self_trades,
                )
            )


@given(ACTIONS, st.booleans())
def test_no_quantity_is_made_or_lost_and_the_book_never_stays_crossed(
    actions: list[Action],
    self_trades: bool,
) -> None:
    tally = Tally(self_trades=self_trades)
    for index, action in enumerate(actions):
        tally.play(index, action)
        bid, ask = tally.book.best(Side.BUY), tally.book.best(Side.SELL)
        assert bid is None or ask is None or bid < ask
    for each in tally.orders:
        assert each.filled == tally.traded[each.order_id]
        assert ZERO <= each.remaining <= each.quantity
    resting = [o for owner in range(3) for o in tally.book.working(f"owner{owner}")]
    assert all(o.remaining > 0 and o.price is not None for o in resting)
    shown = sum((q for ladder in tally.book.depth(100) for _, q in ladder), ZERO)
    assert shown == sum((o.remaining for o in resting), ZERO)


@given(ACTIONS)
def test_a_taker_never_skips_a_better_price_or_an_earlier_order(
    actions: list[Action],
) -> None:
    book = OrderBook("BTC/USD")
    arrival: dict[str, int] = {}
    for index, (side, quantity, price, lasting, *_) in enumerate(actions):
        new = order(f"o{index}", side, quantity, price)
        arrival[new.order_id] = index
        outcome = book.submit(new, time_in_force=lasting)
        sign = 1 if side is Side.BUY else -1
        ranks = [(sign * t.price, arrival[t.maker.order_id]) for t in outcome.trades]
        assert ranks == sorted(ranks)
        for trade in outcome.trades:
            assert price is None or sign * trade.price <= sign * price
        if outcome.trades and not outcome.ended.startswith("fill") and price is not None:
            left = book.best(Side.SELL if side is Side.BUY else Side.BUY)
            assert left is None or sign * left > sign * price
