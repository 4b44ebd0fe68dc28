"""The venue's own truth: double entry that sums to zero, holds that cover every fill."""

from collections import defaultdict
from decimal import ROUND_UP, Decimal
from random import Random

import pytest

from domain.money import ZERO
from domain.orders import Kind, Side, TimeInForce
from tests.wire.book_keeping import HOUSE, OUTSIDE, Overdrawn
from tests.wire.clock import SECOND, SteppedClock
from tests.wire.exchange import MOST_OPEN, Exchange, HouseRules
from tests.wire.names import HexNames
from tests.wire.orders import OrderEvent, Pair, Ticket, Turned, Why, Wish

D = Decimal
MAKER, TAKER = D("0.0025"), D("0.004")
PAIRS = {
    "BTC/USD": Pair(
        "BTC/USD", "BTC", "USD", D("0.1"), D("0.00000001"), D("0.00005"), D("0.5"), 5, 4
    ),
    "ETH/BTC": Pair(
        "ETH/BTC", "ETH", "BTC", D("0.00001"), D("0.00000001"), D("0.001"), D("0.00002"), 8, 10
    ),
}
OWNERS = ("ada", "bob", "cyd")


def an_exchange(seed: int = 1, house: HouseRules | None = None) -> Exchange:
    clock = SteppedClock()
    venue = Exchange(clock, PAIRS, lambda _owner, _symbol: (MAKER, TAKER), seed, house=house)
    for owner in OWNERS:
        for asset, amount in {"BTC": "2", "ETH": "30", "USD": "100000"}.items():
            venue.move(owner, asset, D(amount), kind="deposit")
    return venue


def wish(
    owner: str,
    side: Side,
    quantity: str,
    price: str | None,
    symbol: str = "BTC/USD",
    **more: object,
) -> Wish:
    kind = Kind.MARKET if price is None else Kind.LIMIT
    limit = None if price is None else D(price)
    terms = {"owner": owner, "symbol": symbol, "side": side, "kind": kind}
    return Wish(**terms, quantity=D(quantity), price=limit, **more)  # type: ignore[arg-type]


def turned(venue: Exchange, unwelcome: Wish) -> Why:
    with pytest.raises(Turned) as caught:
        venue.submit(unwelcome)
    return caught.value.why


def test_a_trade_moves_base_quote_and_fees_and_sums_to_zero() -> None:
    venue = an_exchange()
    venue.submit(wish("ada", Side.SELL, "0.5", "60000"))
    taken = venue.submit(wish("bob", Side.BUY, "0.5", "60001"))
    assert (taken.status, taken.cost, taken.fee) == ("closed", D("30000.00000"), D("120.00000"))
    assert venue.accounts.balance("bob", "USD") == D("69880.0000")
    assert venue.accounts.balance("ada", "USD") == D("129925.0000")
    assert venue.accounts.balance(HOUSE, "USD") == D("195.0000")
    assert {venue.accounts.total(asset) for asset in venue.accounts.assets()} == {ZERO}


def test_what_an_open_order_holds_cannot_be_spent_again() -> None:
    venue = an_exchange()
    resting = venue.submit(wish("ada", Side.BUY, "1", "59000"))
    assert venue.held("ada") == {"USD": D("59236.0000")}
    assert venue.free("ada", "USD") == D("40764.0000")
    assert turned(venue, wish("ada", Side.BUY, "0.8", "58000")) is Why.POOR
    venue.cancel(resting)
    assert venue.held("ada") == {}
    assert venue.submit(wish("ada", Side.BUY, "0.8", "58000")).status == "open"


def test_a_market_order_must_be_payable_at_what_the_book_asks() -> None:
    venue = an_exchange()
    venue.submit(wish("ada", Side.SELL, "1", "60000"))
    venue.submit(wish("cyd", Side.SELL, "1", "90000"))
    assert turned(venue, wish("bob", Side.BUY, "2", None)) is Why.POOR
    assert venue.submit(wish("bob", Side.BUY, "1", None)).status == "closed"


@pytest.mark.parametrize(
    ("unwelcome", "why"),
    [
        (wish("ada", Side.BUY, "0.00004", "60000"), Why.TOO_SMALL),
        (wish("ada", Side.BUY, "0.00005", "100"), Why.TOO_CHEAP),
        (wish("ada", Side.BUY, "0.000000001", "60000"), Why.BAD_QUANTITY),
        (wish("ada", Side.BUY, "-1", "60000"), Why.BAD_QUANTITY),
        (wish("ada", Side.BUY, "1", "60000.05"), Why.BAD_PRICE),
        (wish("ada", Side.BUY, "1", "0"), Why.BAD_PRICE),
        (wish("ada", Side.SELL, "2.1", "60000"), Why.POOR),
        (wish("ada", Side.SELL, "1", "60000", symbol="DOGE/USD"), Why.UNKNOWN_PAIR),
    ],
)
def test_a_bad_order_is_turned_away_and_changes_nothing(unwelcome: Wish, why: Why) -> None:
    venue = an_exchange()
    before = venue.accounts.balances("ada")
    assert turned(venue, unwelcome) is why
    assert (venue.accounts.balances("ada"), venue.open_tickets("ada")) == (before, [])


