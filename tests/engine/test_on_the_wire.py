"""Every fault of the issue over real sockets and the real ccxt classes (semantics 8).

Each test runs on each loopback venue. Whatever goes wrong between the desk and its venue, it
ends the same way: each order was sent once, and what the desk believes equals what the venue
knows.
"""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from domain import asks, bookings
from domain.board import Board, Health
from domain.errors import DeskError, InDoubt, Refused
from domain.halts import HaltState
from domain.market import Price
from domain.orders import OrderState, Side, Status
from tests.engine.rig import D, Secrets
from tests.engine.wire_families import KRAKEN, KUCOIN, NO_LISTS, REFUSALS
from tests.engine.wire_rig import WIRE, Site, WireRig, trading_on

pytestmark = [pytest.mark.usefixtures("unpaced"), pytest.mark.timeout(60)]


HASTY = replace(WIRE, kill_deadline_s=1)


def halted(state: HaltState = HaltState.HALTED) -> Any:
    return lambda b: bool(b.halts) and b.halts[0].state is state


async def test_the_main_job_from_the_ask_to_the_ledger(site: Site, tmp_path: Path) -> None:
    async with trading_on(site, tmp_path) as wire:
        rig = wire.rig
        resting = await wire.submit()
        taken = await wire.submit(wire.draft(away_pct=None))
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
        assert all(fact.fill.fee > 0 and fact.fill.fee_asset == site.family.quote for fact in mine)


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
    {"kind": "odd", "text": "no id"},
    {"kind": "odd", "text": "another kind"},
    {"kind": "odd", "text": "a list"},
    {"kind": "error", "text": "busy"},
    {"kind": "error", "text": "late"},
    {"kind": "error", "text": "internal"},
]


@pytest.mark.parametrize("fault", CREATE_FAULTS, ids=lambda f: "-".join(map(str, f.values()))[:40])
async def test_an_executed_order_whose_reply_is_spoiled_is_found_and_never_resent(
    site: Site, tmp_path: Path, fault: dict[str, Any]
) -> None:
    async with trading_on(site, tmp_path) as wire:
        site.spoil(site.family.place, **fault)
        answer = await wire.submit()
        assert answer.status is not Status.REJECTED
        await wire.rig.until(lambda b: b.orders[answer.client_id].status is Status.OPEN)
        assert wire.sent() == {answer.client_id: 1}
        await wire.agrees()
        await wire.rig.ask(asks.CancelOrder(client_id=answer.client_id))
        await wire.agrees()


@pytest.mark.parametrize("kind", ["drop", "hang"])
async def test_an_order_that_never_arrived_is_lost_after_proof_and_releases_once(
    site: Site, tmp_path: Path, kind: str
) -> None:
    async with trading_on(site, tmp_path) as wire:
        site.spoil(site.family.place, kind=kind, execute=False)
        answer = await wire.submit()
        board = await wire.rig.until(
            lambda b: b.orders[answer.client_id].status is Status.LOST, within_s=20
        )
        assert not board.orders[answer.client_id].reserved_quantity
        assert sum(wire.sent().values()) <= 1
        await wire.agrees()


async def test_an_order_during_maintenance_is_a_doubt_that_ends_with_it(
    site: Site, tmp_path: Path
) -> None:
    async with trading_on(site, tmp_path) as wire:
        resting = (await wire.submit()).client_id
        site.ask("mode", mode="maintenance")
        answer = await wire.submit()
        assert answer.status not in (Status.OPEN, Status.REJECTED)
        site.ask("mode", mode="online")
        await wire.rig.until(
            lambda b: b.orders[answer.client_id].status is Status.LOST, within_s=25
        )
        assert wire.rig.order(resting).status is Status.OPEN
        await wire.agrees()


@pytest.mark.parametrize("text", REFUSALS)
async def test_the_venues_own_no_is_a_rejection_and_releases(
    site: Site, tmp_path: Path, text: str
) -> None:
    async with trading_on(site, tmp_path) as wire:
        site.spoil(site.family.place, kind="error", text=text, execute=False)
        answer = await wire.submit()
        assert answer.status is Status.REJECTED
        assert answer.client_id not in wire.rig.door.view.exposure.claims
        await wire.agrees()


# Fills and streams


