"""The rows of the venues, and which row a name in the configuration means.

A venue is a row here and, where its dialect needs it, a module of tables and pure functions
beside it. The one rule: what is not known of a venue is taken to be missing, so an unknown one
can be watched and never traded.
"""

from dataclasses import replace
from decimal import Decimal

from domain.errors import Misconfigured
from domain.ports import VenueTraits
from venues import ccxt_kraken
from venues.budget import Pace
from venues.ccxt_alpaca import ALPACA
from venues.ccxt_binance import BINANCE, BINANCEUS
from venues.ccxt_bitfinex import BITFINEX
from venues.ccxt_coinbase import COINBASE
from venues.ccxt_gate import GATE
from venues.ccxt_gemini import GEMINI
from venues.ccxt_kucoin import KUCOIN
from venues.ccxt_mexc import MEXC
from venues.ccxt_numbers import Numbers
from venues.ccxt_row import Paging, Quirks, TapeRow

KRAKEN = Quirks(
    traits=VenueTraits(
        venue="kraken",
        cancels_at_once=50,
        dead_man=True,
        # No request carries an expiry: a signed one is good as long as it is on its way.
        recv_window_us=10_000_000,
        heartbeat_us=1_000_000,
        rounding=dict.fromkeys(("AUD", "CAD", "CHF", "EUR", "GBP", "USD"), Decimal("0.0001")),
    ),
    trades=True,
    frames="kraken",
    hurries=True,
    unused=(),
    tape=TapeRow(page=1_000, forward=True),
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
    why_no_margins="Kraken Futures is a venue of its own, with keys of its own",
    split_pair=ccxt_kraken.split_pair,
    tick_field="tick_size",
    order_time_fields=("closetm", "opentm"),
    trade_time_field="time",
    clock_step_us=1_000_000,
    opens_24h_ago=False,  # `o` is the price at midnight UTC
)

_ROWS = (
    KRAKEN, KUCOIN, COINBASE, BINANCE, GATE, MEXC, BINANCEUS, BITFINEX, GEMINI, ALPACA,
)  # fmt: skip
_KNOWN = {row.traits.venue: row for row in _ROWS}

# Names that ccxt or older configurations have used, and what they are called now.
_RENAMED = {
    "gateio": "gate",
    "okex": "okx",
    "okex5": "okx",
    "huobi": "htx",
    "huobipro": "htx",
    "gdax": "coinbase",
    "coinbasepro": "coinbase",
    "coinbaseprime": "coinbase",
    "coinbaseadvanced": "coinbase",
    "binance_us": "binanceus",
    "binance.us": "binanceus",
    "bitfinex2": "bitfinex",
    "ascendex1": "ascendex",
    "bitmax": "ascendex",
}
_WATCHED_ONLY = "its orders were never tested here, so it is watched and not traded"


# Whose orders were placed, lost, found and killed on a living wire through the whole desk. The
# orders of the other rows were tried on a captured wire only: those venues are watched.
TRIED_ON_THE_WIRE = frozenset({"kraken", "kucoin"})


def known_venues() -> tuple[str, ...]:
    """The venues that have a row, in the order of their rows."""
    return tuple(_KNOWN)


def quirks_of(venue: str, *, sandbox: bool = False) -> Quirks:
    """The row of a venue; a cautious one for a venue without.

    Raises:
        Misconfigured: an old name, or `sandbox` is asked of a venue that has none (decisions.md).
    """
    renamed = _RENAMED.get(venue.lower())
    if renamed is not None:
        hint = f"this venue is called {renamed} now; write exchanges.{renamed}"
        raise Misconfigured(f"exchanges.{venue}", hint)
    quirks = _KNOWN.get(venue) or _cautious(venue)
    if sandbox and not quirks.traits.sandbox:
        raise Misconfigured(
            f"exchanges.{venue}.sandbox",
            "this venue has no sandbox here; remove the line, or use --demo to try things",
        )
    if quirks.numbered:
        quirks = replace(quirks, numbers=Numbers(venue))
    return quirks if sandbox else replace(quirks, traits=replace(quirks.traits, sandbox=False))


def _cautious(venue: str) -> Quirks:
    return Quirks(
        traits=VenueTraits(
            venue=venue,
            account_stream=False,
            price_stream=False,
            cancel_all=False,
            amends=False,
            dead_man=False,
        ),
        why_polled="its streams were never tried here",
        why_watched=_WATCHED_ONLY,
        unused=(),
        withdraws=False,
    )
