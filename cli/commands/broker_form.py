"""A broker's Form 1099-DA as a CSV file: one row a sale, its columns named by the boxes.

The one rule: a row is understood whole or it is named with its line; what a form leaves open
(gross or net, which asset) is asked for and never assumed.

Columns may stand in any order, with others between. A header is known by its box (`1f`,
`Box 1f: Proceeds`) or by its name (`proceeds`). Needed: 1a or 1b or `asset`, 1c, 1e, 1f, 3a.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from accounting.form1099da import BrokerSale
from cli.usage import WrongUsage
from domain.errors import Unavailable
from domain.instruments import Account
from domain.money import ZERO, NotANumber, number
from domain.text import clean

LARGEST_FILE = 64 * 1024 * 1024
SHOWN = 8
_BOX = re.compile(r"(?:box\s*)?(\d{1,2}[a-i]?)(?![\w.])")
_NAMES = {
    "1a": ("code", "asset code", "digital asset code"),
    "1b": ("name", "asset name", "name of digital asset", "description"),
    "1c": ("units", "number of units", "quantity"),
    "1e": ("date sold", "sold", "date sold or disposed", "date of sale"),
    "1f": ("proceeds",),
    "1g": ("basis", "cost basis", "cost or other basis"),
    "2": ("basis reported", "basis reported to irs"),
    "3a": ("gross or net", "gross/net", "reported to irs"),
    "11a": ("aggregate",),
    "account": ("account",),
    "asset": ("asset", "symbol", "ticker"),
}
_BOX_OF = {name: box for box, names in _NAMES.items() for name in names}
_AMOUNT = re.compile(r"\$?(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?|\$?(\.\d+)")
_GROSS = {"gross": True, "g": True, "gross proceeds": True}
_NET = {"net": False, "n": False, "net proceeds": False}
_NO = frozenset({"", "no", "n", "false", "0", "not reported", "unchecked"})
# Codes of the Digital Token Identifier Foundation (ISO 24165) and full names.
_ASSETS = {
    "4H95J0R2X": "BTC",
    "BITCOIN": "BTC",
    "X9J9K872S": "ETH",
    "ETHER": "ETH",
    "ETHEREUM": "ETH",
    "CARDANO": "ADA",
    "DOGECOIN": "DOGE",
    "LITECOIN": "LTC",
    "SOLANA": "SOL",
    "TETHER": "USDT",
    "USD COIN": "USDC",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerForm:
    """The sales of a form. `for_boxes` are the same, without a basis that the IRS was not told."""

    sales: tuple[BrokerSale, ...]
    for_boxes: tuple[BrokerSale, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a row can be about. `account` is whose the form is, where its rows do not say."""

    year: int
    account: str
    accounts: frozenset[str]
    assets: frozenset[str]


class _Bad(ValueError):
    """A row that cannot be compared, and why."""


def broker_form(path: Path, expected: Expected) -> BrokerForm:
    """The form of a tax year.

    Raises:
        WrongUsage: naming every line that cannot be understood; then nothing is compared.
        Unavailable: the file cannot be read.
    """
    read = list(_sales(_rows(path), expected))
    bad = [told for told in read if isinstance(told, str)]
    if bad:
        more = f"\n  and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        raise WrongUsage(f"--form-1099da {path}:\n  " + "\n  ".join(bad[:SHOWN]) + more)
    known = [told for told in read if not isinstance(told, str)]
    return BrokerForm(
        sales=tuple(sale for sale, _ in known),
        for_boxes=tuple(
            sale if reported else replace(sale, basis=None) for sale, reported in known
        ),
    )


def _rows(path: Path) -> list[list[str]]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise WrongUsage(f"{path} is over {LARGEST_FILE >> 20} MB")
        text = path.read_bytes().decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text), strict=True))
    except FileNotFoundError:
        raise WrongUsage(f"there is no file {path}") from None
    except OSError as error:
        raise Unavailable(str(path), error.strerror or str(error)) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise WrongUsage(f"--form-1099da {path}: it is no CSV file ({error})") from None