def test_a_client_id_is_unique_among_open_orders_only() -> None:
    venue = an_exchange()
    named = wish("ada", Side.BUY, "0.1", "50000", client_id="mine")
    first = venue.submit(named)
    assert turned(venue, named) is Why.DUPLICATE
    venue.cancel(first)
    assert venue.submit(named).order_id != first.order_id


def test_post_only_is_turned_away_when_it_would_trade() -> None:
    venue = an_exchange()
    venue.submit(wish("ada", Side.SELL, "1", "60000"))
    assert turned(venue, wish("bob", Side.BUY, "1", "60000", post_only=True)) is Why.WOULD_TRADE
    assert venue.submit(wish("bob", Side.BUY, "1", "59999", post_only=True)).status == "open"


def test_a_house_may_accept_a_post_only_order_that_would_trade_and_end_it_at_once() -> None:
    venue = an_exchange(house=HouseRules(post_only_ends=True))
    resting = venue.submit(wish("ada", Side.SELL, "1", "60000"))
    ended = venue.submit(wish("bob", Side.BUY, "1", "60000", post_only=True))
    assert (ended.status, ended.reason) == ("canceled", Why.WOULD_TRADE)
    assert (resting.filled, venue.held("bob"), venue.settlement.executions) == (ZERO, {}, [])


def test_a_house_has_its_own_limit_of_open_orders_and_its_own_ids() -> None:
    venue = an_exchange(house=HouseRules(names=HexNames, most_open=2))
    ids = {venue.submit(wish("ada", Side.BUY, "0.1", f"5000{n}")).order_id for n in range(2)}
    assert all(len(bytes.fromhex(order_id)) == 12 for order_id in ids)
    assert turned(venue, wish("ada", Side.BUY, "0.1", "50000")) is Why.TOO_MANY


def test_fill_or_kill_and_immediate_orders_end_at_once() -> None:
    venue = an_exchange()
    venue.submit(wish("ada", Side.SELL, "0.3", "60000"))
    killed = venue.submit(wish("bob", Side.BUY, "1", "60000", time_in_force=TimeInForce.FOK))
    assert (killed.status, killed.filled) == ("canceled", ZERO)
    partly = venue.submit(wish("bob", Side.BUY, "1", "60000", time_in_force=TimeInForce.IOC))
    assert (partly.status, partly.filled) == ("canceled", D("0.3"))


def test_an_order_never_trades_with_its_own_owner() -> None:
    venue = an_exchange()
    resting = venue.submit(wish("ada", Side.SELL, "1", "60000"))
    arriving = venue.submit(wish("ada", Side.BUY, "1", "60000"))
    assert (resting.status, arriving.status) == ("open", "canceled")
    assert venue.settlement.executions == []


def test_an_amendment_must_be_payable_and_may_trade() -> None:
    venue = an_exchange()
    resting = venue.submit(wish("ada", Side.BUY, "1", "59000"))
    with pytest.raises(Turned, match="insufficient funds"):
        venue.amend(resting, D(2), None)
    venue.submit(wish("bob", Side.SELL, "0.4", "59500"))
    venue.amend(resting, D(1), D(59500))
    assert (resting.filled, resting.status, resting.amended) == (D("0.4"), "open", True)
    venue.amend(resting, D("0.4"), None)
    assert resting.status == "canceled"


def test_a_good_till_date_order_expires() -> None:
    venue = an_exchange()
    clock = venue.clock
    assert isinstance(clock, SteppedClock)
    dated = venue.submit(wish("ada", Side.BUY, "1", "50000", expires_us=clock.at_us + 10 * SECOND))
    venue.expire_due()
    assert dated.status == "open"
    clock.step(10)
    venue.expire_due()
    assert (dated.status, venue.held("ada")) == ("expired", {})


def test_events_come_in_the_order_of_the_wire() -> None:
    venue = an_exchange()
    heard: list[str] = []
    venue.settlement.on_order.append(lambda event: heard.append(_said(event)))
    venue.submit(wish("ada", Side.SELL, "0.5", "60000"))
    venue.submit(wish("bob", Side.BUY, "0.2", "60000"))
    assert heard == [
        "ada pending_new",
        "ada new",
        "bob pending_new",
        "bob new",
        "ada trade",
        "bob trade",
        "bob filled",
    ]


def _said(event: OrderEvent) -> str:
    return f"{event.ticket.wish.owner} {event.what}"


def test_an_owner_may_have_so_many_open_orders_and_no_more() -> None:
    venue = an_exchange()
    for step in range(MOST_OPEN):
        venue.submit(wish("ada", Side.BUY, "0.001", str(30000 + step)))
    assert turned(venue, wish("ada", Side.BUY, "0.001", "20000")) is Why.TOO_MANY


