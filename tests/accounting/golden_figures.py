"""The figures of a golden case: what a lot book says under the names that cases expect.

The one rule: what a case expects and nobody computes is an error, never a pass.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounting.allocations import (
    Allocation,
    Made,
    Sliced,
    compute,
    difference,
    total,
)
from accounting.book import replay
from accounting.elections import (
    Election,
    Elections,
    Method,
    Reallocation,
    Scope,
    SwapFee,
    TransferFee,
)
from accounting.entries import Entry, Income
from accounting.holding import term_at
from accounting.holdings import OpenLot
from accounting.lots import BASIS_UNKNOWN, FEE, NETWORK_FEE, UNMATCHED, Acquired, share
from accounting.validation import validate
from domain.days import local_date
from domain.money import NotANumber, number
from tests.accounting.golden_story import CASH, Plain, Story, main_asset

PROSE = {"invariant", "basis_check", "never", "rule", "note", "check"}
MADE = Made(at_us=0, upto_seq=0, policy_sha="", program="golden")
FIRST_US = -(2**60)
FEES = (FEE, NETWORK_FEE)


def election_of(case: Mapping[str, Plain], **changes: Any) -> Election:
    """The rules that a case's inputs or, in capitals, its title name."""
    inputs, title = case["inputs"], case.get("title", "")
    words = f"{title} {inputs.get('policy', '')} {inputs.get('policies', '')}"
    told: dict[str, Any] = {"scope": Scope.ACCOUNT}
    if "method" in inputs:
        told["method"] = Method(inputs["method"])
    for fee in TransferFee:
        if fee.value in words:
            told["transfer_fee"] = fee
    for swap in SwapFee:
        if swap.value in words:
            told["swap_fee"] = swap
    if inputs.get("scope") in ("universal", "per_account"):
        told["scope"] = Scope.UNIVERSAL if inputs["scope"] == "universal" else Scope.ACCOUNT
    return Election(effective_us=FIRST_US, **{**told, **changes})


def allocation_of(entries: list[Entry], election: Election) -> Allocation:
    """The version that entries make under one election; a version that is unsound is an error."""
    book = replay(entries, Elections([election], base_currency=CASH))
    made = compute(book, MADE)
    assert validate(made) == []
    return made


