"""How each venue differs, as data: traits, costs, words, paging, ways to find an order.

A venue is a row here and, where its dialect needs it, a module of tables and pure functions
beside it. The one rule: what is not known of a venue is taken to be missing, so an unknown one
can be watched and never traded.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from domain.errors import Misconfigured
from domain.ports import VenueTraits
from venues import ccxt_kraken
from venues.budget import Pace
from venues.ccxt_sayings import Garbled, Saying

_DAY_US = 86_400_000_000
_CAUTIOUS = Pace(5, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How a history list is read whole.

    With `offset` (a parameter that skips rows, newest first) pages are asked for until the
    told count is reached or a page is empty; `start` is the parameter of the earliest time in
    whole seconds, exclusive. Without, ccxt's `since` is moved forward to the newest row.
    """

    offset: str = ""
    start: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    count: Callable[[Any], int | None] = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """One venue's row. Fields that are functions read the venue's raw words or rows."""

    traits: VenueTraits
    trades: bool = False  # whether orders may be sent at all: the row was tested on the wire
    frames: str = ""  # the reader of raw stream frames; "": ccxt's caches are read
    nonce: bool = False
    pace: Pace = _CAUTIOUS
    public_pace: Pace = _CAUTIOUS
    costs: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    # Words and shapes
    sayings: tuple[Saying, ...] = ()
    codes: Callable[[str], tuple[str, ...]] = lambda _: ()
    silent_until_us: Callable[[str], int] = lambda _: 0
    rows: Callable[[str, Any], int] = lambda _, answer: _json_rows(answer)
    # Orders
    longest_client_id: int = 18  # Kraken: a UUID, or so many characters of our own
    client_id_field: str = ""  # where a raw row carries our id; "": ccxt's clientOrderId is true
    order_params: Mapping[str, str] = field(default_factory=dict)
    trade_ids_field: str = ""  # where a raw order row lists the ids of its trades
    finds_by_client_id: bool = False  # open and closed lists can be filtered by our id
    orders_by_ids: int = 0  # how many orders one query answers; 0: one by one
    trades_by_ids: int = 0
    query_params: Mapping[str, str] = field(default_factory=dict)
    fill_or_kill: bool = True
    # History
    order_pages: Paging = field(default_factory=Paging)
    trade_pages: Paging = field(default_factory=Paging)
    movements: tuple[str, ...] = ("fetch_deposits", "fetch_withdrawals")
    movements_start: str = ""  # the parameter of the earliest time in whole seconds
    movements_end: str = ""
    movements_back_us: int = 14 * _DAY_US
    movements_page: int = 0  # rows of a full page; 0: one answer holds all
    # Names and figures
    split_pair: Callable[[str, Iterable[str]], tuple[str, str] | None] = lambda _, __: None
    tick_field: str = ""
    order_time_fields: tuple[str, ...] = ()
    trade_time_field: str = ""
    clock_step_us: int = 1_000
    # What a stream of prices is asked for: without it Kraken tells a price only when one trades.
    ticker_params: Mapping[str, str] = field(default_factory=dict)
    opens_24h_ago: bool = True  # whether a ticker's `open` by request is 24 hours old


def _json_rows(answer: Any) -> int:
    if not isinstance(answer, dict | list):
        raise Garbled("not a JSON object or list")
    return -1


KRAKEN = Quirks(
    traits=VenueTraits(
        venue="kraken",
        dead_man=True,
        # No request carries an expiry: a signed one is good as long as it is on its way.
        recv_window_us=10_000_000,
        heartbeat_us=1_000_000,
        rounding=dict.fromkeys(("AUD", "CAD", "CHF", "EUR", "GBP", "USD"), Decimal("0.0001")),
    ),
    trades=True,
    frames="kraken",
    ticker_params={"event_trigger": "bbo"},
    nonce=True,
    pace=Pace(15, 0.33),
    public_pace=Pace(5, 1.0),
    costs=ccxt_kraken.COSTS,
    sayings=ccxt_kraken.SAYINGS,
    codes=ccxt_kraken.codes,
    silent_until_us=ccxt_kraken.silent_until_us,
    rows=ccxt_kraken.rows,
    client_id_field="cl_ord_id",
    trade_ids_field="trades",
    # Fees in the quote currency, always: what the gate reserved and what REST rows tell.
    order_params={"oflags": "fciq"},
    finds_by_client_id=True,
    orders_by_ids=20,
    trades_by_ids=19,  # ccxt asks once more, for nothing, when the batch of 20 is full
    # One row per execution with the stream's ids, not one per taker order.
    query_params={"trades": "true", "consolidate_taker": "false"},
    order_pages=Paging(
        offset="ofs",
        start="start",
        extra={"consolidate_taker": "false"},
        count=ccxt_kraken.count,
    ),
    trade_pages=Paging(
        offset="ofs",
        start="start",
        extra={"consolidate_taker": "false"},
        count=ccxt_kraken.count,
    ),
    movements_start="start",
    movements_end="end",
    movements_page=25,
    split_pair=ccxt_kraken.split_pair,
    tick_field="tick_size",
    order_time_fields=("closetm", "opentm"),
    trade_time_field="time",
    clock_step_us=1_000_000,
    opens_24h_ago=False,  # `o` is the price at midnight UTC
)

_KNOWN = {"kraken": KRAKEN}


def quirks_of(venue: str, *, sandbox: bool = False) -> Quirks:
    """The row of a venue; a cautious one for a venue without.

    Raises:
        Misconfigured: `sandbox` is asked of a venue that has none (decisions.md).
    """
    quirks = _KNOWN.get(venue) or Quirks(
        traits=VenueTraits(
            venue=venue, account_stream=False, cancel_all=False, amends=False, dead_man=False
        )
    )
    if sandbox and not quirks.traits.sandbox:
        raise Misconfigured(
            f"exchanges.{venue}.sandbox",
            "this venue has no sandbox here; remove the line, or use --demo to try things",
        )
    return quirks if sandbox else replace(quirks, traits=replace(quirks.traits, sandbox=False))
