"""tax: Form 8949 of a year, straight from the ledger, beside what a broker's 1099-DA says.

The one rule: what nobody knows is an empty cell that is named, and the answer is INCOMPLETE
(exit status 3); it is never zero. The figures are those of the ledger up to its newest row,
matched by the elections that the ledger holds. No wash-sale rule holds for digital assets today:
its column is information and changes nothing.
"""

import csv
from argparse import Namespace
from decimal import Decimal
from typing import Any

from accounting.elections import Scope
from accounting.form8949 import DIGITAL_ASSET_BOXES_FROM, Cells, Form8949, Row, totals
from accounting.form8949_csv import table
from accounting.wash import WashFlag
from cli.commands.control import code_of
from cli.commands.harvesting import harvest
from cli.commands.ledger_reading import INCOMPLETE, in_words, new_file
from cli.commands.tax_year import TaxYear, tax_year
from cli.desks import some_desk
from cli.ground import Ground
from cli.render import as_json, money, plain, say
from cli.render import table as columns
from cli.usage import WrongUsage
from domain.asks import DemoCode
from domain.board import Mode
from domain.money import canonical
from domain.text import as_cell
from domain.versions import FileTaxYear

DIFFERS = 1
SHOWN = 20
SAME = "same"
WASH = "wash sale (information only)"
_EARLIEST, _LATEST = 2009, 9998
_REMEDY = {
    "UNMATCHED": "no purchase covers it: import the older history (quarterdeck import)",
    "BASIS_UNKNOWN": "nobody said what it cost and when (quarterdeck claim basis)",
    "UNVALUED": "no price values it (a stablecoin: quarterdeck elect --pegged)",
}


async def tax(ground: Ground, args: Namespace) -> int:
    """Form 8949 of a year, what could be harvested, or that a year was filed."""
    if args.action != "harvest" and args.year is None:
        raise WrongUsage("say which year: quarterdeck tax --year 2025")
    if args.action == "file":
        return await _file(ground, args)
    if ground.loaded.settings.base_currency != "USD":
        told = ground.loaded.settings.base_currency
        raise WrongUsage(f"the forms are in USD, and this book counts in {told} (base_currency)")
    if args.action == "harvest":
        return harvest(ground, args)
    if not _EARLIEST <= args.year <= _LATEST:
        raise WrongUsage(f"--year: {args.year} is no year of digital assets")
    made = tax_year(ground, args)
    lines = _lines(made)
    if args.output is not None:
        with new_file(args.output) as out:
            csv.writer(out).writerows(lines)
    if args.json:
        say(as_json(_document(made, args)))
    else:
        _tell(made, args)
    if not made.complete:
        return INCOMPLETE
    return DIFFERS if any(row.verdict != SAME for row in made.compared) else 0


async def _file(ground: Ground, args: Namespace) -> int:
    """Say that a year was filed; the engine writes it down."""
    async with some_desk(ground) as desk:
        demo = ground.mode is Mode.DEMO and not args.code
        code = (await desk.ask(DemoCode())).detail if demo else code_of(args)
        done = await desk.ask(FileTaxYear(code=code, year=args.year, version=args.allocation))
    say(as_json(done) if args.json else done.detail)
    return 0


# The file


def _lines(made: TaxYear) -> list[tuple[str, ...]]:
    """The form's table with one column more."""
    header, *rest = table(made.form)
    rows = made.form.rows
    flags = [_flag(made.wash.get(row.slice_id)) for row in rows]
    flags += [""] * (len(rest) - len(rows))
    lines = [(*line, flag) for line, flag in zip(rest, flags, strict=True)]
    return [(*header, WASH), *lines]


def _flag(flag: WashFlag | None) -> str:
    if flag is None:
        return ""
    more = flag.in_all - len(flag.replacements)
    return as_cell(" ".join((*flag.replacements, f"and {more} more" if more else "")).strip())


# Telling


def _tell(made: TaxYear, args: Namespace) -> None:
    form = made.form
    rounded = "whole dollars" if form.dollars else "cents"
    say(f"Form 8949, {form.year}: {_count(len(form.rows), 'row')} in {rounded}, {_policy(made)}")
    say(f"{_source(made)}\n")
    places = 0 if form.dollars else 2
    rows = [
        (part, box, str(count), *(money(amount, places) for amount in sums))
        for part, box, count, sums in _totals(form)
    ]
    heads = ("PART", "BOX", "ROWS", "PROCEEDS", "BASIS", "ADJUSTMENT", "GAIN")
    say(columns(heads, rows, right="ROWS PROCEEDS BASIS ADJUSTMENT GAIN"))
    _tell_incomplete(made)
    _tell_information(made)
    _tell_compared(made)
    if args.output is not None:
        say(f"\n{_count(len(form.rows), 'row')} written to {args.output}")


def _tell_incomplete(made: TaxYear) -> None:
    rows = made.form.incomplete
    if rows:
        say(f"\nINCOMPLETE: {len(rows)} of {_count(len(made.form.rows), 'row')}, not in the totals")
        for row in rows[:SHOWN]:
            say(f"  {row.description} sold {row.sold} ({row.account}, {row.slice_id}): {_why(row)}")
        _tell_more(len(rows))
    if made.problems:
        say(f"\nTO LOOK AT: {_count(len(made.problems), 'fact')} not taken as told")
        for found in made.problems[:SHOWN]:
            say(f"  {found.key}: {found.what}")
        _tell_more(len(made.problems))


