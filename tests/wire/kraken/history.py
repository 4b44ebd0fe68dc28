"""Private lists: orders, trades, ledger. Fifty rows a page, newest first, `ofs` to go on.

The one rule: `count` is the number of all rows that match, not of those on the page.
`start` is exclusive and `end` inclusive; both are times in seconds or ids of a row.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from tests.wire.book_keeping import Entry
from tests.wire.kraken.call import PrivateHandler, Request, asset_of
from tests.wire.kraken.dialect import BAD_ARGUMENTS, INVALID_ORDER, Denied
from tests.wire.kraken.keys import CLOSED, LEDGER, OPEN
from tests.wire.kraken.rows import entry_row, order_row, trade_row
from tests.wire.orders import Execution, Ticket

PAGE = 50
MOST_IDS = {"orders": 50, "trades": 20, "ledgers": 20}
T = TypeVar("T")
Row = dict[str, object]


def open_orders(request: Request) -> object:
    """Every open order; not paged."""
    venue = request.venue
    tickets = [t for t in venue.tickets(request.owner) if t.status == "open"]
    return {"open": _order_rows(request, _matching(request, tickets))}


def closed_orders(request: Request) -> object:
    """Orders that are over."""
    tickets = [t for t in request.venue.tickets(request.owner) if t.status != "open"]
    newest_first = sorted(_matching(request, tickets), key=lambda t: t.closed_us, reverse=True)
    closetime = request.text("closetime", "both")

    def times(ticket: Ticket) -> tuple[int, ...]:
        both = {"open": (ticket.opened_us,), "close": (ticket.closed_us,)}
        return both.get(closetime, (ticket.opened_us, ticket.closed_us))

    known = {t.order_id: t.closed_us for t in newest_first}
    chosen = _within(request, newest_first, times, known)
    return {"closed": _order_rows(request, _page(request, chosen)), **_counted(request, chosen)}


def query_orders(request: Request) -> object:
    """The orders of the ids given."""
    mine = {t.order_id: t for t in request.venue.tickets(request.owner)}
    asked = _ids(request, "txid", MOST_IDS["orders"])
    if any(name not in mine for name in asked):
        raise Denied(INVALID_ORDER)
    return _order_rows(request, _matching(request, [mine[name] for name in asked]))


def trades_history(request: Request) -> object:
    """Executions."""
    newest_first = request.venue.executions(request.owner)[::-1]
    known = {e.exec_id: e.at_us for e in newest_first}
    chosen = _within(request, newest_first, _at, known)
    rows = _trade_rows(request, _page(request, chosen))
    return {"trades": rows, "count": len(chosen)}


def query_trades(request: Request) -> object:
    """The executions of the ids given."""
    mine = {e.exec_id: e for e in request.venue.executions(request.owner)}
    asked = _ids(request, "txid", MOST_IDS["trades"])
    if any(name not in mine for name in asked):
        raise Denied(f"{BAD_ARGUMENTS}:txid")
    return _trade_rows(request, [mine[name] for name in asked])


def ledgers(request: Request) -> object:
    """Bookings, of some assets or types."""
    newest_first = _entries(request)[::-1]
    known = {e.entry_id: e.at_us for e in newest_first}
    chosen = _within(request, newest_first, _at, known)
    rows = {entry.entry_id: entry_row(entry) for entry in _page(request, chosen)}
    return {"ledger": rows, **_counted(request, chosen)}


def query_ledgers(request: Request) -> object:
    """The bookings of the ids given."""
    mine = {e.entry_id: e for e in _entries(request)}
    asked = _ids(request, "id", MOST_IDS["ledgers"])
    if any(name not in mine for name in asked):
        raise Denied(f"{BAD_ARGUMENTS}:id")
    return {name: entry_row(mine[name]) for name in asked}


def _entries(request: Request) -> list[Entry]:
    asked = request.text("asset", "all")
    assets = None if asked == "all" else {asset_of(n).code for n in asked.split(",")}
    kind = request.text("type", "all")
    return [
        entry
        for entry in request.venue.exchange.accounts.entries
        if entry.owner == request.owner
        and (assets is None or entry.asset in assets)
        and kind in ("all", entry.kind)
        and request.venue.seen("ledgers", entry.at_us)
    ]


def _matching(request: Request, tickets: Iterable[Ticket]) -> list[Ticket]:
    client_id, reference = request.text("cl_ord_id"), request.text("userref")
    return [
        t
        for t in tickets
        if client_id in ("", t.wish.client_id) and reference in ("", str(t.wish.reference))
    ]


def _order_rows(request: Request, tickets: Iterable[Ticket]) -> Row:
    trades, hostile = request.flag("trades"), request.venue.quirks.hostile
    return {t.order_id: order_row(t, trades=trades, hostile=hostile) for t in tickets}


def _trade_rows(request: Request, executions: Iterable[Execution]) -> Row:
    wanted = request.flag("ledgers")
    return {e.exec_id: trade_row(e, ledgers=wanted) for e in executions}


def _counted(request: Request, chosen: list[T]) -> Row:
    return {} if request.flag("without_count") else {"count": len(chosen)}


def _page(request: Request, chosen: list[T]) -> list[T]:
    offset = request.whole("ofs")
    if offset < 0:
        raise Denied(f"{BAD_ARGUMENTS}:ofs")
    return chosen[offset : offset + PAGE]


def _at(row: Execution | Entry) -> tuple[int, ...]:
    return (row.at_us,)


def _within(
    request: Request,
    rows: list[T],
    times: Callable[[T], tuple[int, ...]],
    known: Mapping[str, int],
) -> list[T]:
    start_us = _moment(request, "start", known, 0)
    end_us = _moment(request, "end", known, request.venue.now_us())
    return [row for row in rows if any(start_us < at_us <= end_us for at_us in times(row))]


def _moment(request: Request, name: str, known: Mapping[str, int], default_us: int) -> int:
    text = request.text(name)
    if not text or text == "0":
        return default_us
    if text in known:
        return known[text]
    if not text.replace(".", "", 1).isdigit():
        raise Denied(f"{BAD_ARGUMENTS}:{name}")
    whole, _, part = text.partition(".")
    return int(whole) * 1_000_000 + int(f"{part:0<6.6}")


def _ids(request: Request, name: str, most: int) -> list[str]:
    asked = [text for text in request.text(name).split(",") if text]
    if not 0 < len(asked) <= most:
        raise Denied(f"{BAD_ARGUMENTS}:{name}")
    return asked


HISTORY: dict[str, PrivateHandler] = {
    "OpenOrders": PrivateHandler(open_orders, (OPEN,)),
    "ClosedOrders": PrivateHandler(closed_orders, (CLOSED,)),
    "QueryOrders": PrivateHandler(query_orders, (OPEN, CLOSED)),
    "TradesHistory": PrivateHandler(trades_history, (CLOSED,)),
    "QueryTrades": PrivateHandler(query_trades, (CLOSED,)),
    "Ledgers": PrivateHandler(ledgers, (LEDGER,)),
    "QueryLedgers": PrivateHandler(query_ledgers, (LEDGER,)),
}
