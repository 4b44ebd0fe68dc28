"""The venues of the console's tests as the engine sees them: feeds, balances, prices, usage.

The one rule: everything is as it was at `NOW_US`, and is the same on every run.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from domain.board import Ability, AccountView, Feed, Health, NavPoint, VenueView
from domain.instruments import Account, Instrument
from domain.keys import Finding, Ill, KeyReport, KeyView, Purpose, Right
from domain.market import AssetBalance, Balances, Depth, Level, Mark, Price
from domain.verdicts import Usage

D = Decimal
NOW_US = 1_795_176_007_120_000  # 2026-11-20T12:00:07.120Z
SECOND = 1_000_000
MINUTE = 60 * SECOND
VENUES = ("gate", "kraken", "kucoin", "mexc")
ACCOUNTS = {venue: Account(venue, "main") for venue in VENUES}
OPERATOR = "ops"
PRICES = {
    "BTC/USDT": ("62100.5", "61340.0", "0.1", "0.00001"),
    "ETH/USDT": ("3120.42", "3098.10", "0.01", "0.0001"),
    "SOL/USDT": ("141.23", "144.02", "0.01", "0.001"),
    "ADA/USDT": ("0.4512", "0.4498", "0.0001", "0.1"),
    "ETH/BTC": ("0.05025", "0.05051", "0.00001", "0.0001"),
}
HELD: dict[str, dict[str, str]] = {
    "kraken": {"USDT": "9412.55", "BTC": "0.5210", "ETH": "4.2000"},
    "kucoin": {"USDT": "4120.10", "ETH": "6.8000", "SOL": "120.5"},
    "gate": {"USDT": "2210.00", "SOL": "88.00", "ADA": "15200"},
    "mexc": {"USDT": "1890.42", "BTC": "0.0820"},
}


def feed_key(feed: Feed) -> str:
    """The key under which a feed stands on the board."""
    return f"{feed.venue} {feed.kind} {feed.account}"


def feeds() -> Iterable[Feed]:
    for number, venue in enumerate(VENUES):
        seen_us = NOW_US - (200_000 + 130_000 * number)
        yield Feed(venue=venue, kind="prices", health=Health.OK, message_us=seen_us,
                   heartbeat_us=NOW_US - SECOND, expected_us=SECOND)  # fmt: skip
        yield Feed(venue=venue, kind="account", account="main", health=Health.OK,
                   message_us=NOW_US - 4 * SECOND, heartbeat_us=NOW_US - SECOND,
                   poll_us=NOW_US - 41 * SECOND, expected_us=30 * SECOND)  # fmt: skip


def account(account: Account) -> AccountView:
    held = HELD[account.venue]
    assets = {
        asset: AssetBalance(total=D(total), used=D(total) / 10) for asset, total in held.items()
    }
    balances = Balances(
        account=account, assets=assets, asked_us=NOW_US - SECOND, at_us=NOW_US - SECOND
    )
    return AccountView(account=account, balances=balances, reconciled_us=NOW_US - 30 * SECOND)


def venue(number: int, venue: str) -> VenueView:
    return VenueView(
        venue=venue, skew_us=12_000 - 9_000 * number, latency_us=48_000 + 61_000 * number,
        budget_left=46 - 7 * number, budget=60, accounts=(ACCOUNTS[venue],),
    )  # fmt: skip


def abilities(venue: str) -> tuple[Ability, ...]:
    """What a venue can, in the words of the real ones."""
    dead_man = venue == "kraken"
    streams = venue not in ("gate", "mexc")
    return (
        Ability("orders", streams, "all kinds" if streams else "tried on a captured wire only"),
        Ability("balance stream", streams, "and checked by request" if streams else
                "balances are asked for again and again"),
        Ability("fill stream", True, "and checked by request"),
        Ability("cancel all", True, "with one call"),
        Ability("look up", dead_man, "its lists are filtered by our id" if dead_man else
                "its lists are read whole and scanned for our id; so are cancels of orders whose "
                "answer was lost"),
        Ability("dead man", dead_man, "engine.dead_man_s, renewed while armed with orders there"
                if dead_man else
                "if this machine dies, open orders stay open"),
        Ability("sandbox", False, "try --demo"),
        Ability("history", True, "as far as it keeps"),
        Ability("withdrawals", True, "its API takes them"),
    )  # fmt: skip


def key(venue: str, purpose: Purpose, *findings: Finding, **told: Any) -> KeyView:
    """A key that was audited at the start of the engine."""
    read: tuple[Right, ...] = (Right.READ,)
    rights = read if purpose is Purpose.READ else (*read, Right.PLACE, Right.CANCEL)
    report = KeyReport(
        fingerprint=f"{venue}{purpose}", rights=rights, bound=True,
        addresses=("203.0.113.7",), uid="AA88 N84G WOAK NMOI",
    )  # fmt: skip
    return KeyView(
        account=ACCOUNTS[venue], purpose=purpose, report=replace(report, **told),
        findings=findings, at_us=NOW_US - 12 * MINUTE,
    )  # fmt: skip


def audits() -> Iterable[KeyView]:
    """Keys as they are found in the field: one is too wide, one is not told, one is refused."""
    yield key("kraken", Purpose.READ)
    yield key(
        "kraken", Purpose.TRADE,
        Finding(
            ill=Ill.TOO_WIDE, text="the trade key of kraken/main can also withdraw",
            remedy="take these rights away at the venue",
        ),
        rights=(Right.READ, Right.PLACE, Right.CANCEL, Right.WITHDRAW),
    )  # fmt: skip
    yield key("kucoin", Purpose.READ, uid="165111215")
    yield key(
        "gate", Purpose.READ, rights=None, bound=None, addresses=(), uid="1667201533",
        problem="it tells the rights of main account keys only",
    )  # fmt: skip
    yield key(
        "mexc", Purpose.READ,
        Finding(
            ill=Ill.OTHER_ACCOUNT,
            text="the read key of mexc/main belongs to account 209302840, and mexc/main is "
            "209302839",
            remedy="give back the key of that account, or a new name to this one",
        ),
        rights=None, bound=None, addresses=(), uid="209302840",
        problem="its API does not tell what a key may do",
    )  # fmt: skip


def lists(venue: str, symbol: str) -> bool:
    return not (symbol == "ADA/USDT" and venue == "kraken")  # one asset one venue does not list


def instrument(venue: str, symbol: str) -> Instrument:
    _, _, tick, lot = PRICES[symbol]
    return Instrument(
        venue=venue, symbol=symbol, tick=D(tick), lot=D(lot), min_quantity=D(lot) * 10,
        min_value=D(5), fee_rate=D("0.0026"),
    )  # fmt: skip


def price(venue: str, symbol: str, *, shift: str = "0", at_us: int = NOW_US) -> Price:
    """A price near the usual one; `shift` as a fraction."""
    last, opened, tick, _ = (D(text) for text in PRICES[symbol])
    moved = (last * (1 + D(shift))).quantize(tick)
    return Price(
        venue=venue, symbol=symbol, bid=moved - tick, ask=moved + tick, last=moved,
        at_us=at_us - 200_000, open_24h=opened,
    )  # fmt: skip


def marks() -> Mapping[str, str]:
    marks = {symbol.partition("/")[0]: PRICES[symbol][0] for symbol in list(PRICES)[:4]}
    return {**marks, "USDT": "1"}


def mark(asset: str, value: str) -> Mark:
    return Mark(asset=asset, value=D(value), at_us=NOW_US, source="kraken")


def depth(venue: str, symbol: str, *, at_us: int = NOW_US) -> Depth:
    """Twenty levels a side around the usual price."""
    last, _, tick, _ = (D(text) for text in PRICES[symbol])
    sizes = [D(1 + (number * 37) % 29) / 10 for number in range(20)]
    bids = tuple(Level(price=last - tick * (n * 8 + 1), quantity=s) for n, s in enumerate(sizes))
    asks = tuple(
        Level(price=last + tick * (n * 9 + 1), quantity=s) for n, s in enumerate(reversed(sizes))
    )
    return Depth(venue=venue, symbol=symbol, bids=bids, asks=asks, at_us=at_us - 300_000)


def usage() -> tuple[Usage, ...]:
    return (
        Usage("max_daily_volume", D("27900"), D("3300"), D(50_000), "USD"),
        Usage("max_open_orders", D(7), D(0), D(200), "orders"),
        Usage("max_drawdown_pct", D("2.06"), D(0), D(15), "%"),
        Usage("max_position_size", D("37449"), D("3100"), D(40_000), "USD", "BTC"),
        Usage("max_position_size", D("34324"), D("7625"), D(60_000), "USD", "ETH"),
        Usage("max_position_size", D("29446"), D("3400"), D(40_000), "USD", "SOL"),
        Usage("max_position_size", D("6858"), D("1100"), D(20_000), "USD", "ADA"),
    )


def nav() -> tuple[NavPoint, ...]:
    points = []
    value = D("100350")
    for number in range(240):
        swing = D((number * 7919) % 401 - 190) + D((number // 24 % 3 - 1) * 55)
        value += swing
        points.append(NavPoint(at_us=NOW_US - (239 - number) * MINUTE // 2, nav=value))
    shift = D("102345.12") - points[-1].nav
    return tuple(replace(point, nav=point.nav + shift) for point in points)
