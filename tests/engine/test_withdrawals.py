"""Withdrawals through a whole engine: asked for, approved, sent once, confirmed."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli.clock import SystemDice
from domain import asks as control
from domain import asks_withdrawals as asks
from domain import withdrawal_facts as facts
from domain.addresses import AddressState
from domain.errors import InDoubt, Refused, Unavailable
from domain.halts import Level
from domain.instruments import Account
from domain.orders import Draft, Kind, Side
from domain.policies import Policy, Rule
from domain.rulings import Action
from domain.withdrawals import State, VenueStatus, VenueWithdrawal
from engine.operators import Operator, Role
from tests.engine.paying import (
    QUICKLY,
    D,
    JumpingClock,
    Wire,
    active,
    approved,
    code,
    parts,
    reached,
    requested,
    wired,
)
from tests.engine.rig import KRAKEN, Rig, running
from venues.demo import open_demo

HALF_AN_HOUR_S = 1_801
ANNA, BEN, CLEO = (Operator(name=name) for name in ("anna", "ben", "cleo"))


@asynccontextmanager
async def paying(
    tmp_path: Path, policy: Policy = QUICKLY, **more: Any
) -> AsyncGenerator[tuple[Rig, Wire]]:
    clock = JumpingClock()
    demo = open_demo(clock, SystemDice(), seed=7, instant=True)
    connections, wire = wired(demo)
    async with running(
        tmp_path, demo=demo, connections=connections, clock=clock, withdrawals=policy, **more
    ) as rig:
        yield rig, wire


async def test_an_approved_withdrawal_reaches_the_venue_once_and_is_confirmed(
    tmp_path: Path,
) -> None:
    async with paying(tmp_path) as (rig, wire):
        await active(rig)
        request = await requested(rig)
        assert request.state is State.PENDING
        assert (await approved(rig, request)).state is State.APPROVED
        rig.clock.jump(1)  # type: ignore[attr-defined]
        sent = await reached(rig, request, State.SUBMITTED, State.CONFIRMING, State.COMPLETED)
        assert sent.venue_id.startswith("PAPER-")
        await parts(rig).tracing.look()
        done = await reached(rig, request, State.COMPLETED)
        assert (done.fee, done.problem) == (D(4), "")
        assert wire.calls == [request.terms.withdrawal]
        assert not rig.board.breaks


async def test_a_request_to_an_unknown_address_is_blocked_and_recorded(tmp_path: Path) -> None:
    async with paying(tmp_path) as (rig, wire):
        ask = asks.RequestWithdrawal(
            account=KRAKEN, asset="USD", amount=D(5), network="TRX", address="somewhere"
        )
        request = await rig.ask(ask)
        assert (request.state, request.ruling.rule) == (State.BLOCKED, "allow_list")
        assert request.request_id in rig.board.withdrawals
        assert wire.calls == []


async def test_an_address_is_quarantined_until_its_time_is_over(tmp_path: Path) -> None:
    async with paying(tmp_path, replace(QUICKLY, quarantine_s=86_400)) as (rig, _):
        add = asks.AddAddress(
            name="cold", venue="kraken", asset="USD", network="TRX", address="somewhere"
        )
        entry = await rig.ask(add)
        assert (await requested(rig)).ruling.reason == "cold is NEW"
        confirm = asks.ConfirmAddress(address_id=entry.address_id, code=await code(rig))
        entry = await rig.ask(confirm)
        assert entry.state_at(rig.clock.now_us()) is AddressState.QUARANTINED
        assert "quarantined" in (await requested(rig)).ruling.reason
        rig.clock.jump(86_400)  # type: ignore[attr-defined]
        assert entry.state_at(rig.clock.now_us()) is AddressState.ACTIVE
        assert (await requested(rig)).state is State.PENDING


async def test_two_people_who_did_not_ask_for_it_are_needed_where_the_rule_says_so(
    tmp_path: Path,
) -> None:
    rule = Rule(name="two", action=Action.REQUIRE, approvals=2, two_person=True)
    async with paying(tmp_path, replace(QUICKLY, rules=(rule,))) as (rig, _):
        await active(rig)
        request = await requested(rig, caller=ANNA)
        with pytest.raises(Refused, match="somebody else"):
            await approved(rig, request, ANNA)
        one = await approved(rig, request, BEN)
        assert (one.state, one.missing) == (State.PENDING, 1)
        with pytest.raises(Refused, match="already"):
            await approved(rig, request, BEN)
        assert (await approved(rig, request, CLEO)).state is State.APPROVED


async def test_one_code_cannot_approve_two_requests(tmp_path: Path) -> None:
    async with paying(tmp_path) as (rig, _):
        await active(rig)
        first, second = await requested(rig, "10"), await requested(rig, "20")
        good = await code(rig)
        hashes = {r.request_id: r.body_hash for r in (first, second)}
        tries = [
            rig.ask(asks.ApproveWithdrawal(request_id=name, body_hash=body, code=good))
            for name, body in hashes.items()
        ]
        answers = await asyncio.gather(*tries, return_exceptions=True)
        assert sorted(type(answer).__name__ for answer in answers) == ["Refused", "Request"]


async def test_an_approval_of_what_has_changed_since_is_refused(tmp_path: Path) -> None:
    async with paying(tmp_path) as (rig, _):
        await active(rig)
        request = await requested(rig)
        ask = asks.ApproveWithdrawal(
            request_id=request.request_id, body_hash="0" * 64, code=await code(rig)
        )
        with pytest.raises(Refused, match="changed since"):
            await rig.ask(ask)


async def test_the_same_key_is_the_same_request_and_another_body_is_refused(
    tmp_path: Path,
) -> None:
    async with paying(tmp_path) as (rig, _):
        await active(rig)
        first = await requested(rig, "10", key="rent")
        assert (await requested(rig, "10", key="rent")).request_id == first.request_id
        with pytest.raises(Refused, match="says otherwise"):
            await requested(rig, "11", key="rent")
        assert len(rig.board.withdrawals) == 1


async def test_roles_are_checked_by_the_engine(tmp_path: Path) -> None:
    trader = Operator(name="t", roles=frozenset({Role.TRADER, Role.VIEWER}))
    approver = Operator(name="a", roles=frozenset({Role.APPROVER}))
    viewer = Operator(name="v", roles=frozenset({Role.VIEWER}))
    async with paying(tmp_path) as (rig, _):
        await active(rig)
        request = await requested(rig, caller=trader)
        with pytest.raises(Refused, match="not approver"):
            await approved(rig, request, trader)
        with pytest.raises(Refused, match="not trader"):
            await requested(rig, caller=approver)
        with pytest.raises(Refused, match="neither"):
            await rig.ask(asks.CancelWithdrawal(request_id=request.request_id), viewer)
        assert (await approved(rig, request, approver)).state is State.APPROVED


async def test_a_halt_freezes_and_its_release_asks_for_approval_again(tmp_path: Path) -> None:
    async with paying(tmp_path, replace(QUICKLY, cool_off_s=600)) as (rig, wire):
        await active(rig)
        ready = await approved(rig, await requested(rig))
        pending = await requested(rig, "50")
        await rig.ask(control.Trip(reason="test", level=Level.HALT))
        await rig.until(lambda b: all(r.frozen_us for r in b.withdrawals.values()))
        rig.clock.jump(90_000)  # type: ignore[attr-defined]
        await parts(rig).dispatch.look()
        assert rig.board.withdrawals[pending.request_id].state is State.PENDING, "no timer runs"
        with pytest.raises(Refused, match="frozen"):
            await approved(rig, pending)
        release = control.Release(
            code=await code(rig), reason="over", scope="GLOBAL", accept_unverified=True
        )
        await rig.ask(release)
        board = await rig.until(lambda b: not any(r.frozen_us for r in b.withdrawals.values()))
        again = await reached(rig, ready, State.PENDING)
        assert again.body_hash != ready.body_hash
        assert board.withdrawals[pending.request_id].expires_us > rig.clock.now_us()
        assert wire.calls == []


async def test_a_halt_over_another_venue_or_a_strategy_freezes_nothing_here_and_no_marker_does(
    tmp_path: Path,
) -> None:
    async with paying(tmp_path, replace(QUICKLY, cool_off_s=600)) as (rig, wire):
        await active(rig)
        ready = await approved(rig, await requested(rig))
        other = next(a for a in rig.board.accounts if not a.startswith(ready.terms.account.venue))
        scope = f"VENUE:{other.partition('/')[0]}"
        for elsewhere in (scope, "STRATEGY:drill", "SYMBOL:BTC/USD"):
            await rig.ask(control.Trip(reason="test", level=Level.HALT, scope=elsewhere))
        assert rig.marker.present()
        await parts(rig).dispatch.look()
        assert not rig.board.withdrawals[ready.request_id].frozen_us
        await rig.ask(
            control.Trip(
                reason="test", level=Level.HALT, scope=f"VENUE:{ready.terms.account.venue}"
            )
        )
        await rig.until(lambda b: b.withdrawals[ready.request_id].frozen_us)
        assert wire.calls == []


async def test_a_revoked_address_stops_what_was_approved_for_it(tmp_path: Path) -> None:
    async with paying(tmp_path, replace(QUICKLY, cool_off_s=60)) as (rig, wire):
        entry = await active(rig)
        request = await approved(rig, await requested(rig))
        await rig.ask(asks.RevokeAddress(address_id=entry.address_id))
        rig.clock.jump(61)  # type: ignore[attr-defined]
        blocked = await reached(rig, request, State.BLOCKED)
        assert "REVOKED" in blocked.problem
        assert wire.calls == []


async def test_a_cancelled_request_is_not_sent(tmp_path: Path) -> None:
    async with paying(tmp_path, replace(QUICKLY, cool_off_s=60)) as (rig, wire):
        await active(rig)
        request = await approved(rig, await requested(rig))
        await rig.ask(asks.CancelWithdrawal(request_id=request.request_id))
        rig.clock.jump(61)  # type: ignore[attr-defined]
        await parts(rig).dispatch.look()
        assert rig.board.withdrawals[request.request_id].state is State.CANCELLED
        assert wire.calls == []


async def test_what_is_approved_is_not_there_for_orders(tmp_path: Path) -> None:
    async with paying(tmp_path, replace(QUICKLY, cool_off_s=3_600)) as (rig, _):
        await active(rig)
        exposure = rig.door.view.exposure
        free = exposure.available(KRAKEN, "USD")
        assert free is not None
        request = await approved(rig, await requested(rig, str(free - 10)))
        left = exposure.available(KRAKEN, "USD")
        assert left is not None
        assert left <= 10
        price = rig.price().quantize(D(1))
        draft = Draft(
            account=KRAKEN,
            symbol="BTC/USD",
            side=Side.BUY,
            kind=Kind.LIMIT,
            quantity=D("0.01"),
            price=price,
        )
        verdict = await rig.ask(control.Check(draft=draft))
        assert not verdict.approved
        assert "available_balance" in {c.rule for c in verdict.results if not c.passed}
        await rig.ask(asks.CancelWithdrawal(request_id=request.request_id))
        assert exposure.available(KRAKEN, "USD") == free


# In doubt


async def test_an_answer_that_was_lost_is_looked_up_and_never_asked_again(
    tmp_path: Path,
) -> None:
    async with paying(tmp_path) as (rig, wire):
        await active(rig)
        wire.raises, wire.listed = InDoubt("x", "the line broke"), []
        request = await approved(rig, await requested(rig))
        rig.clock.jump(1)  # type: ignore[attr-defined]
        await reached(rig, request, State.SUBMIT_UNKNOWN)
        wire.listed = None
        await parts(rig).tracing.look()
        found = await reached(rig, request, State.SUBMITTED, State.CONFIRMING, State.COMPLETED)
        assert found.venue_id.startswith("PAPER-")
        assert len(wire.calls) == 1


async def test_what_no_search_finds_is_decided_by_a_person_after_half_an_hour(
    tmp_path: Path,
) -> None:
    async with paying(tmp_path) as (rig, wire):
        await active(rig)
        wire.raises, wire.taken, wire.listed = InDoubt("x", "the line broke"), False, []
        request = await approved(rig, await requested(rig))
        rig.clock.jump(1)  # type: ignore[attr-defined]
        await reached(rig, request, State.SUBMIT_UNKNOWN)
        other = await requested(rig, "7")
        assert other.ruling.rule == "in_doubt", "no second request there meanwhile"
        resolve = asks.ResolveWithdrawal(
            request_id=request.request_id, sent=False, code="0", reason="looked there"
        )
        with pytest.raises(Refused, match="still being looked for"):
            await rig.ask(resolve)
        wire.unlisted = Unavailable("kraken", "down")
        rig.clock.jump(HALF_AN_HOUR_S)  # type: ignore[attr-defined]
        for _ in range(3):
            await parts(rig).tracing.look()
        assert not rig.board.withdrawals[request.request_id].unresolved, "an error is no absence"
        wire.unlisted = None
        await parts(rig).tracing.look()
        await parts(rig).tracing.look()
        board = await rig.until(lambda b: b.withdrawals[request.request_id].unresolved)
        assert any("not found" in alarm.text for alarm in board.alarms)
        exposure = rig.door.view.exposure
        promised = exposure.available(KRAKEN, "USD")
        resolved = await rig.ask(replace(resolve, code=await code(rig)))
        assert resolved.state is State.FAILED
        assert exposure.available(KRAKEN, "USD") == (promised or D(0)) + 100
        assert len(wire.calls) == 1


async def test_a_crash_while_sending_is_a_doubt_after_the_restart(tmp_path: Path) -> None:
    async with paying(tmp_path, replace(QUICKLY, cool_off_s=600)) as (rig, wire):
        await active(rig)
        request = await approved(rig, await requested(rig))
        sent = facts.WithdrawalSubmitting(
            at_us=rig.clock.now_us(),
            actor="engine",
            request_id=request.request_id,
            body_hash=request.body_hash,
        )
        await rig.desk.record(sent)
        assert wire.calls == []
    async with paying(tmp_path) as (rig, wire):
        await reached(rig, request, State.SUBMIT_UNKNOWN)
        await parts(rig).dispatch.look()
        assert wire.calls == []


async def test_a_refusal_of_the_venue_ends_it_and_frees_the_amount(tmp_path: Path) -> None:
    async with paying(tmp_path) as (rig, wire):
        await active(rig)
        free = rig.door.view.exposure.available(KRAKEN, "USD")
        wire.raises, wire.taken = Unavailable("kraken", "no route"), False
        request = await approved(rig, await requested(rig))
        rig.clock.jump(1)  # type: ignore[attr-defined]
        failed = await reached(rig, request, State.FAILED)
        assert "no route" in failed.problem
        assert rig.door.view.exposure.available(KRAKEN, "USD") == free


async def test_a_row_that_differs_from_what_was_approved_opens_a_break(tmp_path: Path) -> None:
    async with paying(tmp_path) as (rig, wire):
        await active(rig)
        wire.listed = []
        request = await approved(rig, await requested(rig))
        rig.clock.jump(1)  # type: ignore[attr-defined]
        sent = await reached(rig, request, State.SUBMITTED)
        row = VenueWithdrawal(
            account=KRAKEN,
            venue_id=sent.venue_id,
            asset="USD",
            amount=D(100),
            at_us=rig.clock.now_us(),
            status=VenueStatus.PENDING,
            address="somebody else's",
        )
        wire.listed = [row]
        await parts(rig).tracing.look()
        board = await rig.until(lambda b: any(k.kind == "WITHDRAWAL_MISMATCH" for k in b.breaks))
        assert any("somebody else's" in known.detail for known in board.breaks)


async def test_requests_at_once_cannot_split_their_way_under_the_bound(tmp_path: Path) -> None:
    policy = replace(QUICKLY, quarantine_s=1, cool_off_s=3_600, auto_approve_under=D(100))
    async with paying(tmp_path, policy) as (rig, _):
        await active(rig)
        rig.clock.jump(2)  # type: ignore[attr-defined]
        asked = await asyncio.gather(*(requested(rig, "30") for _ in range(6)))
        auto = [r for r in asked if r.ruling.action is Action.AUTO]
        assert len(auto) == 3
        assert all(r.state is State.PENDING for r in asked if r not in auto)


async def test_an_account_that_is_not_there_is_refused(tmp_path: Path) -> None:
    async with paying(tmp_path) as (rig, _):
        await active(rig)
        with pytest.raises(Refused, match="there is no account"):
            await requested(rig, account=Account("kraken", "nobody"))
