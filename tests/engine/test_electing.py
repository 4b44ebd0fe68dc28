"""What a person says of movements: matched, classed, taken back, each with a code of its own."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from domain import figures, versions
from domain.asks import Ask, Done
from domain.board import Mode
from domain.bookings import MovementBooked
from domain.errors import Refused
from domain.instruments import Account
from domain.market import Movement
from domain.queries import ReadLedger
from tests.engine.rig import KRAKEN, D, Rig, running
from tests.engine.test_authority import enrol

KUCOIN = Account("kucoin", "main")
LEFT, CAME = "kraken:main:movement:w1:NEW", "kucoin:main:movement:d1:NEW"
BEFORE = "kraken:main:movement:d0:NEW"


def moved(account: Account, reference: str, amount: str, at_us: int) -> MovementBooked:
    movement = Movement(
        account=account, reference=reference, asset="NEW", amount=D(amount), fee=D(0), at_us=at_us
    )
    return MovementBooked(at_us=at_us, actor=account.venue, movement=movement, source="poll")


@asynccontextmanager
async def told_of_movements(tmp_path: Path) -> AsyncGenerator[tuple[Rig, list[str]]]:
    """A desk with two deposits and a withdrawal of NEW, and codes that each work once."""
    async with running(tmp_path, mode=Mode.LIVE, moving=False) as rig:
        codes = list((await enrol(rig)).recovery)
        at_us = rig.board.now_us
        await rig.desk.record(
            moved(KRAKEN, "d0", "5", at_us - 3_000_000),
            moved(KRAKEN, "w1", "-2", at_us - 2_000_000),
            moved(KUCOIN, "d1", "1.5", at_us - 1_000_000),
        )
        yield rig, codes


async def lots(rig: Rig) -> list[tuple[str, str, object, object]]:
    page = await rig.ask(figures.ReadLots(asset="NEW"))
    return [(lot.key, lot.account, lot.quantity, lot.basis) for lot in page.lots]


async def test_a_transfer_keeps_its_basis_and_can_be_unsaid(tmp_path: Path) -> None:
    async with told_of_movements(tmp_path) as (rig, codes):
        alone = await lots(rig)
        assert (CAME, "kucoin/main", D("1.5"), None) in alone
        await rig.ask(
            versions.SupplyBasis(
                code=codes[0], reference=BEFORE, value=D(50), acquired_on="2024-01-01"
            )
        )
        done = await rig.ask(
            versions.MatchTransfer(code=codes[1], departure=LEFT, arrival=CAME, rate=D(20))
        )
        assert done.detail == f"it is written down: {LEFT} arrived as {CAME}"
        matched = await lots(rig)
        assert {key for key, *_ in matched} == {BEFORE}
        # Half a unit was used up on the way: sold at 20 each, out of a lot that cost 10 each.
        assert sum(D(str(basis)) for *_, basis in matched) == D(45)
        told = await rig.ask(figures.ReadPnl(assets=("NEW",), windows=("all",)))
        assert told.assets[0].realised[0].gain == D(5)

        unsaid = versions.WithdrawClaims(code=codes[2], reference=CAME, reason="not ours")
        assert "not ours" in (await rig.ask(unsaid)).detail
        assert (CAME, "kucoin/main", D("1.5"), None) in await lots(rig)
        with pytest.raises(Refused, match="nothing was said"):
            await rig.ask(versions.WithdrawClaims(code=codes[3], reference=LEFT, reason="again"))


async def test_income_is_a_lot_at_its_worth_and_a_gift_is_no_sale(tmp_path: Path) -> None:
    async with told_of_movements(tmp_path) as (rig, codes):
        income = versions.ClassMovement(
            code=codes[0], reference=CAME, kind="staking", value=D("7.5")
        )
        assert (await rig.ask(income)).detail == f"it is written down: {CAME} is staking"
        assert (CAME, "kucoin/main", D("1.5"), D("7.5")) in await lots(rig)
        await rig.ask(versions.ClassMovement(code=codes[1], reference=LEFT, kind="gift"))
        assert (BEFORE, "kraken/main", D(3), None) in await lots(rig)
        why = await rig.ask(figures.Explain(figure="realised", asset="NEW"))
        assert why.steps == ()


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (versions.MatchTransfer(code="1", departure=CAME, arrival=LEFT), "a withdrawal and then"),
        (versions.MatchTransfer(code="1", departure=LEFT, arrival=BEFORE), "of two accounts"),
        (
            versions.MatchTransfer(code="1", departure=LEFT, arrival=CAME, rate=D(-1)),
            "rate is not below",
        ),
        (versions.ClassMovement(code="1", reference=CAME, kind="gift"), "a deposit is one of"),
        (versions.ClassMovement(code="1", reference=LEFT, kind="income"), "a withdrawal is one of"),
        (
            versions.ClassMovement(code="1", reference=LEFT, kind="gift", value=D(-1)),
            "worth is not below",
        ),
        (
            versions.SupplyBasis(code="1", reference=LEFT, value=D(1), acquired_on="2024-01-01"),
            "went out",
        ),
        (versions.ClassMovement(code="wrong", reference=CAME, kind="income"), "second_factor"),
    ],
)
async def test_what_cannot_be_is_not_written_down(
    tmp_path: Path, ask: Ask[Done], words: str
) -> None:
    async with told_of_movements(tmp_path) as (rig, _):
        with pytest.raises(Refused, match=words):
            await rig.ask(ask)
        for kind in ("transfer_matched", "basis_supplied", "movement_classed"):
            assert (await rig.ask(ReadLedger(kind=kind))).rows == ()
