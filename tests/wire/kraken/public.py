"""Public REST endpoints. The one rule: they read, and they need no key."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime

from tests.wire.encode import fixed, stamp
from tests.wire.kraken.assets import ASSETS, LISTINGS, Listing
from tests.wire.kraken.call import PublicHandler, asset_of, listing_of
from tests.wire.kraken.dialect import BAD_ARGUMENTS, Denied
from tests.wire.kraken.rows import depth_rows, price_text, public_trade_row
from tests.wire.kraken.venue import KrakenVenue

Fields = Mapping[str, str]


def time(venue: KrakenVenue, _fields: Fields) -> object:
    """The venue's clock, in whole seconds."""
    now = venue.now_us() // 1_000_000
    moment = datetime.fromtimestamp(now, UTC)
    return {"unixtime": now, "rfc1123": format_datetime(moment)}


def system_status(venue: KrakenVenue, _fields: Fields) -> object:
    """online, maintenance, cancel_only, post_only or limit_only."""
    quirks = venue.quirks
    return {
        "status": "online" if quirks.quiet_mode else quirks.mode,
        "timestamp": stamp(venue.now_us())[:19] + "Z",
    }


def assets(venue: KrakenVenue, fields: Fields) -> object:
    """Every asset, or those asked for."""
    asked = fields.get("asset")
    chosen = [asset_of(n) for n in asked.split(",")] if asked else list(ASSETS.values())
    rows: dict[str, object] = {asset.rest: asset.row() for asset in chosen}
    hostile = venue.quirks.hostile.get("asset")
    if hostile and not asked:
        rows[hostile] = {**ASSETS["SOL"].row(), "altname": hostile}
    return rows


def asset_pairs(venue: KrakenVenue, fields: Fields) -> object:
    """Every pair, or those asked for."""
    return {x.rest: x.row(venue.quirks.mode) for x in _chosen(fields)}


def ticker(venue: KrakenVenue, fields: Fields) -> object:
    """Best prices, last trade and the session's figures."""
    return {x.rest: _ticker_row(venue, x) for x in _chosen(fields)}


def depth(venue: KrakenVenue, fields: Fields) -> object:
    """The book of one pair, `count` levels a side (100 by default, 500 at most)."""
    listing = listing_of(fields.get("pair", ""))
    count = min(500, _count(fields, 100))
    bids, asks = venue.exchange.books[listing.symbol].depth(count)
    now = venue.now_us()
    rows = {"asks": depth_rows(asks, listing, now), "bids": depth_rows(bids, listing, now)}
    return {listing.rest: rows}


def trades(venue: KrakenVenue, fields: Fields) -> object:
    """Trades, oldest first: the first after `since` (seconds or nanoseconds), else the newest."""
    listing = listing_of(fields.get("pair", ""))
    since_us = _since_us(fields.get("since", "0"))
    tape = [t for t in venue.exchange.settlement.tape[listing.symbol] if t.at_us > since_us]
    count = _count(fields, 1000)
    chosen = tape[:count] if "since" in fields else tape[-count:]
    last = str(chosen[-1].at_us * 1000) if chosen else str(since_us * 1000)
    return {listing.rest: [public_trade_row(trade) for trade in chosen], "last": last}


def _chosen(fields: Fields) -> list[Listing]:
    asked = fields.get("pair")
    return [listing_of(n) for n in asked.split(",")] if asked else list(LISTINGS.values())


def _count(fields: Fields, default: int) -> int:
    text = fields.get("count", str(default))
    if not text.isdigit() or not 1 <= int(text) <= 1000:
        raise Denied(f"{BAD_ARGUMENTS}:count")
    return int(text)


def _since_us(text: str) -> int:
    if not text.replace(".", "", 1).isdigit():
        raise Denied(f"{BAD_ARGUMENTS}:since")
    whole = int(text.partition(".")[0])
    nanoseconds_from = 10**15
    return whole // 1000 if whole >= nanoseconds_from else whole * 1_000_000


def _ticker_row(venue: KrakenVenue, listing: Listing) -> dict[str, object]:
    stats = venue.stats[listing.symbol]
    bids, asks = venue.exchange.books[listing.symbol].depth(1)

    def top(levels: list[tuple[Decimal, Decimal]]) -> list[str]:
        price, quantity = levels[0] if levels else (Decimal(0), Decimal(0))
        return [price_text(price, listing), str(int(quantity)), fixed(quantity, 3)]

    volume, average = fixed(stats.volume, 8), price_text(stats.average, listing)
    return {
        "a": top(asks),
        "b": top(bids),
        "c": [price_text(stats.last, listing), fixed(stats.last_quantity, 8)],
        "v": [volume, volume],
        "p": [average, average],
        "t": [stats.trades, stats.trades],
        "l": [price_text(stats.low, listing)] * 2,
        "h": [price_text(stats.high, listing)] * 2,
        "o": price_text(stats.open, listing),
    }


PUBLIC: dict[str, PublicHandler] = {
    "Time": time,
    "SystemStatus": system_status,
    "Assets": assets,
    "AssetPairs": asset_pairs,
    "Ticker": ticker,
    "Depth": depth,
    "Trades": trades,
}
