"""Every fault of the issue over real sockets and the real ccxt class (semantics 8).

Whatever goes wrong between the desk and its venue, it ends the same way: each order was sent
once, and what the desk believes equals what the venue knows.
"""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from domain import asks, bookings
from domain.board import Health
from domain.errors import DeskError, InDoubt, Refused
from domain.halts import HaltState
from domain.market import Price
from domain.orders import OrderState, Side, Status
from tests.engine.rig import D, Secrets, quick
from tests.engine.wire_rig import KRAKEN, WIRE, WireRig, trading_on
from tests.wire.kraken.loopback import Loopback
from tests.wire.kraken.poison import POISONS

pytestmark = [pytest.mark.usefixtures("unpaced"), pytest.mark.timeout(60)]


def settled(name: str) -> Any:
    return lambda b: (
        name in b.orders
        and b.orders[name].status
        in (
            Status.OPEN,
            Status.PARTIAL,
            Status.FILLED,
            Status.CANCELED,
        )
    )


def halted(state: HaltState = HaltState.HALTED) -> Any:
    return lambda b: bool(b.halts) and b.halts[0].state is state


async def test_the_main_job_from_the_ask_to_the_ledger(loopback: Loopback, tmp_path: Path) -> None:
    async with trading_on(loopback, tmp_path) as wire:
        rig = wire.rig
        resting = await rig.submit()
        taken = await rig.submit(rig.draft(away_pct=None))
        board = await rig.until(lambda b: b.orders[taken.client_id].status is Status.FILLED)
        state = board.orders[taken.client_id]
        assert resting.status is Status.OPEN
        assert state.filled == D("0.01")
        assert state.average_price is not None
        await wire.agrees()
        assert wire.sent() == {resting.client_id: 1, taken.client_id: 1}
        booked = [f async for _, f in rig.ledger.facts() if isinstance(f, bookings.FillBooked)]
        mine = [fact for fact in booked if fact.fill.client_id == taken.client_id]
        assert len(mine) == len(state.fills)
        assert all(fact.fill.fee > 0 and fact.fill.fee_asset == "USD" for fact in mine)


CREATE_FAULTS: list[dict[str, Any]] = [
    {"kind": "lost"},
    {"kind": "hang"},
    {"kind": "short"},
    {"kind": "truncated"},
    {"kind": "garbled"},
    {"kind": "empty"},
    {"kind": "page", "status": 200},
    {"kind": "page", "status": 502},
    {"kind": "page", "status": 429},
    {"kind": "odd", "text": '{"error":[],"result":{"txid":[]}}'},
    {"kind": "odd", "text": '{"error":[],"result":[]}'},
    {"kind": "odd", "text": "[]"},
    {"kind": "error", "text": "EService:Unavailable"},
    {"kind": "error", "text": "EService:Deadline elapsed"},
    {"kind": "error", "text": "EGeneral:Internal error"},
]


@pytest.mark.parametrize("fault", CREATE_FAULTS, ids=lambda f: "-".join(map(str, f.values()))[:40])
async def test_an_executed_order_whose_reply_is_spoiled_is_found_and_never_resent(
    loopback: Loopback, tmp_path: Path, fault: dict[str, Any]
) -> None:
    async with trading_on(loopback, tmp_path) as wire:
        loopback.ask("fault", endpoint="AddOrder", **fault)
        answer = await wire.rig.submit()
        assert answer.status is not Status.REJECTED
        await wire.rig.until(lambda b: b.orders[answer.client_id].status is Status.OPEN)
        assert wire.sent() == {answer.client_id: 1}
        await wire.agrees()
        await wire.rig.ask(asks.CancelOrder(client_id=answer.client_id))
        await wire.agrees()


@pytest.mark.parametrize("kind", ["drop", "hang"])
async def test_an_order_that_never_arrived_is_lost_after_proof_and_releases_once(
    loopback: Loopback, tmp_path: Path, kind: str
) -> None:
    async with trading_on(loopback, tmp_path) as wire:
        loopback.ask("fault", endpoint="AddOrder", kind=kind, execute=False)
        answer = await wire.rig.submit()
        board = await wire.rig.until(
            lambda b: b.orders[answer.client_id].status is Status.LOST, within_s=20
        )
        assert not board.orders[answer.client_id].reserved_quantity
        assert sum(wire.sent().values()) <= 1
        await wire.agrees()


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("EOrder:Insufficient funds", Status.REJECTED),
        ("EOrder:Invalid price", Status.REJECTED),
        ("EGeneral:Invalid arguments", Status.REJECTED),
        ("EGeneral:Permission denied", Status.REJECTED),
    ],
)
async def test_the_venues_own_no_is_a_rejection_and_releases(
    loopback: Loopback, tmp_path: Path, text: str, status: Status
) -> None:
    async with trading_on(loopback, tmp_path) as wire:
        loopback.ask("fault", endpoint="AddOrder", kind="error", text=text, execute=False)
        answer = await wire.rig.submit()
        assert answer.status is status
        assert answer.client_id not in wire.rig.door.view.exposure.claims
        await wire.agrees()


