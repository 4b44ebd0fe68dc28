"""Figures of a desk that trades: they explain themselves, survive a restart, and stop nothing."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import pytest

from accounting.allocations import total
from domain import asks, elections, figures, versions
from domain.bookings import FillBooked
from domain.codec import decode, encode
from domain.errors import Refused, Unavailable
from domain.instruments import Account
from domain.money import MONEY
from domain.orders import Fill, Side, Status
from domain.queries import ReadLedger
from domain.registry import answer_of
from domain.table import Table
from engine import allocating, lots
from engine.livebook import LiveBook
from engine.lots import Lots
from engine.operators import Operator, Role
from tests.engine.rig import KRAKEN, D, Rig, running
from venues.demo import DemoDesk

KUCOIN = Account("kucoin", "main")
LOOKER = Operator(name="looker", roles=frozenset({Role.VIEWER}))


async def traded(rig: Rig, side: Side, quantity: str, symbol: str = "SOL/USD") -> None:
    """A market order that is filled and booked."""
    placed = await rig.submit(rig.draft(side, quantity, None, symbol=symbol))
    await rig.until(lambda board: board.orders[placed.client_id].status is Status.FILLED)


async def elected(rig: Rig, **rules: str) -> None:
    code = (await rig.ask(asks.DemoCode())).detail
    await rig.ask(versions.Elect(code=code, **rules))  # type: ignore[arg-type]


def realised(told: figures.Pnl, asset: str, window: str) -> figures.RealisedPnl:
    (row,) = [row for row in told.assets if row.asset == asset]
    (found,) = [part for part in row.realised if part.window == window]
    return found


def parts_of(rig: Rig) -> Lots:
    assert rig.engine.parts is not None
    return rig.engine.parts.lots


async def test_a_gain_explains_itself_to_the_last_digit_and_down_to_the_ledger(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        await elected(rig, method="LIFO", effective_on="2020-01-01")
        before = await rig.ask(figures.ReadPnl(assets=("SOL",)), LOOKER)
        await traded(rig, Side.BUY, "2")
        await traded(rig, Side.SELL, "2")
        told = await rig.ask(figures.ReadPnl(assets=("SOL",)), LOOKER)
        mine = [fill for fill in rig.board.fills if fill.client_id and fill.symbol == "SOL/USD"]
        paid = sum((f.cost + f.fee for f in mine if f.side is Side.BUY), D(0))
        got = sum((f.cost - f.fee for f in mine if f.side is Side.SELL), D(0))
        gained = realised(told, "SOL", "all").gain - realised(before, "SOL", "all").gain
        assert gained == got - paid, "the newest first: what was bought just now"
        assert told.totals[-1].fees > before.totals[-1].fees

        why = await rig.ask(figures.Explain(figure="realised", asset="SOL"), LOOKER)
        assert why.amount == realised(told, "SOL", "all").gain
        assert total(step.amount for step in why.steps) == why.amount
        newest = why.steps[-1]
        assert newest.sold is not None
        assert newest.lot is not None
        assert newest.sold.venue_id in {fill.trade_id for fill in mine}
        for origin in (newest.sold, newest.lot):
            page = await rig.ask(ReadLedger(before_seq=origin.seq + 1, limit=1))
            assert page.rows[0].key == origin.key


async def test_what_is_unrealised_adds_up_over_its_lots(tmp_path: Path) -> None:
    async with running(tmp_path, moving=False) as rig:
        told = await rig.ask(figures.ReadPnl(assets=("XRP",)))
        why = await rig.ask(figures.Explain(figure="unrealised", asset="XRP"))
        assert why.amount == told.unrealised
        assert total(step.amount for step in why.steps) == why.amount
        held = await rig.ask(figures.ReadLots(asset="XRP"))
        assert sum((lot.quantity for lot in held.lots), D(0)) == told.assets[0].quantity
        assert "XRP" in told.without_basis
        assert any(lot.basis is None and lot.unrealised is None for lot in held.lots)
        assert all(
            (lot.unit_basis is None) == (lot.basis is None)
            and lot.unit_basis in (None, MONEY.divide(lot.basis or D(0), lot.quantity))
            and (lot.long_us > lot.acquired_us) == bool(lot.acquired_us)
            and lot.price_at_us
            for lot in held.lots
        )
        worth = await rig.ask(figures.ReadNav())
        for share in worth.by_asset:
            held_of = [line.quantity for line in worth.lines if line.asset == share.name]
            assert share.quantity == total(held_of)
        assert all(share.quantity is None for share in (*worth.by_venue, *worth.by_account))


async def test_a_restart_gives_the_same_figures(tmp_path: Path) -> None:
    seen: list[tuple[object, ...]] = []
    venues: DemoDesk | None = None
    for life in range(2):
        async with running(tmp_path, demo=venues, moving=False) as rig:
            venues = rig.demo
            if not life:
                await traded(rig, Side.BUY, "3")
                await traded(rig, Side.SELL, "1")
            told = await rig.ask(figures.ReadPnl(windows=("all",)))
            held = await rig.ask(figures.ReadLots(limit=1_000))
            earned = [(row.asset, row.quantity, row.basis, row.realised) for row in told.assets]
            seen.append((earned, [(lot.key, lot.quantity, lot.basis) for lot in held.lots]))
    assert seen[0] == seen[1]


async def test_a_version_stays_what_it_was_and_the_next_one_tells_the_difference(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as rig:
        one = await rig.ask(versions.ComputeAllocation())
        await traded(rig, Side.SELL, "1")
        two = await rig.ask(versions.ComputeAllocation(assets=("SOL",)))
        assert (one.number, two.number, two.assets) == (1, 2, ("SOL",))
        assert two.slices > one.slices
        assert rig.engine.parts is not None
        rig.engine.parts.allocating._kept.clear()  # as after a restart
        for made in (one, two):
            page = await rig.ask(versions.ShowAllocation(number=made.number, limit=1), LOOKER)
            assert page.proven
            assert (page.total, page.version) == (made.slices, made)
        told = await rig.ask(versions.DiffAllocations(old=1, new=2), LOOKER)
        assert {row.asset for row in told.added} == {"SOL"}
        assert (told.removed_total, told.realised) == (0, two.realised - one.realised)
        listed = await rig.ask(versions.ReadAllocations(), LOOKER)
        assert [made.number for made in listed.versions] == [2, 1]
        checked = await rig.ask(versions.ValidateAllocation(number=1), LOOKER)
        assert (checked.proven, checked.findings) == (True, ())


async def test_a_version_that_is_computed_otherwise_now_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as rig:
        await rig.ask(versions.ComputeAllocation())
        assert rig.engine.parts is not None
        rig.engine.parts.allocating._kept.clear()
        monkeypatch.setattr(allocating, "digest_of", lambda _: "another")
        page = await rig.ask(versions.ShowAllocation(number=1))
        assert not page.proven
        checked = await rig.ask(versions.ValidateAllocation(number=1))
        assert [wrong.check for wrong in checked.findings] == ["digest"]


async def test_a_filed_year_is_named_beside_its_version(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.ask(versions.ComputeAllocation())
        at_us = rig.board.now_us
        await rig.desk.record(elections.TaxYearFiled(at_us=at_us, actor="me", year=2025, version=1))
        (made,) = (await rig.ask(versions.ReadAllocations())).versions
        assert made.filed == (2025,)


async def test_a_supplied_basis_makes_the_unknown_known(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        before = await rig.ask(figures.ReadLots(asset="SOL", account="kraken/main"))
        opening = next(lot for lot in before.lots if lot.key.startswith("opening:"))
        code = (await rig.ask(asks.DemoCode())).detail
        supplied = versions.SupplyBasis(
            code=code, reference=opening.key, value=D(70), acquired_on="2024-02-29"
        )
        with pytest.raises(Refused, match="role"):
            await rig.ask(supplied, LOOKER)
        done = await rig.ask(supplied)
        assert "cost 70, acquired 2024-02-29" in done.detail
        # Older than what was bought since, it is sold first; all of it has its part of the cost.
        await rig.ask(versions.ComputeAllocation())
        page = await rig.ask(versions.ShowAllocation(number=1, asset="SOL", limit=1_000))
        used = [row for row in page.rows if row.lot == opening.key]
        held = await rig.ask(figures.ReadLots(asset="SOL"))
        left = [lot.basis for lot in held.lots if lot.key == opening.key]
        assert used
        assert total([*(row.basis for row in used), *left]) == D(70)
        assert {row.acquired_us for row in used} == {1_709_164_800_000_000}


async def test_a_fee_in_a_third_asset_is_worth_what_it_was_when_it_was_booked(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, moving=False) as rig:
        before = await rig.ask(figures.ReadPnl())
        placed = await rig.submit(
            rig.draft(quantity="2", away_pct=None, account=KUCOIN, symbol="SOL/USDT")
        )
        await rig.until(lambda board: board.orders[placed.client_id].status is Status.FILLED)
        rate = rig.board.marks["KCS"].value
        fills = [fill for fill in rig.board.fills if fill.client_id == placed.client_id]
        assert {fill.fee_asset for fill in fills} == {"KCS"}
        told = await rig.ask(figures.ReadPnl())
        assert told.problems == before.problems
        fees = total(fill.fee * rate for fill in fills)
        assert told.totals[-1].fees - before.totals[-1].fees == fees


async def test_what_a_venue_with_a_fast_clock_sold_just_now_counts_already(tmp_path: Path) -> None:
    async with running(tmp_path, moving=False) as rig:
        ahead = Fill(
            account=KRAKEN,
            symbol="NEW/USD",
            trade_id="1",
            side=Side.SELL,
            quantity=D(2),
            price=D(3),
            fee=D(0),
            fee_asset="USD",
            at_us=rig.board.now_us + 60_000_000,
        )
        await rig.desk.record(
            FillBooked(at_us=rig.board.now_us, actor="kraken", fill=ahead, source="stream")
        )
        told = await rig.ask(figures.ReadPnl(assets=("NEW",)))
        unknown = {row.window: row.unknown for row in told.assets[0].realised}
        assert {unknown[window] for window in ("24h", "7d", "30d", "all")} == {D(2)}


ASKS: tuple[asks.Ask[object], ...] = (
    figures.ReadPnl(),
    figures.ReadLots(),
    figures.ReadNav(),
    figures.Explain(figure="realised", asset="SOL"),
    figures.Explain(figure="unrealised", asset="BTC"),
    versions.ReadElections(),
    versions.ReadAllocations(),
    versions.ShowAllocation(number=1),
    versions.DiffAllocations(old=1, new=2),
    versions.ValidateAllocation(number=2),
)


async def test_every_answer_is_the_same_over_the_socket(tmp_path: Path) -> None:
    async with running(tmp_path, moving=False) as rig:
        await elected(rig, method="HIFO", effective_on="2020-01-01")
        await rig.ask(versions.ComputeAllocation())
        await rig.ask(versions.ComputeAllocation())
        for ask in ASKS:
            assert decode(type(ask), encode(ask)) == ask
            answer = await rig.ask(ask, LOOKER)
            assert decode(answer_of(type(ask)), encode(answer)) == answer


WRONG: tuple[tuple[asks.Ask[object], str], ...] = (
    (versions.Elect(code="1", method="BEST"), "'BEST' is not a valid Method"),
    (versions.Elect(code="1"), "elects nothing"),
    (versions.Elect(code="1", asset="BTC", scope="universal"), "name the method for BTC"),
    (versions.Elect(code="1", method="FIFO", accounts=("a",)), "per account"),
    (versions.Elect(code="1", method="FIFO", effective_on="soon"), "like 2025-01-31"),
    (versions.Elect(code="1", method="FIFO", effective_on="1969-12-31"), "between 1970"),
    (versions.Elect(code="1", method="FIFO", asset="B" * 61), "at most 60 characters"),
    (
        versions.Elect(code="1", scope="per account", accounts=("kraken/mian",)),
        "no account kraken/mian; configured: gate/main",
    ),
    (versions.Elect(code="000000", method="FIFO"), "second_factor"),
    (
        versions.SupplyBasis(code="1", reference="x", value=D(1), acquired_on="2024-01-01"),
        "no deposit or withdrawal x",
    ),
    (
        versions.SupplyBasis(code="1", reference="x", value=D(-1), acquired_on="2024-01-01"),
        "not below zero",
    ),
    (
        versions.SupplyBasis(
            code="1",
            reference="opening:kraken/main:SOL",
            value=D(1),
            acquired_on="2024-01-01",
            quantity=D(10_000),
        ),
        "only [0-9.]+ came",
    ),
    (
        versions.SupplyBasis(
            code="1", reference="opening:kraken/main:SOL", value=D(1), acquired_on="2099-01-01"
        ),
        "before they come in",
    ),
    (versions.MatchTransfer(code="1", departure="x", arrival="y"), "no deposit or withdrawal x"),
    (versions.ClassMovement(code="1", reference="x", kind="gift"), "no deposit or withdrawal x"),
    (versions.WithdrawClaims(code="1", reference="x", reason="r"), "nothing was said of x"),
    (versions.WithdrawClaims(code="1", reference="x", reason=" "), "say why"),
    (versions.ShowAllocation(number=1), "no version 1; none was computed yet"),
    (versions.DiffAllocations(old=1, new=2), "no version 1"),
    (versions.ValidateAllocation(number=3), "no version 3"),
    (figures.ReadPnl(windows=("1h",)), "there is no window '1h'"),
    (figures.Explain(figure="luck", asset="BTC"), "realised and unrealised are"),
    (figures.Explain(figure="unrealised", asset="NOPE"), "NOPE has no price"),
)


async def test_what_cannot_be_meant_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    async with running(tmp_path, moving=False) as rig:
        for ask, words in WRONG:
            with pytest.raises(Refused, match=words):
                await rig.ask(ask)
        await rig.ask(versions.ComputeAllocation())
        with pytest.raises(Refused, match="nothing was ever bought, sold or held of NOPE"):
            await rig.ask(versions.ComputeAllocation(assets=("NOPE",)))
        page = await rig.ask(ReadLedger(kind="lots_elected"))
        assert page.rows == ()
        assert len((await rig.ask(versions.ReadAllocations())).versions) == 1


async def test_a_figure_that_fails_is_not_available_and_trading_goes_on(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        with pytest.raises(Unavailable, match=r"ZeroDivisionError.*trading goes on"):
            await parts_of(rig).ask(lambda _: 1 / 0)
        assert (await rig.submit()).status is Status.OPEN
        assert (await rig.ask(figures.ReadPnl())).assets


async def test_a_count_that_failed_half_way_is_made_anew_when_it_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path, moving=False) as rig:
        with monkeypatch.context() as patch:
            patch.setattr("engine.livebook.charges_of", lambda *_: 1 / 0)
            for _ in range(2):
                with pytest.raises(Unavailable, match="ZeroDivisionError"):
                    await rig.ask(figures.ReadLots())
        told = await rig.ask(figures.ReadPnl(windows=("all",)))
        live = parts_of(rig).live
        fresh = LiveBook(live.base_currency, live.tax_time_zone)
        fresh.take(live.rows)
        assert told.totals[0].fees > 0
        assert live.book.open_lots() == fresh.book.open_lots()


async def test_more_facts_than_are_kept_are_refused_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lots.Lots.__init__, "__kwdefaults__", {"most": 3})
    async with running(tmp_path) as rig:
        with pytest.raises(Refused, match="over the 3 that are counted"):
            await rig.ask(figures.ReadLots())
        assert len(parts_of(rig)._noted) <= 3
        assert (await rig.ask(figures.ReadNav())).total > 0


async def test_one_job_at_a_time_and_a_bounded_queue(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        inside, seen = 0, []

        def job(_: object) -> None:
            nonlocal inside
            inside += 1
            seen.append(inside)
            inside -= 1

        many: list[Awaitable[None]] = [parts_of(rig).ask(job) for _ in range(lots.WAITING + 1)]
        outcomes = await asyncio.gather(*many, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes if outcome] == [Unavailable]
        assert seen == [1] * lots.WAITING
        assert await parts_of(rig).ask(lambda _: "later") == "later"


async def test_who_leaves_early_ends_no_job_half_way(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        asked = asyncio.ensure_future(rig.desk.ask(figures.ReadPnl(), LOOKER))
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        assert (await rig.ask(figures.ReadPnl())).assets
        assert (await rig.ask(figures.ReadLots(limit=1))).more


async def test_net_asset_value_by_asset_venue_and_account_is_the_same_total(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, moving=False) as rig:
        told = await rig.ask(figures.ReadNav(), LOOKER)
        assert told.total > 0
        assert total(line.value for line in told.lines) == told.total
        for shares in (told.by_asset, told.by_venue, told.by_account):
            assert total(share.value for share in shares) == told.total
        assert {share.name for share in told.by_account} >= {KRAKEN}
        rig.desk.show(marks=rig.board.marks.drop("SOL"))
        routed = await rig.ask(figures.ReadNav())
        assert routed.unpriced == ()
        assert {line.price for line in routed.lines if line.asset == "SOL"} != {None}
        prices = rig.board.prices
        others = {key: price for key, price in prices.items() if "SOL" not in price.symbol}
        rig.desk.show(marks=rig.board.marks.drop("SOL"), prices=Table(others))
        every = await rig.ask(figures.ReadNav())
        assert all(line.value is not None and line.asset != "SOL" for line in every.lines)
        without = await rig.ask(figures.ReadNav(limit=2))
        assert {line.asset for line in without.unpriced} == {"SOL"}
        assert all(line.value is None for line in without.unpriced)
        assert (without.partial, without.more, len(without.lines)) == (True, True, 2)
        assert without.total < told.total
