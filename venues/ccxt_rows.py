"""Rows before they become values: wallets put together, ids made up, pages told apart.

The one rule: these are pure, and what they cannot read is Malformed.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from domain.market import AssetBalance
from domain.money import MONEY, ZERO
from venues.ccxt_fields import Fields, Malformed
from venues.ccxt_row import Quirks

_MOVEMENTS = ("deposit", "withdrawal")


def together(
    tradable: Mapping[str, AssetBalance], idle: Iterable[Mapping[str, AssetBalance]]
) -> dict[str, AssetBalance]:
    """Wallets as one: what lies in the idle ones is owned, and used as far as orders go."""
    found = dict(tradable)
    for wallet in idle:
        for asset, held in wallet.items():
            known = found.get(asset, AssetBalance(total=ZERO, used=ZERO))
            used = None if known.used is None else MONEY.add(known.used, held.total)
            found[asset] = AssetBalance(total=MONEY.add(known.total, held.total), used=used)
    return found


def symbols_told(answer: object) -> list[str]:
    """The names in KuCoin's list of symbols that have open orders."""
    data = Fields("answer", answer).inner("data")
    names = data.rows("symbols") if data is not None else []
    if not all(isinstance(name, str) for name in names):
        raise Malformed("answer", "symbols", names)
    return names


def page_after(answer: object) -> tuple[str, int]:
    """Where Coinbase's next page of transactions begins ("": nowhere), and the oldest on this."""
    page = Fields("page", answer)
    rows = [Fields("transaction", row) for row in page.rows("data")]
    oldest_us = min((row.iso_us("created_at") for row in rows), default=0)
    pages = page.inner("pagination")
    return (pages.own_id("next_starting_after") if pages is not None else ""), oldest_us


def with_id(row: object) -> Mapping[str, Any]:
    """The row, with an id made of what it holds where the venue gives it none (deposits)."""
    told = Fields("row", row)
    if told.row.get("id") is not None or told.word("type") not in _MOVEMENTS:
        return told.row
    parts = (str(told.row.get(name) or "") for name in ("currency", "timestamp", "amount"))
    name = "-".join((*parts, str(told.row.get("txid") or "")[:24]))
    return {**told.row, "id": name[:64]}


def by_id(rows: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Each row once."""
    return {Fields("row", row).identity("id"): row for row in rows}


def is_active(market: Mapping[str, Any], quirks: Quirks) -> bool:
    """Whether it trades now; some venues list only what does, and say nothing else."""
    told = market.get("active")
    return told is True or (told is None and quirks.lists_active_only)


def flag_of(method: str) -> str:
    """How ccxt's table of what a venue has names a method: `fetch_my_trades`, `fetchMyTrades`."""
    words = method.title().replace("_", "")
    return words[:1].lower() + words[1:]
