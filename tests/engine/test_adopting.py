"""A balance that nothing explains: taken into the books by a person, for good (semantics 6)."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domain import figures
from domain.adjustments import BalanceAdopted
from domain.asks import DemoCode
from domain.asks_adjusting import AdoptBalance
from domain.board import Break
from domain.bookings import MovementBooked
from domain.errors import Refused
from domain.market import Balances, History, MarginBalance, Movement
from tests.engine.test_loops import Noting
from tests.sim.run import staged
from tests.sim.world import ACCOUNT, ME, Life, World

D = Decimal


class Holding(Noting):
    """As `Noting`; it may have a futures wallet, and withdrawals that are on their way."""

    wallet = D(0)
    pending: Sequence[Movement] = ()

    async def balances(self) -> Balances:
        told = await super().balances()
        lies = {"BTC": MarginBalance(wallet=self.wallet)}
        return replace(told, margins={"futures": lies} if self.wallet else {})

    async def history(self, since_us: int) -> History:
        return replace(await super().history(since_us), pending=tuple(self.pending))


@pytest.fixture(autouse=True)
def fresh() -> None:
    Noting.told = type(Noting.told)()
    Holding.wallet, Holding.pending = D(0), ()


async def code_of(life: Life) -> str:
    return (await life.desk.ask(DemoCode(), ME)).detail


def breaks(life: Life) -> list[Break]:
    known = life.desk.board.breaks
    return [known for known in known if known.kind == "BALANCE_UNEXPLAINED"]


async def unexplained(life: Life, extra: Decimal) -> None:
    await asyncio.sleep(20)
    Noting.told.extra = extra
    for _ in range(3):
        await life.parts.accounts[0].check_balances()


def asked(code: str = "", **changes: Any) -> AdoptBalance:
    terms: dict[str, Any] = {"reason": "older than its history", **changes}
    return AdoptBalance(account=ACCOUNT, asset="BTC", code=code, **terms)


async def pnl(life: Life) -> figures.AssetPnl | None:
    told = await life.desk.ask(figures.ReadPnl(assets=("BTC",)), ME)
    return told.assets[0] if told.assets else None


def test_an_adopted_balance_closes_its_break_for_good_with_its_stated_basis() -> None:
    async def scene(world: World, life: Life) -> None:
        before = await pnl(life)
        await unexplained(life, D("0.01"))
        (known,) = breaks(life)
        dry = await life.desk.ask(asked(dry_run=True), ME)
        assert dry.amount == D("0.01")
        assert breaks(life) == [known]
        ask = asked(await code_of(life), value=D(150), acquired_on="1970-01-01")
        told = await life.desk.ask(ask, ME)
        assert told.amount == told.theirs - told.ours == D("0.01")
        for _ in range(4):
            await life.parts.accounts[0].check_balances()
            await asyncio.sleep(15)
        assert breaks(life) == []
        after = await pnl(life)
        assert before is not None
        assert after is not None
        assert after.quantity - before.quantity == D("0.01")
        assert after.basis - before.basis == D(150)
        assert after.unknown == before.unknown
        facts = [stored.fact for stored in world.disk.stored.values()]
        assert sum(isinstance(fact, BalanceAdopted) for fact in facts) == 1
        assert not any(isinstance(fact, MovementBooked) for fact in facts)

    staged(scene, reader=Holding)


def test_what_is_gone_leaves_the_lots_without_a_gain() -> None:
    async def scene(_: World, life: Life) -> None:
        before = await pnl(life)
        await unexplained(life, D("-0.01"))
        assert len(breaks(life)) == 1
        await life.desk.ask(asked(await code_of(life)), ME)
        await life.parts.accounts[0].check_balances()
        assert breaks(life) == []
        after = await pnl(life)
        assert before is not None
        assert after is not None
        assert after.quantity - before.quantity == D("-0.01")
        assert all(part.gain == 0 and part.unknown == 0 for part in after.realised)

    staged(scene, reader=Holding)


def test_what_was_moved_to_futures_stays_ours_and_keeps_its_lots() -> None:
    async def scene(_: World, life: Life) -> None:
        before = await pnl(life)
        Holding.wallet = D("0.01")
        await unexplained(life, D("-0.01"))
        with pytest.raises(Refused, match="no wallet margin"):
            await life.desk.ask(asked(await code_of(life), wallet="margin"), ME)
        await life.desk.ask(asked(await code_of(life), wallet="futures"), ME)
        await life.parts.accounts[0].check_balances()
        assert breaks(life) == []
        after = await pnl(life)
        assert before is not None
        assert after is not None
        assert (after.quantity, after.basis) == (before.quantity, before.basis)

    staged(scene, reader=Holding)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (asked(), "second_factor"),
        (asked(reason=" "), "say why"),
        (asked(value=D(1)), "go together"),
        (asked(acquired_on="2020-01-01"), "go together"),
        (asked(value=D(-1), acquired_on="2020-01-01"), "not below zero"),
        (asked(value=D(1), acquired_on="soon"), "write a date"),
        (asked(value=D(1), acquired_on="2999-01-01"), "not in the future"),
        (replace(asked(), asset="ETH"), "no BALANCE_UNEXPLAINED break of ETH"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_written(
    ask: AdoptBalance, words: str
) -> None:
    async def scene(world: World, life: Life) -> None:
        await unexplained(life, D("0.01"))
        with pytest.raises(Refused, match=words):
            await life.desk.ask(ask, ME)
        facts = [stored.fact for stored in world.disk.stored.values()]
        assert not any(isinstance(fact, BalanceAdopted) for fact in facts)
        assert len(breaks(life)) == 1

    staged(scene, reader=Holding)


def leaving(amount: str, fee: str = "0") -> Movement:
    return Movement(
        account=ACCOUNT, reference=amount, asset="BTC", amount=D(amount), fee=D(fee), at_us=1
    )


@pytest.mark.parametrize(
    ("extra", "explained"),
    [
        ("-0.011", True),  # the first one with its fee
        ("-0.02", True),  # the second one
        ("-0.031", True),  # both
        ("-0.01", False),
        ("0.02", False),
    ],
)
def test_a_withdrawal_that_is_on_its_way_is_in_transit_and_no_break(
    extra: str, *, explained: bool
) -> None:
    async def scene(_: World, life: Life) -> None:
        Holding.pending = (leaving("-0.01", "0.001"), leaving("-0.02"))
        await life.parts.accounts[0].catch_up()
        await unexplained(life, D(extra))
        assert (breaks(life) == []) == explained

    staged(scene, reader=Holding)
