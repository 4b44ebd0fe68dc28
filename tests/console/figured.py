"""What an engine answers about P&L, lots and net asset value, in the console's tests.

The one rule: it belongs to the venues of `views`: the same assets, amounts and marks, with one
asset nobody prices, one lot nobody knows the basis of, and one sale no lot covers.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from domain.days import to_us
from domain.errors import Refused
from domain.figures import (
    AssetPnl,
    Explain,
    Explanation,
    HeldLot,
    LotPage,
    NavLine,
    NavReport,
    Origin,
    Pnl,
    PnlTotal,
    ReadLots,
    ReadNav,
    ReadPnl,
    RealisedPnl,
    Share,
    Step,
)
from domain.performance import (
    BenchmarkDay,
    Comparison,
    DayResult,
    ReadBenchmark,
    ReadReturns,
    Returns,
)
from domain.versions import ReadAllocations, Version, VersionPage
from tests.console import views
from tests.console.views import NOW_US, SECOND

D = Decimal
DAY = 86_400 * SECOND
WINDOWS = ("24h", "7d", "30d", "day", "all")
_PRICED_US = {"ADA": NOW_US - 340 * SECOND}


def nav_report() -> NavReport:
    """The balances of `views` at its marks; SHIB has no price, ADA's is old, one is missing."""
    marks = {asset: D(value) for asset, value in views.marks().items()}
    lines = [
        _line(venue, asset, D(total), marks[asset])
        for venue, held in views.HELD.items()
        for asset, total in held.items()
    ]
    lines.sort(key=lambda line: -(line.value or D(0)))
    total = sum((line.value or D(0) for line in lines), D(0))
    shib = replace(
        lines[0], account="gate/main", asset="SHIB", quantity=D(1_200_000), value=None,
        price=None, price_at_us=0, source="",
    )  # fmt: skip
    return NavReport(
        at_us=NOW_US,
        base_currency="USD",
        total=total,
        partial=True,
        oldest_price_us=_PRICED_US["ADA"],
        lines=tuple(lines),
        by_asset=_shares(lines, total, lambda line: line.asset),
        by_venue=_shares(lines, total, lambda line: line.account.partition("/")[0]),
        by_account=_shares(lines, total, lambda line: line.account),
        unpriced=(shib,),
        missing=("kucoin/sub",),
        stale=("ADA",),
    )


def _line(venue: str, asset: str, total: Decimal, mark: Decimal) -> NavLine:
    return NavLine(
        account=f"{venue}/main", asset=asset, kind="spot", quantity=total, value=total * mark,
        price=mark, price_at_us=_PRICED_US.get(asset, NOW_US - 2 * SECOND), source="kraken",
    )  # fmt: skip


def _shares(
    lines: list[NavLine], total: Decimal, name: Callable[[NavLine], str]
) -> tuple[Share, ...]:
    sums: dict[str, Decimal] = {}
    held: dict[str, Decimal] = {}
    for line in lines:
        sums[name(line)] = sums.get(name(line), D(0)) + (line.value or D(0))
        held[line.asset] = held.get(line.asset, D(0)) + line.quantity
    ranked = sorted(sums.items(), key=lambda item: -item[1])
    return tuple(
        Share(name=n, value=v, percent=v * 100 / total, quantity=held.get(n)) for n, v in ranked
    )


# asset: quantity, basis, of unknown basis, (gain, basis of what was sold, fees) over 7 days
_BOOK: dict[str, tuple[str, str, str, tuple[str, str, str]]] = {
    "ADA": ("15200", "6991.30", "0", ("-12.40", "900", "1.10")),
    "BTC": ("0.6030", "34102.77", "0", ("812.1048", "11204.5", "31.4412")),
    "ETH": ("11.0000", "35020.00", "0", ("52.10", "1195.9", "3.2")),
    "SHIB": ("1200000", "20.00", "0", ("0", "0", "0")),
    "SOL": ("208.50", "24110.00", "40", ("-79.10", "8650.25", "4.47")),
    "USDT": ("17633.07", "17633.07", "0", ("0", "0", "0")),
}
_SHARE_OF_7D = {"24h": D("0.5"), "7d": D(1), "30d": D(3), "day": D("0.25"), "all": D(12)}


