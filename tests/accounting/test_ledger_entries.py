"""Facts as entries: values by marks of their time, openings, reversals, claims."""

from decimal import Decimal

import pytest

from accounting.book import replay
from accounting.claims import BasisSupplied, Claim, MovementClassed, TransferMatched
from accounting.duplicates import gathered
from accounting.elections import Election, Elections, Scope
from accounting.entries import Arrival, Departure, Income, Receipt, Spending, Trade
from accounting.ledger_entries import Read, Row, entries_of
from accounting.marks import MarkHistory, value_of
from domain.bookings import (
    IMPORTED_EARLIER,
    FillBooked,
    FillReversed,
    MovementBooked,
    OpeningBalance,
)
from domain.codec import decode, encode
from domain.instruments import Account
from domain.market import Mark, Movement
from domain.money import ZERO
from domain.orders import Fill, Side

D = Decimal
KRAKEN, COINBASE = Account("kraken", "main"), Account("coinbase", "main")
SECOND = 1_000_000


def fill(trade_id: str = "1", symbol: str = "BTC/USD", at_us: int = 100, **more: object) -> Fill:
    told: dict[str, object] = {
        "account": KRAKEN,
        "symbol": symbol,
        "trade_id": trade_id,
        "side": Side.BUY,
        "quantity": D(2),
        "price": D(10),
        "fee": ZERO,
        "fee_asset": "",
        "at_us": at_us,
        **more,
    }
    return Fill(**told)  # type: ignore[arg-type]


def booked(seq: int, told: Fill, **more: object) -> Row:
    facts: dict[str, object] = {"at_us": told.at_us, "actor": "t", "source": "t", **more}
    return seq, FillBooked(fill=told, **facts)  # type: ignore[arg-type]


def moved(
    seq: int, reference: str, amount: str, *, at_us: int = 100, source: str = "t", **more: object
) -> Row:
    told: dict[str, object] = {"account": KRAKEN, "asset": "BTC", "fee": ZERO, **more}
    movement = Movement(reference=reference, amount=D(amount), at_us=at_us, **told)  # type: ignore[arg-type]
    return seq, MovementBooked(at_us=at_us, actor="t", movement=movement, source=source)


def read(rows: list[Row], *marks: Mark, claims: tuple[Claim, ...] = ()) -> Read:
    return entries_of(rows, Elections(), MarkHistory("USD", marks), claims)


def mark(asset: str, value: str, at_us: int) -> Mark:
    return Mark(asset=asset, value=D(value), at_us=at_us, source=f"{asset} {at_us}")


def key(reference: str, account: Account = KRAKEN, asset: str = "BTC") -> str:
    return f"{account.venue}:{account.name}:movement:{reference}:{asset}"


def only_trade(told: Read) -> Trade:
    (entry,) = told.entries
    assert isinstance(entry, Trade)
    return entry


# Marks


def test_a_mark_counts_for_sixty_seconds_and_only_forwards() -> None:
    marks = MarkHistory("USD", [mark("ETH", "2", 100), mark("ETH", "3", 50)])
    assert marks.at("ETH", 49) is None
    for at_us, value in ((50, "3"), (99, "3"), (100, "2"), (100 + 60 * SECOND, "2")):
        found = marks.at("ETH", at_us)
        assert found is not None
        assert found.value == D(value)
    assert marks.at("ETH", 101 + 60 * SECOND) is None


def test_of_two_marks_at_one_moment_the_later_told_counts() -> None:
    marks = MarkHistory("USD", [mark("ETH", "2", 100), mark("ETH", "3", 100)])
    found = marks.at("ETH", 100)
    assert found is not None
    assert found.value == D(3)


@pytest.mark.parametrize(
    ("legs", "value"),
    [
        (("BTC", "EUR"), "6"),
        (("BTC", "USDT"), "4"),
        (("ETH", "BTC"), "8"),
        (("XYZ", "ETH"), "10"),
        (("USD", "EUR"), "2"),
        (("XYZ", "ABC"), None),
    ],
)
def test_the_first_leg_with_a_mark_tells_the_value(
    legs: tuple[str, str], value: str | None
) -> None:
    told = (("EUR", "3"), ("USDT", "2"), ("BTC", "4"), ("ETH", "5"))
    marks = MarkHistory("USD", [mark(asset, worth, 0) for asset, worth in told])
    both = [(asset, D(2)) for asset in legs]
    found, source = value_of(both, 0, marks, frozenset())
    assert found == (None if value is None else D(value))
    assert bool(source) is (value is not None)
    assert value_of(both[::-1], 0, marks, frozenset())[0] == found


