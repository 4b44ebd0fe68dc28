"""Public REST endpoints. The one rule: they read, and they need no key."""

from collections.abc import Mapping

from tests.wire.kucoin.assets import ASSETS, LISTINGS
from tests.wire.kucoin.call import PublicHandler, listing_of
from tests.wire.kucoin.dialect import unknown_path
from tests.wire.kucoin.rows import level_rows, millis, public_trade_row, stats_row
from tests.wire.kucoin.tokens import bullet
from tests.wire.kucoin.venue import KucoinVenue

Fields = Mapping[str, str]
DEPTHS = ("20", "100")
TAPE = 100
STATES = {"online": "open", "maintenance": "close", "cancel_only": "cancelonly"}


def timestamp(venue: KucoinVenue, _fields: Fields) -> object:
    """The venue's clock, in milliseconds."""
    return millis(venue.now_us())


def status(venue: KucoinVenue, _fields: Fields) -> object:
    """open, close or cancelonly."""
    quirks = venue.quirks
    return {"status": STATES["online" if quirks.quiet_mode else quirks.mode], "msg": ""}


def currencies(venue: KucoinVenue, _fields: Fields) -> object:
    """Every currency."""
    rows = [asset.row() for asset in ASSETS.values()]
    hostile = venue.quirks.hostile.get("asset")
    return [*rows, {**ASSETS["SOL"].row(), "currency": hostile}] if hostile else rows


def symbols(venue: KucoinVenue, _fields: Fields) -> object:
    """Every pair."""
    trading = venue.quirks.mode != "maintenance"
    return [listing.row(trading=trading) for listing in LISTINGS.values()]


def all_tickers(venue: KucoinVenue, _fields: Fields) -> object:
    """Every pair's session."""
    return {"time": millis(venue.now_us()), "ticker": [_stats(venue, s) for s in LISTINGS]}


def stats(venue: KucoinVenue, fields: Fields) -> object:
    """One pair's session."""
    symbol = listing_of(fields.get("symbol", "")).symbol
    return {"time": millis(venue.now_us()), **_stats(venue, symbol)}


def depth(venue: KucoinVenue, fields: Fields) -> object:
    """The best 20 or 100 levels of a book."""
    if fields["limit"] not in DEPTHS:
        raise unknown_path()
    return book(venue, fields, int(fields["limit"]))


def book(venue: KucoinVenue, fields: Fields, levels: int) -> object:
    """So many levels a side, and the number of the last change in them."""
    symbol = listing_of(fields.get("symbol", "")).symbol
    bids, asks = venue.exchange.books[symbol].depth(levels)
    return {
        "time": millis(venue.now_us()),
        "sequence": str(venue.caught_up(symbol).sequence),
        "bids": level_rows(bids),
        "asks": level_rows(asks),
    }


def histories(venue: KucoinVenue, fields: Fields) -> object:
    """The newest hundred trades, newest first."""
    symbol = listing_of(fields.get("symbol", "")).symbol
    tape = list(venue.exchange.settlement.tape[symbol])[-TAPE:]
    return [public_trade_row(trade) for trade in reversed(tape)]


def bullet_public(venue: KucoinVenue, _fields: Fields) -> object:
    """Where public sockets are, and a token for them."""
    return bullet(venue, "")


def _stats(venue: KucoinVenue, symbol: str) -> dict[str, object]:
    bids, asks = venue.exchange.books[symbol].depth(1)
    return stats_row(symbol, venue.stats[symbol], bids, asks)


PUBLIC: dict[str, PublicHandler] = {
    "GET v1/timestamp": timestamp,
    "GET v1/status": status,
    "GET v3/currencies": currencies,
    "GET v2/symbols": symbols,
    "GET v1/market/allTickers": all_tickers,
    "GET v1/market/stats": stats,
    "GET v1/market/orderbook/level2_{limit}": depth,
    "GET v1/market/histories": histories,
    "POST v1/bullet-public": bullet_public,
}
