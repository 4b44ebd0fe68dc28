"""The venue ports, whatever stands behind them: what becomes of orders and of the money."""

import pytest

from domain.errors import InDoubt, Unavailable
from domain.money import ZERO
from domain.orders import Amendment, Final, Side, TimeInForce
from tests.contracts.venue_rigs import Terms, VenueRig, placed, state_of, totals

# Resting orders


async def test_a_resting_order_is_listed_held_and_found(rig: VenueRig, terms: Terms) -> None:
    before = await rig.reader.balances()
    order = terms.resting_buy()
    state = await placed(rig, order)

    (row,) = [o for o in await rig.reader.open_orders() if o.client_id == order.client_id]
    assert (row.venue_order_id, row.symbol, row.side) == (
        state.venue_order_id,
        order.symbol,
        order.side,
    )
    assert (row.quantity, row.price, row.cumulative) == (order.quantity, order.price, ZERO)
    assert row.final is None

    after = await rig.reader.balances()
    assert totals(after) == totals(before)
    held = (after.assets[order.quote].used or ZERO) - (before.assets[order.quote].used or ZERO)
    assert order.price is not None
    assert held >= order.quantity * order.price

    for known in (state, state_of(order)):
        sought = await rig.reader.find(known)
        assert sought.complete
        assert sought.found == row
        assert sought.fills == ()


async def test_a_cancelled_order_is_final_and_holds_nothing(rig: VenueRig, terms: Terms) -> None:
    before = await rig.reader.balances()
    state = await placed(rig, terms.resting_buy())
    assert (await rig.trader.cancel(state)).accepted

    ids = [row.venue_order_id for row in await rig.reader.open_orders()]
    assert state.venue_order_id not in ids
    sought = await rig.reader.find(state)
    assert sought.found is not None
    assert (sought.found.final, sought.found.cumulative) == (Final.CANCELED, ZERO)
    assert (await rig.reader.balances()).assets == before.assets


async def test_a_second_cancel_is_refused_and_changes_nothing(rig: VenueRig, terms: Terms) -> None:
    state = await placed(rig, terms.resting_buy())
    await rig.trader.cancel(state)
    again = await rig.trader.cancel(state)
    assert not again.accepted
    assert again.code
    sought = await rig.reader.find(state)
    assert sought.found is not None
    assert sought.found.final is Final.CANCELED


async def test_an_order_that_was_never_sent_is_proven_absent(rig: VenueRig, terms: Terms) -> None:
    sought = await rig.reader.find(state_of(terms.resting_buy()))
    assert sought.found is None
    assert sought.fills == ()
    assert sought.complete


async def test_the_same_open_id_twice_never_makes_two_orders(rig: VenueRig, terms: Terms) -> None:
    order = terms.resting_buy()
    await placed(rig, order)
    with pytest.raises(InDoubt):
        await rig.trader.place(order)
    rows = [row for row in await rig.reader.open_orders() if row.client_id == order.client_id]
    assert len(rows) == 1


async def test_cancel_all_empties_the_list_or_says_that_it_cannot(
    rig: VenueRig, terms: Terms
) -> None:
    await placed(rig, terms.resting_buy(5))
    await placed(rig, terms.resting_buy(6))
    if not rig.traits.cancel_all:
        with pytest.raises(Unavailable):
            await rig.trader.cancel_all()
        assert len(await rig.reader.open_orders()) >= 2
        return
    await rig.trader.cancel_all()
    assert await rig.reader.open_orders() == []


async def test_an_amended_order_keeps_its_id_where_that_is_possible(
    rig: VenueRig, terms: Terms
) -> None:
    state = await placed(rig, terms.resting_buy())
    wanted = Amendment(
        client_id="qdAM01", quantity=terms.small * 2, price=terms.away(Side.BUY, 7), at_us=1
    )
    placement = await rig.trader.amend(state, wanted)
    assert placement.accepted == rig.traits.amends
    sought = await rig.reader.find(state)
    assert sought.found is not None
    in_force = (
        (wanted.quantity, wanted.price)
        if rig.traits.amends
        else (
            state.quantity,
            state.price,
        )
    )
    assert (sought.found.quantity, sought.found.price) == in_force
    assert sought.found.final is None