def pnl() -> Pnl:
    """What each asset earned; SOL has a sale that no lot covers, and units of unknown basis."""
    assets = tuple(_asset(name) for name in _BOOK)
    known = sum((asset.unrealised or D(0) for asset in assets), D(0))
    return Pnl(
        as_of_us=NOW_US,
        upto_seq=8_812,
        base_currency="USD",
        assets=assets,
        totals=tuple(_total(assets, window) for window in WINDOWS),
        unrealised=known,
        unpriced=("SHIB",),
        without_basis=("SOL",),
        problems=1,
        problem=("kraken:main:SOL/USDT:K77: its fee has no value",),
    )


def _asset(name: str) -> AssetPnl:
    quantity, basis, unknown, sold = _BOOK[name]
    mark = views.marks().get(name)
    value = None if mark is None else D(quantity) * D(mark)
    known = None if mark is None else (D(quantity) - D(unknown)) * D(mark) - D(basis)
    return AssetPnl(
        asset=name, quantity=D(quantity), basis=D(basis), unknown=D(unknown), value=value,
        unrealised=known, realised=tuple(_realised(name, sold, window) for window in WINDOWS),
        price_at_us=0 if mark is None else _PRICED_US.get(name, NOW_US - 2 * SECOND),
    )  # fmt: skip


def _realised(name: str, sold: tuple[str, str, str], window: str) -> RealisedPnl:
    gain, basis, fees = (D(text) * _SHARE_OF_7D[window] for text in sold)
    unknown = D("0.6") if name == "SOL" and window in ("30d", "all") else D(0)
    funding = D("-3.1") if name == "BTC" and window == "all" else D(0)
    return RealisedPnl(
        window=window, gain=gain, basis=basis, proceeds=gain + basis, unknown=unknown, fees=fees,
        funding=funding, percent=gain * 100 / basis if basis else None,
    )  # fmt: skip


def _total(assets: tuple[AssetPnl, ...], window: str) -> PnlTotal:
    rows = [(a.asset, one) for a in assets for one in a.realised if one.window == window]
    return PnlTotal(
        window=window,
        gain=sum((one.gain for _, one in rows), D(0)),
        fees=sum((one.fees for _, one in rows), D(0)),
        funding=sum((one.funding for _, one in rows), D(0)),
        unknown=tuple(asset for asset, one in rows if one.unknown),
    )


def on(day: str) -> int:
    """Midday of a date, UTC."""
    return to_us(datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC))


_LOTS = (
    ("BTC", "kraken/main", "2025-06-14", "0.3210", "17120.55", "K41001"),
    ("BTC", "kraken/main", "2025-12-01", "0.2000", "11620.00", "K60417"),
    ("BTC", "mexc/main", "2026-03-09", "0.0820", "5362.22", "M9120"),
    ("ETH", "kraken/main", "2026-02-11", "4.2000", "13104.00", "K70233"),
    ("ETH", "kucoin/main", "2026-08-30", "6.8000", "21916.00", "U1180"),
    ("SHIB", "gate/main", "2026-01-20", "1200000", "20.00", "G12"),
    ("SOL", "gate/main", "", "40", "", "G88"),
    ("SOL", "gate/main", "2026-05-05", "48.00", "6720.00", "G90"),
    ("SOL", "kucoin/main", "2025-12-15", "120.5", "17390.00", "U0990"),
)


def lots() -> tuple[HeldLot, ...]:
    """Nine lots: two are long, two nearly, one nobody knows the origin of, one without a price."""
    return tuple(_lot(*told) for told in _LOTS)


