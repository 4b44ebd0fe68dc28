"""export: trades, lots or the whole ledger, for a spreadsheet, a program or a bookkeeper.

The one rule: digits go out as they are in the ledger, what nobody knows is an empty cell (null in
JSON), and no text can run as a formula. Straight from the ledger's file, engine or no engine.
"""

import csv
import sys
from argparse import Namespace
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from typing import TextIO

from accounting.entries import Trade
from accounting.holdings import IN_TRANSIT
from accounting.postings import EXACT, moves_money
from accounting.trades import fee_value_of
from cli.commands.journals import BEANCOUNT_DIGITS, beancount, hledger, journal_of
from cli.commands.ledger_reading import Facts, counted, facts_in, ledger_file, new_file
from cli.ground import Ground
from cli.render import as_json, complain, say
from cli.usage import WrongUsage
from domain.bookings import FillBooked, FillReversed, MovementBooked
from domain.days import iso, local_date
from domain.errors import Unavailable
from domain.events import Fact, FillAdopted, OrderApproved
from domain.instruments import base_of, quote_of
from domain.money import canonical
from domain.registry import facts_by_kind
from domain.snapshots import SnapshotTaken
from domain.text import as_cell
from engine.results import day_results
from engine.track import flow_of
from storage.exports import write_csv, write_jsonl

Cell = str | int | Decimal | None
_ByAccount = dict[str, list[SnapshotTaken]]
EVERYONE = "all"  # no account: that has a venue and a name
JOURNALS = {"beancount": beancount, "hledger": hledger}
_FILLS = frozenset({FillBooked, FillReversed})
_MONEY: Collection[type[Fact]] = [kind for kind in facts_by_kind().values() if moves_money(kind)]


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns and their rows."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]


async def export(ground: Ground, args: Namespace) -> int:
    """Write what was asked for into a new file, or to standard output."""
    ledger_file(ground)
    form = args.format or ("json" if args.json and args.output is None else "csv")
    if args.json and args.output is None and form != "json":
        raise WrongUsage("--json answers with JSON: name a file with --output, or --format json")
    if form in JOURNALS and args.what not in ("ledger", "trades"):
        raise WrongUsage(
            f"--format {form}: a journal has transactions; export the ledger or the trades"
        )
    write = _writer(ground, args, form)
    try:
        with _opened(args) as out:
            count = write(out)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Unavailable("standard output", error.strerror or str(error)) from error
    if args.output is not None:
        told = {"rows": count, "output": str(args.output)}
        say(as_json(told) if args.json else f"{count} rows written to {args.output}")
    return 0


def _opened(args: Namespace) -> AbstractContextManager[TextIO]:
    return nullcontext(sys.stdout) if args.output is None else new_file(args.output)


def _writer(ground: Ground, args: Namespace, form: str) -> Callable[[TextIO], int]:
    """What writes the answer and tells how many rows it had; all is read before that."""
    if form in JOURNALS:
        return _journal(ground, args.what, form)
    if args.what == "ledger":
        ledger = ground.places.ledger
        return lambda out: (write_csv if form == "csv" else write_jsonl)(ledger, out)
    table = TABLES[args.what](ground)
    return lambda out: (_as_csv if form == "csv" else _as_json)(table, out)


def _as_csv(table: Table, out: TextIO) -> int:
    writer = csv.writer(out)
    writer.writerow(table.columns)
    writer.writerows([_cell(value) for value in row] for row in table.rows)
    return len(table.rows)


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return canonical(value)
    return str(value) if isinstance(value, int) else as_cell(value)


def _as_json(table: Table, out: TextIO) -> int:
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    out.write(as_json(rows) + "\n")
    return len(table.rows)


def _journal(ground: Ground, what: str, form: str) -> Callable[[TextIO], int]:
    facts = facts_in(ground.places.ledger, _MONEY if what == "ledger" else _FILLS)
    zone = ground.loaded.settings.time_zone
    journal = journal_of(facts.rows, _title(ground, what, facts), zone, closing=what == "ledger")
    if form == "beancount" and journal.longer:
        complain(
            f"{journal.longer} amounts have more than the {BEANCOUNT_DIGITS} digits that beancount "
            "counts with; it will not find them balanced, hledger does"
        )

    def write(out: TextIO) -> int:
        out.writelines(f"{line}\n" for line in JOURNALS[form](journal))
        return len(journal.entries)

    return write


def _title(ground: Ground, what: str, facts: Facts) -> str:
    head = f"up to row {facts.upto_seq}, head {facts.head}"
    return f"Quarterdeck, {what} of the {ground.places.book} book {head}"


# Tables

TRADE_COLUMNS = (
    *("row", "time", "local_date", "venue", "account", "order_id", "trade_id"),
    *("symbol", "side", "asset", "quantity", "price", "quote", "cost", "fee", "fee_asset"),
    *("total", "fee_value", "value_currency", "strategy", "client_id", "liquidity", "notes", "key"),
)
LOT_COLUMNS = (
    *("asset", "account", "acquired", "local_date", "quantity", "basis", "basis_currency"),
    *("in_transit", "key"),
)


