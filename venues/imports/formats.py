"""The formats that are understood, each a table: header names, their meaning, its zone.

The one rule: a file is what its header row says it is, or it is refused with what would be
understood; nothing is read by the place of a column.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from domain.market import Movement
from domain.orders import Fill
from venues.imports import binance, coinbase, kraken, kucoin, plain
from venues.imports.row import Row, offset_of

# `Filled Time(UTC+08:00)` is the column `Filled Time`, eight hours ahead.
_ZONED = re.compile(r"(.+?)\s*\((UTC)(null|[+-]\d{1,2}(?::?\d{2})?)?\)")
UTC = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One kind of file. `venues` empty: of any venue. `offset` None: the file must tell it.

    `required` columns make it known, and none of the `foreign` ones may be there; `called` maps
    other names of a column to the one that `read` asks for.
    """

    name: str
    required: frozenset[str]
    read: Callable[[Row], Fill | Movement]
    venues: tuple[str, ...] = ()
    offset: timedelta | None = None
    foreign: frozenset[str] = frozenset()
    called: Mapping[str, str] = field(default_factory=dict)


def _columns(text: str) -> frozenset[str]:
    return frozenset(text.split(", "))


_COINBASE = {
    "Price Currency": "Currency",
    "Spot Price Currency": "Currency",
    "Price at Transaction": "Price",
    "Spot Price at Transaction": "Price",
    "Total (inclusive of fees and/or spread)": "Total",
    "Total (inclusive of fees)": "Total",
    "Fees and/or Spread": "Fees",
}

FORMATS = (
    Format(
        name="Kraken trades",
        venues=("kraken",),
        offset=UTC,
        required=_columns("txid, ordertxid, pair, time, type, price, cost, fee, vol, margin"),
        read=kraken.trade,
    ),
    Format(
        name="Kraken ledgers",
        venues=("kraken",),
        offset=UTC,
        required=_columns("txid, refid, time, type, subtype, asset, amount, fee, balance"),
        read=kraken.entry,
    ),
    Format(
        name="Coinbase account report",
        venues=("coinbase",),
        offset=UTC,
        required=_columns(
            "Timestamp, Transaction Type, Asset, Quantity Transacted, Currency, Price, Subtotal, "
            "Total, Fees, Notes"
        ),
        called=_COINBASE,
        read=coinbase.transaction,
    ),
    Format(
        name="Binance trade history",
        venues=("binance", "binanceus"),
        required=_columns("Date, Pair, Side, Price, Executed, Amount, Fee"),
        read=binance.trade,
    ),
    Format(
        name="Binance deposit history",
        venues=("binance",),
        required=_columns("Date, Coin, Network, Amount, Address, TXID, Status"),
        foreign=_columns("Fee, TransactionFee"),
        read=binance.deposit,
    ),
    Format(
        name="Binance withdrawal history",
        venues=("binance",),
        required=_columns("Date, Coin, Network, Amount, Fee, Address, TXID, Status"),
        read=binance.withdrawal,
    ),
    Format(
        name="KuCoin filled orders",
        venues=("kucoin",),
        required=_columns(
            "UID, Order ID, Symbol, Side, Avg. Filled Price, Filled Amount, Filled Volume, "
            "Filled Time, Fee, Fee Currency"
        ),
        read=kucoin.filled,
    ),
    Format(
        name="KuCoin deposit history",
        venues=("kucoin",),
        required=_columns("UID, Time, Coin, Amount, Fee, Transfer Network, Status, Remarks"),
        foreign=_columns("Withdrawal Address/Account"),
        read=kucoin.deposit,
    ),
    Format(
        name="KuCoin withdrawal history",
        venues=("kucoin",),
        required=_columns(
            "UID, Time, Coin, Amount, Fee, Withdrawal Address/Account, Transfer Network, Status, "
            "Remarks"
        ),
        read=kucoin.withdrawal,
    ),
    Format(name="plain", required=frozenset(plain.REQUIRED), read=plain.fact),
)
PLAIN = FORMATS[-1]


@dataclass(frozen=True, slots=True)
class Header:
    """The header row of a file of a known format: column names as `read` asks for them."""

    format: Format
    names: tuple[str, ...]
    zones: Mapping[str, timedelta]


def header_of(cells: Sequence[str]) -> Header | None:
    """What a row of these cells is the header of; None for every other row."""
    zones: dict[str, timedelta] = {}
    names = tuple(_name(cell.strip(), zones) for cell in cells)
    best: Header | None = None
    for known in FORMATS:
        called = tuple(known.called.get(name, name) for name in names)
        if not known.required <= set(called) or known.foreign & set(called):
            continue
        if best is None or len(known.required) > len(best.format.required):
            best = Header(known, called, zones)
    return best


def _name(cell: str, zones: dict[str, timedelta]) -> str:
    told = _ZONED.fullmatch(cell)
    if told is None:
        return cell
    ahead = offset_of(told[3] if told[3] and told[3] != "null" else "UTC")
    if ahead is None:
        return cell
    zones[told[1]] = ahead
    return told[1]


def understood() -> str:
    """Every format with its columns, for a file that is none of them."""
    rows = [f"  {known.name}: {', '.join(sorted(known.required))}" for known in FORMATS[:-1]]
    return "\n".join((*rows, f"  plain: {', '.join(plain.COLUMNS)} (of these, what a kind needs)"))
