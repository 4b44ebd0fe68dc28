"""import-prices, reconcile adopt: what a person fills in because no venue tells it.

The one rule: a file is taken whole or not at all; each of its bad rows is named with its line.
"""

import asyncio
import csv
from argparse import Namespace
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from cli.commands.control import code_for
from cli.render import as_json, plain, say
from cli.usage import WrongUsage
from domain.asks_adjusting import AdoptBalance, PastPrice, PricesTaken, RecordPrices
from domain.days import to_us
from domain.errors import Unavailable
from domain.instruments import Account
from domain.money import NotANumber, number
from domain.ports import Desk
from domain.text import clean

LARGEST_FILE = 64 * 1024 * 1024
AT_ONCE = 1_000
SHOWN = 10
REFUSED = 77
COLUMNS = ("asset", "price", "date", "time")


class Bad(NamedTuple):
    """A row that cannot be read, and why."""

    line: int
    why: str


async def import_prices(desk: Desk, args: Namespace) -> int:
    """Read the file; write its prices down unless a row is bad or this is a dry run."""
    text = await asyncio.to_thread(_text, args.file)
    found, bad = read_prices(text, desk.board.base_currency, desk.board.now_us)
    if bad:
        return _refused(args, bad)
    taken = PricesTaken(recorded=0, known=0)
    for first in range(0, len(found), AT_ONCE):
        ask = RecordPrices(
            prices=tuple(found[first : first + AT_ONCE]),
            source=clean(args.file.name, longest=100),
            dry_run=args.dry_run,
        )
        told = await desk.ask(ask)
        taken = PricesTaken(recorded=taken.recorded + told.recorded, known=taken.known + told.known)
    if args.json:
        say(as_json({"dry_run": args.dry_run, "bad": [], **_counts(taken)}))
        return 0
    done = "would be written down" if args.dry_run else "written down"
    say(f"{taken.recorded} prices {done}, {taken.known} known already")
    return 0


def _counts(taken: PricesTaken) -> dict[str, int]:
    return {"recorded": taken.recorded, "known": taken.known}


def _refused(args: Namespace, bad: list[Bad]) -> int:
    if args.json:
        say(as_json({"dry_run": args.dry_run, "bad": bad, "recorded": 0, "known": 0}))
        return REFUSED
    for row in bad[:SHOWN]:
        say(f"line {row.line}: {row.why}")
    more = f" (and {len(bad) - SHOWN} more)" if len(bad) > SHOWN else ""
    say(f"{len(bad)} rows cannot be read{more}; nothing was written down: mend them")
    return REFUSED


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise WrongUsage(f"{path} is over {LARGEST_FILE >> 20} MB; split it")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise WrongUsage(f"there is no file {path}") from None
    except UnicodeDecodeError:
        raise WrongUsage(f"{path} is no UTF-8 text") from None
    except OSError as error:
        raise Unavailable(str(path), error.strerror or str(error)) from error


def read_prices(text: str, base_currency: str, now_us: int) -> tuple[list[PastPrice], list[Bad]]:
    """The prices of a file, and the rows that are none.

    Raises:
        WrongUsage: the header does not name the columns.
    """
    rows = csv.DictReader(text.splitlines(), strict=True)
    named = [(name or "").strip().lower() for name in rows.fieldnames or ()]
    if not {"asset", "price"} <= set(named) or not {"date", "time"} & set(named):
        raise WrongUsage("the first line names the columns: asset,price,date (or time)")
    rows.fieldnames = named
    found: list[PastPrice] = []
    bad: list[Bad] = []
    for row in _rows(rows, bad):
        try:
            found.append(_price(row, base_currency, now_us))
        except ValueError as error:
            bad.append(Bad(rows.line_num, clean(str(error), longest=120)))
    if not found and not bad:
        bad.append(Bad(rows.line_num, "there is no row below the header"))
    return found, bad


def _rows(rows: "csv.DictReader[str]", bad: list[Bad]) -> Iterable[dict[str, str]]:
    try:
        for row in rows:
            yield {name: (row.get(name) or "").strip() for name in COLUMNS}
    except csv.Error as error:
        bad.append(Bad(rows.line_num, str(error)))


def _price(row: dict[str, str], base_currency: str, now_us: int) -> PastPrice:
    asset, since_us, until_us = row["asset"].upper(), *_span(row)
    if not asset.isalnum() or not asset.isascii():
        raise ValueError(f"{asset!r} is no asset")
    if asset == base_currency:
        raise ValueError(f"{asset} is the base currency: it is worth one")
    if since_us > now_us:
        raise ValueError("it is of the future")
    return PastPrice(asset=asset, since_us=since_us, until_us=until_us, price=_above(row["price"]))


def _above(text: str) -> Decimal:
    try:
        price = number(text)
    except NotANumber as error:
        raise ValueError(f"price: {error}") from None
    if price <= 0:
        raise ValueError(f"price: {text} is not above zero")
    return price


def _span(row: dict[str, str]) -> tuple[int, int]:
    if row["time"]:
        told = datetime.fromisoformat(row["time"])
        start = told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
        return to_us(start), to_us(start + timedelta(hours=1))
    day = date.fromisoformat(row["date"])
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return to_us(start), to_us(start + timedelta(days=1))


async def reconcile(desk: Desk, args: Namespace) -> int:
    """Adopt a balance that nothing explains."""
    venue, _, name = args.account.partition("/")
    ask = AdoptBalance(
        account=Account(venue.lower(), name or "main"),
        asset=args.asset.upper(),
        reason=args.reason,
        code="" if args.dry_run else await code_for(desk, args),
        value=None if args.basis is None else _number("--basis", args.basis),
        acquired_on=args.acquired,
        wallet=args.wallet,
        dry_run=args.dry_run,
    )
    told = await desk.ask(ask)
    if args.json:
        say(as_json(told))
        return 0
    say(f"{venue} says {plain(told.theirs)} {told.asset}, the facts gave {plain(told.ours)}")
    say(f"{'would be: ' if args.dry_run else ''}{told.detail}")
    return 0


def _number(name: str, text: str) -> Decimal:
    try:
        return number(text)
    except NotANumber as error:
        raise WrongUsage(f"{name}: {error}") from None