async def test_fills_missing_doubled_or_reordered_are_each_booked_once(
    site: Site, tmp_path: Path
) -> None:
    async with trading_on(site, tmp_path) as wire:
        for number, action in enumerate(site.family.actions):
            site.ask("frames", action=action, channel=site.family.executions, times=6)
            names = []
            for order in range(4):
                draft = wire.draft(Side.BUY, f"0.01{number}{order}", None)
                names.append((await wire.submit(draft)).client_id)
            for name in names:
                await wire.rig.until(_ended(name), within_s=20)
        await wire.agrees()
        trades = {trade[site.family.trade_id] for trade in wire.truth("trades")}
        assert sorted(await _booked(wire)) == sorted(map(str, trades))


async def _booked(wire: WireRig) -> list[str]:
    facts = [fact async for _, fact in wire.rig.ledger.facts()]
    return [fact.fill.trade_id for fact in facts if isinstance(fact, bookings.FillBooked)]


async def test_a_silent_socket_is_noticed_dialled_again_and_nothing_is_missed(
    site: Site, tmp_path: Path
) -> None:
    async with trading_on(site, tmp_path) as wire:
        account = site.family.account
        site.ask(site.family.hush, side="private", on=True)
        name = (await wire.submit(wire.draft(away_pct=None))).client_id
        await wire.rig.until(lambda b: b.feeds[account].health is not Health.OK, within_s=20)
        site.ask(site.family.hush, side="private", on=False)
        await wire.rig.until(lambda b: b.feeds[account].health is Health.OK, within_s=20)
        await wire.rig.until(_ended(name))
        await wire.agrees()


@pytest.mark.parametrize("site", [KUCOIN], ids=["kucoin"], indirect=True)
async def test_a_socket_that_does_nothing_but_pong_hides_no_fill(
    site: Site, tmp_path: Path
) -> None:
    async with trading_on(site, tmp_path) as wire:
        site.ask("silence", side="private", on=True)
        name = (await wire.submit(wire.draft(away_pct=None))).client_id
        await wire.rig.until(_ended(name), within_s=20)
        await wire.agrees()


@pytest.mark.parametrize("site", [KUCOIN], ids=["kucoin"], indirect=True)
async def test_an_expired_token_is_replaced_and_nothing_is_missed(
    site: Site, tmp_path: Path
) -> None:
    async with trading_on(site, tmp_path) as wire:
        account, before = site.family.account, site.ask("counts")["POST bullet-private"]
        name = (await wire.submit()).client_id
        site.ask("expire_tokens")
        site.ask("cut_sockets")
        site.ask("fill", order_id=wire.rig.order(name).venue_order_id)
        await wire.rig.until(_ended(name), within_s=20)
        await wire.rig.until(lambda b: b.feeds[account].health is Health.OK, within_s=20)
        assert site.ask("counts")["POST bullet-private"] > before
        await wire.agrees()


@pytest.mark.parametrize("cut", ["cut_sockets", "close_sockets"])
async def test_a_cut_socket_is_dialled_again_and_the_gap_is_filled(
    site: Site, tmp_path: Path, cut: str
) -> None:
    async with trading_on(site, tmp_path) as wire:
        name = (await wire.submit()).client_id
        site.ask("refuse_sockets", on=True)
        site.ask(cut)
        order_id = wire.rig.order(name).venue_order_id
        site.ask("fill", order_id=order_id)
        site.ask("refuse_sockets", on=False)
        await wire.rig.until(_ended(name), within_s=20)
        account = site.family.account
        await wire.rig.until(lambda b: b.feeds[account].health is Health.OK, within_s=20)
        await wire.agrees()


async def test_a_poisoned_stream_comes_back_and_nothing_is_missed(
    site: Site, tmp_path: Path
) -> None:
    venue, symbol, account = site.family.venue, site.family.symbol, site.family.account
    async with trading_on(site, tmp_path) as wire:
        await wire.rig.ask(asks.WatchDepth(venue=venue, symbol=symbol))
        await wire.rig.until(lambda b: b.depths)
        for number, name in enumerate(site.family.poisons):
            site.ask("poison", name=name)
            taken = (await wire.submit(wire.draft(away_pct=None))).client_id
            await wire.rig.until(_ended(taken), within_s=20)
            await wire.rig.until(lambda b: b.feeds[account].health is Health.OK, within_s=20)
            price = wire.rig.board.price(venue, symbol)
            assert price is not None
            site.ask("price", symbol=symbol, middle=str(64_500 + 100 * number))
            site.ask("step", times=3)
            await wire.rig.until(_newer(price), within_s=15)
        await wire.agrees()


def _ended(name: str) -> Any:
    return lambda b: b.orders[name].status is Status.FILLED


def _newer(old: Price) -> Any:
    def true(board: Board) -> bool:
        now = board.price(old.venue, old.symbol)
        return now is not None and now.bid != old.bid

    return true


