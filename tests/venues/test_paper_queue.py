"""Makers get volume that traded past their queue or through their price, and lies are found.

What must hold is worked out here a second time, from the trades and the books alone, in the
plainest way: by single pieces of volume.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.market import Depth, Level, PublicTrade
from domain.money import ZERO, exactly
from domain.orders import Side
from tests.hunting import hunt
from tests.venues.paper_desks import BTC, VENUE
from venues.matching import OrderBook, Working
from venues.paper_pit import OWNER, PaperPit
from venues.paper_queue import LATE_US, Place, Queues

D = Decimal
CENTRE = 1_000
SECOND = 1_000_000
BUY, SELL = Side.BUY, Side.SELL


@dataclass(frozen=True)
class Rests:
    """An order of ours; `ticks` from the centre, never crossing the book."""

    side: Side
    ticks: int
    quantity: int


@dataclass(frozen=True)
class Shows:
    """A newer book: how much stands one, two, three ticks from the centre."""

    bids: tuple[int, ...]
    asks: tuple[int, ...]


@dataclass(frozen=True)
class Trades:
    """Somebody trades; `again` is told twice, `late` after a newer one, `burst` with another."""

    side: Side
    ticks: int
    quantity: int
    again: bool = False
    late: bool = False
    burst: bool = False


@dataclass(frozen=True)
class Cancels:
    which: int


SIZES = st.tuples(*[st.integers(1, 9)] * 3)
TICKS = st.integers(1, 4)
SIDES = st.sampled_from(Side)
STEPS = st.lists(
    st.one_of(
        st.builds(Rests, SIDES, TICKS, st.integers(1, 9)),
        st.builds(Shows, SIZES, SIZES),
        st.builds(Trades, SIDES, TICKS, st.integers(1, 12), st.booleans(), st.booleans()),
        st.builds(Trades, SIDES, TICKS, st.integers(1, 12), burst=st.booleans()),
        st.builds(Cancels, st.integers(0, 9)),
    ),
    min_size=4,
    max_size=25,
)


@dataclass
class Mine:
    """An order as the witness knows it: `ahead` None where nobody can know."""

    order_id: str
    side: Side
    price: Decimal
    left: Decimal
    ahead: Decimal | None


@dataclass
class Witness:
    """Works out what makers may get at most, and what they must get."""

    shown: dict[Side, dict[Decimal, Decimal]] = field(default_factory=dict)
    mine: list[Mine] = field(default_factory=list)

    def displayed(self, side: Side, price: Decimal) -> Decimal | None:
        levels = self.shown[side]
        if price in levels:
            return levels[price]
        return None if all(_better(side, known, price) for known in levels) else ZERO

    def trade(self, side: Side, price: Decimal, quantity: Decimal) -> dict[str, Decimal]:
        """Piece by piece: each goes past every queue until somebody takes it."""
        got: dict[str, Decimal] = {}
        facing = [m for m in self.mine if m.side is not side and m.left]
        reached = [m for m in facing if m.price == price or _better(m.side, m.price, price)]
        order = sorted(reached, key=lambda m: -m.price if m.side is BUY else m.price)
        for one in order:
            if one.price != price:
                one.ahead = ZERO
        for _ in range(int(quantity)):
            for one in order:
                if one.ahead is None or not one.left:
                    continue
                if one.ahead:
                    one.ahead -= 1
                    continue
                one.left -= 1
                got[one.order_id] = got.get(one.order_id, ZERO) + 1
                break
        return got


def _better(side: Side, price: Decimal, than: Decimal) -> bool:
    return price > than if side is BUY else price < than


class Scene:
    """The pit under test, and the witness beside it. Time passes between the steps."""

    def __init__(self) -> None:
        self.pit = PaperPit(BTC, tape=True)
        self.witness = Witness()
        self.now_us = 1_800_000_000 * SECOND
        self.numbers = itertools.count(1)
        self.number = 10
        self.told: list[PublicTrade] = []
        self.show(Shows((5, 5, 5), (5, 5, 5)))

    def play(self, steps: list[Any]) -> None:
        acts: dict[type, Callable[[Any], None]] = {
            Rests: self.rest,
            Shows: self.show,
            Trades: self.trade,
            Cancels: self.cancel,
        }
        for step in steps:
            self.now_us += 2 * LATE_US
            acts[type(step)](step)

    def rest(self, step: Rests) -> None:
        price = _price(step.side, step.ticks)
        order = Working(
            f"o{next(self.numbers)}", OWNER, step.side, price, D(step.quantity), D(step.quantity)
        )
        outcome = self.pit.book.submit(order, post_only=True)
        assert not outcome.ended, "what does not cross can rest"
        self.pit.note((), self.now_us)
        ahead = self.witness.displayed(step.side, price)
        self.witness.mine.append(Mine(order.order_id, step.side, price, order.quantity, ahead))

    def cancel(self, step: Cancels) -> None:
        alive = [one for one in self.witness.mine if one.left]
        if alive:
            gone = alive[step.which % len(alive)]
            assert self.pit.book.cancel(gone.order_id)
            self.witness.mine.remove(gone)

    def show(self, step: Shows) -> None:
        sides = {
            side: {_price(side, n + 1): D(q) for n, q in enumerate(sizes)}
            for side, sizes in ((BUY, step.bids), (SELL, step.asks))
        }
        bids, asks = (
            tuple(Level(price=p, quantity=q) for p, q in sides[side].items())
            for side in (BUY, SELL)
        )
        depth = Depth(venue=VENUE, symbol=BTC.symbol, bids=bids, asks=asks, at_us=self.now_us)
        assert self.pit.see(depth) == [], "a book alone fills no maker"
        self.witness.shown = sides
        for one in self.witness.mine:
            displayed = self.witness.displayed(one.side, one.price)
            if displayed is not None:
                one.ahead = displayed if one.ahead is None else min(one.ahead, displayed)

    def trade(self, step: Trades) -> None:
        trades = [self._print(step) for _ in range(2 if step.burst else 1)]
        wanted: dict[str, Decimal] = {}
        for trade in trades:
            for order_id, part in self.witness.trade(
                trade.side, trade.price, trade.quantity
            ).items():
                wanted[order_id] = wanted.get(order_id, ZERO) + part
        told = trades * (2 if step.again else 1)
        if step.late and self.told:
            told = [*told, self.told[-1]]
        got: dict[str, Decimal] = {}
        for fill in self.pit.printed(told, self.now_us):
            got[fill.maker.order_id] = got.get(fill.maker.order_id, ZERO) + fill.quantity
            assert fill.price == fill.maker.price
        traded = sum((trade.quantity for trade in trades), ZERO)
        assert sum(got.values(), ZERO) <= traded, "more than was traded"
        assert got == wanted
        before = [*trades, *self.told[-1:]]
        assert self.pit.printed(before, self.now_us) == [], "told again"
        self.told += trades
        self.check()

    def _print(self, step: Trades) -> PublicTrade:
        self.number += 1
        # A seller meets the bids, a buyer the asks.
        facing = BUY if step.side is SELL else SELL
        return PublicTrade(
            venue=VENUE,
            symbol=BTC.symbol,
            number=self.number,
            side=step.side,
            price=_price(facing, step.ticks),
            quantity=D(step.quantity),
            at_us=self.now_us,
        )

    def check(self) -> None:
        for one in self.witness.mine:
            resting = self.pit.book.find(one.order_id)
            assert (resting.remaining if resting else ZERO) == one.left
            if resting:
                assert self.pit.queues.places[one.order_id].ahead == one.ahead


def _price(side: Side, ticks: int) -> Decimal:
    return D(CENTRE - ticks if side is BUY else CENTRE + ticks)


def play(steps: list[Any]) -> None:
    with exactly():
        Scene().play(steps)


@settings(max_examples=400, deadline=None)
@given(steps=STEPS)
def test_makers_get_what_comes_past_their_queue_and_never_more(steps: list[Any]) -> None:
    play(steps)


# What two streams make of one event


def queued(ahead: str, *, at_us: int = 0) -> Queues:
    """One buy of 5 at 100 behind a queue."""
    queues = Queues()
    queues.settle({"o1": maker()}, lambda *_: D(ahead), at_us)
    return queues


def maker() -> Working:
    return Working("o1", OWNER, BUY, D(100), D(5), D(5))


def sold(quantity: str, *, at_us: int = SECOND, price: str = "100") -> PublicTrade:
    return PublicTrade(
        venue=VENUE,
        symbol=BTC.symbol,
        number=1,
        side=SELL,
        price=D(price),
        quantity=D(quantity),
        at_us=at_us,
    )


def given_to(queues: Queues, trade: PublicTrade, now_us: int) -> Decimal:
    return sum((q for _, q in queues.serve(trade, {"o1": maker()}, now_us)), ZERO)


def test_a_trade_that_the_book_has_shown_already_shortens_the_queue_once() -> None:
    with exactly():
        queues = queued("6")
        queues.shorten(lambda *_: D(2), SECOND)  # four of six were sold
        assert given_to(queues, sold("4"), SECOND) == 0
        assert queues.places["o1"].ahead == 2
        assert given_to(queues, sold("3"), SECOND) == 1


def test_who_cancelled_ahead_shortens_the_queue_for_good() -> None:
    with exactly():
        queues = queued("6")
        queues.shorten(lambda *_: D(2), SECOND)
        later_us = SECOND + LATE_US + 1
        assert given_to(queues, sold("4", at_us=later_us), later_us) == 2


def test_a_queue_too_deep_to_be_seen_fills_nobody_but_through_the_price() -> None:
    with exactly():
        queues = Queues()
        queues.settle({"o1": maker()}, lambda *_: None, 0)
        assert given_to(queues, sold("50"), SECOND) == 0
        assert given_to(queues, sold("2", price="99.9"), SECOND) == 2
        queues = Queues()
        queues.settle({"o1": maker()}, lambda *_: None, 0)
        queues.shorten(lambda *_: D(3), SECOND)
        assert given_to(queues, sold("4"), SECOND) == 1


def test_a_trade_from_before_the_order_rested_is_not_its() -> None:
    with exactly():
        assert given_to(queued("0", at_us=SECOND), sold("1", at_us=SECOND - 1), SECOND) == 0
        assert given_to(queued("0", at_us=SECOND), sold("1", at_us=SECOND), SECOND) == 1


def test_less_keeps_the_place_and_more_or_elsewhere_goes_to_the_end() -> None:
    with exactly():
        queues = queued("6")
        list(queues.serve(sold("4"), {"o1": maker()}, SECOND))
        for quantity, price, ahead in (("3", "100", 2), ("4", "100", 9), ("4", "99", 9)):
            order = Working("o1", OWNER, BUY, D(price), D(quantity), D(quantity))
            queues.settle({"o1": order}, lambda *_: D(9), SECOND)
            assert queues.places["o1"].ahead == ahead


# Planted bugs


def a_touch_fills(patch: pytest.MonkeyPatch) -> None:
    honest = PaperPit.see

    def eager(pit: PaperPit, depth: Depth) -> Any:
        pit._tape = False
        pit.queues.places.clear()
        try:
            return honest(pit, depth) or _touched(pit, depth)
        finally:
            pit._tape = True

    patch.setattr(PaperPit, "see", eager)


def _touched(pit: PaperPit, depth: Depth) -> Any:
    best = depth.bids[0].price
    for order in pit.book.working(OWNER):
        if order.price == best:
            return [
                pit.book.meet(
                    order, Working("x", "y", SELL, best, order.remaining, order.remaining)
                )
            ]
    return []


def volume_is_given_twice(patch: pytest.MonkeyPatch) -> None:
    honest = Queues.serve

    def generous(queues: Queues, trade: PublicTrade, working: Any, now_us: int) -> Any:
        for order, quantity in honest(
            queues, replace(trade, quantity=trade.quantity * 2), working, now_us
        ):
            yield order, min(quantity, trade.quantity)

    patch.setattr(Queues, "serve", generous)


def the_queue_is_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Queues, "_past", lambda _, __, volume, ___: volume)


def a_trade_told_twice_counts_twice(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(PaperPit, "_counts", lambda *_: True)


def a_late_trade_counts(patch: pytest.MonkeyPatch) -> None:
    honest = PaperPit._counts

    def forgiving(pit: PaperPit, trade: PublicTrade, now_us: int) -> bool:
        if pit.cursor is not None and trade.number == pit.cursor.number - 1:
            return True
        return honest(pit, trade, now_us)

    patch.setattr(PaperPit, "_counts", forgiving)


def a_trade_through_leaves_the_queue(patch: pytest.MonkeyPatch) -> None:
    honest = Queues._put

    def put(queues: Queues, place: Place) -> None:
        known = queues.places.get(place.order_id)
        honest(queues, known if known and known.ahead and not place.ahead else place)

    patch.setattr(Queues, "_put", put)


def takers_of_our_own_side_fill(patch: pytest.MonkeyPatch) -> None:
    honest = Queues._met_by
    other = {BUY: SELL, SELL: BUY}
    patch.setattr(
        Queues,
        "_met_by",
        lambda queues, trade: honest(queues, replace(trade, side=other[trade.side])),
    )


def a_shrinking_level_shortens_no_queue(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Queues, "shorten", lambda *_: None)


def the_youngest_is_served_first(patch: pytest.MonkeyPatch) -> None:
    honest = Queues._met_by
    patch.setattr(Queues, "_met_by", lambda *given: list(honest(*given))[::-1])


def meeting_leaves_the_maker_whole(patch: pytest.MonkeyPatch) -> None:
    honest = OrderBook.meet

    def meet(book: OrderBook, maker: Working, taker: Working) -> Any:
        trade = honest(book, maker, taker)
        if book.find(maker.order_id):
            maker.remaining += trade.quantity
        return trade

    patch.setattr(OrderBook, "meet", meet)


BUGS = (
    a_touch_fills,
    volume_is_given_twice,
    the_queue_is_ignored,
    a_trade_told_twice_counts_twice,
    a_late_trade_counts,
    a_trade_through_leaves_the_queue,
    takers_of_our_own_side_fill,
    a_shrinking_level_shortens_no_queue,
    the_youngest_is_served_first,
    meeting_leaves_the_maker_whole,
)


@pytest.mark.parametrize("plant", BUGS, ids=lambda plant: plant.__name__)
def test_the_properties_find_every_planted_bug(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)

    @hunt(400)
    @given(steps=STEPS)
    def look(steps: list[Any]) -> None:
        play(steps)

    with pytest.raises(AssertionError):
        look()
