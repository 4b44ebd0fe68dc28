"""Rows of withdrawals: ccxt's turned into ours, and those of the simulated venues."""

from decimal import Decimal
from typing import Any

import pytest

from cli.clock import SystemClock, SystemDice
from domain.errors import InDoubt, Unavailable
from domain.instruments import Account
from domain.withdrawals import VenueStatus, Withdrawal
from venues.ccxt_fields import Malformed
from venues.ccxt_sent import sent
from venues.demo import DemoDesk, open_demo

D = Decimal
ACCOUNT = Account("kucoin", "main")
REFERENCE = "0123456789abcdef0123456789abcdef"
UUID = "01234567-89ab-cdef-0123-456789abcdef"


def row(**changes: Any) -> dict[str, Any]:
    return {
        "id": "V1",
        "type": "withdrawal",
        "currency": "USDT",
        "amount": "100.25",
        "timestamp": 1_767_268_800_000,
        "status": "pending",
        "address": "T-home",
        "tag": "7",
        "txid": None,
        "fee": {"cost": "1.5", "currency": "USDT"},
        "info": {},
        **changes,
    }


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("ok", VenueStatus.DONE),
        ("pending", VenueStatus.PENDING),
        ("failed", VenueStatus.FAILED),
        ("canceled", VenueStatus.FAILED),
    ],
)
def test_a_row_is_told_however_it_stands(said: str, means: VenueStatus) -> None:
    told = sent(row(status=said, txid="0xabc"), ACCOUNT)
    assert told is not None
    assert (told.status, told.venue_id, told.amount, told.fee) == (
        means, "V1", D("100.25"), D("1.5"),
    )  # fmt: skip
    assert (told.address, told.tag, told.txid) == ("T-home", "7", "0xabc")


@pytest.mark.parametrize(
    "info",
    [
        {"withdrawOrderId": REFERENCE},
        {"withdraw_order_id": REFERENCE},
        {"remark": REFERENCE},
        {"clientTransferId": UUID},
        {"idem": UUID.upper()},
    ],
)
def test_our_reference_is_found_where_each_venue_gives_it_back(info: dict[str, str]) -> None:
    told = sent(row(info=info), ACCOUNT)
    assert told is not None
    assert told.reference == REFERENCE


def test_somebody_elses_remark_is_no_reference_of_ours() -> None:
    told = sent(row(info={"remark": "rent", "id": REFERENCE}), ACCOUNT)
    assert told is not None
    assert told.reference == ""


def test_a_deposit_is_no_withdrawal() -> None:
    assert sent(row(type="deposit"), ACCOUNT) is None


@pytest.mark.parametrize(
    "changes",
    [{"status": "lost"}, {"timestamp": None}, {"amount": "-1"}, {"id": None}, {"currency": None}],
)
def test_a_row_that_cannot_be_read_is_malformed(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        sent(row(**changes), ACCOUNT)


# Simulated


def asked(amount: str, asset: str = "USD") -> Withdrawal:
    return Withdrawal(
        account=Account("kraken", "main"),
        reference=REFERENCE,
        asset=asset,
        network="",
        address="x",
        tag="",
        amount=D(amount),
    )


@pytest.fixture
def demo() -> DemoDesk:
    return open_demo(SystemClock(), SystemDice(), seed=7, instant=True)


async def test_a_simulated_withdrawal_takes_amount_and_fee_and_is_listed(demo: DemoDesk) -> None:
    venue = demo.venues["kraken"]
    before = (await venue.readers["main"].balances()).assets["USD"].total
    answer = await venue.withdrawers["main"].withdraw(asked("100"))
    assert answer.accepted
    assert answer.venue_id.startswith("PAPER-")
    after = (await venue.readers["main"].balances()).assets["USD"].total
    assert before - after == D(104)
    rows = await venue.withdrawers["main"].withdrawals(0)
    (mine,) = [told for told in rows if told.venue_id == answer.venue_id]
    assert (mine.amount, mine.fee, mine.status) == (D(100), D(4), VenueStatus.DONE)
    history = await venue.readers["main"].history(0)
    assert [m.amount for m in history.movements if m.reference == answer.venue_id] == [D(-100)]


async def test_more_than_there_is_leaves_nothing(demo: DemoDesk) -> None:
    venue = demo.venues["kraken"]
    before = (await venue.readers["main"].balances()).assets["USD"].total
    answer = await venue.withdrawers["main"].withdraw(asked(str(before)))
    assert (answer.accepted, answer.code) == (False, "INSUFFICIENT_FUNDS")
    assert (await venue.readers["main"].balances()).assets["USD"].total == before


async def test_an_answer_that_is_lost_leaves_a_doubt_and_one_withdrawal(
    demo: DemoDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    withdrawer = demo.venues["kraken"].withdrawers["main"]

    def full() -> None:
        raise Unavailable("the demo venues", "the disk is full")

    earlier = len(await withdrawer.withdrawals(0))
    link = withdrawer._link
    monkeypatch.setattr(withdrawer, "_link", type(link)(**{**_fields(link), "keep": full}))
    with pytest.raises(InDoubt):
        await withdrawer.withdraw(asked("5"))
    monkeypatch.undo()
    assert len(await withdrawer.withdrawals(0)) == earlier + 1


def _fields(link: object) -> dict[str, Any]:
    return {name: getattr(link, name) for name in type(link).__slots__}  # type: ignore[attr-defined]
