"""The lot book that follows the ledger: one by one, all at once, and in any order of learning."""

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from accounting.ledger_entries import Row
from accounting.pnl import windows
from accounting.validation import validate
from domain import bookings, elections
from domain.figures import Explain
from domain.instruments import Account
from domain.market import Mark, Movement
from domain.orders import Fill, Side
from engine.explaining import realised_explained, unrealised_explained
from engine.livebook import LiveBook, book_of
from engine.versions import digest_of, of_rows

D = Decimal
KRAKEN, MEXC = Account("kraken", "main"), Account("mexc", "main")
DAY_US = 86_400_000_000
START_US = 20_000 * DAY_US


def fill(number: int, side: str = "buy", **changes: object) -> Fill:
    made = Fill(
        account=KRAKEN,
        symbol="BTC/USD",
        trade_id=str(number),
        side=Side(side),
        quantity=D(1),
        price=D(100 + number),
        fee=D("0.5"),
        fee_asset="USD",
        at_us=START_US + number * 1_000_000,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def booked(told: Fill, **changes: object) -> bookings.FillBooked:
    at_us = told.at_us + 1
    fact = bookings.FillBooked(
        at_us=at_us, actor="kraken", fill=told, source="stream", base_rate=D(1)
    )
    return replace(fact, **changes)  # type: ignore[arg-type]


def moved(reference: str, amount: str, at_us: int, **changes: object) -> bookings.MovementBooked:
    movement = Movement(
        account=KRAKEN, reference=reference, asset="BTC", amount=D(amount), fee=D(0), at_us=at_us
    )
    movement = replace(movement, **changes)  # type: ignore[arg-type]
    return bookings.MovementBooked(
        at_us=at_us + 5, actor="kraken", movement=movement, source="poll"
    )


def live_of(*portions: list[Row]) -> LiveBook:
    live = LiveBook("USD", "UTC")
    for rows in portions:
        live.take(rows)
    return live


def figures_of(live: LiveBook) -> object:
    span = windows(START_US + 400 * DAY_US)[-1]
    marks = {"BTC": Mark(asset="BTC", value=D(123), at_us=0, source="test")}
    return (
        live.results.realised_by_asset(span),
        live.results.unrealised(marks),
        live.book.open_lots(),
        sorted(live.problems),
    )


def story(dice: Random) -> list[Row]:
    """Fills (some late), deposits, withdrawals, a reversal, elections and claims, in rows."""
    facts: list[object] = []
    for number in range(60):
        late = -30 if dice.random() < 0.1 else 0
        side = "sell" if dice.random() < 0.45 else "buy"
        told = fill(number, side, at_us=START_US + (number + late) * 1_000_000)
        odd = dice.random()
        if odd < 0.2:
            told = replace(told, fee=D("0.1"), fee_asset="KCS")
        facts.append(booked(told, fee_rate=D(7) if odd < 0.1 else None))
        if odd > 0.96:
            reversed_ = bookings.FillReversed(
                at_us=told.at_us + 9, actor="engine", fill=told, reason="test"
            )
            facts.append(reversed_)
        if odd > 0.9:
            at_us = START_US + number * 1_000_000
            facts.append(moved(f"m{number}", dice.choice(["2", "-1"]), at_us, base_rate=D(90)))
            facts.append(
                elections.BasisSupplied(
                    at_us=at_us + 9,
                    actor="me",
                    reference=f"kraken:main:movement:m{number}:BTC",
                    value=D(55),
                    acquired_us=START_US,
                )
            )
        if odd < 0.03:
            facts.append(
                elections.LotsElected(
                    at_us=told.at_us,
                    actor="me",
                    effective_us=told.at_us - dice.choice([0, 10_000_000]),
                    method=dice.choice(["LIFO", "HIFO", "ACB"]),
                )
            )
    return list(enumerate(facts, 1))  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(12))