# Fills and streams


@pytest.mark.parametrize("action", ["drop", "duplicate", "swap", "bundle"])
async def test_fills_missing_doubled_or_reordered_are_each_booked_once(
    loopback: Loopback, tmp_path: Path, action: str
) -> None:
    async with trading_on(loopback, tmp_path) as wire:
        loopback.ask("frames", action=action, channel="executions", times=6)
        names = []
        for number in range(4):
            draft = wire.rig.draft(Side.BUY, f"0.01{number}", None)
            names.append((await wire.rig.submit(draft)).client_id)
        await wire.rig.until(
            lambda b: all(b.orders[n].status is Status.FILLED for n in names), within_s=20
        )
        await wire.agrees()
        trades = {trade["exec_id"] for trade in wire.truth("trades")}
        booked = [
            fact.fill.trade_id
            async for _, fact in wire.rig.ledger.facts()
            if isinstance(fact, bookings.FillBooked)
        ]
        assert sorted(booked) == sorted(trades)


async def test_a_silent_socket_is_noticed_dialled_again_and_nothing_is_missed(
    loopback: Loopback, tmp_path: Path
) -> None:
    async with trading_on(loopback, tmp_path) as wire:
        loopback.ask("silence", side="private", on=True)
        name = (await wire.rig.submit(wire.rig.draft(away_pct=None))).client_id
        await wire.rig.until(lambda b: b.feeds[KRAKEN].health is not Health.OK, within_s=15)
        loopback.ask("silence", side="private", on=False)
        await wire.rig.until(lambda b: b.feeds[KRAKEN].health is Health.OK, within_s=20)
        await wire.rig.until(lambda b: b.orders[name].status is Status.FILLED)
        await wire.agrees()


@pytest.mark.parametrize("cut", ["cut_sockets", "close_sockets"])
async def test_a_cut_socket_is_dialled_again_and_the_gap_is_filled(
    loopback: Loopback, tmp_path: Path, cut: str
) -> None:
    async with trading_on(loopback, tmp_path) as wire:
        name = (await wire.rig.submit()).client_id
        loopback.ask("refuse_sockets", on=True)
        loopback.ask(cut)
        order_id = wire.rig.order(name).venue_order_id
        loopback.ask("fill", order_id=order_id)
        loopback.ask("refuse_sockets", on=False)
        await wire.rig.until(lambda b: b.orders[name].status is Status.FILLED, within_s=20)
        await wire.rig.until(lambda b: b.feeds[KRAKEN].health is Health.OK, within_s=20)
        await wire.agrees()


@pytest.mark.parametrize("name", sorted(POISONS))
async def test_a_poisoned_stream_comes_back_and_nothing_is_missed(
    loopback: Loopback, tmp_path: Path, name: str
) -> None:
    async with trading_on(loopback, tmp_path) as wire:
        await wire.rig.ask(asks.WatchDepth(venue="kraken", symbol="BTC/USD"))
        await wire.rig.until(lambda b: b.depths)
        loopback.ask("poison", name=name)
        taken = (await wire.rig.submit(wire.rig.draft(away_pct=None))).client_id
        await wire.rig.until(lambda b: b.orders[taken].status is Status.FILLED, within_s=20)
        await wire.rig.until(lambda b: b.feeds[KRAKEN].health is Health.OK, within_s=20)
        price = wire.rig.board.price("kraken", "BTC/USD")
        assert price is not None
        loopback.ask("price", symbol="BTC/USD", middle="64500")
        loopback.ask("step", times=3)
        await wire.rig.until(lambda b: _newer(b.price("kraken", "BTC/USD"), price), within_s=15)
        await wire.agrees()


def _newer(price: Price | None, old: Price) -> bool:
    return price is not None and price.bid != old.bid


async def test_partial_fills_and_a_cancel_end_as_the_venue_says(
    loopback: Loopback, tmp_path: Path
) -> None:
    async with trading_on(loopback, tmp_path) as wire:
        name = (await wire.rig.submit(wire.rig.draft(quantity="0.05"))).client_id
        loopback.ask("fill", order_id=wire.rig.order(name).venue_order_id, quantity="0.02")
        await wire.rig.until(lambda b: b.orders[name].filled == D("0.02"))
        await wire.rig.ask(asks.CancelOrder(client_id=name))
        board = await wire.rig.until(lambda b: b.orders[name].status is Status.CANCELED)
        assert board.orders[name].filled == D("0.02")
        await wire.rig.until(lambda b: not b.orders[name].reserved_quantity)
        await wire.agrees()