def test_money_leaves_only_when_it_is_there() -> None:
    venue = an_exchange()
    entry = venue.move("ada", "BTC", D("-0.5"), kind="withdrawal", fee=D("0.0001"))
    assert (entry.balance, venue.accounts.balance(HOUSE, "BTC")) == (D("1.4999"), D("0.0001"))
    venue.submit(wish("ada", Side.SELL, "1", "90000"))
    with pytest.raises(Overdrawn):
        venue.move("ada", "BTC", D("-0.5"), kind="withdrawal")
    assert venue.accounts.balance("ada", "BTC") == D("1.4999")


def test_a_balance_can_be_read_as_it_was() -> None:
    venue = an_exchange()
    clock = venue.clock
    assert isinstance(clock, SteppedClock)
    then = clock.now_us()
    clock.step(5)
    venue.move("ada", "BTC", D(1), kind="deposit")
    assert venue.accounts.balance_at("ada", "BTC", then) == D(2)
    assert venue.accounts.balance_at("ada", "BTC", clock.now_us()) == D(3)


def expected_hold(tickets: list[Ticket]) -> dict[str, Decimal]:
    """The rest of a sell in base; the rest of a buy at its limit with the taker's fee."""
    holds: defaultdict[str, Decimal] = defaultdict(Decimal)
    for ticket in tickets:
        pair, working = PAIRS[ticket.wish.symbol], ticket.working
        if ticket.wish.side is Side.SELL:
            holds[pair.base] += working.remaining
        else:
            assert working.price is not None
            cost = working.remaining * working.price * (1 + TAKER)
            holds[pair.quote] += cost.quantize(D(1).scaleb(-pair.quote_decimals), ROUND_UP)
    return dict(holds)


def random_wish(dice: Random) -> Wish:
    symbol = dice.choice(list(PAIRS))
    middle = 600_000 if symbol == "BTC/USD" else 5_000
    ticks = middle + dice.randint(-middle // 100, middle // 100)
    price = None if dice.random() < 0.2 else str(ticks * PAIRS[symbol].tick)
    quantity = str(D(dice.randint(100_000, 30_000_000)).scaleb(-8))
    side = dice.choice(list(Side))
    lasting = dice.choice(list(TimeInForce))
    post_only = price is not None and dice.random() < 0.1
    return wish(
        dice.choice(OWNERS), side, quantity, price, symbol,
        time_in_force=lasting, post_only=post_only,
    )  # fmt: skip


def random_act(venue: Exchange, dice: Random) -> None:
    tickets = [ticket for owner in OWNERS for ticket in venue.open_tickets(owner)]
    what = dice.random()
    try:
        if what < 0.7 or not tickets:
            venue.submit(random_wish(dice))
        elif what < 0.85:
            venue.cancel(dice.choice(tickets))
        elif what < 0.95:
            chosen = dice.choice(tickets)
            factor = dice.choice([D("0.5"), D(1), D(2)])
            venue.amend(chosen, chosen.wish.quantity * factor, chosen.working.price)
        else:
            venue.move(dice.choice(OWNERS), "USD", D(dice.randint(-500, 500)), kind="transfer")
    except Turned:
        return


@pytest.mark.parametrize("seed", range(6))
def test_random_trading_keeps_every_sum(seed: int) -> None:
    venue, dice = an_exchange(seed), Random(seed)
    for _ in range(250):
        random_act(venue, dice)
        for owner in OWNERS:
            assert venue.held(owner) == expected_hold(venue.open_tickets(owner))
            assert all(balance >= 0 for balance in venue.accounts.balances(owner).values())
            assert all(venue.free(owner, asset) >= 0 for asset in ("BTC", "ETH", "USD"))
        assert all(venue.accounts.total(asset) == ZERO for asset in venue.accounts.assets())
    assert len(venue.settlement.executions) > 20
    _executions_explain_the_balances(venue)


def _executions_explain_the_balances(venue: Exchange) -> None:
    """Each owner's balance is what its own entries say, and entries are what executions say."""
    sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for entry in venue.accounts.entries:
        sums[entry.owner, entry.asset] += entry.amount - entry.fee
    for owner in OWNERS:
        for asset, balance in venue.accounts.balances(owner).items():
            assert sums[owner, asset] == balance
    for execution in venue.settlement.executions:
        linked = [e for e in venue.accounts.entries if e.entry_id in execution.entries]
        assert {e.asset for e in linked} == set(execution.symbol.split("/"))
        base = next(e for e in linked if e.asset == execution.symbol.split("/")[0])
        sign = 1 if execution.side is Side.BUY else -1
        assert base.amount == sign * execution.quantity
    assert venue.accounts.balance(OUTSIDE, "ETH") == D(-90)


def test_the_same_seed_gives_the_same_venue() -> None:
    def story(seed: int) -> list[tuple[str, str, Decimal]]:
        venue, dice = an_exchange(seed), Random(seed)
        for _ in range(120):
            random_act(venue, dice)
        return [(e.exec_id, e.order_id, e.cost) for e in venue.settlement.executions]

    assert story(4) == story(4)
    assert story(4) != story(5)
