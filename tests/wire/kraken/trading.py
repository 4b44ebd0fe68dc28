"""Private endpoints that change orders. The one rule: refuse in Kraken's words, or do it whole.

Order kinds are market and limit; a fill-or-kill is `timeinforce=FOK` (added to AddOrder on
12 May 2026). Other kinds are refused as invalid arguments.
"""

import json
import re
from decimal import Decimal

from domain.money import NotANumber, number
from domain.orders import Kind, Side, TimeInForce
from tests.wire.clock import SECOND
from tests.wire.encode import stamp
from tests.wire.kraken.call import PrivateHandler, Request, listing_of
from tests.wire.kraken.dialect import BAD_ARGUMENTS, UNAVAILABLE, UNKNOWN_ORDER, Denied, text_of
from tests.wire.kraken.keys import CANCEL, MODIFY
from tests.wire.kraken.rows import description
from tests.wire.orders import Ticket, Turned, Wish

HEX = "[0-9a-fA-F]"
CLIENT_ID = re.compile(f"{HEX}{{8}}(-{HEX}{{4}}){{3}}-{HEX}{{12}}|{HEX}{{32}}|[ -~]{{1,18}}")
LONGEST_TIMEOUT_S = 86_400
MOST_AT_ONCE = 50


def add_order(request: Request) -> object:
    """Place an order, or only check it (`validate`)."""
    wish = _wish(request)
    listing = listing_of(request.text("pair"))
    _open_for(request, wish)
    venue = request.venue
    venue.limits.order(request.owner, wish.symbol, venue.now_us())
    try:
        if request.flag("validate"):
            venue.exchange.check(wish)
            return {"descr": {"order": description(wish, wish.quantity, wish.price)}}
        ticket = venue.exchange.submit(wish)
    except Turned as turned:
        raise Denied(text_of(turned.why, listing)) from turned
    shown = description(wish, wish.quantity, wish.price) + venue.quirks.hostile.get("descr", "")
    return {"descr": {"order": shown}, "txid": [ticket.order_id]}


def amend_order(request: Request) -> object:
    """Change quantity or limit price in place; ids stay."""
    venue = request.venue
    if venue.quirks.mode == "cancel_only":
        raise Denied("EService:Market in cancel_only mode")
    ticket = _open_ticket(request)
    quantity = _amount(request, "order_qty", ticket.working.quantity)
    price = _amount(request, "limit_price", ticket.working.price)
    now = venue.now_us()
    venue.limits.amend(request.owner, ticket.wish.symbol, ticket.touched_us, now)
    if quantity is None:
        raise Denied(f"{BAD_ARGUMENTS}:order_qty")
    try:
        venue.exchange.amend(ticket, quantity, price, post_only=request.flag("post_only"))
    except Turned as turned:
        raise Denied(text_of(turned.why, listing_of(ticket.wish.symbol))) from turned
    return {"amend_id": venue.exchange.names.mint("T")}


def cancel_order(request: Request) -> object:
    """Cancel by txid, by cl_ord_id, or every order of a userref."""
    venue = request.venue
    reference = request.text("txid")
    chosen = [
        ticket
        for ticket in venue.exchange.open_tickets(request.owner)
        if reference and str(ticket.wish.reference) == reference
    ] or [_open_ticket(request)]
    if venue.refuses_cancel():
        raise Denied(UNAVAILABLE)
    return {"count": _cancel(request, chosen)}


def cancel_batch(request: Request) -> object:
    """Cancel the orders of a list; unknown ones are passed over."""
    wanted = json.loads(request.text("orders", "[]"))
    mine = request.venue.exchange.open_tickets(request.owner)
    if not 0 < len(wanted) <= MOST_AT_ONCE:
        raise Denied(f"{BAD_ARGUMENTS}:orders")
    chosen = [t for t in mine if t.order_id in wanted and not request.venue.refuses_cancel()]
    return {"count": _cancel(request, chosen)}


def cancel_all(request: Request) -> object:
    """Cancel everything that is open, whatever else the request says."""
    venue = request.venue
    mine = venue.exchange.open_tickets(request.owner)
    return {"count": _cancel(request, [t for t in mine if not venue.refuses_cancel()])}


def cancel_all_after(request: Request) -> object:
    """Dead-man's switch: cancel everything in `timeout` seconds; 0 disarms."""
    timeout = request.whole("timeout", -1)
    if not 0 <= timeout <= LONGEST_TIMEOUT_S:
        raise Denied(f"{BAD_ARGUMENTS}:timeout")
    venue, now = request.venue, request.venue.now_us()
    shown = {"currentTime": stamp(now)[:19] + "Z", "triggerTime": "0"}
    if not timeout:
        venue.dead_man.pop(request.owner, None)
        return shown
    due = venue.dead_man[request.owner] = now + timeout * SECOND
    return {**shown, "triggerTime": stamp(due)[:19] + "Z"}


