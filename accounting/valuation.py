"""What one unit of an asset is worth in the base currency, from prices alone.

The one rule: a mark carries the age of the oldest price on its route, and an asset without a
route has no mark; it is never worth zero by default.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from domain.board import Board
from domain.market import Balances, Mark, Price
from domain.money import ONE, ZERO

FRESH_US = 15_000_000
PEGGED = "pegged"


def mark_from(price: Price, board: Board) -> Mark | None:
    """The mark that a price gives its base asset, or None when its quote has no mark itself.

    Direct (`BTC/USD`) or over the quote's own mark (`BTC/USDT` times `USDT/USD`).
    """
    base, _, quote = price.symbol.partition("/")
    value = price.mid
    if value is None or value <= ZERO:
        return None
    if quote == board.base_currency:
        return Mark(asset=base, value=value, at_us=price.at_us, source=price_source(price))
    via = board.marks.get(quote)
    if via is None:
        return None
    return Mark(
        asset=base,
        value=value * via.value,
        at_us=min(price.at_us, via.at_us),
        source=f"{price_source(price)} * {via.source}",
    )


def price_source(price: Price) -> str:
    """Where a price comes from, for a person: `kraken BTC/USD`."""
    return f"{price.venue} {price.symbol}"


def better(new: Mark, old: Mark | None, now_us: int) -> bool:
    """Whether `new` should replace `old`: the same source, a shorter route, or the old is stale.

    Holding on to one source keeps totals from flickering between venues.
    """
    if old is None or old.source in (new.source, PEGGED):
        return True
    if now_us - old.at_us > FRESH_US:
        return new.at_us > old.at_us
    return new.source.count("*") < old.source.count("*")


def pegged(assets: tuple[str, ...], marks: Mapping[str, Mark], now_us: int) -> list[Mark]:
    """One base unit each for the pegged assets that no fresh market prices."""
    made = []
    for asset in assets:
        known = marks.get(asset)
        if known is None or known.source == PEGGED or now_us - known.at_us > FRESH_US:
            made.append(Mark(asset=asset, value=ONE, at_us=now_us, source=PEGGED))
    return made


def net_asset_value(board: Board, now_us: int, stale_us: int = FRESH_US) -> tuple[Decimal, bool]:
    """(value of all balances at marks in the base currency, whether any part is missing or old).

    Futures count with their margin balance. An asset without a mark is left out and makes the
    value partial; so does an account whose balances, or a wallet of it, are not known.
    """
    total, partial = ZERO, not board.accounts
    for account in board.accounts.values():
        if account.balances is None:
            partial = True
            continue
        partial = partial or bool(account.balances.unread)
        for asset, quantity in _quantities(account.balances):
            if not quantity:
                continue
            if asset == board.base_currency:
                total += quantity
                continue
            mark = board.marks.get(asset)
            if mark is None:
                partial = True
                continue
            total += quantity * mark.value
            partial = partial or now_us - mark.at_us > stale_us
    return total, partial


def _quantities(balances: Balances) -> Iterator[tuple[str, Decimal]]:
    for asset, balance in balances.assets.items():
        yield asset, balance.total
    for wallet in balances.margins.values():
        for asset, margin in wallet.items():
            yield asset, margin.wallet + margin.unrealised


def day_result(board: Board) -> Decimal | None:
    """Today's P&L in the base currency: NAV less the day's opening and its flows; None: unknown."""
    if not board.nav or board.nav_day_open is None:
        return None
    return board.nav[-1].nav - board.nav_day_open - board.flows_today
