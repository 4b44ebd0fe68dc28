"""The loopback venues that an engine can trade on: one table for each, the tests for all.

What differs is words: names of endpoints, of channels, and of what a venue says when something
is wrong. The one rule: a test asks for a meaning ("busy"), never for a venue's own word.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from domain.instruments import Account
from tests.wire import families
from tests.wire.host import VenueThread
from venues import ccxt_quirks
from venues.budget import Pace
from venues.ccxt_row import Quirks

# What a venue says when it means no.
REFUSALS = ("funds", "terms", "arguments", "permission")
# A list that was asked for, and is none.
NO_LISTS = ("an object", "nothing", "a list")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One venue family. `says` are its own errors by meaning, `bodies` whole answers."""

    venue: str
    quote: str
    hosted: Callable[[], VenueThread[Any]]
    place: str
    cancel: str
    cancel_all: str
    open_orders: str
    lists: tuple[str, ...]  # every endpoint that tells where orders are open
    executions: str
    says: Mapping[str, str]
    bodies: Mapping[str, str]
    poisons: tuple[str, ...]
    actions: tuple[str, ...] = ("drop", "duplicate", "swap")  # what can happen to frames
    trade_id: str = "trade_id"  # what a fill is called by, in the venue's truth
    prepared: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    hush: str = "mute"  # a silence that can be told from nothing happening

    @property
    def account(self) -> Account:
        """The account that the tests trade with."""
        return Account(self.venue, "main")

    @property
    def symbol(self) -> str:
        """Bitcoin in the venue's money."""
        return f"BTC/{self.quote}"

    @property
    def row(self) -> Quirks:
        """The adapter's row without the patience that pace, windows and time-outs would take."""
        known = {row.traits.venue: row for row in ccxt_quirks._ROWS}[self.venue]
        traits = replace(known.traits, request_timeout_us=1_000_000, recv_window_us=0)
        return replace(known, traits=traits, pace=Pace(1000, 1000.0), public_pace=Pace(1000, 1e3))

    def spoiled(self, fault: Mapping[str, Any]) -> dict[str, Any]:
        """A fault whose meaning is put into the venue's words."""
        meaning = fault.get("text")
        if meaning is None:
            return dict(fault)
        words = self.bodies if fault["kind"] == "odd" else self.says
        return {**fault, "text": words[meaning]}


KRAKEN = Family(
    venue="kraken",
    quote="USD",
    hosted=families.KRAKEN.hosted,
    place=families.KRAKEN.place,
    cancel=families.KRAKEN.cancel,
    cancel_all="CancelAll",
    open_orders="OpenOrders",
    lists=("OpenOrders",),
    executions=families.KRAKEN.fills,
    says={
        "busy": "EService:Unavailable",
        "late": "EService:Deadline elapsed",
        "internal": "EGeneral:Internal error",
        "funds": "EOrder:Insufficient funds",
        "terms": "EOrder:Invalid price",
        "arguments": "EGeneral:Invalid arguments",
        "permission": "EGeneral:Permission denied",
        "invalid": "EOrder:Invalid order",
    },
    bodies={
        "no id": '{"error":[],"result":{"txid":[]}}',
        "another kind": '{"error":[],"result":[]}',
        "a list": "[]",
        "an object": '{"error":[],"result":{}}',
        "nothing": '{"error":[]}',
    },
    poisons=tuple(sorted(families.KRAKEN.poisons)),
    actions=("drop", "duplicate", "swap", "bundle"),
    trade_id=families.KRAKEN.trade_id,
    hush="silence",  # its heartbeats come each second
)
KUCOIN = Family(
    venue="kucoin",
    quote="USDT",
    hosted=families.KUCOIN.hosted,
    place=families.KUCOIN.place,
    cancel=families.KUCOIN.cancel,
    cancel_all="DELETE hf/orders/cancelAll",
    open_orders="GET hf/orders/active",
    lists=("GET hf/orders/active", "GET hf/orders/active/symbols"),
    executions=families.KUCOIN.fills,
    says={
        "busy": "230005 The system is busy, please try again later",
        "late": "300000 Internal error",
        "internal": "500000 Internal Server Error",
        "funds": "200004 Balance insufficient!",
        "terms": "600100 Price increment invalid.",
        "arguments": "400100 size is invalid.",
        "permission": "400007 Access denied, require more permission",
        "invalid": "400100 The order is invalid",
    },
    bodies={
        "no id": '{"code":"200000","data":{"orderId":"","clientOid":"x"}}',
        "another kind": '{"code":"200000","data":[]}',
        "a list": "[]",
        "an object": '{"code":"200000","data":{}}',
        "nothing": '{"code":"200000"}',
    },
    poisons=tuple(sorted(families.KUCOIN.poisons)),
    prepared={"ping_every": {"ms": 1_500}},  # eighteen seconds are long for a test
)
FAMILIES = {family.venue: family for family in (KRAKEN, KUCOIN)}