async def test_partial_fills_and_a_cancel_end_as_the_venue_says(site: Site, tmp_path: Path) -> None:
    async with trading_on(site, tmp_path) as wire:
        name = (await wire.submit(wire.draft(quantity="0.05"))).client_id
        site.ask("fill", order_id=wire.rig.order(name).venue_order_id, quantity="0.02")
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
    site: Site, tmp_path: Path, fault: dict[str, Any]
) -> None:
    async with trading_on(site, tmp_path) as wire:
        name = (await wire.submit()).client_id
        site.spoil(site.family.cancel, **fault)
        await wire.rig.ask(asks.CancelOrder(client_id=name))
        await wire.rig.until(lambda b: b.orders[name].status is Status.CANCELED, within_s=20)
        await wire.agrees()


@pytest.mark.parametrize("site", [KRAKEN], ids=["kraken"], indirect=True)
async def test_a_modified_order_has_the_venues_terms_also_when_the_reply_is_lost(
    site: Site, tmp_path: Path
) -> None:
    async with trading_on(site, tmp_path) as wire:
        name = (await wire.submit()).client_id
        await wire.rig.ask(asks.ModifyOrder(client_id=name, quantity=D("0.02")))
        assert wire.rig.order(name).quantity == D("0.02")
        site.spoil("AmendOrder", kind="lost")
        with pytest.raises(InDoubt):
            await wire.rig.ask(asks.ModifyOrder(client_id=name, quantity=D("0.03")))
        await wire.rig.until(lambda b: b.orders[name].quantity == D("0.03"), within_s=15)
        await wire.agrees()


@pytest.mark.parametrize("site", [KUCOIN], ids=["kucoin"], indirect=True)
async def test_an_order_that_cannot_be_amended_is_replaced_by_its_child(
    site: Site, tmp_path: Path
) -> None:
    async with trading_on(site, tmp_path) as wire:
        name = (await wire.submit()).client_id
        await wire.rig.ask(asks.ModifyOrder(client_id=name, quantity=D("0.02")))
        await wire.rig.until(lambda b: b.orders[name].status is Status.CANCELED, within_s=15)
        await wire.rig.until(lambda b: any(_is_child(s, name) for s in b.orders.values()))
        (child,) = [s for s in wire.rig.board.orders.values() if _is_child(s, name)]
        assert (child.status, child.quantity) == (Status.OPEN, D("0.02"))
        assert wire.sent() == {name: 1, child.client_id: 1}
        await wire.agrees()


def _is_child(state: OrderState, parent: str) -> bool:
    return state.order.parent == parent


# Behind our back


async def test_a_deposit_behind_our_back_is_booked_and_explains_the_balance(
    site: Site, tmp_path: Path
) -> None:
    async with trading_on(site, tmp_path) as wire:
        site.ask("deposit", asset=site.family.quote, amount="2500")
        await wire.agrees(within_s=25)
        assert not [b for b in wire.rig.board.breaks if b.kind == "BALANCE_UNEXPLAINED"]


async def test_an_order_placed_on_the_website_is_foreign_and_counted(
    site: Site, tmp_path: Path
) -> None:
    async with trading_on(site, tmp_path) as wire:
        site.ask(
            "place",
            symbol=site.family.symbol,
            side="buy",
            quantity="0.1",
            price="50000",
            owner="main",
        )
        board = await wire.rig.until(
            lambda b: any(s.foreign and s.status is Status.OPEN for s in b.orders.values())
        )
        (foreign,) = [s for s in board.orders.values() if s.foreign]
        assert foreign.client_id in wire.rig.door.view.exposure.claims
        with pytest.raises(Refused, match="not ours"):
            await wire.rig.ask(asks.ModifyOrder(client_id=foreign.client_id, quantity=D(1)))


async def test_a_venue_that_goes_down_and_comes_back_is_taken_up_again(
    site: Site, tmp_path: Path
) -> None:
    async with trading_on(site, tmp_path) as wire:
        name = (await wire.submit()).client_id
        site.ask("down")
        await wire.rig.until(
            lambda b: b.feeds[site.family.account].health is not Health.OK, within_s=15
        )
        assert await _not_placed(wire, "0.02")
        site.ask("up")
        await wire.rig.until(
            lambda b: b.feeds[site.family.account].health is Health.OK, within_s=30
        )
        assert wire.rig.order(name).status is Status.OPEN
        await wire.agrees(within_s=20)


async def _not_placed(wire: WireRig, quantity: str) -> bool:
    """Whether an order was denied as stale, or rejected because no byte could leave."""
    try:
        answer = await wire.submit(wire.draft(quantity=quantity))
    except DeskError:
        return True
    return answer.status is Status.REJECTED