def _lot(asset: str, account: str, day: str, left: str, cost: str, trade: str) -> HeldLot:
    mark, quantity = views.marks().get(asset), D(left)
    value = None if mark is None else quantity * D(mark)
    basis = D(cost) if cost else None
    return HeldLot(
        key=f"{account.replace('/', ':')}:{asset}/USDT:{trade}",
        asset=asset,
        account=account,
        acquired_us=on(day) if day else 0,
        quantity=quantity,
        basis=basis,
        value=value,
        unrealised=None if value is None or basis is None else value - basis,
        unit_basis=None if basis is None else basis / quantity,
        price_at_us=0 if mark is None else _PRICED_US.get(asset, NOW_US - 2 * SECOND),
        long_us=on(day) + 365 * DAY + DAY // 2 if day else 0,
    )


def lot_page(ask: ReadLots, of: tuple[HeldLot, ...] | None = None) -> LotPage:
    """A page of the lots."""
    every = [lot for lot in of or lots() if not ask.asset or lot.asset == ask.asset]
    page = tuple(every[ask.skip : ask.skip + ask.limit])
    return LotPage(
        lots=page, total=len(every), more=ask.skip + len(page) < len(every),
        scope="per account", method="FIFO",
    )  # fmt: skip


VERSION = Version(
    number=8, at_us=NOW_US - 26 * 3_600 * SECOND, actor="ops", upto_seq=8_640, head="5d1c" * 16,
    elections_sha="77ab" * 16, program="0.9.0", digest="c0ffee12" * 8, assets=(), slices=412,
    unmatched=1, realised=D("9744.1204"), filed=(2025,),
)  # fmt: skip


def explanation(ask: Explain) -> Explanation:
    """430 parts of a realised figure; the lots of an unrealised one."""
    if ask.figure == "unrealised":
        return _of_lots(ask)
    amount = next(
        one.gain for asset in pnl().assets if asset.asset == ask.asset
        for one in asset.realised if one.window == ask.window
    )  # fmt: skip
    steps = [_sold(ask.asset, number) for number in range(430)]
    rest = amount - sum((step.amount or D(0) for step in steps[:-1]), D(0))
    steps[-1] = replace(steps[-1], amount=rest, proceeds=rest + (steps[-1].basis or D(0)))
    page = tuple(steps[ask.skip : ask.skip + ask.limit])
    return Explanation(
        figure=ask.figure, asset=ask.asset, window=ask.window, amount=amount, price=None,
        steps=page, total=430, more=ask.skip + len(page) < 430,
    )  # fmt: skip


