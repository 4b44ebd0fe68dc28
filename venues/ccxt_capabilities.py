"""What each venue can and cannot, and what happens here where it cannot, for people.

The one rule: a "no" comes with what is done instead, or with what is therefore not offered.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from venues.ccxt_quirks import TRIED_ON_THE_WIRE, quirks_of
from venues.ccxt_row import DAY_US, Cancels, Quirks

_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Capability:
    """Whether the venue can, and in a few words how, or what is done instead."""

    can: bool
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """One venue's row of the table; the fields stand in the order of its columns."""

    venue: str
    orders: Capability
    balance_stream: Capability
    fill_stream: Capability
    cancel_all: Capability
    look_up: Capability
    dead_man: Capability
    sandbox: Capability
    history: Capability
    withdrawals: Capability
    price_stream: Capability
    amendments: Capability
    futures: Capability
    public_trades: Capability

    def rows(self) -> Iterator[tuple[str, Capability]]:
        """Name and capability, in order; names are words ("cancel all")."""
        for field in fields(self)[1:]:
            yield field.name.replace("_", " "), getattr(self, field.name)


def capabilities(venue: str, has: Mapping[str, Any] = _NOTHING) -> Capabilities:
    """The row of a venue; `has` is what ccxt says of one that has no row here (`has_of`).

    Raises:
        Misconfigured: an old name, saying the new one.
    """
    quirks = quirks_of(venue, sandbox=False)
    return Capabilities(
        venue=venue,
        orders=_orders(quirks),
        balance_stream=_streamed(quirks, "balances", "watchBalance"),
        fill_stream=_streamed(quirks, "fills", "watchMyTrades"),
        cancel_all=_cancel_all(quirks),
        look_up=_look_up(quirks),
        dead_man=_dead_man(quirks),
        sandbox=_sandbox(venue),
        history=_history(quirks, has),
        withdrawals=_withdrawals(quirks, has),
        price_stream=_price_stream(quirks),
        amendments=_amendments(quirks),
        futures=_futures(quirks),
        public_trades=_public_trades(quirks),
    )


def has_of(venue: str) -> Mapping[str, Any]:
    """What ccxt says that a venue has; imports its class (a tenth of a second).

    Raises:
        Misconfigured: ccxt does not know it.
    """
    from venues.lazy_ccxt import exchange_class  # noqa: PLC0415 - only for venues without a row

    told = exchange_class(venue)().describe()["has"]
    return dict(told)


def _orders(quirks: Quirks) -> Capability:
    if not quirks.trades:
        return Capability(can=False, how=quirks.why_watched)
    if quirks.traits.venue not in TRIED_ON_THE_WIRE:
        how = "tried on a captured wire only: watched, unless accept_untried is set"
        return Capability(can=False, how=f"{how}; {_kinds(quirks)}")
    return Capability(can=True, how=_kinds(quirks))


def _kinds(quirks: Quirks) -> str:
    left_out = (
        (not quirks.market_orders, "market orders (a limit and IOC)"),
        (quirks.market_orders and not quirks.market_buys, "market buys (buy at a limit, IOC)"),
        (not quirks.post_only, "post-only"),
        (not quirks.fill_or_kill, "fill-or-kill"),
    )
    without = [name for is_missing, name in left_out if is_missing]
    told = "all kinds but " + ", ".join(without) if without else "all kinds"
    return f"{told}; {quirks.caution}" if quirks.caution else told


def _streamed(quirks: Quirks, what: str, flag: str) -> Capability:
    if not quirks.traits.account_stream:
        return Capability(can=False, how=f"{what} are asked for every 15 s: {quirks.why_polled}")
    if flag not in quirks.watches:
        return Capability(can=False, how=f"{what} are asked for when an order is heard of")
    return Capability(can=True, how="and checked by request")


def _cancel_all(quirks: Quirks) -> Capability:
    if quirks.traits.cancel_all:
        most = quirks.traits.cancels_at_once
        some = f", or {most} named orders with one" if most else ""
        return Capability(can=True, how=f"with one call{some}")
    how = "open orders are listed and cancelled one by one" if quirks.trades else "no orders"
    return Capability(can=False, how=how)


def _look_up(quirks: Quirks) -> Capability:
    if quirks.asks_by_client_id:
        return Capability(can=True, how="asked for by our id, then sought in its lists")
    if quirks.finds_by_client_id:
        return Capability(can=True, how="its lists are filtered by our id")
    how = "its lists are read whole and scanned for our id"
    if quirks.cancels is Cancels.AFTER_A_LOOK:
        how += "; so are cancels of orders whose answer was lost"
    return Capability(can=False, how=how if quirks.trades else "no orders")


def _dead_man(quirks: Quirks) -> Capability:
    if quirks.traits.dead_man:
        how = "engine.dead_man_s, renewed while armed with orders there"
        return Capability(can=True, how=how)
    return Capability(can=False, how="if this machine dies, open orders stay open")


def _sandbox(venue: str) -> Capability:
    can = _offers_sandbox(venue)
    return Capability(can=can, how=f"exchanges.{venue}.sandbox: true" if can else "try --demo")


def _offers_sandbox(venue: str) -> bool:
    from domain.errors import Misconfigured  # noqa: PLC0415 - the question is asked by trying

    try:
        quirks_of(venue, sandbox=True)
    except Misconfigured:
        return False
    return True


def _history(quirks: Quirks, has: Mapping[str, Any]) -> Capability:
    if not quirks.trades and not quirks.shapes and not has.get("fetchMyTrades"):
        return Capability(can=False, how="it lists no fills")
    reach = f"{quirks.reach_us // DAY_US} days back" if quirks.reach_us else "as far as it keeps"
    if "fetch_my_trades" in quirks.by_symbol:
        reach += ", by symbol: those watched, traded here, or of two assets held"
    return Capability(can=True, how=reach)


def _withdrawals(quirks: Quirks, has: Mapping[str, Any]) -> Capability:
    if quirks.withdraws or has.get("withdraw"):
        return Capability(can=True, how="its API takes them")
    return Capability(can=False, how="withdraw at the venue itself")


def _price_stream(quirks: Quirks) -> Capability:
    if quirks.traits.price_stream:
        return Capability(can=True, how="and asked for where it is silent")
    return Capability(can=False, how="prices are asked for every few seconds")


def _amendments(quirks: Quirks) -> Capability:
    if quirks.traits.amends:
        return Capability(can=True, how="an order keeps its id")
    how = "an order is cancelled, and a new one placed for what was left"
    return Capability(can=False, how=how if quirks.trades else "no orders")


def _futures(quirks: Quirks) -> Capability:
    if not quirks.margins:
        why = quirks.why_no_margins or "they were never tried here"
        return Capability(can=False, how=f"its futures wallets are not read: {why}")
    named = ", ".join(quirks.margins)
    where = f"exchanges.{quirks.traits.venue}.accounts.NAME.wallets"
    how = f"{named}, where {where} names them: in net asset value, never for spot orders"
    return Capability(can=True, how=how)


def _public_trades(quirks: Quirks) -> Capability:
    if quirks.tape is not None:
        how = "resting paper orders are filled by what trades past their queue"
        return Capability(can=True, how=how)
    how = "not tried here: resting paper orders fill once the other side is beyond their price"
    return Capability(can=False, how=how)
