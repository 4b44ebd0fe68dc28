"""Orders of one account: one method, one request, one verdict, and never a second request.

The one rule: what is not the venue's own parsed yes or no is InDoubt; Unavailable is only said
when provably no byte has left; and what was asked for is sent to the digit, or not at all.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any

from domain.errors import InDoubt, Unavailable
from domain.instruments import Account
from domain.money import canonical, number
from domain.orders import Amendment, Kind, Order, OrderState, Side, TimeInForce
from domain.ports import Placement
from venues import ccxt_convert as convert
from venues.budget import Priority
from venues.ccxt_client import Client
from venues.ccxt_errors import Failed, VenueUnavailable
from venues.ccxt_fields import Fields, Malformed
from venues.ccxt_markets import Markets
from venues.ccxt_numbers import number_of
from venues.ccxt_row import Cancels, Quirks
from venues.ccxt_sayings import Cause, Verdict
from venues.ccxt_wire import Call

_REFUSED_HERE = "NOT_SUPPORTED"
_IMPRECISE = "PRECISION"
_AT_A_LIMIT = "{venue} takes limit orders only; place it at a limit with IOC"
_BUY_AT_A_LIMIT = "{venue} takes market buys in quote money only; buy at a limit with IOC"


class CcxtTrader:
    """Sends the orders of one account (the port `Trader`)."""

    def __init__(
        self, *, account: Account, client: Client, markets: Markets, quirks: Quirks
    ) -> None:
        self._account = account
        self._client = client
        self._markets = markets
        self._quirks = quirks

    async def place(self, order: Order) -> Placement:
        """Send one create."""
        await self._markets.lend(self._client)
        self._markets.note([order.symbol])
        refusal = self._refusal(order) or await self._imprecise(order)
        if refusal is not None:
            return refusal
        answer, _ = await self._sent(
            order.client_id,
            Priority.ORDER,
            "create_order",
            order.symbol,
            order.kind.value,
            order.side.value,
            canonical(order.quantity),
            None if order.price is None else canonical(order.price),
            self._params(order),
        )
        if isinstance(answer, Placement):
            return answer
        return Placement(accepted=True, venue_order_id=_id_of(answer, order.client_id))

    async def amend(self, state: OrderState, amendment: Amendment) -> Placement:
        """Send one change of quantity or price; the order keeps the venue's id."""
        await self._markets.lend(self._client)
        order = state.order
        if not self._quirks.traits.amends:
            return _refused(f"{self._quirks.traits.venue} cannot change an order in place")
        refusal = self._terms(order.symbol, amendment.quantity, amendment.price)
        if refusal is not None:
            return refusal
        params: dict[str, Any] = {"postOnly": True} if order.post_only else {}
        if not state.venue_order_id:
            params["clientOrderId"] = state.client_id
        answer, _ = await self._sent(
            state.client_id,
            Priority.ORDER,
            "edit_order",
            state.venue_order_id or None,
            order.symbol,
            order.kind.value,
            order.side.value,
            canonical(amendment.quantity),
            None if amendment.price is None else canonical(amendment.price),
            params,
        )
        if isinstance(answer, Placement):
            return answer
        _id_of(answer, state.client_id)
        return Placement(accepted=True, venue_order_id=state.venue_order_id)

    async def cancel(self, state: OrderState) -> Placement:
        """Send one cancel; a refusal says nothing about the order's state."""
        await self._borrow()
        if self._quirks.numbers is not None and not state.foreign:
            self._quirks.numbers.note(state.client_id)
        order_id = state.venue_order_id or await self._name_at_venue(state)
        by_our_id = {} if order_id else {"clientOrderId": state.client_id}
        answer, _ = await self._sent(
            state.client_id,
            Priority.CANCEL,
            "cancel_order",
            order_id or None,
            state.order.symbol,
            by_our_id,
        )
        if isinstance(answer, Placement):
            return answer
        return Placement(accepted=True, venue_order_id=state.venue_order_id)

    async def _borrow(self) -> None:
        """The instruments as far as cancels need them: where they do not, they never wait."""
        if self._quirks.hurries:
            self._markets.lend_known(self._client)
        else:
            await self._markets.lend(self._client)

    async def _name_at_venue(self, state: OrderState) -> str:
        """What to cancel an order by whose venue id is not known; "": our id as a parameter.

        Raises:
            Unavailable: it had to be looked for and was not found; no cancel was sent.
        """
        if self._quirks.cancels is Cancels.AS_ID:
            return f"{self._quirks.client_id_prefix}{state.client_id}"
        if self._quirks.cancels is Cancels.BY_PARAMETER:
            return ""
        for row in await self._open_rows(state.order.symbol):
            report = convert.order(row, self._account, self._quirks)
            if report.client_id == state.client_id:
                return report.venue_order_id
        why = f"{state.client_id} is not among its open orders, and it cancels by its own ids only"
        raise Unavailable(self._client.who, why)

    async def _open_rows(self, symbol: str) -> Sequence[Any]:
        page = self._quirks.open_page or None
        try:
            rows, _ = await self._client.read(
                "fetch_open_orders", symbol, None, page, {}, priority=Priority.CANCEL
            )
        except VenueUnavailable as error:
            if error.cause is not Cause.NOT_FOUND:
                raise
            return []
        if not isinstance(rows, list):
            raise Unavailable(self._client.who, "its open orders are no list")
        return rows

    async def cancel_many(self, venue_order_ids: Sequence[str]) -> None:
        """Ask the venue to cancel these (the port `CancelsMany`)."""
        most = self._quirks.traits.cancels_at_once
        if not 0 < len(venue_order_ids) <= most:
            why = f"it cancels {most} orders at once, not {len(venue_order_ids)}"
            raise Unavailable(self._client.who, why)
        await self._wholesale(Priority.CANCEL, "cancel_orders", list(venue_order_ids))

    async def cancel_all(self) -> None:
        """Ask the venue to cancel every open order of the account."""
        if not self._quirks.traits.cancel_all:
            raise Unavailable(self._client.who, "it cannot cancel everything with one call")
        await self._wholesale(Priority.CANCEL, self._quirks.cancels_all)

    async def dead_man(self, timeout_s: int) -> None:
        """Have the venue cancel everything by itself after `timeout_s` (0: disarm)."""
        if not self._quirks.traits.dead_man:
            raise Unavailable(self._client.who, "it has no dead-man's switch")
        # Behind every cancel: what ends an order now goes before what may end it in a minute.
        await self._wholesale(Priority.LOOK_UP, "cancel_all_orders_after", timeout_s * 1000)

    async def _wholesale(self, priority: Priority, method: str, *args: Any) -> None:
        await self._borrow()
        answer, _ = await self._sent(str(self._account), priority, method, *args)
        if isinstance(answer, Placement):  # the venue said no, so nothing happened there
            raise Unavailable(self._client.who, answer.reason)

    # Sending

    async def _sent(
        self, reference: str, priority: Priority, method: str, *args: Any
    ) -> tuple[Any, Call | None]:
        """The venue's yes as ccxt's structure, or its no as a Placement."""
        try:
            return await self._client.ask(method, *args, priority=priority)
        except Failed as failed:
            return self._verdict(failed, reference), None

    def _verdict(self, failed: Failed, reference: str) -> Placement:
        judgement = failed.judgement
        if not failed.call.sends:
            raise self._client.unavailable(failed) from failed
        if judgement.verdict is Verdict.REJECTED:
            return Placement(accepted=False, code=judgement.code, reason=judgement.words)
        raise InDoubt(reference, judgement.words) from failed

    # What may be sent

    def _refusal(self, order: Order) -> Placement | None:
        venue, in_force = self._quirks.traits.venue, order.time_in_force
        market, kept = order.kind is Kind.MARKET, order.post_only
        bought = market and order.side is Side.BUY
        numbers = self._quirks.numbers
        is_taken = numbers is not None and not numbers.note(order.client_id)
        longest = self._quirks.longest_client_id
        reasons = (
            (order.symbol not in self._client.api.markets, f"{venue} lists no {order.symbol}"),
            (len(order.client_id) > longest, f"id {order.client_id} is over {longest} characters"),
            (market is (order.price is not None), "a limit order has a price, a market one none"),
            (market and not self._quirks.market_orders, _AT_A_LIMIT.format(venue=venue)),
            (bought and not self._quirks.market_buys, _BUY_AT_A_LIMIT.format(venue=venue)),
            (kept and not self._quirks.post_only, f"{venue} has no post-only orders"),
            (kept and market, "a market order cannot be post-only"),
            (kept and in_force is not TimeInForce.GTC, f"post-only excludes {in_force.value}"),
            (in_force is TimeInForce.FOK and not self._quirks.fill_or_kill, f"{venue} has no FOK"),
            (is_taken, f"the number of {order.client_id} is taken at {venue}; place it again"),
        )
        return next((_refused(reason) for refused, reason in reasons if refused), None)

    async def _imprecise(self, order: Order) -> Placement | None:
        if self._quirks.details is not None:
            await self._markets.detail(self._client, order.symbol, self._quirks.details)
        return self._terms(order.symbol, order.quantity, order.price)

    def _terms(self, symbol: str, quantity: Decimal, price: Decimal | None) -> Placement | None:
        """A refusal when ccxt would send other digits than these: it cuts to the venue's steps."""
        api = self._client.api
        try:
            with localcontext():
                cut = number(api.amount_to_precision(symbol, canonical(quantity)))
                whole = price
                if price is not None:
                    whole = number(api.price_to_precision(symbol, canonical(price)))
        except Exception as error:  # noqa: BLE001 - boundary: ccxt refuses to round it
            return Placement(accepted=False, code=_IMPRECISE, reason=type(error).__name__)
        if cut != quantity:
            why = f"{canonical(quantity)} would be cut to {canonical(cut)}, the venue's lot"
            return Placement(accepted=False, code=_IMPRECISE, reason=why)
        if price is not None and whole != price:
            why = f"price {canonical(price)} is no whole number of the venue's ticks"
            return Placement(accepted=False, code=_IMPRECISE, reason=why)
        return None

    def _params(self, order: Order) -> Mapping[str, Any]:
        quirks = self._quirks
        params: dict[str, Any] = {**quirks.order_params}
        name = f"{quirks.client_id_prefix}{order.client_id}"
        params[quirks.client_id_parameter] = number_of(name) if quirks.numbered else name
        if order.time_in_force is not TimeInForce.GTC and order.kind is Kind.LIMIT:
            params["timeInForce"] = order.time_in_force.value
        if order.post_only:
            params["postOnly"] = True
        return params


def _refused(reason: str) -> Placement:
    return Placement(accepted=False, code=_REFUSED_HERE, reason=reason)


def _id_of(answer: object, reference: str) -> str:
    """The venue's id in its yes; a yes without one is in doubt (venues.md, trap 1)."""
    try:
        return Fields("answer", answer).identity("id")
    except Malformed as problem:
        raise InDoubt(reference, "the venue's answer carries no order id") from problem
