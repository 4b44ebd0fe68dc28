"""status, balance, orders, fills: what the desk knows."""

from argparse import Namespace
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from accounting.valuation import day_result, net_asset_value
from cli.render import as_json, moment, money, plain, say, table
from domain.board import Board
from domain.halts import GLOBAL, Halt, Level
from domain.market import Balances
from domain.money import ZERO
from domain.ports import Desk
from domain.queries import ReadFills, ReadOrders


async def status(desk: Desk, args: Namespace) -> int:
    """Mode, kill switch, venues, limits, breaks."""
    board = desk.board
    told = _status(board)
    if args.json:
        say(as_json(told))
        return 0
    for name in (
        "mode",
        "phase",
        "kill switch",
        "ledger",
        "anchored",
        "nav",
        "day P&L",
        "open orders",
    ):
        say(f"{name:<12} {told[name]}")
    say("")
    say(table(("FEED", "STATE", "AGE", "PROBLEM"), _feeds(board), right="AGE"))
    say("")
    say(table(("VENUE", "CLOCK", "INSTRUMENTS"), _venues(board), right="CLOCK"))
    say("")
    say(
        table(("LIMIT", "USED", "RESERVED", "LIMIT ", "UNIT"), _usage(board), right="USED RESERVED")
    )
    for account, at_us in told["dead_man"].items():
        say(f"\nDEAD MAN {account}: cancels everything at {moment(at_us)} unless told again")
    for account, why in told["refused"].items():
        say(f"\nREFUSED {account}: {why}")
    if board.withdrawal_policy_told:
        say(f"\nPOLICY {told['withdrawal policy']}")
    for known in board.breaks:
        say(f"\nBREAK {known.kind} {known.account}: {known.detail}")
    for alarm in board.alarms:
        if not alarm.acknowledged:
            say(f"\nALARM {alarm.severity}: {alarm.text}")
    return 0


def _status(board: Board) -> dict[str, Any]:
    nav, partial = net_asset_value(board, board.now_us)
    armed = {"LIVE": " ARMED" if board.armed else " DISARMED"}.get(board.mode.value, "")
    return {
        "mode": f"{board.mode.value}{armed}",
        "phase": board.phase.value,
        "kill switch": "; ".join(_halted(halt) for halt in board.halts) or "KILL READY",
        "halts": list(board.halts),
        "ledger": f"{board.ledger.head_seq} rows, head {board.ledger.head_hash[:12]}",
        "anchored": f"to row {board.ledger.anchored_seq}" if board.ledger.anchored_seq else "no",
        "nav": f"{'≈ ' if partial else ''}{money(nav)} {board.base_currency}",
        "day P&L": money(day_result(board)),
        "open orders": str(sum(not s.terminal for s in board.orders.values())),
        "accounts": sorted(board.accounts),
        "dead_man": {a: v.dead_man_us for a, v in board.accounts.items() if v.dead_man_us},
        "refused": {a: view.refused for a, view in board.accounts.items() if view.refused},
        "withdrawal policy": _policy(board),
        "venues": dict(sorted(board.venues.items())),
        "feeds": dict(sorted(board.feeds.items())),
        "usage": list(board.usage),
        "breaks": list(board.breaks),
        "metrics_port": board.engine.metrics_port,
        "alarms": [alarm for alarm in board.alarms if not alarm.acknowledged],
    }


def _policy(board: Board) -> str:
    told, known = board.withdrawal_policy_told, board.withdrawal_policy
    if not told:
        return f"{known} in force" if known else "none yet"
    return f"{told} of the settings is NOT in force, {known} is; see: quarterdeck withdraw policy"


def _halted(halt: Halt) -> str:
    word = "KILLED" if halt.standing >= Level.HALT_CANCEL else "HALTED"
    over = "" if halt.scope == GLOBAL else f" {halt.scope}"
    return f"{word}{over} {halt.state.value}: {halt.reason} (by {halt.actor})"


def _feeds(board: Board) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for key, feed in sorted(board.feeds.items()):
        last_us = max(feed.message_us, feed.heartbeat_us, feed.poll_us)
        age = f"{(board.now_us - last_us) / 1_000_000:.1f} s" if last_us else "never"
        name = key if feed.account == "" else f"{key} account"
        rows.append((name, feed.health.value, age, feed.problem))
    return rows


def _venues(board: Board) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for venue, view in sorted(board.venues.items()):
        clock = "?" if view.skew_us is None else f"{view.skew_us // 1_000:+} ms"
        listed = "its own"
        if view.markets_us is not None:
            listed = f"read {(board.now_us - view.markets_us) // 60_000_000} min ago"
        rows.append((venue, clock, listed if view.markets_us != 0 else "not known yet"))
    return rows


