"""The fold: board and fact in, new board out; and `see`, the same for sightings.

The one rule: nothing here decides anything. A fact has happened; the board shows it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from domain import bookings, events, sightings, snapshots
from domain.board import AccountView, Board, Denial, at
from domain.fold_controls import CONTROLS
from domain.fold_withdrawals import WITHDRAWALS
from domain.lifecycle import advance, intended
from domain.market import AssetBalance
from domain.orders import OrderState
from domain.snapshots import SnapshotView

NEWEST_FILLS = 500
NEWEST_DENIALS = 100
SETTLED_ORDERS = 300  # how many finished orders stay on the board for the screens


def fold(board: Board, fact: events.Fact) -> Board:
    """The board after a fact that is already durable."""
    if isinstance(fact, events.OrderFact):
        return _order_changed(board, fact.client_id, fact)
    step = _FACTS.get(type(fact))
    return board if step is None else step(board, fact)


def see(board: Board, sighting: sightings.Sighting) -> Board:
    """The board after a sighting; an older one than the board shows changes nothing."""
    step = _SIGHTINGS.get(type(sighting))
    return board if step is None else step(board, sighting)


def _with_order(board: Board, state: OrderState) -> Board:
    return board.but(orders=board.orders.put(state.client_id, state))


def _order_changed(board: Board, client_id: str, fact: events.Fact) -> Board:
    state = board.orders.get(client_id)
    if state is None:
        return board
    after = advance(state, fact)
    return board if after is state else _with_order(board, after)


def trimmed(board: Board) -> Board:
    """The board without the oldest finished orders beyond what the screens show."""
    done = [s for s in board.orders.values() if s.terminal and not s.reserved_quantity]
    if len(done) <= SETTLED_ORDERS + SETTLED_ORDERS // 4:
        return board
    done.sort(key=lambda state: state.updated_us)
    orders = board.orders
    for state in done[: len(done) - SETTLED_ORDERS]:
        orders = orders.drop(state.client_id)
    return board.but(orders=orders)


# The book and the engine


def _opened(board: Board, fact: events.LedgerOpened) -> Board:
    return board.but(ledger_id=fact.ledger_id, install_tag=fact.install_tag)


def _started(board: Board, fact: events.EngineStarted) -> Board:
    # A process phase never survives its process: whoever starts, starts disarmed.
    return board.but(run_id=fact.run_id, started_us=fact.at_us, armed=False)


# Orders and money


def _approved(board: Board, fact: events.OrderApproved) -> Board:
    return _with_order(board, intended(fact.order, at_us=fact.at_us))


def _denied(board: Board, fact: events.OrderDenied) -> Board:
    order = fact.order
    known = board.orders.get(order.client_id)
    state = advance(known or intended(order, at_us=fact.at_us), fact)
    denial = Denial(
        at_us=fact.at_us,
        client_id=order.client_id,
        symbol=order.symbol,
        account=order.account,
        side=order.side.value,
        quantity=order.quantity,
        rule=fact.rule,
        reason=fact.reason,
    )
    denials = (denial, *board.denials)[:NEWEST_DENIALS]
    return _with_order(board, state).but(denials=denials)


def _foreign_seen(board: Board, fact: events.ForeignOrderSeen) -> Board:
    if fact.order.client_id in board.orders:
        return board
    state = intended(fact.order, at_us=fact.at_us, foreign=True)
    report = events.OrderReported(
        at_us=fact.at_us,
        actor=fact.actor,
        client_id=fact.order.client_id,
        report=fact.report,
        source="foreign",
    )
    return _with_order(board, advance(state, report))


def _filled(board: Board, fact: bookings.FillBooked) -> Board:
    fill = fact.fill
    after = _order_changed(board, fill.client_id, fact) if fill.client_id else board
    fills = (fill, *after.fills)[:NEWEST_FILLS]
    if len(fills) > 1 and fills[1].at_us > fill.at_us:
        fills = tuple(sorted(fills, key=lambda known: -known.at_us))
    return after.but(fills=fills)


def _fill_reversed(board: Board, fact: bookings.FillReversed) -> Board:
    fill = fact.fill
    after = _order_changed(board, fill.client_id, fact) if fill.client_id else board
    return after.but(fills=tuple(known for known in after.fills if known.key != fill.key))


def _checkpoint(board: Board, fact: bookings.Checkpoint) -> Board:
    key = fact.account
    view = board.accounts.get(key) or AccountView(account=fact.account)
    watermark = max(view.watermark_us, fact.watermark_us)
    return board.but(accounts=board.accounts.put(key, replace(view, watermark_us=watermark)))


def _snapshot(board: Board, fact: snapshots.SnapshotTaken) -> Board:
    known = board.snapshots.get(fact.account)
    if known is not None and known.local_date >= fact.local_date:
        return board
    view = SnapshotView(
        account=fact.account,
        local_date=fact.local_date,
        at_us=fact.at_us,
        nav=fact.nav,
        partial=fact.partial,
    )
    return board.but(snapshots=board.snapshots.put(fact.account, view))


# Sightings


def _price_seen(board: Board, sighting: sightings.PriceSeen) -> Board:
    price = sighting.price
    key = at(price.venue, price.symbol)
    known = board.prices.get(key)
    if known is not None and known.at_us > price.at_us:
        return board
    return board.but(prices=board.prices.put(key, price))


def _depth_seen(board: Board, sighting: sightings.DepthSeen) -> Board:
    depth = sighting.depth
    return board.but(depths=board.depths.put(at(depth.venue, depth.symbol), depth))


def _balances_seen(board: Board, sighting: sightings.BalancesSeen) -> Board:
    balances = sighting.balances
    key = balances.account
    view = board.accounts.get(key) or AccountView(account=balances.account)
    if view.balances is not None and view.balances.asked_us > balances.asked_us:
        return board
    return board.but(accounts=board.accounts.put(key, replace(view, balances=balances)))


def _totals_seen(board: Board, sighting: sightings.TotalsSeen) -> Board:
    view = board.accounts.get(sighting.account)
    if view is None or view.balances is None:
        return board  # a stream's totals are partial: without a whole list they mean nothing
    assets = dict(view.balances.assets)
    for asset, total in sighting.totals.items():
        known = assets.get(asset)
        assets[asset] = AssetBalance(total=total, used=known.used if known else None)
    balances = replace(view.balances, assets=assets)
    changed = replace(view, balances=balances)
    return board.but(accounts=board.accounts.put(sighting.account, changed))


_FACTS: dict[type[events.Fact], Callable[[Board, Any], Board]] = {
    **CONTROLS,
    **WITHDRAWALS,
    events.LedgerOpened: _opened,
    events.EngineStarted: _started,
    events.OrderApproved: _approved,
    events.OrderDenied: _denied,
    events.ForeignOrderSeen: _foreign_seen,
    bookings.FillBooked: _filled,
    bookings.FillReversed: _fill_reversed,
    bookings.Checkpoint: _checkpoint,
    snapshots.SnapshotTaken: _snapshot,
}
_SIGHTINGS: dict[type[sightings.Sighting], Callable[[Board, Any], Board]] = {
    sightings.PriceSeen: _price_seen,
    sightings.DepthSeen: _depth_seen,
    sightings.BalancesSeen: _balances_seen,
    sightings.TotalsSeen: _totals_seen,
}
