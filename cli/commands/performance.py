"""pull, history, returns, benchmark: what it was worth, day by day, and how well it did."""

from argparse import Namespace
from collections.abc import Iterable, Sequence
from decimal import Decimal

from cli.render import as_json, moment, money, plain, say, table
from domain.instruments import Account
from domain.money import MONEY
from domain.performance import (
    BenchmarkDay,
    Comparison,
    DayResult,
    Pull,
    Pulled,
    ReadBenchmark,
    ReadReturns,
    ReadSnapshots,
    Returns,
    SnapshotPage,
    SnapshotRow,
)
from domain.ports import Desk

BREAKS = 1
INCOMPLETE = 3
MOST = 1_000
LARGEST = 3
HUNDRED = Decimal(100)
_NONE = "no snapshot yet; `quarterdeck pull` takes the one that is due"


async def pull(desk: Desk, args: Namespace) -> int:
    """Read everything now; 0, or 1 with open breaks, or 3 where something is missing."""
    told = await desk.ask(Pull(partial=args.partial))
    unread = [known for known in told.accounts if known.problem]
    if args.json:
        say(as_json(told))
    else:
        for line in _pulled(told):
            say(line)
    if unread or told.doubts:
        return INCOMPLETE
    return BREAKS if told.breaks else 0


def _pulled(told: Pulled) -> Iterable[str]:
    for known in told.accounts:
        remedy = f"; {known.remedy}" if known.remedy else ""
        how = f"NOT READ: {known.problem}{remedy}" if known.problem else "read"
        yield f"{known.account}: {how}"
    if told.taken:
        lacks = f", without: {'; '.join(told.doubts)}" if told.doubts else ""
        yield f"snapshot of {told.taken} taken{lacks}"
    elif told.doubts:
        yield f"the snapshot waits: {'; '.join(told.doubts)}"
        yield "to take it without: quarterdeck pull --partial"
    elif told.newest:
        yield f"the snapshot of {told.newest} was taken {moment(told.newest_us)} UTC"
    yield _next(told.next_us)
    if told.breaks:
        yield f"open breaks: {told.breaks} (quarterdeck breaks)"


def _next(next_us: int) -> str:
    if not next_us:
        return "no snapshots are taken (reports.snapshot_at: off)"
    return f"the next snapshot is due {moment(next_us)} UTC"


async def history(desk: Desk, args: Namespace) -> int:
    """Snapshots, newest first."""
    page = await desk.ask(ReadSnapshots(limit=_limit(args), account=_account(args)))
    if args.json:
        say(as_json(page))
        return 0
    if page.snapshots:
        heads = ("DATE", "TAKEN", "NAV", "LARGEST", "NOTE")
        say(table(heads, [_snapshot(row) for row in page.snapshots], right="NAV"))
        say(f"\n{len(page.snapshots)} of {page.total}, in {page.base_currency}; times are UTC")
    else:
        say(_NONE)
    for line in _missing(page):
        say(line)
    say(_next(page.next_us))
    return 0


def _snapshot(row: SnapshotRow) -> tuple[str, ...]:
    ranked = sorted(row.values.items(), key=lambda held: (-held[1], held[0]))
    largest = [f"{asset} {money(value)}" for asset, value in ranked[:LARGEST]]
    more = [f"{len(ranked) - LARGEST} more"] if len(ranked) > LARGEST else []
    notes = [*(["late"] if row.late else []), *(["partial"] if row.doubts else [])]
    notes += [f"futures {money(row.margin)}"] if row.margin else []
    return (
        row.local_date,
        moment(row.at_us),
        money(row.nav),
        ", ".join([*largest, *more]),
        ", ".join(notes),
    )


def _missing(page: SnapshotPage) -> Iterable[str]:
    for row in page.snapshots:
        if row.doubts:
            yield f"{row.local_date} is partial: {'; '.join(row.doubts)}"
    if page.waiting:
        yield f"one is due and waits: {'; '.join(page.waiting)}"