def test_a_pegged_coin_is_worth_one_whatever_its_market_says() -> None:
    marks = MarkHistory("USD", [mark("USDT", "0.9", 0)])
    assert value_of([("USDT", D(2))], 0, marks, frozenset({"USDT"})) == (D(2), "pegged")


# Fills


def test_a_fill_is_a_trade_with_its_own_numbers() -> None:
    trade = only_trade(read([booked(7, fill(fee=D(1), fee_asset="USD"))]))
    assert (trade.key, trade.seq, trade.cost, trade.value) == (
        "kraken:main:BTC/USD:1",
        7,
        D(20),
        D(20),
    )
    assert (trade.fee, trade.fee_asset, trade.fee_value) == (D(1), "USD", D(1))


def test_the_rate_of_its_booking_values_a_fill_only_while_it_is_fresh() -> None:
    told = fill(symbol="BTC/XYZ")
    fresh = booked(1, told, base_rate=D(3), at_us=told.at_us + 60 * SECOND)
    stale = booked(1, told, base_rate=D(3), at_us=told.at_us + 61 * SECOND)
    assert only_trade(read([fresh])).value == D(60)
    assert only_trade(read([stale])).value is None


def test_a_third_fee_is_valued_by_its_mark_of_that_time() -> None:
    told = booked(1, fill(fee=D("-0.5"), fee_asset="BNB"))
    assert only_trade(read([told], mark("BNB", "400", 90))).fee_value == D(200)
    assert only_trade(read([told])).fee_value is None


def test_an_election_pegs_a_coin_from_its_date() -> None:
    elections = Elections([Election(effective_us=100, pegged=("USDT",))])
    rows = [booked(1, fill("1", "BTC/USDT", 99)), booked(2, fill("2", "BTC/USDT", 100))]
    told = entries_of(rows, elections, MarkHistory("USD"))
    assert [entry.value for entry in told.entries if isinstance(entry, Trade)] == [None, D(20)]


def test_a_reversal_takes_the_fill_back_and_the_new_fact_counts() -> None:
    """Corrections are a reversal and a new fact."""
    wrong, right = fill("1"), fill("1", leg="corrected", quantity=D(3))
    rows = [
        booked(1, wrong),
        (2, FillReversed(at_us=200, actor="t", fill=wrong, reason="quantity was wrong")),
        booked(3, right),
    ]
    assert only_trade(read(rows)).quantity == D(3)


def test_entries_come_in_the_order_of_facts_and_trade_ids_count_as_numbers() -> None:
    rows = [
        booked(1, fill("10")),
        booked(2, fill("9")),
        booked(3, fill("1", side=Side.SELL)),
        booked(4, fill("x")),
        booked(5, fill("0", at_us=99)),
    ]
    told = [entry.trade_id for entry in read(rows).entries if isinstance(entry, Trade)]
    assert told == ["0", "9", "10", "x", "1"]


def test_a_fill_told_twice_counts_once_and_a_contradiction_is_kept() -> None:
    again = fill(venue_order_id="told by REST")
    other = fill(quantity=D(9))
    kept = gathered([fill(), again, other, fill("2")])
    assert (len(kept.fills), kept.ignored) == (2, 1)
    assert kept.conflicts == [(fill(), other)]


# Openings and movements


def test_an_opening_balance_has_units_without_basis() -> None:
    opening = OpeningBalance(at_us=50, actor="t", account=KRAKEN, assets={"BTC": D(2), "ETH": ZERO})
    assert read([(1, opening)]).entries == [
        Receipt("opening:kraken/main:BTC", 50, KRAKEN, "BTC", D(2), (), 1)
    ]


