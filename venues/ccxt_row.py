"""What can differ between venues: the fields of one venue's row.

The rows themselves stand in a module for each venue, and are looked up in `ccxt_quirks`. The
one rule: every default is the cautious one, or what Kraken does, which was tested first.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from domain.orders import Final
from domain.ports import VenueTraits
from venues.budget import Allowance, Pace
from venues.ccxt_news import Confirmed, News
from venues.ccxt_numbers import Numbers
from venues.ccxt_sayings import Garbled, Saying
from venues.ccxt_shapes import Shape

DAY_US = 86_400_000_000
_CAUTIOUS = Pace(5, 1.0)


class Cancels(StrEnum):
    """How an order is cancelled whose venue id we do not know."""

    BY_PARAMETER = "parameter"  # our id goes along as `clientOrderId`
    AS_ID = "id"  # our id stands where the venue's would
    AFTER_A_LOOK = "look"  # the open orders are read for the venue's id first


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How a history list is read whole.

    With `offset` (a parameter that skips rows, newest first) pages are asked for until the told
    count is reached or a page is empty; `start` is the parameter of the earliest time in whole
    seconds, exclusive. With `limit` a span of time is asked for, at most `window_us` long (0:
    any), and one that fills a page is asked for again in halves; `until` is the parameter of
    its end in milliseconds, `overlap_ms` by how much spans overlap, for a venue that leaves out
    both of their borders. `newest` marks a venue that shows its newest rows when no time is
    given: where they do not fill a page they are all there are. With `further` (what to ask for
    more of a full page, made of its raw answer) no span is halved. With `cursor` (a parameter)
    pages go from newest to oldest and name the one after them. Without any, ccxt's `since` is
    moved forward to the newest row; `forward` is how many fill a page then.
    """

    offset: str = ""
    start: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    count: Callable[[Any], int | None] = lambda _: None
    limit: int = 0
    window_us: int = 0
    until: str = "until"
    overlap_ms: int = 0
    newest: bool = False
    further: Callable[[Any], Mapping[str, Any]] | None = None
    cursor: str = ""
    forward: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One that only reads, and that ccxt has no method for.

    `api` and `verb` are ccxt's words for where it stands, `parameter` carries what is asked
    for, and `parse` is ccxt's method that reads a row of the answer.
    """

    path: str
    api: tuple[str, ...]
    verb: str
    parameter: str
    parse: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginWallet:
    """How a futures wallet is asked for, and where its answer tells what.

    `method` is ccxt's own name of the endpoint, asked once for each of `calls`. Its rows are the
    list at `at` (a dotted path), or the one object there. The field of the wallet's balance is
    `wallet`; a venue that tells wallet and gains together names that field in `equity` instead.
    """

    method: str
    asset: str
    unrealised: str
    calls: tuple[Mapping[str, str], ...] = ({},)
    at: str = ""
    wallet: str = ""
    equity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeRow:
    """How a venue tells public trades, where their numbers rise and are the same on all ways.

    `number_field` is where a raw row carries the number, where ccxt's id is not it. A list by
    request is `page` rows long at most; with `forward` it begins at a time, else it holds the
    newest. `answer` is what a frame says of the subscription (None: as the row's own), which
    must be confirmed under the name `channel`.
    """

    page: int
    forward: bool = False
    number_field: str = ""
    channel: str = "trade"
    answer: Callable[[Any], News | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """One venue's row. Fields that are functions read the venue's raw words or rows."""

    traits: VenueTraits
    trades: bool = False  # whether orders may be sent at all: the row was tested on the wire
    why_watched: str = ""  # for a person: why orders are not sent there
    caution: str = ""  # for a person: what trading there lacks, where it is accepted
    frames: str = ""  # the reader of raw stream frames; "": ccxt's caches are read
    nonce: bool = False
    pace: Pace = _CAUTIOUS
    public_pace: Pace = _CAUTIOUS
    costs: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    # What ccxt is asked to watch of an account, where it has it.
    watches: tuple[str, ...] = ("watchOrders", "watchMyTrades", "watchBalance")
    # What a frame says of the subscriptions, where ccxt's caches are read: any at all is a yes.
    answer: Callable[[Any], News | None] = lambda _: Confirmed("*")
    channels: frozenset[str] = (
        frozenset()
    )  # each must be confirmed by itself; none: any yes will do
    forgets_orders: bool = False  # what ccxt keeps of orders is emptied after every frame
    why_polled: str = ""  # for a person: why an account is asked, and not heard
    book_levels: int = 10  # how deep a book is asked for; some venues know certain depths only
    keep_alive_ms: int = 0  # how often ccxt pings a socket, where its own habit is too rare
    unused: tuple[str, ...] = ("fetchCurrencies",)  # what ccxt would ask for and nobody needs
    hurries: bool = False  # in a hurry its lists and cancels do without the instruments
    tape: TapeRow | None = None  # None: its public trades were never tried, and fill no paper order
    public_needs_keys: bool = False  # what everybody may know is told to key holders only
    # Words and shapes
    sayings: tuple[Saying, ...] = ()
    codes: Callable[[str], tuple[str, ...]] = lambda _: ()
    silent_until_us: Callable[[str], int] = lambda _: 0
    # What its headers say is left of its limit; given a header's reader and the time.
    allowance: Callable[[Callable[[str], str], int], Allowance | None] = lambda _, __: None
    rows: Callable[[str, Any], int] = lambda _, answer: _json_rows(answer)
    shapes: Mapping[str, Shape] = field(default_factory=dict)  # by method and path; before `rows`
    # Orders
    longest_client_id: int = 18  # Kraken: a UUID, or so many characters of our own
    client_id_field: str = ""  # where a raw row carries our id; "": ccxt's clientOrderId is true
    client_id_parameter: str = "clientOrderId"
    client_id_prefix: str = ""  # what the venue wants before our id, wherever it is shown
    numbered: bool = False  # it knows orders by numbers only: `numbers` stands for our ids
    numbers: Numbers | None = None  # of a row that is in use
    filled_field: str = ""  # where a raw order row tells what was filled, if ccxt works it out
    order_params: Mapping[str, str] = field(default_factory=dict)
    market_orders: bool = True
    market_buys: bool = True  # off where a market buy is told in quote money only
    post_only: bool = True
    fill_or_kill: bool = True
    cancels: Cancels = Cancels.BY_PARAMETER
    cancels_all: str = "cancel_all_orders"  # ccxt's method that ends every open order
    details: Endpoint | None = None  # the steps of an instrument, where its list tells none
    trade_ids_field: str = ""  # where a raw order row lists the ids of its trades
    asks_by_client_id: bool = False  # one order can be asked for by our id
    by_client_id: Endpoint | None = None  # where, if ccxt's way is none
    asks_as_trader: bool = False  # one order is told to trading keys only
    finds_by_client_id: bool = False  # open and closed lists can be filtered by our id
    orders_by_ids: int = 0  # how many orders one query answers; 0: one by one
    trades_by_ids: int = 0
    query_params: Mapping[str, str] = field(default_factory=dict)
    # Lists
    by_symbol: frozenset[str] = frozenset()  # ccxt's methods that are asked symbol by symbol
    open_symbols: str = ""  # ccxt's method that lists the symbols of open orders
    wallets: tuple[Mapping[str, str], ...] = ({},)  # after the first: money no order can use
    margins: Mapping[str, MarginWallet] = field(default_factory=dict)  # futures wallets by name
    why_no_margins: str = ""  # for a person: why those it has are not read
    open_page: int = 0  # rows of a full page of open orders, of which only one is read
    # What ccxt passes on raw: a status of these words, or one that goes on after them.
    statuses: Mapping[str, Final | None] = field(default_factory=dict)
    ended_orders: str = "fetch_closed_orders"  # ccxt's method that lists canceled ones too
    order_pages: Paging = field(default_factory=Paging)
    trade_pages: Paging = field(default_factory=Paging)
    fees_apart: bool = False  # fills tell none: fees are booked later, by themselves
    reach_us: int = 0  # how far back fills are kept; 0: as far as is asked
    withdraws: bool = True  # its API takes withdrawals
    movements: tuple[str, ...] = ("fetch_deposits", "fetch_withdrawals")
    movement_pages: Mapping[str, Paging] = field(default_factory=dict)  # by method; else as below
    movements_by_asset: bool = False
    fills_in_movements: frozenset[str] = frozenset()  # raw types of movements that are fills
    movements_start: str = ""  # the parameter of the earliest time in whole seconds
    movements_end: str = ""
    movements_back_us: int = 14 * DAY_US
    movements_page: int = 0  # rows of a full page; 0: one answer holds all
    # Names and figures
    lists_active_only: bool = False  # what is listed trades, and nothing says so
    free_is_all: bool = False  # money is told without a total
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
