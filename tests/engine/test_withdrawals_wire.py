"""A withdrawal over real sockets: what reaches the venue is what was approved, to the byte."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cli.clock import SystemClock
from domain import asks_withdrawals as asks
from domain import controls
from domain import withdrawal_facts as facts
from domain.asks import Ask, Disarm, Trip
from domain.policies import Policy
from domain.withdrawals import State
from tests.engine.paying import parts
from tests.engine.wire_families import KUCOIN
from tests.engine.wire_rig import Site, WireRig, trading_on
from tests.wire.redirect import redirected
from venues.ccxt_withdraw_client import WithdrawClients

pytestmark = pytest.mark.usefixtures("unpaced")

ADDRESS, TAG = "T-home.1_x:y", "0007"
POLICY = Policy(quarantine_s=1, cool_off_s=1)


@pytest.fixture
def site() -> Generator[Site]:
    with KUCOIN.hosted() as thread, redirected(thread.routes):
        running = Site(KUCOIN, thread)
        running.prepare()
        running.ask("deposit", asset="USDT", amount="500")
        yield running


async def _approved(wire: WireRig, amount: str) -> str:
    """A request to an address of the book, approved; its id."""
    rig = wire.rig
    add = asks.AddAddress(
        name="home", venue="kucoin", asset="USDT", network="trx", address=ADDRESS, tag=TAG
    )
    entry = await rig.ask(add)
    now_us = SystemClock().now_us()
    long_ago = facts.AddressConfirmed(
        at_us=now_us - 10**12, actor="me", address_id=entry.address_id, active_us=now_us - 10**11
    )
    # Armed without a code: the only one of this half minute is for the approval.
    armed = controls.Armed(at_us=now_us, actor="me", account=KUCOIN.account)
    await rig.desk.record(long_ago, armed)
    request = await rig.ask(
        asks.RequestWithdrawal(
            account=KUCOIN.account, asset="USDT", amount=Decimal(amount), destination="home"
        )
    )
    assert request.state is State.PENDING, request.problem
    ask = asks.ApproveWithdrawal(
        request_id=request.request_id, body_hash=request.body_hash, code=wire.code()
    )
    return (await rig.ask(ask)).request_id


async def test_what_reaches_the_venue_is_what_was_approved_and_it_is_confirmed(
    tmp_path: Path, site: Site
) -> None:
    async with trading_on(site, tmp_path, armed=False, withdrawals=POLICY) as wire:
        name = await _approved(wire, "100.25")
        board = await wire.rig.until(
            lambda b: b.withdrawals[name].state not in (State.PENDING, State.APPROVED), 15
        )
        board = await wire.rig.until(lambda b: b.withdrawals[name].submitted, 15)
        request = board.withdrawals[name]
        (sent,) = [t for t in site.truth("transfers") if t["kind"] == "withdrawal"]
        assert site.ask("counts")["POST withdrawals"] == 1
        assert (sent["address"], sent["tag"], sent["network"]) == (ADDRESS, TAG, "trx")
        assert Decimal(sent["amount"]) in (Decimal("100.25"), Decimal("-100.25"))
        assert request.venue_id == sent["reference"]
        site.ask("transfer_status", reference=sent["reference"], status="SUCCESS", txid="0xdef")
        await parts(wire.rig).tracing.look()
        board = await wire.rig.until(lambda b: b.withdrawals[name].completed, 15)
        assert board.withdrawals[name].txid == "0xdef"
        assert not [known for known in board.breaks if known.kind == "WITHDRAWAL_MISMATCH"]


async def test_a_lost_answer_is_found_in_the_venues_list_and_nothing_is_sent_twice(
    tmp_path: Path, site: Site
) -> None:
    async with trading_on(site, tmp_path, armed=False, withdrawals=POLICY) as wire:
        site.ask("fault", endpoint="POST withdrawals", kind="lost")
        name = await _approved(wire, "50")
        await wire.rig.until(lambda b: b.withdrawals[name].in_doubt, 15)
        await parts(wire.rig).tracing.look()
        board = await wire.rig.until(lambda b: b.withdrawals[name].submitted, 15)
        sent = [t for t in site.truth("transfers") if t["kind"] == "withdrawal"]
        assert [t["reference"] for t in sent] == [board.withdrawals[name].venue_id]
        assert site.ask("counts")["POST withdrawals"] == 1


STOPS: dict[str, Ask[Any]] = {
    "a kill": Trip(reason="while the key was being loaded"),
    "a disarm": Disarm(reason="while the key was being loaded"),
}


@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)
async def test_a_stop_while_the_withdraw_key_is_loaded_keeps_the_withdrawal_from_leaving(
    tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch, stop: Ask[Any]
) -> None:
    """What a slow Vault does: the key comes, but the desk has been stopped meanwhile."""
    async with trading_on(site, tmp_path, armed=False, withdrawals=POLICY) as wire:
        opened = WithdrawClients.opened

        @asynccontextmanager
        async def slowly(clients: WithdrawClients) -> AsyncGenerator[Any]:
            async with opened(clients) as client:
                await wire.rig.ask(stop)
                yield client

        monkeypatch.setattr(WithdrawClients, "opened", slowly)
        name = await _approved(wire, "50")
        board = await wire.rig.until(lambda b: b.withdrawals[name].state is State.FAILED, 15)
        assert "nothing was sent" in board.withdrawals[name].problem
        assert "POST withdrawals" not in site.ask("counts")
        assert not [t for t in site.truth("transfers") if t["kind"] == "withdrawal"]