async def test_a_clock_that_is_off_stops_entries_and_is_named(site: Site, tmp_path: Path) -> None:
    async with trading_on(site, tmp_path, settings=replace(WIRE, clock_every_s=1)) as wire:
        site.ask("skew", seconds=90)
        await wire.rig.until(
            lambda b: abs(b.venues[site.family.venue].skew_us or 0) > 60_000_000, within_s=10
        )
        with pytest.raises(Refused, match=r"CLOCK: (89|90)"):
            await wire.submit()


# Killing


async def test_the_kill_switch_proves_itself_with_half_the_cancels_refused(
    site: Site, tmp_path: Path
) -> None:
    async with trading_on(site, tmp_path) as wire:
        for number in range(6):
            await wire.submit(wire.draft(quantity=f"0.01{number}"))
        site.ask("stubborn", every=2)
        await wire.rig.ask(asks.Trip(reason="test"))
        site.ask("stubborn", every=0)
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
        *({"kind": "odd", "text": text} for text in NO_LISTS),
    ],
    ids=lambda f: "-".join(map(str, f.values()))[:40],
)
async def test_an_unreadable_list_of_orders_never_verifies_a_kill(
    site: Site, tmp_path: Path, fault: dict[str, Any]
) -> None:
    async with trading_on(site, tmp_path, settings=HASTY) as wire:
        await wire.submit()
        site.blind(**fault)
        await wire.rig.ask(asks.Trip(reason="test"))
        await wire.rig.until(halted(HaltState.HALTED_UNVERIFIED), within_s=20)
        (seen,) = wire.rig.board.halts[0].evidence
        assert not seen.verified
        assert seen.error
        site.ask("calm")
        await wire.rig.until(halted(), within_s=25)
        await wire.agrees()


# Restart


async def test_a_restart_in_the_middle_of_everything_agrees_with_the_venue(
    site: Site, tmp_path: Path
) -> None:
    secrets = Secrets()
    async with trading_on(site, tmp_path, secrets=secrets) as wire:
        seed = wire.seed
        resting = (await wire.submit()).client_id
        nearest = wire.draft(quantity="0.02", away_pct=-2)
        filled = (await wire.submit(nearest)).client_id
        gone = (await wire.submit(wire.draft(quantity="0.03"))).client_id
        ids = {n: wire.rig.order(n).venue_order_id for n in (filled, gone)}
    site.ask("fill", order_id=ids[filled])
    site.ask("cancel", order_id=ids[gone])
    site.ask("deposit", asset="BTC", amount="0.25")
    async with trading_on(site, tmp_path, secrets=secrets, seed=seed, armed=False) as wire:
        await wire.rig.until(lambda b: b.orders[filled].status is Status.FILLED, within_s=15)
        await wire.rig.until(lambda b: b.orders[gone].status is Status.CANCELED, within_s=15)
        assert wire.rig.order(resting).status is Status.OPEN
        assert wire.rig.board.breaks == ()
        await wire.agrees()


async def test_hostile_words_of_the_venue_are_harmless_before_they_are_stored(
    site: Site, tmp_path: Path
) -> None:
    words = "\x1b]52;c;AAAA\x07[@click=app.quit]x[/]\u202eevil" + "y" * 100_000
    async with trading_on(site, tmp_path) as wire:
        site.ask("hostile", where="error", text=words)
        said = f"{site.family.says['invalid']} {words}"
        site.ask("fault", endpoint=site.family.place, kind="error", text=said, execute=False)
        answer = await wire.submit()
        assert answer.reason.isprintable()
        assert len(answer.reason) < 400
        assert not _hostile(wire)


def _hostile(wire: WireRig) -> list[str]:
    def texts(state: OrderState) -> list[str]:
        return [state.reason, state.venue_order_id, *(f.trade_id for f in state.fills.values())]

    told = [text for state in wire.rig.board.orders.values() for text in texts(state)]
    told += [feed.problem for feed in wire.rig.board.feeds.values()]
    return [text for text in told if not text.isprintable()]


async def test_orders_from_many_askers_at_once_each_arrive_once(site: Site, tmp_path: Path) -> None:
    async with trading_on(site, tmp_path) as wire:
        drafts = [wire.draft(quantity=f"0.0{number:02d}") for number in range(10, 40)]
        answers = await asyncio.gather(*map(wire.rig.submit, drafts))
        assert {answer.status for answer in answers} == {Status.OPEN}
        assert set(wire.sent().values()) == {1}
        assert len(wire.sent()) == 30
        await wire.agrees()