def _sales(rows: list[list[str]], expected: Expected) -> Iterator[tuple[BrokerSale, bool] | str]:
    columns = _columns(rows[0] if rows else [])
    for line, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        cells = {box: row[place].strip() for box, place in columns.items() if place < len(row)}
        try:
            yield _sale(cells, expected), cells.get("2", "yes").lower() not in _NO
        except _Bad as problem:
            yield f"line {line}: {problem}"


def _columns(header: list[str]) -> Mapping[str, int]:
    columns: dict[str, int] = {}
    for place, cell in enumerate(header):
        told = " ".join(cell.lower().split())
        box = _BOX.match(told)
        name = box[1] if box else _BOX_OF.get(told, "")
        if name in columns:
            raise WrongUsage(f"--form-1099da: two columns are {name}: {clean(cell, longest=40)!r}")
        if name:
            columns[name] = place
    lacking = [box for box in ("1c", "1e", "1f", "3a") if box not in columns]
    if not columns.keys() & {"1a", "1b", "asset"}:
        lacking.insert(0, "1a")
    if lacking:
        raise WrongUsage(
            f"--form-1099da: no column for {', '.join(lacking)} in the header; name columns by "
            "their boxes: 1a code, 1b name, 1c units, 1e sold, 1f proceeds, 1g basis, 2 basis "
            "reported, 3a gross or net"
        )
    return columns


def _sale(cells: Mapping[str, str], expected: Expected) -> BrokerSale:
    if cells.get("11a", "").lower() not in _NO:
        raise _Bad("11a: an aggregate of many sales has no dates to compare; take it out")
    sold = _day(cells.get("1e", ""))
    if sold.year != expected.year:
        raise _Bad(f"1e: sold on {sold}, which is not in {expected.year}")
    footing = cells.get("3a", "").lower()
    gross = {**_GROSS, **_NET}.get(footing)
    if gross is None:
        raise _Bad(f"3a: {clean(footing, longest=20)!r} is neither gross nor net")
    basis = cells.get("1g", "")
    return BrokerSale(
        account=_account(cells, expected),
        asset=_asset(cells, expected.assets),
        sold=sold.isoformat(),
        quantity=_amount("1c", cells.get("1c", ""), above_zero=True),
        proceeds=_amount("1f", cells.get("1f", "")),
        gross=gross,
        basis=_amount("1g", basis) if basis else None,
    )


def _account(cells: Mapping[str, str], expected: Expected) -> str:
    told = cells.get("account", "") or expected.account
    if not told:
        raise _Bad("account: whose it is stands nowhere; say --account kraken/main")
    account = Account.parse(told.lower())
    if account not in expected.accounts:
        known = ", ".join(sorted(expected.accounts)) or "none"
        raise _Bad(f"account: the ledger has no {clean(account, longest=40)}; it has {known}")
    return account


def _asset(cells: Mapping[str, str], assets: frozenset[str]) -> str:
    told = [cells[box] for box in ("asset", "1a", "1b") if cells.get(box)]
    for word in told:
        name = _ASSETS.get(word.upper(), word.upper())
        if name in assets:
            return name
        if name in _ASSETS.values():
            return name  # the ledger has never held it: that is told as a difference
    shown = ", ".join(repr(clean(word, longest=20)) for word in told) or "nothing"
    raise _Bad(f"1a: {shown} names no asset of the ledger; add a column `asset` with its symbol")


def _day(text: str) -> date:
    for shape in ("%m/%d/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, shape).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
    raise _Bad(f"1e: {clean(text, longest=20)!r} is no date like 03/01/2025 or 2025-03-01")


def _amount(box: str, text: str, *, above_zero: bool = False) -> Decimal:
    shown = clean(text, longest=40)
    if not _AMOUNT.fullmatch(text):
        raise _Bad(f"{box}: {shown!r} is no amount like 1234.50")
    try:
        value = number(text.lstrip("$").replace(",", ""))
    except NotANumber as problem:
        raise _Bad(f"{box}: {problem}") from None
    if above_zero and value == ZERO:
        raise _Bad(f"{box}: {shown} is not above zero")
    return value