async def returns(desk: Desk, args: Namespace) -> int:
    """Daily results, and each named return over the days shown."""
    told = await desk.ask(ReadReturns(limit=_limit(args), account=_account(args)))
    if args.json:
        say(as_json(told))
        return 0
    if not told.days:
        say(await _too_few(desk, args, "a return"))
        return 0
    heads = ("DAY", "OPENED", "FLOWS", "CLOSED", "GAIN", "PERCENT", "NOTE")
    rows = [_result(day) for day in told.days]
    say(table(heads, rows, right="OPENED FLOWS CLOSED GAIN PERCENT"))
    for line in _summary(told):
        say(line)
    return 0


def _result(day: DayResult) -> tuple[str, ...]:
    return (
        day.local_date,
        money(day.opening),
        money(MONEY.subtract(day.inflow, day.outflow)),
        money(day.closing),
        money(day.gain),
        _percent(day.fraction),
        _notes(day, ["a flow without a value"] if day.unvalued else []),
    )


def _notes(day: DayResult | BenchmarkDay, notes: Sequence[str] = ()) -> str:
    several = [f"{day.days} days"] if day.days > 1 else []
    return ", ".join([*several, *(["partial"] if day.partial else []), *notes])


def _summary(told: Returns) -> Iterable[str]:
    whose = told.account or "all accounts"
    yield f"\n{whose}, {told.first_date} to {told.last_date}, in {told.base_currency}:"
    yield f"gain              {money(told.gain)}"
    yield f"TWR               {_percent(told.twr)}  (what the strategy did)"
    yield f"XIRR              {_percent(told.xirr)} a year  (what the owner's money did)"
    yield f"modified Dietz    {_percent(told.modified_dietz)}"
    unvalued = [key for day in told.days for key in day.unvalued]
    if unvalued:
        yield f"not known, for want of the value of: {', '.join(unvalued)}"
    yield f"{len(told.days)} of {told.total} days"


async def benchmark(desk: Desk, args: Namespace) -> int:
    """Both returns day by day, and over the days shown that have both."""
    told = await desk.ask(ReadBenchmark(limit=_limit(args), account=_account(args)))
    if args.json:
        say(as_json(told))
        return 0
    if not told.days:
        say(await _too_few(desk, args, "a comparison"))
        return 0
    heads = ("DAY", "NAV", "BENCHMARK", "DIFFERENCE", "ACCOUNT_%", "BENCHMARK_%", "BETTER", "NOTE")
    rows = [_beside(day) for day in told.days]
    say(table(heads, rows, right=" ".join(heads[1:-1])))
    for line in _compared(told):
        say(line)
    return 0


def _beside(day: BenchmarkDay) -> tuple[str, ...]:
    return (
        day.local_date,
        money(day.nav),
        money(day.value),
        money(day.difference),
        _percent(day.account),
        _percent(day.benchmark),
        _percent(day.outperformance),
        _notes(day),
    )


def _compared(told: Comparison) -> Iterable[str]:
    parts = ", ".join(f"{plain(part * HUNDRED)} % {name}" for name, part in told.weights.items())
    units = ", ".join(f"{held:.8f} {name}" for name, held in told.units.items())
    yield f"\n{told.account or 'all accounts'} beside {parts}:"
    yield f"TWR               {_percent(told.twr)}"
    yield f"benchmark TWR     {_percent(told.benchmark_twr)}"
    yield f"outperformance    {_percent(told.outperformance)}"
    yield f"the benchmark holds {units or 'nothing'}; rebalanced {told.rebalanced or 'never'}"
    yield f"{told.flows} deposits and withdrawals in it; {len(told.days)} of {told.total} days"
    if told.waiting:
        yield f"it waits: {told.waiting}"


async def _too_few(desk: Desk, args: Namespace, what: str) -> str:
    page = await desk.ask(ReadSnapshots(limit=1, account=_account(args)))
    if not page.snapshots:
        return _NONE
    first = page.snapshots[0].local_date
    return f"{what} needs two snapshots; there is that of {first}\n{_next(page.next_us)}"


def _percent(fraction: Decimal | None) -> str:
    return "-" if fraction is None else f"{MONEY.multiply(fraction, HUNDRED):+,.2f} %"


def _limit(args: Namespace) -> int:
    return min(int(args.limit), MOST)


def _account(args: Namespace) -> str:
    return str(Account.parse(args.account.lower())) if args.account else ""
