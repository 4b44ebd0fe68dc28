"""Golden cases that are not about lots: each part of accounting by the shape of its case."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from accounting.benchmark import flowed, rebalanced, started
from accounting.book import replay
from accounting.duplicates import CONFLICT, gathered
from accounting.elections import Elections
from accounting.form8949 import cells, totals
from accounting.holding import term
from accounting.nav import Holding, Kind, nav_of
from accounting.pnl import Results, windows
from accounting.postings import postings_of
from accounting.reconcile import Report, reconcile
from accounting.returns import Flow, Span, Valuation, daily_return, modified_dietz, twr, xirr
from accounting.snapshots import moment_of
from domain.bookings import FillBooked
from domain.days import iso
from domain.instruments import Account
from domain.market import History, Mark, Movement
from domain.money import MONEY, ZERO, exactly, number
from domain.orders import Fill, Side
from storage.chain import link
from tests.accounting.golden_figures import differences
from tests.accounting.golden_story import CASH, Plain, Story, main_asset, when

Case = Mapping[str, Plain]
VENUE = Account("kraken", "main")


def day(raw: Plain) -> date:
    return date.fromisoformat(str(raw)[:10])


def mark(asset: str, value: Decimal) -> Mark:
    return Mark(asset=asset, value=value, at_us=0, source="golden")


def digits(expected: Plain, actual: Any) -> Any:
    """Ours to as many decimals as the case tells, and never to fewer than eight."""
    if isinstance(actual, Mapping):
        return {k: digits(expected[k], v) if k in expected else v for k, v in actual.items()}
    if isinstance(actual, list) and isinstance(expected, list) and len(actual) == len(expected):
        return [digits(one, other) for one, other in zip(expected, actual, strict=True)]
    if isinstance(actual, Decimal) and isinstance(expected, str):
        places = max(len(expected.partition(".")[2]), 8)
        return actual.quantize(Decimal(1).scaleb(-places), context=MONEY)
    return actual


def compared(case: Case, actual: Mapping[str, Any]) -> list[str]:
    return differences(case["expected"], digits(case["expected"], actual))


# Holding periods and form cells


def terms(case: Case) -> list[str]:
    return compared(case, {"term": [str(term(day(a), day(b))) for a, b in case["inputs"]["pairs"]]})


def form_cells(case: Case) -> list[str]:
    rows = [(number(row["proceeds"]), number(row["basis"])) for row in case["inputs"]["rows"]]
    cents = [cells(d, e, dollars=False) for d, e in rows]
    dollars = [cells(d, e, dollars=True) for d, e in rows]
    actual = {
        "cents": [row._asdict() for row in cents],
        "dollars": [row._asdict() for row in dollars],
        "dollar_totals": totals(dollars)._asdict(),
        "cents_totals": totals(cents)._asdict(),
    }
    return differences(case["expected"], actual)


# Fills: duplicates, postings, the chain


def fill_of(told: Case, account: Account, symbol: str = "BTC/USD") -> Fill:
    return Fill(
        account=account,
        symbol=str(told.get("symbol", symbol)),
        trade_id=str(told.get("trade_id", told.get("id", ""))),
        side=Side(told.get("side", "buy")),
        quantity=number(told["qty"]),
        price=number(told["price"]),
        fee=number(told.get("fee", "0")),
        fee_asset=str(told.get("fee_asset", CASH)),
        at_us=0,
        venue_order_id=str(told.get("order", "")),
    )


def duplicates(case: Case) -> list[str]:
    told = [fill_of(row, Account(row["venue"], "main")) for row in case["inputs"]["fills"]]
    kept = gathered(told)
    actual: dict[str, Any] = {
        "rows_stored": len(kept.fills),
        "duplicates_ignored": kept.ignored,
        "conflicts": len(kept.conflicts),
    }
    for name in {fill.venue_order_id for fill in told}:
        mine = [fill for fill in kept.fills.values() if fill.venue_order_id == name]
        with exactly():
            units = sum((fill.quantity for fill in mine), ZERO)
            cost = sum((fill.cost for fill in mine), ZERO)
            actual[f"order_{name}"] = {"qty": units, "cost": cost, "avg_price": cost / units}
    return differences(case["expected"], actual)


def conflict(case: Case) -> list[str]:
    told = []
    for name in ("first", "second"):
        row = case["inputs"][name]
        venue, account, symbol, trade_id = row["key"].split(":")
        told.append(fill_of({**row, "trade_id": trade_id}, Account(venue, account), symbol))
    kept = gathered(told)
    actual = {
        "result": CONFLICT if kept.conflicts else "ignored" if kept.ignored else "stored",
        "rows_stored": len(kept.fills),
        "issue": "fill_changed" if kept.conflicts else "",
    }
    return differences(case["expected"], actual)


def postings(case: Case) -> list[str]:
    told = case["inputs"]["fill"]
    account = Account("binance", "main")
    with exactly():
        price = number(told["cost"]) / number(told["qty"])
    symbol = f"{told['base']}/{told['quote']}"
    fill = fill_of({**told, "price": price, "symbol": symbol}, account)
    lines = postings_of(FillBooked(at_us=0, actor="golden", fill=fill, source="golden"))
    named = [[line.name.replace(account, account.venue), line.amount] for line in lines]
    sums = {line.asset: ZERO for line in lines}
    for line in lines:
        sums[line.asset] += line.amount
    return differences(case["expected"], {"postings": named, "sum_by_asset": sums})


def chain(case: Case) -> list[str]:
    found = []
    for vector in case["expected"]["vectors"]:
        payload = vector["payload_utf8"].encode()
        hashed = link(bytes.fromhex(vector["prev"]), vector["seq"], payload).hex()
        told = {"hash": hashed, "payload_bytes": len(payload)}
        found += differences({name: vector[name] for name in told}, told)
    return found


# Profit and loss, net asset value, returns


def profit(case: Case) -> list[str]:
    inputs = case["inputs"]
    trades = Story({name: value for name, value in inputs.items() if name == "trades"})
    as_of, results = when(inputs["as_of"]), Results()
    results.follow(replay(trades.told(), Elections(base_currency=CASH)))
    main = main_asset(inputs)
    spans = windows(as_of, when(inputs["start"]) if "start" in inputs else None)
    actual: dict[str, Any] = {
        "realised": {span.name: results.realised(span, main).gain for span in spans}
    }
    if "mark" in inputs:
        (held,) = results.unrealised({main: mark(main, number(inputs["mark"]))})
        actual["unrealised"] = {
            "qty": held.quantity,
            "basis": held.basis,
            "value": held.value,
            "pnl": held.pnl,
        }
    return compared(case, actual)


def net_value(case: Case) -> list[str]:
    inputs = case["inputs"]
    marks = {"USDT": mark("USDT", Decimal(1)), "USDC": mark("USDC", Decimal(1))}
    marks[CASH] = mark(CASH, Decimal(1))
    for name, raw in inputs.items():
        if isinstance(raw, str) and name.upper() in inputs["spot"]:
            marks[name.upper()] = mark(name.upper(), number(raw))
    told = [Holding(account=VENUE, asset=a, quantity=number(q)) for a, q in inputs["spot"].items()]
    futures = inputs.get("futures", {})
    for name, kind in (("wallet_balance", Kind.WALLET), ("unrealised", Kind.UNREALISED)):
        if name in futures:
            asset = str(futures.get("asset", "USDT"))
            told.append(
                Holding(account=VENUE, asset=asset, quantity=number(futures[name]), kind=kind)
            )
    nav = nav_of(told, marks, 0)
    actual = {
        "spot_value": nav.of_kind(Kind.SPOT),
        "margin_balance": nav.margin_balance,
        "nav": nav.total,
        "unpriced": [line.holding.asset for line in nav.unpriced],
    }
    return differences(case["expected"], actual)


def rates(case: Case) -> list[str]:
    inputs = case["inputs"]
    flows = [Flow(day(row["date"]), number(row["amount"])) for row in inputs["flows"]]
    before = {
        day(row["date"]): number(row.get("before_flow", row.get("value", "0")))
        for row in inputs["values"]
    }
    end = max(before)
    moved = {flow.day: flow.amount for flow in flows}
    points = [
        Valuation(on, before.get(on, ZERO), moved.get(on, ZERO))
        for on in sorted(before.keys() | moved.keys())
    ]
    first, rest = flows[0], flows[1:]
    closing = before[end]
    with exactly():
        gain = closing - sum((flow.amount for flow in flows), ZERO)
    actual: dict[str, Any] = {
        "twr": twr(points),
        "mwr_xirr_365": xirr(flows, Flow(end, closing)),
        "modified_dietz": modified_dietz(first.amount, closing, rest, Span(first.day, end)),
        "pnl": gain,
    }
    for name in case["expected"]:
        if name.startswith("mwr_if_end_is_"):
            other = day(name.removeprefix("mwr_if_end_is_").replace("_", "-"))
            actual[name] = xirr(flows, Flow(other, closing))
    return compared(case, actual)


def beside(case: Case) -> list[str]:
    state, last, rows = None, ZERO, []
    for row in case["expected"]["steps"]:
        said = row["step"]
        told = re.findall(r"([A-Z]{3,5}) (\d+(?:\.\d+)?)", said)
        prices = {asset: number(price) for asset, price in told if asset != "NAV"}
        amount = number(re.findall(r"\d+(?:\.\d+)?", said)[0])
        if state is None:
            state, before = started(amount, prices), amount
        else:
            before = state.value(prices)
            if said.startswith(("deposit", "withdrawal")):
                signed = amount if said.startswith("deposit") else -amount
                once = flowed(state, said, signed, prices)
                state = flowed(once, said, signed, prices)
                assert state == once
            else:
                state = rebalanced(state, prices, date(2025, 1, 6))
        units = {asset.lower(): held for asset, held in state.units.items()}
        last = state.twr(prices)
        rows.append({**row, **units, "value_before": before, "value": state.value(prices)})
    actual = {
        "steps": rows,
        "benchmark_twr": last,
        "replay_same_deposit_id": "no change",
        "naive_value_ratio_wrong": rows[-1]["value"] / rows[0]["value"] - 1,
    }
    return compared(case, actual)


# Snapshots and reconciliation


def snapshots(case: Case) -> list[str]:
    inputs, expected = case["inputs"], case["expected"]
    zone = inputs["tz"]
    midnights = {on: moment_of(day(on), "00:00", zone) for on in expected["midnights_utc"]}
    values = {row["at"][:10]: number(row["nav"]) for row in inputs["nav"]}
    days = sorted(values)
    actual: dict[str, Any] = {
        "midnights_utc": {on: iso(at)[:19] + "Z" for on, at in midnights.items()},
        "day_hours": {on: _hours(on, zone) for on in expected["day_hours"]},
        "returns": {
            on: daily_return(values[on], values[days[days.index(on) + 1]]).fraction
            for on in expected["returns"]
        },
    }
    found = compared({"expected": {name: expected[name] for name in actual}}, actual)
    for name, said in expected.items():
        told = re.fullmatch(r"run_(\d\d)(\d\d)_on_(\d{4}_\d\d_\d\d)", name)
        if told:
            hour, minute, on = told.groups()
            ran = iso(moment_of(day(on.replace("_", "-")), f"{hour}:{minute}", zone))
            found += differences(said[:20], ran[:19] + "Z", name)
    return found


def _hours(on: str, zone: str) -> int:
    start = moment_of(day(on), "00:00", zone)
    following = date.fromordinal(day(on).toordinal() + 1)
    return (moment_of(following, "00:00", zone) - start) // 3_600_000_000


def discrepancies(case: Case) -> list[str]:
    inputs, expected = case["inputs"], case["expected"]
    report = reconcile(
        [fill_of(row, VENUE) for row in inputs["ledger_trades"]],
        [_deposit(row) for row in inputs.get("ledger_deposits", [])],
        History(
            account=VENUE,
            since_us=0,
            until_us=1,
            fills=tuple(fill_of(row, VENUE) for row in inputs["venue_trades"]),
            movements=tuple(_deposit(row) for row in inputs.get("venue_deposits", [])),
        ),
        {CASH: Decimal(1)},
    )
    found = differences(expected["issues"], _issues(report), "issues")
    names = {"base": "BTC", "usd": CASH}
    for name, told in expected["balance"].items():
        asset = names[name]
        ledger, venue = report.ledger.get(asset, ZERO), report.venue.get(asset, ZERO)
        sums = {"ledger": ledger, "venue": venue, "diff": venue - ledger}
        found += differences(told, sums, f"balance.{name}")
    left = {name: report.residual.get(asset, ZERO) for name, asset in names.items()}
    found += differences(expected["residual_after_issues"], left, "residual")
    gauge = expected["gauge_trading_reconciliation_discrepancy_usd"]
    return found + differences(gauge, report.discrepancy, "gauge")


def _deposit(row: Case) -> Movement:
    amount = number(row["amount"])
    reference, asset = str(row["id"]), str(row.get("asset", CASH))
    return Movement(
        account=VENUE, reference=reference, asset=asset, amount=amount, fee=ZERO, at_us=0
    )


def _issues(report: Report) -> list[dict[str, Any]]:
    return [
        {
            "kind": str(issue.kind),
            "id": next(part for part in issue.key.split(":") if re.fullmatch(r"[A-Z]\d+", part)),
            "usd": issue.value,
            "asset": issue.asset,
            "amount": issue.moves.get(issue.asset),
            "ledger": issue.ledger,
            "venue": issue.venue,
        }
        for issue in report.issues
    ]


Shape = Callable[[Case, Case], bool]
OTHERS: tuple[tuple[Shape, Callable[[Case], list[str]]], ...] = (
    (lambda told, _: "pairs" in told, terms),
    (lambda told, _: "rows" in told, form_cells),
    (lambda told, _: "fills" in told, duplicates),
    (lambda told, _: "first" in told and "second" in told, conflict),
    (lambda told, _: "fill" in told, postings),
    (lambda _, wanted: "vectors" in wanted, chain),
    (lambda told, _: "as_of" in told, profit),
    (lambda told, _: "spot" in told, net_value),
    (lambda told, _: "flows" in told and "values" in told, rates),
    (lambda _, wanted: "steps" in wanted, beside),
    (lambda told, _: "tz" in told and "nav" in told, snapshots),
    (lambda told, _: "ledger_trades" in told, discrepancies),
)