async def test_what_is_over_cannot_be_amended(rig: VenueRig, terms: Terms) -> None:
    state = await placed(rig, terms.resting_buy())
    await rig.trader.cancel(state)
    wanted = Amendment(client_id="qdAM02", quantity=terms.small * 2, price=None, at_us=1)
    assert not (await rig.trader.amend(state, wanted)).accepted
    sought = await rig.reader.find(state)
    assert sought.found is not None
    assert (sought.found.final, sought.found.quantity) == (Final.CANCELED, state.quantity)


async def test_a_dead_mans_switch_cancels_unless_it_is_renewed(rig: VenueRig, terms: Terms) -> None:
    if not rig.traits.dead_man:
        with pytest.raises(Unavailable):
            await rig.trader.dead_man(60)
        return
    state = await placed(rig, terms.resting_buy())
    await rig.trader.dead_man(10)
    await rig.pass_time(6)
    await rig.trader.dead_man(10)
    await rig.pass_time(6)
    assert await rig.reader.open_orders()
    await rig.pass_time(6)
    assert await rig.reader.open_orders() == []
    sought = await rig.reader.find(state)
    assert sought.found is not None
    assert sought.found.final is Final.CANCELED


# Executions


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("market", [False, True], ids=["limit", "market"])
async def test_an_execution_moves_exactly_what_its_fills_say(
    rig: VenueRig, terms: Terms, side: Side, market: bool
) -> None:
    before = totals(await rig.reader.balances())
    crossing = terms.away(Side.SELL if side is Side.BUY else Side.BUY, 1)
    order = terms.order(side, terms.small, None if market else crossing)
    state = await placed(rig, order)

    sought = await rig.reader.find(state)
    assert sought.found is not None
    assert sought.found.final is Final.FILLED
    assert sum(fill.quantity for fill in sought.fills) == sought.found.cumulative == order.quantity
    for fill in sought.fills:
        assert (fill.account, fill.symbol, fill.side) == (rig.account, rig.symbol, side)
        assert (fill.client_id, fill.venue_order_id) == (order.client_id, state.venue_order_id)
        before[order.base] += fill.quantity if side is Side.BUY else -fill.quantity
        before[order.quote] -= fill.cost if side is Side.BUY else -fill.cost
        before[fill.fee_asset] -= fill.fee
    assert totals(await rig.reader.balances()) == before


async def test_every_fill_is_in_the_history_once(rig: VenueRig, terms: Terms) -> None:
    state = await placed(rig, terms.order(Side.BUY, terms.small, None))
    sought = await rig.reader.find(state)
    first = min(fill.at_us for fill in sought.fills)
    history = await rig.reader.history(first)
    assert [f for f in history.fills if f.venue_order_id == state.venue_order_id] == list(
        sought.fills
    )
    keys = [fill.key for fill in (await rig.reader.history(0)).fills]
    assert len(keys) == len(set(keys))
    assert sought.found in history.orders
    assert (await rig.reader.history(history.until_us + 10_000_000)).fills == ()


async def test_a_post_only_order_never_takes(rig: VenueRig, terms: Terms) -> None:
    before = await rig.reader.balances()
    crossing = terms.away(Side.SELL, 1)
    order = terms.order(Side.BUY, terms.small, crossing, post_only=True)
    placement = await rig.trader.place(order)
    sought = await rig.reader.find(state_of(order, placement.venue_order_id))
    assert sought.fills == ()
    assert not placement.accepted or (sought.found and sought.found.final is Final.CANCELED)
    assert (await rig.reader.balances()).assets == before.assets


@pytest.mark.parametrize("terms_in_force", [TimeInForce.IOC, TimeInForce.FOK])
async def test_what_must_trade_at_once_never_rests(
    rig: VenueRig, terms: Terms, terms_in_force: TimeInForce
) -> None:
    price = terms.away(Side.BUY, 5)
    order = terms.order(Side.BUY, terms.small, price, time_in_force=terms_in_force)
    placement = await rig.trader.place(order)
    sought = await rig.reader.find(state_of(order, placement.venue_order_id))
    assert sought.fills == ()
    if placement.accepted:
        assert sought.found is not None
        assert sought.found.final in (Final.CANCELED, Final.EXPIRED)
    open_ids = {row.client_id for row in await rig.reader.open_orders()}
    assert order.client_id not in open_ids


async def test_accounts_do_not_see_each_others_orders(rig: VenueRig, terms: Terms) -> None:
    state = await placed(rig, terms.resting_buy())
    assert all(row.account == rig.account for row in await rig.reader.open_orders())
    history = await rig.reader.history(0)
    assert {f.account for f in history.fills} <= {rig.account}
    assert (await rig.trader.cancel(state)).accepted
