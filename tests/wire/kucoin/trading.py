"""Private endpoints that change orders. The one rule: refuse in KuCoin's words, or do it whole.

Order kinds are market (by size) and limit; times in force are GTC, GTT, IOC and FOK. Stop,
hidden and iceberg orders and market orders by funds are refused as bad arguments.
"""

import re
from collections.abc import Callable

from domain.orders import Kind, Side, TimeInForce
from tests.wire.clock import SECOND
from tests.wire.kucoin.call import PrivateHandler, Request
from tests.wire.kucoin.dialect import Denied, bad, refused, unknown_order
from tests.wire.kucoin.keys import SPOT
from tests.wire.orders import Ticket, Turned, Wish

CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
LASTING = ("GTC", "GTT", "IOC", "FOK")
SELF_TRADES = ("", "CN", "CO", "CB", "DC")  # what to cancel; whichever, they never trade here


def add_order(request: Request) -> object:
    """Place an order: its id, before anything is known of its fate."""
    return _placed(request, try_only=False)


def try_order(request: Request) -> object:
    """Check an order, and place nothing."""
    return _placed(request, try_only=True)


def cancel_by_id(request: Request) -> object:
    """Cancel the order of that id."""
    ticket = _open_ticket(request, order_id=request.text("orderId"))
    _cancel(request, ticket)
    return {"orderId": ticket.order_id}


def cancel_by_client_id(request: Request) -> object:
    """Cancel the order of that client id."""
    ticket = _open_ticket(request, client_id=request.text("clientOid"))
    _cancel(request, ticket)
    return {"clientOid": ticket.wish.client_id}


def cancel_symbol(request: Request) -> object:
    """Cancel every open order of a pair; `success` is all that is said."""
    symbol = request.listing().symbol
    _cancel_each(request, lambda ticket: ticket.wish.symbol == symbol)
    return "success"


def cancel_all(request: Request) -> object:
    """Cancel every open order, and tell the pairs in which there were any."""
    return {"succeedSymbols": _cancel_each(request, lambda _: True), "failedSymbols": []}


def _placed(request: Request, *, try_only: bool) -> object:
    wish, listing = _wish(request), request.listing()
    venue = request.venue
    if venue.quirks.mode == "cancel_only":
        raise Denied("400200", "Forbidden to place an order")
    try:
        if try_only:
            venue.exchange.check(wish)
            order_id = venue.exchange.names.mint("O")
        else:
            order_id = venue.exchange.submit(wish).order_id
    except Turned as turned:
        raise refused(turned.why, least=listing.least_funds, quote=listing.quote) from turned
    return {"orderId": order_id, "clientOid": wish.client_id}


def _open_ticket(request: Request, *, order_id: str = "", client_id: str = "") -> Ticket:
    symbol = request.listing().symbol
    try:
        ticket = request.venue.exchange.find_open(
            request.owner, order_id=order_id, client_id=client_id
        )
    except Turned as turned:
        raise unknown_order() from turned
    if ticket.wish.symbol != symbol:
        raise unknown_order()
    return ticket


def _cancel(request: Request, ticket: Ticket) -> None:
    if request.venue.refuses_cancel():
        raise Denied("500000", "Internal Server Error")
    request.venue.exchange.cancel(ticket)


def _cancel_each(request: Request, wanted: Callable[[Ticket], bool]) -> list[str]:
    venue = request.venue
    mine = [t for t in venue.exchange.open_tickets(request.owner) if wanted(t)]
    for ticket in mine:
        if not venue.refuses_cancel():
            venue.exchange.cancel(ticket)
    return sorted({t.wish.symbol.replace("/", "-") for t in mine})


def _wish(request: Request) -> Wish:
    listing, kind = request.listing(), request.text("type", "limit")
    _refuse_odd_terms(request, kind)
    lasting = request.text("timeInForce", "GTC")
    return Wish(
        owner=request.owner,
        symbol=listing.symbol,
        side=Side(request.text("side")),
        kind=Kind(kind),
        quantity=request.amount("size"),
        price=request.amount("price") if kind == "limit" else None,
        time_in_force=TimeInForce.GTC if lasting == "GTT" else TimeInForce(lasting),
        post_only=request.flag("postOnly"),
        client_id=request.text("clientOid"),
        expires_us=_expiry(request, lasting),
    )


def _refuse_odd_terms(request: Request, kind: str) -> None:
    lasting, client_id = request.text("timeInForce", "GTC"), request.text("clientOid")
    wrong = {
        "type": kind not in ("market", "limit"),
        "side": request.text("side") not in ("buy", "sell"),
        "timeInForce": lasting not in LASTING,
        "postOnly": request.flag("postOnly") and lasting in ("IOC", "FOK"),
        "stp": request.text("stp") not in SELF_TRADES,
        "stop": bool(request.text("stop") or request.text("stopPrice")),
        "hidden": request.flag("hidden") or request.flag("iceberg"),
        "clientOid": bool(client_id) and not CLIENT_ID.fullmatch(client_id),
    }
    for name, is_wrong in wrong.items():
        if is_wrong:
            raise bad(f"{name} is invalid.")


def _expiry(request: Request, lasting: str) -> int:
    if lasting != "GTT":
        return 0
    seconds = request.whole("cancelAfter", 0)
    if not seconds:
        raise bad("cancelAfter is invalid.")
    return request.venue.now_us() + seconds * SECOND


TRADING: dict[str, PrivateHandler] = {
    "POST v1/hf/orders": PrivateHandler(add_order, SPOT),
    "POST v1/hf/orders/test": PrivateHandler(try_order, SPOT),
    "DELETE v1/hf/orders/{orderId}": PrivateHandler(cancel_by_id, SPOT),
    "DELETE v1/hf/orders/client-order/{clientOid}": PrivateHandler(cancel_by_client_id, SPOT),
    "DELETE v1/hf/orders": PrivateHandler(cancel_symbol, SPOT),
    "DELETE v1/hf/orders/cancelAll": PrivateHandler(cancel_all, SPOT),
}
