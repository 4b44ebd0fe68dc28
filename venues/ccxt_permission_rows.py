"""Which row tells of a venue's keys.

The one rule: of a venue without a row nothing is asked, so nothing is told.
"""

from collections.abc import Mapping

from venues.ccxt_permission_flags import ALPACA, BINANCE, COINBASE, GEMINI, MEXC
from venues.ccxt_permission_lists import BITFINEX, GATE, KRAKEN, KUCOIN
from venues.ccxt_permissions import Permissions

ROWS: Mapping[str, Permissions] = {
    "alpaca": ALPACA,
    "binance": BINANCE,
    "binanceus": BINANCE,
    "bitfinex": BITFINEX,
    "coinbase": COINBASE,
    "gate": GATE,
    "gemini": GEMINI,
    "kraken": KRAKEN,
    "kucoin": KUCOIN,
    "mexc": MEXC,
}
UNTOLD = Permissions(questions=(), why_not="nothing is known of how it tells what a key may do")


def row_of(venue: str) -> Permissions:
    """The row of a venue; of an unknown one nothing is asked."""
    return ROWS.get(venue, UNTOLD)
