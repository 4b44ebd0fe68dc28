"""Where the desk stands: figures that several screens show, computed from the board alone.

The one rule: nothing is stored and nothing is guessed. What cannot be told is None, and a sum
with an old part in it says so.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from domain.board import Board
from domain.instruments import Account
from domain.market import Balances, Price
from domain.money import MONEY, ZERO, number
from domain.verdicts import Usage
from tui.format import ratio_pct
from tui.freshness import balances_are_old, prices_are_old
from tui.phases import unread
from tui.working import WorkingOrders

_DOLLARS = ("USD", "USDT", "USDC", "EUR")


class Holding(NamedTuple):
    """One asset in one account, valued at its mark (base currency; None: no mark).

    `wallet` names a futures wallet, "" is the spot market; nothing in futures is `free`.
    """

    asset: str
    account: Account
    total: Decimal
    free: Decimal
    mark: Decimal | None
    value: Decimal | None
    change_pct: Decimal | None
    share_pct: Decimal | None
    old: bool
    wallet: str = ""

    @property
    def place(self) -> str:
        """Its account, and the wallet there."""
        return f"{self.account} {self.wallet}" if self.wallet else self.account


def holdings(board: Board, now_us: int) -> list[Holding]:
    """Every balance that is not zero, the most valuable first."""
    found = list(_unshared(board, now_us))
    whole = sum((held.value for held in found if held.value is not None), ZERO)
    shared = [
        held._replace(share_pct=None if held.value is None else ratio_pct(held.value, whole))
        for held in found
    ]
    return sorted(shared, key=lambda held: (held.value is None, -(held.value or ZERO), held.asset))


def _unshared(board: Board, now_us: int) -> Iterator[Holding]:
    for view in board.accounts.values():
        if view.balances is None:
            continue
        account = view.account
        old = balances_are_old(board, account, now_us)
        for wallet, asset, total, free in _lying(view.balances):
            if not total:
                continue
            mark = mark_of(board, asset)
            yield Holding(
                asset=asset,
                account=account,
                wallet=wallet,
                total=total,
                free=free,
                mark=mark,
                value=None if mark is None else MONEY.multiply(total, mark),
                change_pct=change_pct(_price(board, account.venue, asset)),
                share_pct=None,
                old=old or (asset != board.base_currency and prices_are_old(board, account.venue)),
            )


def _lying(balances: Balances) -> Iterator[tuple[str, str, Decimal, Decimal]]:
    """Wallet, asset, total, and what a spot order could use of it."""
    for asset, held in balances.assets.items():
        yield "", asset, held.total, held.free
    for wallet, assets in balances.margins.items():
        for asset, margin in assets.items():
            yield wallet, asset, MONEY.add(margin.wallet, margin.unrealised), ZERO


def mark_of(board: Board, asset: str) -> Decimal | None:
    """What one unit of an asset is worth in the base currency; None where nobody tells."""
    if asset == board.base_currency:
        return Decimal(1)
    mark = board.marks.get(asset)
    return None if mark is None else mark.value


def _price(board: Board, venue: str, asset: str) -> Price | None:
    for quote in (board.base_currency, *_DOLLARS):
        price = board.price(venue, f"{asset}/{quote}")
        if price is not None:
            return price
    return None


def change_pct(price: Price | None) -> Decimal | None:
    """How far the last trade is from the price of a day before, in percent."""
    if price is None or price.last is None or not price.open_24h:
        return None
    return ratio_pct(price.last - price.open_24h, price.open_24h)


class Standing(NamedTuple):
    """The desk in five figures. Amounts in the base currency, None: cannot be told."""

    nav: Decimal | None
    partial: bool
    day: Decimal | None
    day_pct: Decimal | None
    drawdown_pct: Decimal | None
    drawdown_limit_pct: Decimal | None
    working: int | None
    unknown: int
    reserved: Decimal
    volume: Usage | None


def standing(board: Board, working: WorkingOrders) -> Standing:
    """Where the desk stands now; `working` follows the same board."""
    newest = board.nav[-1] if board.nav else None
    nav = None if newest is None else newest.nav
    day = _day(board, nav)
    opened = board.nav_day_open
    return Standing(
        nav=nav,
        partial=newest is not None and newest.partial,
        day=day,
        day_pct=ratio_pct(day, opened) if day is not None and opened else None,
        drawdown_pct=drawdown_pct(board),
        drawdown_limit_pct=limit_of(board, "max_drawdown_pct"),
        working=None if unread(board) else len(working.orders),
        unknown=len(working.unknown),
        reserved=working.reserved,
        volume=next((usage for usage in board.usage if usage.setting == "max_daily_volume"), None),
    )


def _day(board: Board, nav: Decimal | None) -> Decimal | None:
    if nav is None or board.nav_day_open is None:
        return None
    return MONEY.subtract(MONEY.subtract(nav, board.nav_day_open), board.flows_today)


def drawdown_pct(board: Board) -> Decimal | None:
    """How far NAV is below its high-water mark, in percent; None where one is not known."""
    if not board.nav or not board.high_water:
        return None
    fallen = MONEY.subtract(board.high_water, board.nav[-1].nav)
    return max(ZERO, ratio_pct(fallen, board.high_water))


def limit_of(board: Board, name: str) -> Decimal | None:
    """A limit in force as a number; None where it is not set."""
    text = board.limits.get(name)
    return None if text is None else number(text)