def _cancel(request: Request, tickets: list[Ticket]) -> int:
    venue = request.venue
    for ticket in tickets:
        symbol, touched_us = ticket.wish.symbol, ticket.touched_us
        venue.limits.cancel(request.owner, symbol, touched_us, venue.now_us())
        venue.exchange.cancel(ticket)
    return len(tickets)


def _open_ticket(request: Request) -> Ticket:
    order_id, client_id = request.text("txid"), request.text("cl_ord_id")
    if not order_id and not client_id:
        raise Denied(BAD_ARGUMENTS)
    try:
        return request.venue.exchange.find_open(
            request.owner, order_id=order_id, client_id=client_id
        )
    except Turned as turned:
        raise Denied(UNKNOWN_ORDER) from turned


def _wish(request: Request) -> Wish:
    listing = listing_of(request.text("pair"))
    kind = request.text("ordertype")
    price = _amount(request, "price", None)
    flags = set(filter(None, request.text("oflags").split(",")))
    _refuse_odd_terms(request, kind, flags)
    quantity = _amount(request, "volume", None)
    if quantity is None or (kind == "limit" and price is None):
        raise Denied(f"{BAD_ARGUMENTS}:{'volume' if quantity is None else 'price'}")
    lasting = request.text("timeinforce", "GTC").upper()
    reference = request.text("userref")
    return Wish(
        owner=request.owner,
        symbol=listing.symbol,
        side=Side(request.text("type")),
        kind=Kind(kind),
        quantity=quantity,
        price=price if kind == "limit" else None,
        time_in_force=TimeInForce.GTC if lasting == "GTD" else TimeInForce(lasting),
        post_only="post" in flags,
        client_id=request.text("cl_ord_id"),
        reference=int(reference) if reference else None,
        expires_us=_expiry(request, lasting),
    )


def _refuse_odd_terms(request: Request, kind: str, flags: set[str]) -> None:
    lasting = request.text("timeinforce", "GTC").upper()
    client_id, reference = request.text("cl_ord_id"), request.text("userref")
    wrong = {
        "ordertype": kind not in ("market", "limit"),
        "type": request.text("type") not in ("buy", "sell"),
        "timeinforce": lasting not in ("GTC", "IOC", "FOK", "GTD"),
        "oflags": not flags <= {"post", "fciq", "nompp"} or ("post" in flags and kind != "limit"),
        "leverage": request.text("leverage", "none") != "none",
        "userref": bool(reference) and not reference.lstrip("-").isdigit(),
        "reduce_only": request.flag("reduce_only"),
    }
    for name, is_wrong in wrong.items():
        if is_wrong:
            raise Denied(f"{BAD_ARGUMENTS}:{name}")
    if client_id and (reference or not CLIENT_ID.fullmatch(client_id)):
        raise Denied(BAD_ARGUMENTS)
    deadline = request.text("deadline")
    if deadline and deadline <= stamp(request.venue.now_us()):
        raise Denied("EService:Deadline elapsed")


def _expiry(request: Request, lasting: str) -> int:
    text = request.text("expiretm", "0").strip()
    if lasting != "GTD":
        return 0
    now = request.venue.now_us()
    digits = text.removeprefix("+")
    if not digits.isdigit():
        raise Denied(f"{BAD_ARGUMENTS}:expiretm")
    due = int(digits) * SECOND + (now if text.startswith("+") else 0)
    if due <= now:
        raise Denied(f"{BAD_ARGUMENTS}:expiretm")
    return due


def _amount(request: Request, name: str, default: Decimal | None) -> Decimal | None:
    if name not in request.fields:
        return default
    try:
        return number(request.fields[name])
    except NotANumber as error:
        raise Denied(f"{BAD_ARGUMENTS}:{name}") from error


def _open_for(request: Request, wish: Wish) -> None:
    mode = request.venue.quirks.mode
    fits = {
        "cancel_only": False,
        "post_only": wish.post_only,
        "limit_only": wish.kind is Kind.LIMIT,
    }
    if not fits.get(mode, True):
        raise Denied(f"EService:Market in {mode} mode")


TRADING: dict[str, PrivateHandler] = {
    "AddOrder": PrivateHandler(add_order, (MODIFY,)),
    "AmendOrder": PrivateHandler(amend_order, (MODIFY, CANCEL)),
    "CancelOrder": PrivateHandler(cancel_order, (MODIFY, CANCEL)),
    "CancelOrderBatch": PrivateHandler(cancel_batch, (MODIFY, CANCEL)),
    "CancelAll": PrivateHandler(cancel_all, (MODIFY, CANCEL)),
    "CancelAllOrdersAfter": PrivateHandler(cancel_all_after, (MODIFY, CANCEL)),
}