@dataclass(frozen=True, slots=True)
class Figures:
    """What can be asked of one allocation, by the names of a case's expected fields."""

    version: Allocation
    main: str

    def named(self, name: str, expected: Plain) -> Any:
        """The figure of a name.

        Raises:
            KeyError: no figure has this name.
        """
        for pattern, figure in _NAMED:
            found = re.fullmatch(pattern, name)
            if found:
                return figure(self, (found.groupdict().get("asset") or self.main).upper(), expected)
        raise KeyError(name)

    def slices(self, asset: str, kinds: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        rows = [row for row in self.version.slices if row.asset == asset]
        return [sliced(row) for row in rows if not kinds or row.kind in kinds]

    def acquired(self, asset: str) -> list[dict[str, Any]]:
        return [lot_row(row) for row in self.version.acquired if row.asset == asset]

    def left(self, asset: str, account: str = "") -> list[dict[str, Any]]:
        rows = [row for row in self.version.open if row.asset == asset]
        return [lot_row(row) for row in rows if account in ("", row.account)]


def day(at_us: int | None) -> str | None:
    return None if at_us is None else str(local_date(at_us, "UTC"))


def sliced(row: Sliced) -> dict[str, Any]:
    known = row.acquired_us is not None
    return {
        "lot": row.lot or None,
        "asset": row.asset,
        "account": row.account,
        "kind": row.kind,
        "acquired": day(row.acquired_us),
        "sold": day(row.at_us),
        "qty": row.quantity,
        "proceeds": row.proceeds,
        "basis": row.basis,
        "gain": row.gain,
        "flag": row.flag,
        "term": term_at(row.acquired_us or 0, row.at_us, "UTC").value if known else None,
    }


def lot_row(row: Acquired | OpenLot) -> dict[str, Any]:
    unit = None if row.basis is None else share(row.basis, Decimal(1), row.quantity)
    return {
        "lot": row.key,
        "asset": row.asset,
        "account": row.account,
        "acquired": day(row.acquired_us),
        "qty": row.quantity,
        "basis": row.basis,
        "unit_basis_8dp": unit,
        "flag": BASIS_UNKNOWN if row.basis is None else "",
    }


def summed(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One row of many: quantities and money added up, the rest of the first."""
    if not rows:
        return {"qty": Decimal(0), "basis": Decimal(0)}
    money = {
        name: total(row[name] for row in rows)
        for name in ("qty", "proceeds", "basis", "gain")
        if all(row.get(name) is not None for row in rows)
    }
    return {**rows[0], **money}


def _slices(told: Figures, asset: str, expected: Plain) -> Any:
    if any("asset" in row for row in expected):
        rows = [sliced(row) for row in told.version.slices]
    else:
        rows = told.slices(asset)
    if len(rows) == len(expected):
        return rows
    return [row for row in rows if row["kind"] not in FEES]


def _sale(told: Figures, asset: str, _: Plain) -> Any:
    rows = told.slices(asset, ("sale",))
    flags = " ".join(filter(None, (row["flag"] for row in rows)))
    return {**summed(rows), "flag": flags}


def _remaining(told: Figures, asset: str, expected: Plain) -> Any:
    rows = told.left(asset)
    return rows if isinstance(expected, list) else summed(rows)


def _all(told: Figures, *_: Any) -> Any:
    return told.version.realised


def _unmatched(told: Figures, *_: Any) -> Any:
    rows = [sliced(row) for row in told.version.slices if row.flag == UNMATCHED]
    return summed(rows)


def _if_zero_basis(told: Figures, *_: Any) -> Any:
    return told.version.if_zero_basis


def _fee_disposal(told: Figures, asset: str, expected: Plain) -> Any:
    rows = told.slices(asset, FEES)
    return rows if isinstance(expected, list) else (summed(rows) if rows else None)


def _source(told: Figures, asset: str, _: Plain) -> Any:
    return told.left(asset, "kraken")


def _moved(told: Figures, asset: str, _: Plain) -> Any:
    return [row for row in told.left(asset) if row["account"] != "kraken"]


def _lot(told: Figures, asset: str, _: Plain) -> Any:
    return summed(told.acquired(asset))


def _gains(told: Figures, asset: str, _: Plain) -> Any:
    keys = [sold.key for sold in told.version.sold if sold.asset == asset]
    rows = [row for row in told.version.slices if row.asset == asset]
    return [total(row.gain for row in rows if row.key == key) for key in dict.fromkeys(keys)]


def _sum(name: str) -> Callable[[Figures, str, Plain], Any]:
    return lambda told, asset, _: total(row[name] for row in told.slices(asset))


Figure = Callable[[Figures, str, Plain], Any]
_ASSET = r"(?P<asset>[a-z]{3,5})"
_NAMED: tuple[tuple[str, Figure], ...] = (
    ("slices", _slices),
    ("slice|sale|disposal", _sale),
    ("realised(_total|_matched)?", _all),
    ("realised_if_zero_basis", _if_zero_basis),
    ("unmatched", _unmatched),
    ("unmatched_qty", lambda told, *_: _unmatched(told)["qty"]),
    ("remaining|left|pool_after", _remaining),
    ("remaining_(qty|basis)", lambda told, asset, _: summed(told.left(asset))["qty"]),
    ("lots?|lot", _lot),
    ("moved", _moved),
    ("source_remaining", _source),
    ("fee_disposals?", _fee_disposal),
    ("cost_of_sold|sum_basis", _sum("basis")),
    ("sum_gain", _sum("gain")),
    ("sum_proceeds", _sum("proceeds")),
    ("gains", _gains),
    ("gain|term|lot_used", lambda told, asset, _: _sale(told, asset, _)["gain"]),
    (f"{_ASSET}_lot", _lot),
    (f"{_ASSET}_lot_basis", lambda told, asset, _: _lot(told, asset, _)["basis"]),
    (f"{_ASSET}_lot_qty", lambda told, asset, _: _lot(told, asset, _)["qty"]),
    (f"{_ASSET}_(sale|disposal|slice)", lambda told, asset, _: summed(told.slices(asset))),
    (f"{_ASSET}_(disposals|slices)", lambda told, asset, _: told.slices(asset)),
    (f"{_ASSET}_gain", _sum("gain")),
    (f"{_ASSET}_(remaining|left)", _remaining),
)


def differences(expected: Plain, actual: Any, where: str = "") -> list[str]:
    """Where an expected value and ours are not the same; numbers compare as numbers."""
    if isinstance(expected, Mapping):
        if not isinstance(actual, Mapping):
            return [f"{where}: expected an object, got {actual!r}"]
        found = []
        for name, value in expected.items():
            if name in PROSE:
                continue
            if name not in actual:
                found.append(f"{where}.{name}: nothing has this name")
            else:
                found += differences(value, actual[name], f"{where}.{name}")
        return found
    if isinstance(expected, list):
        if not isinstance(actual, list | tuple) or len(actual) != len(expected):
            return [f"{where}: expected {len(expected)} rows, got {actual!r}"]
        pairs = enumerate(zip(expected, actual, strict=True))
        return [line for n, (a, b) in pairs for line in differences(a, b, f"{where}[{n}]")]
    return [] if _same(expected, actual) else [f"{where}: expected {expected!r}, got {actual!r}"]


def _same(expected: Plain, actual: Any) -> bool:
    if expected is None or actual is None or isinstance(expected, bool):
        return expected is actual
    if isinstance(actual, Decimal | int):
        try:
            return number(expected) == actual
        except NotANumber:
            return False
    return str(expected) == str(actual)


def lots_case(case: Mapping[str, Plain]) -> list[str]:
    """Run a case about lots; what differs, in words."""
    found: list[str] = []
    plain: dict[str, Plain] = {}
    for name, value in case["expected"].items():
        if name in PROSE:
            continue
        if name in _VARIANTS:
            changes, options = _VARIANTS[name]
            found += _run(case, value, changes, options, name)
        else:
            plain[name] = value
    return found + (_run(case, plain, {}, {}, "") if plain else [])


_SEPARATE = {"fees_apart": True}
_VARIANTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "acb": ({"method": Method.AVERAGE}, {}),
    "fifo": ({"method": Method.FIFO}, {}),
    "lifo": ({"method": Method.LIFO}, {}),
    "hifo": ({"method": Method.HIFO}, {}),
    "fifo_fees_separate": (_SEPARATE, {}),
    "fifo_fees_in_basis": ({}, {}),
    "universal": ({"scope": Scope.UNIVERSAL}, {}),
    "per_account": ({"scope": Scope.ACCOUNT}, {}),
    "market": ({}, {}),
    "pegged": ({}, {"pegged": True}),
    "version_1": ({}, {}),
    "v1": ({}, {}),
    "version_2": ({}, {"later": True}),
    "v2": ({}, {"later": True}),
}


def _run(
    case: Mapping[str, Plain],
    expected: Mapping[str, Plain],
    changes: dict[str, Any],
    options: dict[str, Any],
    where: str,
) -> list[str]:
    story = Story(case["inputs"], **options)
    version = allocation_of(story.told(), election_of(case, **changes))
    figures, found = Figures(version, main_asset(case["inputs"])), []
    flat = figures.slices(figures.main, ("sale",))
    for name, value in expected.items():
        place = f"{where}.{name}".strip(".")
        if name in PROSE:
            continue
        if name == "diff":
            found += differences(value, _diff(case), place)
        elif name == "fees":
            found += differences(value, -total(_fees(story.entries)), place)
        elif name in ("income", "income_usd", "income_total"):
            earned = [entry.value for entry in story.entries if isinstance(entry, Income)]
            found += differences(value, total(earned), place)
        elif name in ("kraken", "coinbase", "conservation"):
            found += differences(value, _allocated(case)[name], place)
        elif name in ("lot", "gain", "term") and not isinstance(value, Mapping) and len(flat) == 1:
            found += differences(value, flat[0][name], place)
        else:
            try:
                found += differences(value, figures.named(name, value), place)
            except KeyError:
                found.append(f"{place}: nothing computes this")
    return found


def _fees(entries: list[Entry]) -> list[Decimal]:
    return [getattr(entry, "fee", Decimal(0)) for entry in entries]


def _diff(case: Mapping[str, Plain]) -> dict[str, Any]:
    election = election_of(case)
    old = allocation_of(Story(case["inputs"]).told(), election)
    new = allocation_of(Story(case["inputs"], later=True).told(), election)
    told = difference(old, new)
    return {
        "slices_added": len(told.added),
        "slices_removed": len(told.removed),
        "realised_delta": told.realised,
    }


def _allocated(case: Mapping[str, Plain]) -> dict[str, Any]:
    inputs = case["inputs"]
    story = Story(inputs)
    entries = story.told()
    holdings = {name: number(units) for name, units in inputs["holdings_at_cutoff"].items()}
    how = Reallocation(accounts=tuple(holdings), holdings={story.main: holdings})
    last_us = max(entry.at_us for entry in entries)
    elections = [
        Election(effective_us=FIRST_US, scope=Scope.UNIVERSAL),
        Election(effective_us=last_us + 1, scope=Scope.ACCOUNT, reallocation=how),
    ]
    book = replay(entries, Elections(elections, base_currency=CASH))
    book.until(last_us + 1)
    version = compute(book, MADE)
    assert validate(version) == []
    figures = Figures(version, story.main)
    told: dict[str, Any] = {name: figures.left(story.main, name) for name in holdings}
    return {**told, "conservation": summed(figures.left(story.main))}