def test_rows_in_any_portions_give_the_lots_of_all_at_once(seed: int) -> None:
    dice = Random(seed)
    rows = story(dice)
    cuts = sorted(dice.sample(range(len(rows)), 9))
    portions = [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    assert figures_of(live_of(*portions)) == figures_of(live_of(rows))
    assert figures_of(live_of(*[[row] for row in rows])) == figures_of(live_of(rows))


@pytest.mark.parametrize("method", ["FIFO", "LIFO", "HIFO", "ACB"])
@pytest.mark.parametrize("scope", ["universal", "per account"])
def test_every_figure_is_the_sum_of_its_steps_and_every_version_is_valid(
    method: str, scope: str
) -> None:
    rule = elections.LotsElected(
        at_us=START_US,
        actor="me",
        effective_us=START_US + 20_000_000,
        method=method,
        scope=scope,
        pegged=("USDT",),
    )
    live = live_of([*story(Random(5)), (900, rule)])
    now_us, span = START_US + DAY_US, windows(START_US + DAY_US)[-1]
    mark = Mark(asset="BTC", value=D("123.45"), at_us=now_us, source="test")
    for row in live.results.realised_by_asset(span):
        ask = Explain(figure="realised", asset=row.asset, limit=1_000)
        assert realised_explained(live, ask, span, now_us).amount == row.gain
    (held,) = live.results.unrealised({"BTC": mark})[:1]
    ask = Explain(figure="unrealised", asset="BTC", limit=1_000)
    assert unrealised_explained(live, ask, mark, now_us).amount == held.pnl
    assert validate(of_rows(made(1, 900), live.rows, None)) == []


def test_an_explanation_comes_in_pages_and_a_gift_is_no_sale() -> None:
    gift = elections.MovementClassed(
        at_us=START_US + 1, actor="me", reference="kraken:main:movement:w1:BTC", kind="gift"
    )
    live = live_of(
        [(number, booked(fill(number))) for number in (1, 2, 3, 4)],
        [(5, moved("w1", "-1", START_US + 5_000_000)), (6, gift)],
        [(number, booked(fill(number, "sell"))) for number in (7, 8, 9)],
    )
    span = windows(START_US + DAY_US)[-1]
    seen, amounts = [], set()
    for skip in range(3):
        ask = Explain(figure="realised", asset="BTC", skip=skip, limit=1)
        page = realised_explained(live, ask, span, START_US + DAY_US)
        seen += [step.sold.seq for step in page.steps if step.sold is not None]
        amounts.add(page.amount)
        assert (page.total, page.more) == (3, skip < 2)
    assert seen == [7, 8, 9]
    assert amounts == {live.results.realised(span, "BTC").gain}
    ask = Explain(figure="realised", asset="BTC", skip=9)
    assert realised_explained(live, ask, span, START_US + DAY_US).steps == ()


def test_fills_in_order_are_added_and_an_older_one_makes_the_book_anew() -> None:
    live = live_of([(1, booked(fill(1)))], [(2, booked(fill(3, "sell")))])
    assert live.replays == 0
    live.take([(3, booked(fill(2)))])
    assert live.replays == 1
    (lot,) = live.book.open_lots()
    assert lot.key == "kraken:main:BTC/USD:2"


def test_a_book_that_failed_half_way_is_made_anew_from_its_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live = live_of([(1, booked(fill(1)))])
    with monkeypatch.context() as patch:
        patch.setattr("engine.livebook.trade_of", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            live.take([(2, booked(fill(2, "sell")))])
    live.take([])
    assert figures_of(live) == figures_of(live_of(live.rows))
    assert len(live.book.disposals) == 1


def test_a_fee_in_a_third_asset_is_worth_what_its_own_fill_carries() -> None:
    told = fill(1, fee=D("0.1"), fee_asset="KCS")
    known = live_of([(1, booked(told, fee_rate=D(7)))])
    (lot,) = known.book.open_lots()
    assert lot.basis == D("101.7")
    unknown = live_of([(1, booked(told))])
    assert "KCS has no price" in unknown.problems[0].what
    late = live_of([(1, booked(told, fee_rate=D(7), at_us=told.at_us + DAY_US))])
    assert "KCS has no price" in late.problems[0].what


def test_an_opening_balance_was_there_before_the_history_that_was_read_with_it() -> None:
    opened = bookings.OpeningBalance(
        at_us=START_US + DAY_US, actor="engine", account=KRAKEN, assets={"BTC": D(1)}
    )
    sold = booked(fill(1, "sell"), at_us=START_US + DAY_US, source="history")
    live = live_of([(1, opened), (2, sold)])
    (disposal,) = live.book.disposals
    assert disposal.takes[0].lot is not None
    assert disposal.takes[0].lot.key == "opening:kraken/main:BTC"
    assert live.book.open_lots() == []


def test_a_withdrawn_claim_is_as_if_it_had_never_been_said() -> None:
    rows: list[Row] = [
        (1, moved("d1", "2", START_US)),
        (
            2,
            elections.BasisSupplied(
                at_us=START_US + 1,
                actor="me",
                reference="kraken:main:movement:d1:BTC",
                value=D(10),
                acquired_us=START_US - DAY_US,
            ),
        ),
    ]
    live = live_of(rows)
    assert live.book.open_lots()[0].basis == D(10)
    live.take(
        [
            (
                3,
                elections.ClaimsWithdrawn(
                    at_us=START_US + 2,
                    actor="me",
                    reference="kraken:main:movement:d1:BTC",
                    reason="wrong",
                ),
            )
        ]
    )
    assert live.book.open_lots()[0].basis is None


def test_a_matched_transfer_keeps_dates_and_basis() -> None:
    there = replace(moved("d1", "1", START_US + 9_000_000).movement, account=MEXC, reference="d1")
    arrived = bookings.MovementBooked(
        at_us=there.at_us, actor="mexc", movement=there, source="poll"
    )
    live = live_of(
        [
            (1, booked(fill(1))),
            (2, moved("w1", "-1", START_US + 5_000_000)),
            (3, arrived),
            (
                4,
                elections.TransferMatched(
                    at_us=START_US + 10_000_000,
                    actor="me",
                    departure="kraken:main:movement:w1:BTC",
                    arrival="mexc:main:movement:d1:BTC",
                ),
            ),
        ]
    )
    (lot,) = live.book.open_lots()
    assert (lot.key, lot.basis) == ("kraken:main:BTC/USD:1", D("101.5"))
    assert live.problems == []


def made(number: int, upto_seq: int, *assets: str) -> elections.AllocationMade:
    return elections.AllocationMade(
        at_us=START_US + 400 * DAY_US,
        actor="me",
        number=number,
        upto_seq=upto_seq,
        head="",
        elections_sha="",
        base_currency="USD",
        tax_time_zone="UTC",
        program="test",
        digest="",
        assets=assets,
    )


def test_a_version_is_the_same_after_more_facts_and_another_election() -> None:
    rows: list[Row] = [(1, booked(fill(1))), (2, booked(fill(2, "sell")))]
    live = live_of(rows)
    before = digest_of(of_rows(made(1, 2), live.rows_to(2), None))
    more: list[Row] = [
        (5, booked(fill(0))),
        (
            6,
            elections.LotsElected(
                at_us=START_US + DAY_US, actor="me", effective_us=START_US, method="LIFO"
            ),
        ),
    ]
    live.take(more)
    assert digest_of(of_rows(made(1, 2), live.rows_to(2), None)) == before
    assert digest_of(of_rows(made(1, 6), live.rows_to(6), None)) != before


def test_a_version_of_one_asset_keeps_the_others_as_they_were() -> None:
    eth = replace(fill(1, symbol="ETH/USD"), trade_id="e1")
    live = live_of([(1, booked(fill(1))), (2, booked(eth))])
    first = of_rows(made(1, 2), live.rows_to(2), None)
    live.take(
        [
            (3, booked(fill(5, "sell"))),
            (4, booked(replace(fill(6, "sell", symbol="ETH/USD"), trade_id="e2"))),
        ]
    )
    second = of_rows(made(2, 4, "BTC"), live.rows_to(4), first)
    assert [row.asset for row in second.slices] == ["BTC"]
    assert [lot.asset for lot in second.open] == ["ETH"]


def test_the_book_of_rows_knows_the_elections_up_to_its_moment() -> None:
    rows: list[Row] = [
        (1, booked(fill(1))),
        (
            2,
            elections.LotsElected(
                at_us=START_US, actor="me", effective_us=START_US + DAY_US, scope="per account"
            ),
        ),
    ]
    before = book_of(rows, "USD", "UTC", START_US + DAY_US - 1)
    after = book_of(rows, "USD", "UTC", START_US + DAY_US)
    assert before.elections.sha == after.elections.sha
    assert before.open_lots() == after.open_lots()