def _usage(board: Board) -> list[tuple[str, ...]]:
    return [
        (
            row.setting,
            money(row.used),
            money(row.reserved),
            money(row.limit),
            row.unit,
        )
        for row in board.usage
    ]


async def balance(desk: Desk, args: Namespace) -> int:
    """Balances per asset and account, valued at marks."""
    board = desk.board
    rows = []
    for account, view in sorted(board.accounts.items()):
        if view.balances is None:
            continue
        for asset, where, total, free in _held(account, view.balances):
            if total:
                rows.append((asset, where, total, free, _value(board, asset, total)))
    rows.sort(key=lambda row: (-(row[4] or ZERO), row[0], row[1]))
    if args.json:
        names = ("asset", "account", "total", "free", "value")
        say(as_json([dict(zip(names, row, strict=True)) for row in rows]))
        return 0
    shown = [(a, str(n), plain(t), plain(f), money(v)) for a, n, t, f, v in rows]
    value = f"VALUE {board.base_currency}"
    say(table(("ASSET", "ACCOUNT", "TOTAL", "FREE", value), shown, right=f"TOTAL FREE {value}"))
    nav, partial = net_asset_value(board, board.now_us)
    say(f"\nTotal {'≈ ' if partial else ''}{money(nav)} {board.base_currency}")
    if partial:
        say("≈ because some price or balance is missing or old")
    for account, view in sorted(board.accounts.items()):
        for wallet, why in view.balances.unread.items() if view.balances else ():
            say(f"{account} {wallet}: could not be read ({why})")
    return 0


def _held(account: str, balances: Balances) -> Iterator[tuple[str, str, Decimal, Decimal]]:
    """Asset, place, total and what a spot order could use: nothing of what lies in futures."""
    for asset, held in sorted(balances.assets.items()):
        yield asset, account, held.total, held.free
    for wallet, assets in sorted(balances.margins.items()):
        for asset, margin in sorted(assets.items()):
            yield asset, f"{account} {wallet}", margin.wallet + margin.unrealised, ZERO


def _value(board: Board, asset: str, total: Decimal) -> Decimal | None:
    if asset == board.base_currency:
        return total
    mark = board.marks.get(asset)
    return None if mark is None else total * mark.value


async def orders(desk: Desk, args: Namespace) -> int:
    """Working orders, or every order that the board holds."""
    page = await desk.ask(ReadOrders(every=args.all))
    if args.json:
        say(as_json([{"status": s.status, **_order(s)} for s in page.orders]))
        return 0
    if not page.orders:
        say("no working orders" if not args.all else "no orders")
        return 0
    rows = [
        (
            moment(s.order.at_us),
            s.client_id,
            str(s.order.account),
            s.order.side.value,
            s.order.symbol,
            s.order.kind.value,
            plain(s.quantity),
            plain(s.filled),
            plain(s.price),
            s.status.value,
        )
        for s in page.orders
    ]
    heads = ["TIME", "ID", "ACCOUNT", "SIDE", "SYMBOL", "TYPE", "QTY", "FILLED", "PRICE", "STATUS"]
    say(table(heads, rows, right="QTY FILLED PRICE"))
    return 0


def _order(state: Any) -> dict[str, Any]:
    return {
        "id": state.client_id,
        "venue_order_id": state.venue_order_id,
        "foreign": state.foreign,
        "reason": state.reason,
        "quantity": state.quantity,
        "filled": state.filled,
        "price": state.price,
        "order": state.order,
    }


async def fills(desk: Desk, args: Namespace) -> int:
    """Executions, newest first."""
    page = await desk.ask(
        ReadFills(
            limit=min(args.limit, 1_000), venue=args.venue.lower(), symbol=args.symbol.upper()
        )
    )
    if args.json:
        say(as_json(list(page.fills)))
        return 0
    if not page.fills:
        say(" ".join(("no fills", *(f"of {word}" for word in (args.venue, args.symbol) if word))))
        return 0
    rows = [
        (
            moment(b.fill.at_us),
            str(b.fill.account),
            b.fill.symbol,
            b.fill.side.value,
            plain(b.fill.quantity),
            plain(b.fill.price),
            f"{plain(b.fill.fee)} {b.fill.fee_asset}",
            b.fill.trade_id,
            str(b.seq),
        )
        for b in page.fills
    ]
    heads = ["TIME", "ACCOUNT", "SYMBOL", "SIDE", "QTY", "PRICE", "FEE", "TRADE", "ROW"]
    say(table(heads, rows, right="QTY PRICE FEE ROW"))
    say(f"\n{len(page.fills)} of {page.total}")
    return 0
