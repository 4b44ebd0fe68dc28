"""tax harvest: which lots are under water, and what selling them would realise.

The one rule: nothing is ordered and nothing is written. A sale takes the lots that the method in
force names, not those one would like; so the what-if goes through the same lots as the book.
"""

from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounting.elections import Scope
from accounting.harvest import Candidate, WhatIf, candidates, what_if
from accounting.holdings import OpenLot
from accounting.ledger_entries import Row
from accounting.marks import OLDEST_US
from cli.commands.ledger_reading import Counted, counted, in_words
from cli.ground import Ground
from cli.render import as_json, moment, money, plain, say, table
from cli.usage import WrongUsage
from domain.bookings import FillBooked, MovementBooked
from domain.days import iso
from domain.instruments import base_of, quote_of
from domain.market import Mark
from domain.money import MONEY, ONE, ZERO, NotANumber, number
from domain.snapshots import PricesMarked, SnapshotTaken
from domain.text import clean

GIVEN = "given by --price"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sale:
    asset: str
    account: str
    quantity: Decimal
    price: Mark
    result: WhatIf


def harvest(ground: Ground, args: Namespace) -> int:
    """Candidates at the newest prices known, and a what-if for each asset and account."""
    now_us = ground.clock.now_us()
    told = counted(ground, now_us, beside=(SnapshotTaken, PricesMarked))
    lots = _held(told, args)
    marks = _marks(told, args, {lot.asset for lot in told.book.open_lots()}, now_us)
    found = candidates(lots, marks, now_us, told.elections.tax_time_zone)
    sales = _sales(told, lots, found, marks, args, now_us)
    unpriced = sorted({lot.asset for lot in lots} - marks.keys())
    bare = sorted({lot.asset for lot in lots if lot.basis is None})
    if args.json:
        say(as_json(_document(told, found, sales, marks, unpriced, bare)))
    else:
        _tell(told, found, sales, unpriced, bare, now_us)
    return 0


def _held(told: Counted, args: Namespace) -> list[OpenLot]:
    cash = told.elections.base_currency
    lots = [lot for lot in told.book.open_lots() if lot.asset != cash]
    asset = args.asset.upper()
    if asset and asset not in {lot.asset for lot in lots}:
        raise _unheld("--asset", asset, {lot.asset for lot in lots})
    lots = [lot for lot in lots if asset in ("", lot.asset)]
    if args.account and args.account not in {lot.account for lot in lots}:
        raise _unheld("--account", args.account, {lot.account for lot in lots})
    return lots


def _unheld(flag: str, told: str, held: set[str]) -> WrongUsage:
    known = ", ".join(sorted(held)) or "none"
    return WrongUsage(f"{flag}: {clean(told, longest=40)} has no open lot; these have: {known}")


# Prices


def _marks(told: Counted, args: Namespace, held: set[str], now_us: int) -> Mapping[str, Mark]:
    marks = newest_marks(told.facts.rows, told.elections.base_currency)
    for text in args.price:
        asset, _, price = text.partition("=")
        name = asset.upper()
        if name not in held:
            raise _unheld("--price", asset, held)
        marks[name] = Mark(
            asset=name, value=_above_zero("--price", price), at_us=now_us, source=GIVEN
        )
    return marks


def newest_marks(rows: Iterable[Row], cash: str) -> dict[str, Mark]:
    """The newest price of every asset that facts tell, in the base currency, with its time."""
    marks: dict[str, Mark] = {}
    for _, fact in rows:
        for mark in _told_by(fact, cash):
            known = marks.get(mark.asset)
            if known is None or known.at_us <= mark.at_us:
                marks[mark.asset] = mark
    return marks


def _told_by(fact: object, cash: str) -> Iterable[Mark]:
    if isinstance(fact, FillBooked):
        fill, source = fact.fill, f"fill {fact.fill.key}"
        base, quote = base_of(fill.symbol), quote_of(fill.symbol)
        rate = ONE if quote == cash else fact.base_rate
        if rate is not None and quote != cash:
            yield Mark(asset=quote, value=rate, at_us=fact.at_us, source=source)
        # The rate is of the time of booking: with the price of an old fill it tells nothing.
        fresh = quote == cash or fact.at_us - fill.at_us <= OLDEST_US
        if rate is not None and base != cash and fresh:
            value = MONEY.multiply(fill.price, rate)
            yield Mark(asset=base, value=value, at_us=fill.at_us, source=source)
    elif isinstance(fact, SnapshotTaken | PricesMarked):
        for asset, price in fact.prices.items():
            if asset != cash:
                yield Mark(asset=asset, value=price, at_us=fact.at_us, source="snapshot")
    elif isinstance(fact, MovementBooked):
        moved = fact.movement
        if moved.asset != cash and moved.base_rate is not None:
            source = f"movement {moved.key}"
            yield Mark(asset=moved.asset, value=moved.base_rate, at_us=fact.at_us, source=source)


def _above_zero(flag: str, text: str) -> Decimal:
    try:
        value = number(text)
    except NotANumber as problem:
        raise WrongUsage(f"{flag}: {problem}; write it like BTC=61000") from None
    if value <= ZERO:
        raise WrongUsage(f"{flag}: {clean(text, longest=40)} is not above zero")
    return value


