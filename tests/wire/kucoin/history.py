"""Private lists: orders and fills, one pair at a time, newest first.

Pages go by `lastId`: rows with a smaller number follow. A window is seven days at most. The
one rule: a list that ends is known by a page without rows, because no page counts the whole.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from tests.wire.kucoin.call import PrivateHandler, Request
from tests.wire.kucoin.dialect import bad
from tests.wire.kucoin.keys import GENERAL, SPOT
from tests.wire.kucoin.rows import fill_row, order_row, touched_us
from tests.wire.orders import Execution, Ticket

DONE_PAGE, DONE_MOST = 20, 100
FILLS_PAGE, FILLS_MOST = 100, 200
FIRST_ID = 19_800_000_000_000
T = TypeVar("T")
Row = dict[str, object]


def active(request: Request) -> object:
    """Every open order of a pair; not paged."""
    symbol = request.listing().symbol
    mine = [t for t in request.venue.tickets(request.owner) if t.status == "open"]
    return [_row(request, t) for t in _by_touch(mine) if t.wish.symbol == symbol]


def active_symbols(request: Request) -> object:
    """The pairs in which orders are open."""
    mine = [t for t in request.venue.tickets(request.owner) if t.status == "open"]
    return {"symbols": sorted({t.wish.symbol.replace("/", "-") for t in mine})}


def done(request: Request) -> object:
    """Orders of a pair that are over, by when they last changed."""
    symbol = request.listing().symbol
    over = [t for t in request.venue.tickets(request.owner) if t.status != "open"]
    numbered = _numbered(sorted(over, key=lambda t: t.closed_us))
    chosen = [
        (number, t)
        for number, t in numbered
        if t.wish.symbol == symbol and _fits(request, str(t.wish.side), str(t.wish.kind))
    ]
    page = _page(request, chosen, touched_us, DONE_PAGE, DONE_MOST)
    return _listed([(number, _row(request, t)) for number, t in page])


def order(request: Request) -> object:
    """The order of that id; nothing, and no error, when there is none."""
    return _found(request, lambda t: t.order_id == request.text("orderId"))


def order_by_client_id(request: Request) -> object:
    """The newest order of that client id; nothing, and no error, when there is none."""
    return _found(request, lambda t: t.wish.client_id == request.text("clientOid"))


def fills(request: Request) -> object:
    """Executions of a pair, or of one order whatever else is asked."""
    numbered = _numbered(request.venue.executions(request.owner))
    wanted = request.text("orderId")
    if wanted:
        chosen = [(number, e) for number, e in numbered if e.order_id == wanted][::-1]
        return _listed([(number, _fill(request, number, e)) for number, e in chosen])
    symbol = request.listing().symbol
    mine = [
        (number, e)
        for number, e in numbered
        if e.symbol == symbol and _fits(request, str(e.side), str(e.kind))
    ]
    page = _page(request, mine, lambda e: e.at_us, FILLS_PAGE, FILLS_MOST)
    return _listed([(number, _fill(request, number, e)) for number, e in page])


def _found(request: Request, wanted: Callable[[Ticket], bool]) -> object:
    symbol = request.listing().symbol
    mine = request.venue.tickets(request.owner)
    found = [t for t in mine if t.wish.symbol == symbol and wanted(t)]
    return _row(request, found[-1]) if found else None


def _row(request: Request, ticket: Ticket) -> Row:
    return order_row(ticket, request.venue.quirks.hostile)


def _fill(request: Request, number: int, execution: Execution) -> Row:
    others = request.venue.exchange.settlement.executions
    counterpart = [
        e.order_id
        for e in others
        if e.trade_id == execution.trade_id and e.exec_id != execution.exec_id
    ]
    maker, taker = request.venue.fees(execution.owner, execution.symbol)
    rate = maker if execution.maker else taker
    return fill_row(execution, number, (counterpart or ["6306cf4027ecbe0001e1df4d"])[0], rate)


def _by_touch(tickets: Iterable[Ticket]) -> list[Ticket]:
    return sorted(tickets, key=touched_us, reverse=True)


def _numbered(rows: Sequence[T]) -> list[tuple[int, T]]:
    """Each row with its number; a row that is added later gets a larger one."""
    return [(FIRST_ID + n, row) for n, row in enumerate(rows)]


def _fits(request: Request, side: str, kind: str) -> bool:
    return request.text("side") in ("", side) and request.text("type") in ("", kind)


def _page(
    request: Request,
    rows: Sequence[tuple[int, T]],
    at: Callable[[T], int],
    usual: int,
    most: int,
) -> list[tuple[int, T]]:
    start_us, end_us = request.window_us()
    before = request.whole("lastId", 0)
    size = request.whole("limit", usual, most)
    if not size:
        raise bad("limit is invalid.")
    chosen = [
        (number, row)
        for number, row in reversed(rows)
        if start_us <= at(row) <= end_us and (not before or number < before)
    ]
    return chosen[:size]


def _listed(rows: Sequence[tuple[int, Row]]) -> Row:
    last = rows[-1][0] if rows else 0
    return {"lastId": last, "items": [row for _, row in rows]}


HISTORY: dict[str, PrivateHandler] = {
    "GET v1/hf/orders/active": PrivateHandler(active, GENERAL),
    "GET v1/hf/orders/active/symbols": PrivateHandler(active_symbols, SPOT),
    "GET v1/hf/orders/done": PrivateHandler(done, GENERAL),
    "GET v1/hf/orders/{orderId}": PrivateHandler(order, GENERAL),
    "GET v1/hf/orders/client-order/{clientOid}": PrivateHandler(order_by_client_id, GENERAL),
    "GET v1/hf/fills": PrivateHandler(fills, GENERAL),
}