def _trades(ground: Ground) -> Table:
    """Every booked fill that was not reversed, in the order of time (R-C10)."""
    told = counted(ground, ground.clock.now_us(), beside=(OrderApproved, FillAdopted))
    cash, zone = told.elections.base_currency, told.elections.tax_time_zone
    fills = {fact.fill.key: fact for _, fact in told.facts.rows if isinstance(fact, FillBooked)}
    orders, strategies = _orders(told.facts)
    rows = []
    for entry in told.entries:
        if not isinstance(entry, Trade):
            continue
        booked = fills[entry.key]
        fill = booked.fill
        client_id = fill.client_id or orders.get(fill.key, "")
        value = entry.cost if entry.quote == cash else entry.value
        rows.append(
            (
                *(entry.seq, iso(fill.at_us), str(local_date(fill.at_us, zone))),
                *(fill.account.venue, str(fill.account), fill.venue_order_id, fill.trade_id),
                *(fill.symbol, fill.side.value, base_of(fill.symbol), fill.quantity, fill.price),
                *(quote_of(fill.symbol), EXACT.multiply(fill.quantity, fill.price)),
                *(fill.fee, fill.fee_asset, value, _fee_value(entry, cash), cash),
                *(strategies.get(client_id, ""), client_id, fill.liquidity),
                *(_notes(booked), fill.key),
            )
        )
    return Table(TRADE_COLUMNS, rows)


def _orders(facts: Facts) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Fill → order for fills that were booked before their order was known; order → strategy."""
    adopted, strategies = {}, {}
    for _, fact in facts.rows:
        if isinstance(fact, FillAdopted):
            adopted[fact.fill.key] = fact.client_id
        elif isinstance(fact, OrderApproved):
            strategies[fact.order.client_id] = fact.order.strategy
    return adopted, strategies


def _fee_value(trade: Trade, cash: str) -> Decimal | None:
    """None where nobody knows it; a fee that names no asset has no value either."""
    return None if trade.fee and not trade.fee_asset else fee_value_of(trade, cash)


def _notes(booked: FillBooked) -> str:
    return f"{booked.source}; inferred" if booked.fill.inferred else booked.source


def _lots(ground: Ground) -> Table:
    """Every lot with something left, by asset and place, the oldest first."""
    told = counted(ground, ground.clock.now_us())
    cash, zone = told.elections.base_currency, told.elections.tax_time_zone
    rows: list[tuple[Cell, ...]] = []
    for lot in told.book.open_lots():
        born = lot.acquired_us
        moving = lot.account.startswith(IN_TRANSIT)
        rows.append(
            (
                *(lot.asset, "" if moving else lot.account),
                *((None, None) if born is None else (iso(born), str(local_date(born, zone)))),
                *(lot.quantity, lot.basis, cash),
                *(lot.account.removeprefix(IN_TRANSIT) if moving else "", lot.key),
            )
        )
    return Table(LOT_COLUMNS, rows)


# What stands in daily snapshots

BALANCE_COLUMNS = (
    *("account", "local_date", "time_zone", "taken", "asset", "quantity", "price", "value"),
    *("value_currency", "doubts"),
)
RETURN_COLUMNS = (
    *("account", "local_date", "days", "opening", "closing", "inflow", "outflow", "gain"),
    *("fraction", "value_currency", "partial", "without_value"),
)


def _snapshots(ground: Ground, beside: Collection[type[Fact]] = ()) -> tuple[Facts, _ByAccount]:
    """Daily snapshots by account, "" for all accounts together, each in the order of dates."""
    facts = facts_in(ground.places.ledger, {SnapshotTaken, *beside})
    accounts: _ByAccount = {}
    for _, fact in facts.rows:
        if isinstance(fact, SnapshotTaken):
            accounts.setdefault(fact.account, []).append(fact)
    for taken in accounts.values():
        taken.sort(key=lambda fact: fact.local_date)
    return facts, dict(sorted(accounts.items()))


def _balances(ground: Ground) -> Table:
    """What each account held on each date, asset by asset (R-E6)."""
    cash = ground.loaded.settings.base_currency
    _, accounts = _snapshots(ground)
    rows: list[tuple[Cell, ...]] = []
    for account, snapshots in accounts.items():
        for taken in snapshots:
            whose = account or EVERYONE
            told = (whose, taken.local_date, taken.time_zone, iso(taken.at_us))
            doubts = "; ".join(taken.doubts)
            # A snapshot of nothing is a row too.
            for asset in sorted(taken.assets) or [""]:
                held, price = taken.assets.get(asset), taken.prices.get(asset)
                worth = taken.values.get(asset)
                rows.append((*told, asset, held, price, worth, cash, doubts))
    return Table(BALANCE_COLUMNS, rows)


def _returns(ground: Ground) -> Table:
    """Each account's result from one snapshot to the next, flows taken out (R-E2, R-E6)."""
    cash = ground.loaded.settings.base_currency
    facts, accounts = _snapshots(ground, {MovementBooked})
    flows = [
        flow_of(fact, cash)
        for _, fact in facts.rows
        if isinstance(fact, MovementBooked) and not fact.before_opening
    ]
    rows: list[tuple[Cell, ...]] = []
    for account, snapshots in accounts.items():
        own = [flow for flow in flows if account in ("", flow.account)]
        for day in day_results(snapshots, own):
            told = (day.opening, day.closing, day.inflow, day.outflow, day.gain, day.fraction)
            partial = "yes" if day.partial else "no"
            doubts = (cash, partial, " ".join(day.unvalued))
            rows.append((account or EVERYONE, day.local_date, day.days, *told, *doubts))
    return Table(RETURN_COLUMNS, rows)


TABLES: Mapping[str, Callable[[Ground], Table]] = {
    "trades": _trades,
    "lots": _lots,
    "balances": _balances,
    "returns": _returns,
}