def test_what_was_imported_from_before_the_opening_explains_a_part_of_it() -> None:
    opening = OpeningBalance(at_us=500, actor="t", account=KRAKEN, assets={"BTC": D(3)})
    rows = [
        (1, opening),
        booked(2, fill(), source=IMPORTED_EARLIER),
        moved(3, "W", "-0.5", source=IMPORTED_EARLIER),
    ]
    told = read(rows)
    assert [entry.quantity for entry in told.entries if isinstance(entry, Receipt)] == [D("1.5")]
    by_account = Elections([Election(effective_us=-1, scope=Scope.ACCOUNT)])
    lots = replay(told.entries, by_account).open_lots()
    assert sum(lot.quantity for lot in lots if lot.account == KRAKEN) == D(3)


def test_an_opening_below_what_earlier_imports_left_is_a_problem() -> None:
    opening = OpeningBalance(at_us=500, actor="t", account=KRAKEN, assets={"BTC": D(1)})
    told = read([(1, opening), booked(2, fill(), source=IMPORTED_EARLIER)])
    ((where, _, what),) = told.problems
    assert where == "opening:kraken/main:BTC"
    assert "1 BTC more than it" in what


def test_a_supplied_basis_makes_lots_of_its_own_and_the_rest_stays_unknown() -> None:
    claims = (
        BasisSupplied(reference=key("D1"), value=D(50), acquired_us=5, quantity=D(1)),
        BasisSupplied(reference=key("D1"), value=D(70), acquired_us=6, quantity=D(1)),
        BasisSupplied(reference=key("D2"), value=D(9), acquired_us=7),
    )
    told = read([moved(1, "D1", "3"), moved(2, "D2", "4")], claims=claims)
    made = [
        (lot.quantity, lot.basis, lot.acquired_us)
        for lot in replay(told.entries, Elections()).open_lots()
    ]
    assert made == [(D(1), D(50), 5), (D(1), D(70), 6), (D(4), D(9), 7), (D(1), None, None)]


def test_a_matched_transfer_is_a_departure_and_its_arrival() -> None:
    rows = [
        moved(1, "W", "-1.5", fee=D("0.01")),
        moved(2, "D", "1.499", at_us=300, account=COINBASE),
    ]
    match = TransferMatched(departure=key("W"), arrival=key("D", COINBASE), rate=D(100))
    assert read(rows, claims=(match,)).entries == [
        Departure(key("W"), 100, KRAKEN, "BTC", D("1.499"), D("0.011"), D("1.1"), 1),
        Arrival(key("D", COINBASE), 300, COINBASE, "BTC", D("1.499"), key("W"), 2),
    ]


def test_an_unmatched_withdrawal_is_on_its_way_and_its_fee_is_valued_by_the_mark() -> None:
    told = read([moved(1, "W", "-1", fee=D("0.01"))], mark("BTC", "200", 90))
    assert told.entries == [Departure(key("W"), 100, KRAKEN, "BTC", D(1), D("0.01"), D("2.00"), 1)]


def test_a_match_with_a_movement_that_is_not_there_changes_nothing() -> None:
    match = TransferMatched(departure=key("W"), arrival=key("gone"))
    back = TransferMatched(departure=key("gone"), arrival=key("D"))
    told = read([moved(1, "W", "-1"), moved(2, "D", "1")], claims=(match, back))
    assert [type(entry) for entry in told.entries] == [Receipt, Departure]


@pytest.mark.parametrize(
    ("amount", "kind", "value", "expected"),
    [
        ("2", "staking", None, Income(key("M"), 100, KRAKEN, "BTC", D(2), D(400), "staking", 1)),
        ("2", "airdrop", "5", Income(key("M"), 100, KRAKEN, "BTC", D(2), D(5), "airdrop", 1)),
        ("-2", "payment", "7", Spending(key("M"), 100, KRAKEN, "BTC", D(2), D(7), "payment", 1)),
    ],
)
def test_a_movement_is_what_a_person_says_it_was(
    amount: str, kind: str, value: str | None, expected: Income | Spending
) -> None:
    claim = MovementClassed(
        reference=key("M"), kind=kind, value=None if value is None else D(value)
    )
    told = read([moved(1, "M", amount)], mark("BTC", "200", 90), claims=(claim,))
    assert told.entries == [expected]


def test_claims_survive_the_ledger() -> None:
    for claim in (
        TransferMatched(departure="a", arrival="b", rate=D(1)),
        BasisSupplied(reference="a", value=D(1), acquired_us=3),
        MovementClassed(reference="a", kind="gift"),
    ):
        assert decode(type(claim), encode(claim)) == claim