@pytest.mark.parametrize(
    "fault", [{"kind": "lost"}, {"kind": "hang"}, {"kind": "page", "status": 200}]
)
async def test_a_cancel_whose_reply_is_spoiled_ends_as_the_venue_says(
    loopback: Loopback, tmp_path: Path, fault: dict[str, Any]
) -> None:
    async with trading_on(loopback, tmp_path) as wire:
        name = (await wire.rig.submit()).client_id
        loopback.ask("fault", endpoint="CancelOrder", **fault)
        await wire.rig.ask(asks.CancelOrder(client_id=name))
        await wire.rig.until(lambda b: b.orders[name].status is Status.CANCELED, within_s=20)
        await wire.agrees()


async def test_a_modified_order_has_the_venues_terms_also_when_the_reply_is_lost(
    loopback: Loopback, tmp_path: Path
) -> None:
    async with trading_on(loopback, tmp_path) as wire:
        name = (await wire.rig.submit()).client_id
        await wire.rig.ask(asks.ModifyOrder(client_id=name, quantity=D("0.02")))
        assert wire.rig.order(name).quantity == D("0.02")
        loopback.ask("fault", endpoint="AmendOrder", kind="lost")
        with pytest.raises(InDoubt):
            await wire.rig.ask(asks.ModifyOrder(client_id=name, quantity=D("0.03")))
        await wire.rig.until(lambda b: b.orders[name].quantity == D("0.03"), within_s=15)
        await wire.agrees()


# Behind our back


async def test_a_deposit_behind_our_back_is_booked_and_explains_the_balance(
    loopback: Loopback, tmp_path: Path
) -> None:
    async with trading_on(loopback, tmp_path) as wire:
        loopback.ask("deposit", asset="USD", amount="2500")
        await wire.agrees(within_s=25)
        assert not [b for b in wire.rig.board.breaks if b.kind == "BALANCE_UNEXPLAINED"]


async def test_an_order_placed_on_the_website_is_foreign_and_counted(
    loopback: Loopback, tmp_path: Path
) -> None:
    async with trading_on(loopback, tmp_path) as wire:
        loopback.ask(
            "place", symbol="BTC/USD", side="buy", quantity="0.1", price="50000", owner="main"
        )
        board = await wire.rig.until(
            lambda b: any(s.foreign and s.status is Status.OPEN for s in b.orders.values())
        )
        (foreign,) = [s for s in board.orders.values() if s.foreign]
        assert foreign.client_id in wire.rig.door.view.exposure.claims
        with pytest.raises(Refused, match="not ours"):
            await wire.rig.ask(asks.ModifyOrder(client_id=foreign.client_id, quantity=D(1)))


async def test_a_venue_that_goes_down_and_comes_back_is_taken_up_again(
    loopback: Loopback, tmp_path: Path
) -> None:
    async with trading_on(loopback, tmp_path) as wire:
        name = (await wire.rig.submit()).client_id
        loopback.ask("down")
        await wire.rig.until(lambda b: b.feeds[KRAKEN].health is not Health.OK, within_s=15)
        assert await _not_placed(wire, "0.02")
        loopback.ask("up")
        await wire.rig.until(lambda b: b.feeds[KRAKEN].health is Health.OK, within_s=30)
        assert wire.rig.order(name).status is Status.OPEN
        await wire.agrees(within_s=20)


async def _not_placed(wire: WireRig, quantity: str) -> bool:
    """Whether an order was denied as stale, or rejected because no byte could leave."""
    try:
        answer = await wire.rig.submit(wire.rig.draft(quantity=quantity))
    except DeskError:
        return True
    return answer.status is Status.REJECTED


async def test_a_clock_that_is_off_stops_entries_and_is_named(
    loopback: Loopback, tmp_path: Path
) -> None:
    settings = quick(**{**_of(WIRE), "clock_every_s": 1})
    async with trading_on(loopback, tmp_path, settings=settings) as wire:
        loopback.ask("skew", seconds=90)
        await wire.rig.until(
            lambda b: abs(b.venues["kraken"].skew_us or 0) > 60_000_000, within_s=10
        )
        with pytest.raises(Refused, match=r"CLOCK: (89|90)"):
            await wire.rig.submit()


def _of(settings: Any) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in type(settings).__slots__}


# Killing