def _tell_more(count: int) -> None:
    if count > SHOWN:
        say(f"  and {count - SHOWN} more (--json has all)")


def _tell_information(made: TaxYear) -> None:
    flagged = sum(row.slice_id in made.wash for row in made.form.rows)
    if flagged:
        losses = _count(flagged, "loss", "losses")
        say(f"\n{losses} with purchases of the asset within 30 days: information, no rule")
    for asset, quantity in sorted(made.in_transit.items()):
        say(f"\n{canonical(quantity)} {asset} left an account and is in transit: no sale")
    if made.breaks:
        say(f"\n{_count(len(made.breaks), 'break')} open, so look first (quarterdeck breaks):")
        for known in made.breaks[:SHOWN]:
            say(f"  {known.kind} {known.account}: {known.detail}")
        _tell_more(len(made.breaks))
    if made.form.left_out:
        fiat = _count(made.form.left_out, "disposition")
        say(f"\n{fiat} of fiat money: not on this form")
    if made.form.year >= DIGITAL_ASSET_BOXES_FROM and made.policy.scope is Scope.UNIVERSAL:
        say("\nLots are matched over all accounts; from 2025 US rules want it per account")
        say("(quarterdeck elect --scope account --from 2025-01-01)")


def _tell_compared(made: TaxYear) -> None:
    if not made.compared:
        return
    off = [row for row in made.compared if row.verdict != SAME]
    say(f"\n1099-DA: {_count(len(made.compared) - len(off), 'day')} of sales agree, {len(off)} not")
    if off:
        heads = ("ACCOUNT", "ASSET", "SOLD", "DIFFERS", "UNITS", "OURS", "PROCEEDS", "OURS ")
        rows = [
            (
                row.account,
                row.asset,
                row.sold,
                row.verdict,
                plain(row.their_quantity),
                plain(row.our_quantity),
                money(row.their_proceeds),
                money(row.our_proceeds),
            )
            for row in off[:SHOWN]
        ]
        say(columns(heads, rows, right="UNITS OURS PROCEEDS"))
        _tell_more(len(off))


def _count(number: int, word: str, words: str = "") -> str:
    return f"{number} {word if number == 1 else words or f'{word}s'}"


def _source(made: TaxYear) -> str:
    """Out of what it was made, and what has changed since where an older version is read."""
    told = f"from the ledger up to row {made.upto_seq}, head {made.head[:12]}"
    if made.today is None:
        return told
    filed = ", with which the year was filed" if made.filed else ""
    told = f"allocation version {made.number}{filed}, {told}"
    ours, today = _sum(made.form).h, _sum(made.today).h
    same = made.form.rows == made.today.rows
    what = "the same" if same else f"a gain of {money(today)} instead of {money(ours)}"
    return f"{told}\nthe facts of today give {what}"


def _sum(form: Form8949) -> Cells:
    return totals(row.cells for row in form.rows)


def _policy(made: TaxYear) -> str:
    return f"lots by {in_words(made.policy)}, dates in {made.elections.tax_time_zone}"


def _why(row: Row) -> str:
    return f"{row.flag}, {_REMEDY[row.flag]}" if row.flag in _REMEDY else "date acquired not known"


def _totals(form: Form8949) -> list[tuple[str, str, int, Cells]]:
    boxes = sorted({(row.part, row.box) for row in form.rows if row.part})
    return [
        (part, box, sum(_counts(row, part, box) for row in form.rows), sums)
        for part, box in boxes
        for sums in [form.totals(part, box)]
    ]


def _counts(row: Row, part: str, box: str) -> bool:
    """Whether a row is in the totals of a part's box: it is there, and complete."""
    return (row.part, row.box, row.flag) == (part, box, "")


def _document(made: TaxYear, args: Namespace) -> dict[str, Any]:
    form = made.form
    return {
        "year": form.year,
        "dollars": form.dollars,
        "time_zone": made.elections.tax_time_zone,
        "lots": _policy(made),
        "upto_seq": made.upto_seq,
        "head": made.head,
        "allocation": made.number,
        "filed": made.filed,
        "today": None if made.today is None else _cells(_sum(made.today)),
        "complete": made.complete,
        "rows": [_row(row, made.wash.get(row.slice_id)) for row in form.rows],
        "totals": [
            {"part": part, "box": box, "rows": count, **_cells(sums)}
            for part, box, count, sums in _totals(form)
        ],
        "incomplete": [{"slice": row.slice_id, "why": _why(row)} for row in form.incomplete],
        "problems": [found._asdict() for found in made.problems],
        "in_transit": dict(made.in_transit),
        "breaks": [
            {"kind": known.kind, "account": known.account, "detail": known.detail}
            for known in made.breaks
        ],
        "left_out": form.left_out,
        "compared": [row._asdict() for row in made.compared],
        "output": "" if args.output is None else str(args.output),
    }


def _row(row: Row, flag: WashFlag | None) -> dict[str, Any]:
    return {
        "part": row.part,
        "box": row.box,
        "a": row.description,
        "b": row.acquired,
        "c": row.sold,
        **_cells(row.cells),
        "f": row.code,
        "account": row.account,
        "slice": row.slice_id,
        "flag": row.flag,
        "wash": [] if flag is None else list(flag.replacements),
        "wash_count": 0 if flag is None else flag.in_all,
    }


def _cells(told: Cells) -> dict[str, Decimal | None]:
    return {"d": told.d, "e": told.e, "g": told.g, "h": told.h}