# What if


def _sales(
    told: Counted,
    lots: list[OpenLot],
    found: list[Candidate],
    marks: Mapping[str, Mark],
    args: Namespace,
    now_us: int,
) -> list[_Sale]:
    """Selling what is under water, place by place; or `--quantity` of one asset in one place."""
    everywhere = told.elections.at(now_us).scope is Scope.UNIVERSAL
    wanted: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for one in found:
        place = one.lot.asset, "" if everywhere else one.lot.account
        if not args.account or args.account in (one.lot.account, place[1]):
            wanted[place] = MONEY.add(wanted[place], one.lot.quantity)
    if args.quantity:
        wanted = {
            _place(lots, args, marks, everywhere=everywhere): _above_zero(
                "--quantity", args.quantity
            )
        }
    return [
        _Sale(
            asset=asset,
            account=account,
            quantity=quantity,
            price=marks[asset],
            result=what_if(
                lots,
                told.elections,
                asset=asset,
                account=account,
                quantity=quantity,
                price=marks[asset].value,
                now_us=now_us,
            ),
        )
        for (asset, account), quantity in sorted(wanted.items())
    ]


def _place(
    lots: list[OpenLot], args: Namespace, marks: Mapping[str, Mark], *, everywhere: bool
) -> tuple[str, str]:
    asset = args.asset.upper()
    if not asset:
        raise WrongUsage("--quantity: of which asset? add --asset BTC")
    if asset not in marks:
        raise WrongUsage(f"--quantity: {asset} has no price in the ledger; add --price {asset}=…")
    accounts = sorted({lot.account for lot in lots})
    if everywhere:
        return asset, ""
    if not args.account and len(accounts) > 1:
        raise WrongUsage(f"--quantity: in which account? --account {' or '.join(accounts)}")
    return asset, args.account or accounts[0]


# Telling


def _tell(
    told: Counted,
    found: list[Candidate],
    sales: list[_Sale],
    unpriced: list[str],
    bare: list[str],
    now_us: int,
) -> None:
    policy = in_words(told.elections.at(now_us))
    say(f"{len(found)} lots are under water; lots by {policy}")
    if found:
        say("")
        say(_table(found))
    for sale in sales:
        where = f" in {sale.account}" if sale.account else ""
        price = f"{plain(sale.price.value)} ({moment(sale.price.at_us)}, {sale.price.source})"
        say(f"\nSelling {plain(sale.quantity)} {sale.asset}{where} at {price} would realise")
        short, long = money(sale.result.short), money(sale.result.long)
        say(f"  {money(sale.result.gain)}: {short} short, {long} long")
        if sale.result.unknown:
            say(f"  and for {plain(sale.result.unknown)} of it nobody knows: no basis, or no lot")
    if unpriced:
        say(f"\nno price: {', '.join(unpriced)} (give one: --price {unpriced[0]}=…)")
    if bare:
        say(f"\nlots of unknown basis, no candidates: {', '.join(bare)}")


def _table(found: list[Candidate]) -> str:
    rows = [
        (
            one.lot.asset,
            one.lot.account,
            plain(one.lot.quantity),
            money(one.lot.basis),
            money(one.value),
            money(one.loss),
            one.held.value,
            str(one.long_in_days),
            str(one.recent_count),
            moment(one.price_at_us),
        )
        for one in found
    ]
    heads = ("ASSET", "ACCOUNT", "QTY", "BASIS", "VALUE", "LOSS", "TERM", "LONG-IN", "RECENT")
    right = "QTY BASIS VALUE LOSS LONG-IN RECENT"
    return table((*heads, "PRICE OF"), rows, right=right)


def _document(
    told: Counted,
    found: list[Candidate],
    sales: list[_Sale],
    marks: Mapping[str, Mark],
    unpriced: list[str],
    bare: list[str],
) -> dict[str, Any]:
    return {
        "upto_seq": told.facts.upto_seq,
        "head": told.facts.head,
        "candidates": [_candidate(one, marks) for one in found],
        "sales": [
            {
                "asset": sale.asset,
                "account": sale.account,
                "quantity": sale.quantity,
                "price": sale.price.value,
                "short": sale.result.short,
                "long": sale.result.long,
                "gain": sale.result.gain,
                "unknown": sale.result.unknown,
            }
            for sale in sales
        ],
        "unpriced": unpriced,
        "without_basis": bare,
    }


def _candidate(one: Candidate, marks: Mapping[str, Mark]) -> dict[str, Any]:
    return {
        "lot": one.lot.key,
        "asset": one.lot.asset,
        "account": one.lot.account,
        "acquired": None if one.lot.acquired_us is None else iso(one.lot.acquired_us),
        "quantity": one.lot.quantity,
        "basis": one.lot.basis,
        "value": one.value,
        "loss": one.loss,
        "term": one.held.value,
        "long_in_days": one.long_in_days,
        "recent": list(one.recent),
        "recent_count": one.recent_count,
        "price": marks[one.lot.asset].value,
        "price_at": iso(one.price_at_us),
        "price_from": marks[one.lot.asset].source,
    }