async def test_the_kill_switch_proves_itself_with_half_the_cancels_refused(
    loopback: Loopback, tmp_path: Path
) -> None:
    async with trading_on(loopback, tmp_path) as wire:
        for number in range(6):
            await wire.rig.submit(wire.rig.draft(quantity=f"0.01{number}"))
        loopback.ask("stubborn", every=2)
        await wire.rig.ask(asks.Trip(reason="test"))
        loopback.ask("stubborn", every=0)
        await wire.rig.until(halted(), within_s=20)
        assert not [o for o in wire.truth("orders") if o["status"] == "open"]
        await wire.agrees()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "page", "status": 200},
        {"kind": "truncated"},
        {"kind": "empty"},
        {"kind": "garbled"},
        {"kind": "odd", "text": '{"error":[],"result":{}}'},
        {"kind": "odd", "text": '{"error":[]}'},
        {"kind": "odd", "text": "[]"},
    ],
    ids=lambda f: "-".join(map(str, f.values()))[:40],
)
async def test_an_unreadable_list_of_orders_never_verifies_a_kill(
    loopback: Loopback, tmp_path: Path, fault: dict[str, Any]
) -> None:
    async with trading_on(loopback, tmp_path) as wire:
        await wire.rig.submit()
        loopback.ask("fault", endpoint="OpenOrders", times=1_000, **fault)
        loopback.ask("fault", endpoint="CancelAll", kind="error", text="EService:Busy", times=1_000)
        await wire.rig.ask(asks.Trip(reason="test"))
        await wire.rig.until(halted(HaltState.HALTED_UNVERIFIED), within_s=20)
        (seen,) = wire.rig.board.halts[0].evidence
        assert not seen.verified
        assert seen.error
        loopback.ask("calm")
        await wire.rig.until(halted(), within_s=25)
        await wire.agrees()


# Restart


async def test_a_restart_in_the_middle_of_everything_agrees_with_the_venue(
    loopback: Loopback, tmp_path: Path
) -> None:
    secrets = Secrets()
    async with trading_on(loopback, tmp_path, secrets=secrets) as wire:
        seed = wire.seed
        resting = (await wire.rig.submit()).client_id
        nearest = wire.rig.draft(quantity="0.02", away_pct=-2)
        filled = (await wire.rig.submit(nearest)).client_id
        gone = (await wire.rig.submit(wire.rig.draft(quantity="0.03"))).client_id
        ids = {n: wire.rig.order(n).venue_order_id for n in (filled, gone)}
    loopback.ask("fill", order_id=ids[filled])
    loopback.ask("cancel", order_id=ids[gone])
    loopback.ask("deposit", asset="BTC", amount="0.25")
    async with trading_on(loopback, tmp_path, secrets=secrets, seed=seed, armed=False) as wire:
        await wire.rig.until(lambda b: b.orders[filled].status is Status.FILLED, within_s=15)
        await wire.rig.until(lambda b: b.orders[gone].status is Status.CANCELED, within_s=15)
        assert wire.rig.order(resting).status is Status.OPEN
        assert wire.rig.board.breaks == ()
        await wire.agrees()


async def test_hostile_words_of_the_venue_are_harmless_before_they_are_stored(
    loopback: Loopback, tmp_path: Path
) -> None:
    words = "\x1b]52;c;AAAA\x07[@click=app.quit]x[/]\u202eevil" + "y" * 100_000
    async with trading_on(loopback, tmp_path) as wire:
        loopback.ask("hostile", where="error", text=words)
        loopback.ask(
            "fault",
            endpoint="AddOrder",
            kind="error",
            text=f"EOrder:Invalid order {words}",
            execute=False,
        )
        answer = await wire.rig.submit()
        assert answer.reason.isprintable()
        assert len(answer.reason) < 400
        assert not _hostile(wire)


def _hostile(wire: WireRig) -> list[str]:
    def texts(state: OrderState) -> list[str]:
        return [state.reason, state.venue_order_id, *(f.trade_id for f in state.fills.values())]

    told = [text for state in wire.rig.board.orders.values() for text in texts(state)]
    told += [feed.problem for feed in wire.rig.board.feeds.values()]
    return [text for text in told if not text.isprintable()]


async def test_orders_from_many_askers_at_once_each_arrive_once(
    loopback: Loopback, tmp_path: Path
) -> None:
    async with trading_on(loopback, tmp_path) as wire:
        drafts = [wire.rig.draft(quantity=f"0.0{number:02d}") for number in range(10, 40)]
        answers = await asyncio.gather(*map(wire.rig.submit, drafts))
        assert {answer.status for answer in answers} == {Status.OPEN}
        assert set(wire.sent().values()) == {1}
        assert len(wire.sent()) == 30
        await wire.agrees()