def _sold(asset: str, number: int) -> Step:
    proceeds, basis = D("62.10") + number % 7, D("60.55") + number % 5
    sold = _origin("kraken", asset, f"K{88_000 + number}", 8_000 + number)
    if number % 97 == 3:
        return Step(amount=None, quantity=D("0.001"), proceeds=proceeds, basis=None,
                    flag="UNMATCHED", sold=sold, lot=None)  # fmt: skip
    lot = _origin("kraken", asset, f"K{41_000 + number // 9}", 4_100 + number // 9)
    return Step(amount=proceeds - basis, quantity=D("0.001"), proceeds=proceeds, basis=basis,
                flag="", sold=sold, lot=lot)  # fmt: skip


def _origin(venue: str, asset: str, trade: str, seq: int) -> Origin:
    return Origin(key=f"{venue}:main:{asset}/USDT:{trade}", seq=seq, kind="fill", venue=venue,
                  venue_id=trade, order_id=f"O-{trade}")  # fmt: skip


def _of_lots(ask: Explain) -> Explanation:
    mark = views.marks().get(ask.asset)
    if mark is None:
        raise Refused("price", f"{ask.asset} has no price, so no unrealised figure")
    steps = []
    for number, lot in enumerate(one for one in lots() if one.asset == ask.asset):
        venue, trade = lot.account.partition("/")[0], lot.key.rpartition(":")[2]
        origin = replace(_origin(venue, ask.asset, trade, 4_000 + number), key=lot.key)
        steps.append(Step(
            amount=lot.unrealised, quantity=lot.quantity, proceeds=lot.value, basis=lot.basis,
            flag="" if lot.basis is not None else "BASIS_UNKNOWN", sold=None, lot=origin,
        ))  # fmt: skip
    return Explanation(
        figure=ask.figure, asset=ask.asset, window=ask.window, price=D(mark),
        amount=sum((step.amount or D(0) for step in steps), D(0)), steps=tuple(steps),
        total=len(steps), more=False,
    )  # fmt: skip


# Value over time


def returns(ask: ReadReturns) -> Returns:
    """Forty days up to yesterday; two days lie between the snapshots of one of them."""
    days = _days()[: ask.limit]
    twr = _linked(day.fraction for day in days)
    return Returns(
        account="", base_currency="USD", days=days, total=40, first_date=days[-1].local_date,
        last_date="2026-11-20", gain=days[0].closing - days[-1].opening, twr=twr,
        xirr=(1 + twr) ** (D(365) / len(days)) - 1, modified_dietz=twr + D("0.0001"),
        partial=len(days) > 20,
    )  # fmt: skip


def _linked(fractions: Iterable[Decimal | None]) -> Decimal:
    """Returns one after the other, as one."""
    whole = D(1)
    for fraction in fractions:
        whole *= 1 + (fraction or D(0))
    return whole - 1


def _days() -> tuple[DayResult, ...]:
    made, nav = [], D("123917.99")
    for number in range(40):
        rise = D((number * 7919) % 1301 - 590)
        inflow = D(1_000) if number == 30 else D(0)
        closing = nav + rise + inflow
        made.append(DayResult(
            local_date=f"{date(2026, 10, 11) + timedelta(days=number)}", days=1, opening=nav,
            closing=closing, inflow=inflow, outflow=D(0), gain=rise, fraction=rise / nav,
            partial=number == 35,
        ))  # fmt: skip
        nav = closing
    return tuple(reversed(made))


def comparison(ask: ReadBenchmark) -> Comparison:
    """The same days beside 50/50; the first of them have no benchmark yet."""
    days = _beside_all()[: ask.limit]
    mine = _linked(day.account for day in days if day.benchmark is not None)
    other = _linked(day.benchmark for day in days)
    return Comparison(
        account="", base_currency="USD", weights={"BTC": D("0.5"), "ETH": D("0.5")}, days=days,
        total=40, twr=mine, benchmark_twr=other, outperformance=mine - other,
        units={"BTC": D("0.8"), "ETH": D(16)}, rebalanced="2026-11-16", flows=1,
    )  # fmt: skip


def _beside_all() -> tuple[BenchmarkDay, ...]:
    made: list[BenchmarkDay] = []
    value: Decimal | None = None
    for number, day in enumerate(reversed(_days())):
        benchmark = None if number < 3 else D((number * 4793) % 37 - 17) / 1_500
        if benchmark is not None:
            value = (value or day.opening) * (1 + benchmark) + day.inflow
        made.append(_beside(day, benchmark, value))
    return tuple(reversed(made))


def _beside(day: DayResult, benchmark: Decimal | None, value: Decimal | None) -> BenchmarkDay:
    account = day.fraction
    return BenchmarkDay(
        local_date=day.local_date, days=day.days, nav=day.closing, value=value,
        difference=None if value is None else day.closing - value, account=account,
        benchmark=benchmark, partial=day.partial,
        outperformance=None if benchmark is None or account is None else account - benchmark,
    )  # fmt: skip


def answers() -> Mapping[type[Any], Any]:
    """What an engine with these books answers."""
    return {
        ReadNav: nav_report(),
        ReadPnl: pnl(),
        ReadLots: lot_page,
        ReadAllocations: VersionPage(versions=(VERSION,), total=8, older=True),
        Explain: explanation,
        ReadReturns: returns,
        ReadBenchmark: comparison,
    }
