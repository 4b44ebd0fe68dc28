"""Kraken's stream frames turned into sightings, before ccxt's caches can lose any.

ccxt routes a whole frame by its first row, drops rows without a symbol, merges what came
between two calls, and breaks on a trade with a `filled` row behind it (venues.md, traps 5, 7,
8 and 21); so the frames themselves are read, and ccxt is not shown them. Rows are
sparse: `new`, `filled` and `canceled` carry no symbol, the final `trade` says
`partially_filled` and a row of its own says `filled`. The one rule: what a row leaves out is
what an earlier row of the same order said.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from domain.instruments import Account
from domain.market import Price, PublicTrade
from domain.money import MONEY, ZERO
from domain.orders import Fill, Final, VenueOrder
from domain.ports import Clock
from domain.sightings import FillSeen, Heartbeat, OrderSeen, PriceSeen, TotalsSeen
from domain.text import clean
from venues.ccxt_convert import KINDS, SIDES, ours
from venues.ccxt_fields import Fields, Malformed, is_asset, total, whole_ms
from venues.ccxt_news import Confirmed, Denied, Lost, News, Rejected
from venues.ccxt_prints import raw_trade, told_trades

REMEMBERED = 5_000  # orders and trades of one connection
_NUMBERS = 10**18
_FINALS = {"filled": Final.FILLED, "canceled": Final.CANCELED, "expired": Final.EXPIRED}


class KrakenFrames:
    """Reads the frames of one connection. `code_of` turns the venue's asset names into ours."""

    def __init__(
        self, account: Account, feed: str, clock: Clock, code_of: Callable[[str], str]
    ) -> None:
        self._account = account
        self._feed = feed
        self._clock = clock
        self._code_of = code_of
        self._orders: OrderedDict[str, VenueOrder] = OrderedDict()
        self._trades: OrderedDict[str, None] = OrderedDict()
        self._numbers: dict[str, int] = {}
        self._channels: dict[str, Callable[[Fields], Iterator[News]]] = {
            "executions": self._executions,
            "balances": self._balances,
            "ticker": self._tickers,
            "trade": self._public_trades,
            "heartbeat": self._heartbeat,
        }

    @property
    def owned(self) -> frozenset[str]:
        """The channels that are read here alone."""
        return frozenset(self._channels)

    def read(self, message: Any) -> Iterator[News]:
        """What one frame tells, in its order."""
        try:
            frame = Fields("frame", message)
            if frame.word("method") == "subscribe":
                yield _answer(frame)
                return
            channel = frame.word("channel")
            read = self._channels.get(channel)
            if read is None:
                return
            if frame.word("type") == "snapshot":
                yield Confirmed(channel)
            yield from read(frame)
            yield from self._numbered(channel, frame)
        except Malformed as problem:
            yield Rejected(str(problem))

    def _numbered(self, channel: str, frame: Fields) -> Iterator[News]:
        number = frame.row.get("sequence")
        if type(number) is not int:
            return
        if not 0 <= number < _NUMBERS:
            raise frame.bad("sequence")
        last = self._numbers.get(channel)
        if last is None or number > last or frame.word("type") == "snapshot":
            self._numbers[channel] = number
        if last is not None and number > last + 1 and frame.word("type") != "snapshot":
            yield Lost(f"frames {last + 1} to {number - 1} of {channel} never came")

    def _each(
        self, frame: Fields, kind: str, read: Callable[[Fields], Iterator[News]]
    ) -> Iterator[News]:
        for raw in frame.rows("data"):
            try:
                yield from read(Fields(kind, raw))
            except Malformed as problem:
                yield Rejected(str(problem))

    def _heartbeat(self, _: Fields) -> Iterator[News]:
        yield Heartbeat(venue=self._account.venue, feed=self._feed, at_us=self._clock.now_us())

    # Prices and public trades

    def _tickers(self, frame: Fields) -> Iterator[News]:
        yield from self._each(frame, "ticker", self._ticker)

    def _ticker(self, row: Fields) -> Iterator[News]:
        last = row.price("last")
        yield PriceSeen(
            price=Price(
                venue=self._account.venue,
                symbol=self._symbol(row),
                bid=row.price("bid"),
                ask=row.price("ask"),
                last=last,
                at_us=self._clock.now_us(),
                open_24h=_before(last, row.number("change")),
                volume_24h=row.size("volume"),
            )
        )

    def _public_trades(self, frame: Fields) -> Iterator[News]:
        yield from told_trades(frame.rows("data"), self._public_trade)

    def _public_trade(self, raw: object) -> PublicTrade:
        row = Fields("public trade", raw)
        return raw_trade(row, venue=self._account.venue, symbol=self._symbol(row))

    # Balances

    def _balances(self, frame: Fields) -> Iterator[News]:
        """Totals of the main spot wallet, which is the one that REST lists and orders use."""
        totals: dict[str, Decimal] = {}
        for raw in frame.rows("data"):
            try:
                totals.update(self._total(Fields("balance", raw)))
            except Malformed as problem:
                yield Rejected(str(problem))
        if totals:
            yield TotalsSeen(account=self._account, totals=totals, at_us=self._clock.now_us())

    def _total(self, row: Fields) -> dict[str, Decimal]:
        asset = self._asset(row, "asset")
        wallets = [Fields("wallet", wallet) for wallet in row.rows("wallets")]
        if wallets:
            main = (w.required("balance") for w in wallets if _is_main(w, "type", "id"))
            return {asset: total(main)}
        if not _is_main(row, "wallet_type", "wallet_id"):
            return {}
        return {asset: row.required("balance")}

    # Orders and fills

    def _executions(self, frame: Fields) -> Iterator[News]:
        yield from self._each(frame, "execution", self._execution)

    def _execution(self, row: Fields) -> Iterator[News]:
        order = self._joined(row)
        if row.word("exec_type") == "trade":
            fill = self._fill(row, order)
            if fill.trade_id not in self._trades:
                _remember(self._trades, fill.trade_id, None)
                yield FillSeen(fill=fill)
        yield OrderSeen(report=order)

    def _joined(self, row: Fields) -> VenueOrder:
        """The order as this row leaves it; what is settled once stays settled."""
        order_id = row.identity("order_id")
        known = self._orders.get(order_id) or VenueOrder(
            account=self._account, venue_order_id=order_id
        )
        kind = KINDS.get(row.word("order_type")) or known.kind
        order = replace(
            known,
            client_id=row.own_id("cl_ord_id") or known.client_id,
            symbol=self._symbol(row) if row.row.get("symbol") else known.symbol,
            side=SIDES.get(row.word("side")) or known.side,
            kind=kind,
            quantity=row.size("order_qty") or known.quantity,
            price=row.price("limit_price") or known.price,
            cumulative=max(row.size("cum_qty") or ZERO, known.cumulative),
            final=_final(row) or known.final,
            at_us=row.iso_us("timestamp") or known.at_us,
        )
        _remember(self._orders, order_id, order)
        return order

    def _fill(self, row: Fields, order: VenueOrder) -> Fill:
        if order.side is None:
            raise row.bad("side")
        if not order.symbol:
            raise row.bad("symbol")
        at_us = row.iso_us("timestamp")
        if not at_us:
            raise row.bad("timestamp")
        fee, fee_asset = self._fee(row, order)
        return Fill(
            account=self._account,
            symbol=order.symbol,
            trade_id=row.identity("exec_id"),
            side=order.side,
            quantity=row.positive("last_qty"),
            price=row.positive("last_price"),
            fee=fee,
            fee_asset=fee_asset,
            at_us=whole_ms(at_us),
            venue_order_id=order.venue_order_id,
            client_id=ours(order.client_id),
            liquidity={"m": "maker", "t": "taker"}.get(row.word("liquidity_ind"), ""),
        )

    def _fee(self, row: Fields, order: VenueOrder) -> tuple[Decimal, str]:
        if "fees" not in row.row:
            raise row.bad("fees")  # an unknown fee is not no fee
        fees = [Fields("fee", fee) for fee in row.rows("fees")]
        assets = {self._asset(fee, "asset") for fee in fees}
        if len(assets) > 1:
            raise row.bad("fees")  # such a trade is booked from its REST row
        quote = order.symbol.partition("/")[2]
        return total(fee.required("qty") for fee in fees), next(iter(assets), quote)

    # Names

    def _asset(self, row: Fields, field_name: str) -> str:
        code = self._code_of(row.asset(field_name))
        if not is_asset(code):
            raise row.bad(field_name)
        return code

    def _symbol(self, row: Fields) -> str:
        base, _, quote = row.symbol("symbol").partition("/")
        return f"{self._code_of(base)}/{self._code_of(quote)}"


def _before(last: Decimal | None, change: Decimal | None) -> Decimal | None:
    return None if last is None or change is None else MONEY.subtract(last, change)


def _answer(frame: Fields) -> News:
    result = frame.inner("result")
    if frame.row.get("success") is True and result is not None:
        return Confirmed(result.word("channel"))
    symbol = frame.row.get("symbol")
    return Denied(
        words=clean(frame.row.get("error")) or "the subscription was refused",
        symbol=clean(symbol, longest=40) if symbol else "",
    )


def _final(row: Fields) -> Final | None:
    return _FINALS.get(row.word("exec_type")) or _FINALS.get(row.word("order_status"))


def _is_main(row: Fields, kind: str, name: str) -> bool:
    return row.word(kind) in ("", "spot") and row.word(name) in ("", "main")


def _remember(memory: "OrderedDict[str, Any]", key: str, value: object) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > REMEMBERED:
        memory.popitem(last=False)
