"""The withdrawal policy: the ledger's is the truth, a settings file can only make it stricter."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from cli.clock import SystemDice
from domain import asks_withdrawals as asks
from domain import controls
from domain import withdrawal_facts as facts
from domain.asks import DemoCode
from domain.board import Mode
from domain.errors import Refused
from domain.events import Fact
from domain.policies import Policy, Rule
from domain.rulings import Action
from domain.withdrawals import Request, State
from engine.operators import Operator, Role
from engine.policing import ALARM
from tests.engine.paying import (
    ADDRESS,
    QUICKLY,
    D,
    JumpingClock,
    active,
    approved,
    code,
    requested,
    wired,
)
from tests.engine.rig import KRAKEN, ME, Rig, Secrets, quick, running
from venues.demo import open_demo

HOUR_S = 3_600
BEN, EVE = Operator(name="ben"), Operator(name="eve")
TRADER = Operator(name="tina", roles=frozenset({Role.TRADER}))
VIEWER = Operator(name="vic", roles=frozenset({Role.VIEWER}))
BLOCKED = Rule(name="not_eve", action=Action.BLOCK, requesters=("eve",))
SMALL = Rule(name="small", action=Action.AUTO)
USUAL = Rule(name="usual", action=Action.REQUIRE)
STRICT = Policy(
    rules=(BLOCKED, SMALL, USUAL),
    auto_approve_under=D(50),
    two_person=True,
    quarantine_s=100,
    cool_off_s=60,
)
LAX = Rule(name="lax", action=Action.REQUIRE, requesters=("eve",))
LOOSENED = {
    "two_person": replace(STRICT, two_person=False),
    "auto_approve_under": replace(STRICT, auto_approve_under=D(5_000)),
    "rule before a BLOCK": replace(STRICT, rules=(LAX, *STRICT.rules)),
    "BLOCK taken away": replace(STRICT, rules=(SMALL, USUAL)),
    "quarantine": replace(STRICT, quarantine_s=1),
    "cool_off": replace(STRICT, cool_off_s=1),
    "expiry": replace(STRICT, expiry_s=STRICT.expiry_s * 7),
    "everything": Policy(auto_approve_under=D(10_000), quarantine_s=1, cool_off_s=1),
}
Opened = Callable[..., AbstractAsyncContextManager[Rig]]


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
def start(tmp_path: Path, clock: JumpingClock) -> Opened:
    """Starts the same book again, with what its settings file says then."""
    demo = open_demo(clock, SystemDice(), seed=7, instant=True)
    secrets = Secrets()

    def opened(
        policy: Policy, cool_down_s: int = 0, **more: object
    ) -> AbstractAsyncContextManager[Rig]:
        connections, _ = wired(demo)
        return running(
            tmp_path,
            demo=demo,
            connections=connections,
            clock=clock,
            withdrawals=policy,
            settings=quick(limits_cool_down_s=cool_down_s),
            secrets=secrets,
            **more,  # type: ignore[arg-type]
        )

    return opened


async def page(rig: Rig) -> asks.PolicyPage:
    return await rig.ask(asks.ReadWithdrawalPolicy())


async def approve(rig: Rig, told: str = "", caller: Operator = ME, typed: str = "") -> str:
    version = told or (await page(rig)).told
    spent = typed or await code(rig, caller)
    ask = asks.ApproveWithdrawalPolicy(version=version, code=spent)
    return (await rig.ask(ask, caller)).detail


async def known(rig: Rig, name: str = "cold", address: str = ADDRESS) -> int:
    """An address that one person adds and another confirms; how long it rests, in seconds."""
    told = {"venue": "kraken", "asset": "USD", "network": "TRX"}
    entry = await rig.ask(asks.AddAddress(name=name, address=address, **told))
    confirm = asks.ConfirmAddress(address_id=entry.address_id, code=await code(rig, BEN))
    entry = await rig.ask(confirm, BEN)
    return (entry.active_us - entry.confirmed_us) // 1_000_000


async def ruled(rig: Rig, who: Operator, amount: str) -> tuple[Action, int, bool, int]:
    ask = asks.CheckWithdrawal(account=KRAKEN, asset="USD", amount=D(amount), destination="cold")
    ruling = (await rig.ask(ask, who)).ruling
    return ruling.action, ruling.approvals, ruling.two_person, ruling.cool_off_s


async def rulings(rig: Rig) -> list[tuple[Action, int, bool, int]]:
    return [await ruled(rig, who, amount) for who in (ME, EVE) for amount in ("10", "400")]


async def judged_by_both(rig: Rig, name: str) -> Request:
    board = await rig.until(lambda b: "+" in b.withdrawals[name].ruling.policy)
    return board.withdrawals[name]


async def facts_of(rig: Rig, kind: type[Fact]) -> list[Fact]:
    return [fact async for _, fact in rig.ledger.facts() if isinstance(fact, kind)]


def alarms(rig: Rig) -> list[str]:
    return [alarm.text for alarm in rig.board.alarms if alarm.alarm == ALARM]


@pytest.mark.parametrize("kind", LOOSENED)
async def test_a_loosened_settings_file_and_a_restart_loosen_nothing(
    start: Opened, clock: JumpingClock, kind: str
) -> None:
    async with start(STRICT) as rig:
        assert await known(rig) == 100
        clock.jump(1_000)
        before = await rulings(rig)
        assert [action for action, *_ in before] == ["AUTO", "REQUIRE", "BLOCK", "BLOCK"]
        assert before[1] == (Action.REQUIRE, 1, True, 60)
    for again in range(2):
        async with start(LOOSENED[kind]) as rig:
            assert await rulings(rig) == before
            assert rig.board.withdrawal_policy == STRICT.version
            assert rig.board.withdrawal_policy_told == LOOSENED[kind].version
            (text,) = alarms(rig)
            assert "withdraw policy approve" in text
            new = await requested(rig, "400")
            assert new.expires_us - new.requested_us == STRICT.expiry_s * 1_000_000
            with pytest.raises(Refused, match="two_person"):
                await approved(rig, new)
            await rig.ask(asks.CancelWithdrawal(request_id=new.request_id))
            assert await known(rig, f"c{again}", f"T1{again}") == 100
            with pytest.raises(Refused, match="somebody else confirms"):
                await active(rig, f"d{again}", f"T2{again}")
    async with start(STRICT) as rig:
        assert not rig.board.withdrawal_policy_told
        (gone,) = await facts_of(rig, facts.WithdrawalPolicyWithdrawn)
        assert gone.actor == "configuration"


async def test_what_was_asked_for_before_is_judged_again_and_no_looser(start: Opened) -> None:
    async with start(STRICT) as rig:
        await known(rig)
        rig.clock.jump(1_000)  # type: ignore[attr-defined]
        waits = await requested(rig, "400")
        ready = await approved(rig, await requested(rig, "500"), BEN)
        assert (waits.state, ready.state) == (State.PENDING, State.APPROVED)
    async with start(LOOSENED["everything"]) as rig:
        for name in (waits.request_id, ready.request_id):
            now = await judged_by_both(rig, name)
            assert (now.state, now.ruling.two_person, now.standing) == (State.PENDING, True, ())


async def test_what_the_file_makes_stricter_counts_at_once_though_the_rest_waits(
    start: Opened,
) -> None:
    mixed = replace(STRICT, rules=(SMALL, replace(USUAL, approvals=3)), quarantine_s=500)
    async with start(STRICT) as rig:
        await known(rig)
    async with start(mixed) as rig:
        rig.clock.jump(1_000)  # type: ignore[attr-defined]
        assert await ruled(rig, ME, "400") == (Action.REQUIRE, 3, True, 60)
        assert (await ruled(rig, EVE, "400"))[0] is Action.BLOCK
        assert await known(rig, "tea", "T3") == 500
        detail = (await rig.ask(asks.CancelWithdrawalPolicy(reason="no"), TRADER)).detail
        assert "stricter ruling" in detail
        assert await ruled(rig, ME, "400") == (Action.REQUIRE, 3, True, 60)
        assert (await ruled(rig, EVE, "400"))[0] is Action.BLOCK


@pytest.mark.parametrize(
    "tighter",
    [
        replace(QUICKLY, two_person=True),
        replace(QUICKLY, quarantine_s=5, cool_off_s=7, expiry_s=60),
        replace(QUICKLY, rules=(BLOCKED,)),
    ],
)
async def test_a_policy_that_is_surely_tighter_is_in_force_at_the_start(
    start: Opened, tighter: Policy
) -> None:
    async with start(QUICKLY):
        pass
    async with start(tighter) as rig:
        assert rig.board.withdrawal_policy == tighter.version
        assert not rig.board.withdrawal_policy_told
        (text,) = alarms(rig)
        assert "in force from now on" in text
        with pytest.raises(Refused, match="nothing waits"):
            await approve(rig, tighter.version)
    async with start(QUICKLY) as rig:  # and back again it is looser
        assert rig.board.withdrawal_policy == tighter.version
        assert rig.board.withdrawal_policy_told == QUICKLY.version


async def test_an_admins_code_puts_the_files_policy_in_force_and_judges_again(
    start: Opened,
) -> None:
    looser = replace(QUICKLY, rules=(USUAL,))
    strict = replace(QUICKLY, rules=(replace(USUAL, approvals=2),))
    async with start(strict) as rig:
        await active(rig)
        asked = await requested(rig)
    async with start(looser) as rig:
        await approve(rig)
        assert rig.board.withdrawal_policy == looser.version
        assert not rig.board.withdrawal_policy_told
        board = await rig.until(
            lambda b: b.withdrawals[asked.request_id].ruling.policy == looser.version
        )
        assert board.withdrawals[asked.request_id].ruling.approvals == 1
        spent = (await facts_of(rig, controls.CodeAccepted))[-1]
        assert isinstance(spent, controls.CodeAccepted)
        assert spent.purpose == f"withdrawal policy {looser.version}"
        adopted = (await facts_of(rig, facts.WithdrawalPolicyAdopted))[-1]
        assert isinstance(adopted, facts.WithdrawalPolicyAdopted)
        assert (adopted.actor, adopted.policy) == ("me", looser)
    async with start(looser) as rig:
        assert rig.board.withdrawal_policy == looser.version
        assert (await page(rig)).differences == ()


async def test_only_an_admin_with_an_unused_code_approves_and_only_what_was_shown(
    start: Opened,
) -> None:
    async with start(STRICT):
        pass
    async with start(QUICKLY) as rig:
        for caller in (TRADER, BEN_APPROVES, VIEWER):
            with pytest.raises(Refused, match="role"):
                await approve(rig, caller=caller)
        with pytest.raises(Refused, match="what waits is"):
            await approve(rig, STRICT.version)
        with pytest.raises(Refused, match="second_factor"):
            await approve(rig, typed="000000")
        used = await code(rig)
        await rig.ask(asks.AddAddress(name="x", address="T9", venue="kraken", asset="USD",
                                      network="TRX"))  # fmt: skip
        await rig.ask(asks.ConfirmAddress(address_id="x", code=used), EVE)
        used = await code(rig, EVE)
        await rig.ask(asks.AddAddress(name="y", address="T8", venue="kraken", asset="USD",
                                      network="TRX"))  # fmt: skip
        await rig.ask(asks.ConfirmAddress(address_id="y", code=used), EVE)
        with pytest.raises(Refused, match="second_factor"):
            await approve(rig, caller=EVE, typed=used)
        with pytest.raises(Refused, match="role"):
            await rig.ask(asks.CancelWithdrawalPolicy(), VIEWER)
        assert rig.board.withdrawal_policy == STRICT.version


BEN_APPROVES = Operator(name="ben", roles=frozenset({Role.TRADER, Role.APPROVER}))


async def test_a_cool_down_is_shortened_by_no_restart_and_by_no_file(
    start: Opened, clock: JumpingClock
) -> None:
    async with start(STRICT, HOUR_S):
        pass
    async with start(QUICKLY, HOUR_S) as rig:
        good = (await rig.ask(DemoCode())).detail
        with pytest.raises(Refused, match=r"cooling down: 3[56]\d\d s left"):
            await approve(rig, typed=good)
        assert 3_500 < (await page(rig)).wait_s <= HOUR_S
    clock.jump(HOUR_S // 2)
    async with start(QUICKLY, 1) as rig:
        with pytest.raises(Refused, match=r"cooling down: 1[78]\d\d s left"):
            await approve(rig)
        assert len(await facts_of(rig, facts.WithdrawalPolicyProposed)) == 1
    async with start(replace(QUICKLY, cool_off_s=2), 1) as rig:  # another one waits anew
        with pytest.raises(Refused, match=r"cooling down: 3[56]\d\d s left"):
            await approve(rig)
        clock.jump(HOUR_S)
        await approve(rig)
        assert rig.board.withdrawal_policy_told == ""


async def test_a_wall_clock_that_is_stepped_ends_no_cool_down(
    start: Opened, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = clock.now_us
    async with start(STRICT, HOUR_S):
        pass
    async with start(QUICKLY, HOUR_S) as rig:
        monkeypatch.setattr(clock, "now_us", lambda: real() + 10 * HOUR_S * 1_000_000)
        with pytest.raises(Refused, match="cooling down: 3"):
            await approve(rig)
    # It is ahead while the engine starts, and then set right.
    async with start(QUICKLY, HOUR_S) as rig:
        monkeypatch.setattr(clock, "now_us", real)
        with pytest.raises(Refused, match="cooling down: 3"):
            await approve(rig)


async def test_what_waits_can_be_cancelled_and_is_asked_for_again_at_the_next_start(
    start: Opened,
) -> None:
    async with start(STRICT):
        pass
    async with start(QUICKLY) as rig:
        await rig.ask(asks.CancelWithdrawalPolicy(reason="a mistake"), TRADER)
        (gone,) = await facts_of(rig, facts.WithdrawalPolicyWithdrawn)
        assert isinstance(gone, facts.WithdrawalPolicyWithdrawn)
        assert (gone.version, gone.reason, gone.actor) == (QUICKLY.version, "a mistake", "tina")
        assert rig.board.withdrawal_policy_told == QUICKLY.version
        for ask in (
            asks.CancelWithdrawalPolicy(),
            asks.ApproveWithdrawalPolicy(version=QUICKLY.version, code=await code(rig)),
        ):
            with pytest.raises(Refused, match="at the next start"):
                await rig.ask(ask)
    async with start(QUICKLY) as rig:
        assert (await page(rig)).waits
        assert len(alarms(rig)) == 1


async def test_a_book_that_holds_only_a_version_withdraws_nothing_until_it_is_approved(
    start: Opened, clock: JumpingClock
) -> None:
    """Rows of earlier programs hold a version and words, not the policy."""
    async with start(QUICKLY, mode=Mode.PAPER) as rig:
        older = facts.WithdrawalPolicyAdopted(
            at_us=clock.now_us(), actor="configuration", version="abc", rules=("all",)
        )
        await rig.desk.record(older)
        assert (await page(rig)).problem
    async with start(QUICKLY, mode=Mode.PAPER) as rig:
        ask = asks.CheckWithdrawal(
            account=KRAKEN, asset="USD", amount=D(10), network="TRX", address=ADDRESS
        )
        ruling = (await rig.ask(ask)).ruling
        assert (ruling.action, ruling.rule) == (Action.BLOCK, "policy")
        assert "withdraw policy approve" in ruling.reason
        told = {"venue": "kraken", "asset": "USD", "network": "TRX"}
        await rig.ask(asks.AddAddress(name="cold", address=ADDRESS, **told))
        with pytest.raises(Refused, match="does not hold the withdrawal policy"):
            await rig.ask(asks.ConfirmAddress(address_id="cold", code=""))
        assert (await page(rig)).waits


async def test_an_older_demo_book_takes_its_policy_up_anew(
    start: Opened, clock: JumpingClock
) -> None:
    async with start(QUICKLY) as rig:
        await rig.desk.record(
            facts.WithdrawalPolicyAdopted(
                at_us=clock.now_us(), actor="configuration", version="abc", rules=("all",)
            )
        )
    async with start(QUICKLY) as rig:
        assert rig.board.withdrawal_policy == QUICKLY.version
        assert (alarms(rig), rig.board.withdrawal_policy_told) == ([], "")
