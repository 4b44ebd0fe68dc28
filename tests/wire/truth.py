"""What really happened, for a test to compare the desk with. The one rule: no lag, no quirk."""

from typing import Any

from domain.money import canonical
from tests.wire.encode import stamp
from tests.wire.orders import Execution, Ticket
from tests.wire.venue import Venue

Row = dict[str, object]


def told(venue: Venue[Any], owner: str) -> Row:
    """An account's balances, holds, orders, trades and transfers as they are."""
    accounts = venue.exchange.accounts
    tickets = [t for t in venue.exchange.tickets.values() if t.wish.owner == owner]
    executions = [e for e in venue.exchange.settlement.executions if e.owner == owner]
    balances = accounts.balances(owner)
    held = venue.exchange.held(owner)
    return {
        "at": stamp(venue.now_us()),
        "balances": {asset: canonical(total) for asset, total in balances.items()},
        "holds": {asset: canonical(amount) for asset, amount in held.items()},
        "orders": [_order(ticket) for ticket in tickets],
        "trades": [_trade(execution) for execution in executions],
        "transfers": [
            {
                "reference": t.reference,
                "kind": t.kind,
                "address": t.address,
                "tag": t.tag,
                "network": t.network,
                "asset": t.asset,
                "amount": canonical(t.amount),
                "fee": canonical(t.fee),
                "status": t.status,
            }
            for t in venue.transfers
            if t.owner == owner
        ],
        "sums": {asset: canonical(accounts.total(asset)) for asset in sorted(accounts.assets())},
    }


def _order(ticket: Ticket) -> Row:
    wish, price = ticket.wish, ticket.working.price
    return {
        "order_id": ticket.order_id,
        "client_id": wish.client_id,
        "symbol": wish.symbol,
        "side": str(wish.side),
        "kind": str(wish.kind),
        "quantity": canonical(ticket.working.quantity),
        "price": None if price is None else canonical(price),
        "filled": canonical(ticket.filled),
        "status": ticket.status,
        "reason": ticket.reason,
        "via": wish.via,
        "amended": ticket.amended,
    }


def _trade(execution: Execution) -> Row:
    return {
        "exec_id": execution.exec_id,
        "trade_id": execution.trade_id,
        "order_id": execution.order_id,
        "symbol": execution.symbol,
        "side": str(execution.side),
        "quantity": canonical(execution.quantity),
        "price": canonical(execution.price),
        "cost": canonical(execution.cost),
        "fee": canonical(execution.fee),
        "maker": execution.maker,
        "at": stamp(execution.at_us),
    }
