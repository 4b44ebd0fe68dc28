"""pnl, nav, accounts, lots, explain: what it is worth, what it earned, and why."""

from argparse import Namespace
from collections.abc import Iterable
from decimal import Decimal

from cli.render import as_json, moment, money, plain, say, table
from cli.usage import WrongUsage
from domain import figures
from domain.board import AccountView, Board
from domain.ports import Desk

SECOND_US = 1_000_000
NAMES = 8


async def pnl(desk: Desk, args: Namespace) -> int:
    """Realised and unrealised gain by asset and window."""
    windows = (args.window,) if args.window else ()
    assets = (args.asset.upper(),) if args.asset else ()
    ask = figures.ReadPnl(windows=windows, assets=assets, account=args.account.lower())
    told = await desk.ask(ask)
    if args.json:
        say(as_json(told))
        return 0
    if not told.assets:
        say(f"no fills of {args.asset.upper()}" if args.asset else "no fills yet")
        return 0
    names = [total.window for total in told.totals]
    heads = ("ASSET", "QTY", "BASIS", "VALUE", "UNREALISED", *(name.upper() for name in names))
    rows = [_asset(asset, names) for asset in told.assets]
    rows.append(_totals(told))
    say(table(heads, rows, right=" ".join(heads[1:])))
    fees = ", ".join(f"{t.window} {money(t.fees)}" for t in told.totals)
    say(f"\nRealised gain in {told.base_currency} by window; fees are in it: {fees}")
    if told.account:
        say(f"Of what was sold at {told.account}, and of lots that came in there")
    for note in _gaps(told):
        say(note)
    return 0


def _asset(asset: figures.AssetPnl, names: Iterable[str]) -> tuple[str, ...]:
    by_window = {row.window: row for row in asset.realised}
    windows = (by_window.get(name) for name in names)
    return (
        asset.asset,
        plain(asset.quantity) if asset.quantity else "0",
        money(asset.basis) + ("?" if asset.unknown else ""),
        money(asset.value),
        money(asset.unrealised) + ("?" if asset.unknown else ""),
        *(
            "-" if row is None else money(row.gain) + ("?" if row.unknown else "")
            for row in windows
        ),
    )


def _totals(told: figures.Pnl) -> tuple[str, ...]:
    return (
        "TOTAL",
        "",
        "",
        "",
        money(told.unrealised) + ("?" if told.without_basis or told.unpriced else ""),
        *(money(total.gain) + ("?" if total.unknown else "") for total in told.totals),
    )


def _gaps(told: figures.Pnl) -> Iterable[str]:
    if told.without_basis or any(total.unknown for total in told.totals):
        assets = {*told.without_basis, *(name for total in told.totals for name in total.unknown)}
        yield f"? without the units whose basis or price nobody knows: {_some(sorted(assets))}"
        yield "  (see: quarterdeck lots; supply one: quarterdeck claim basis --help; let coins"
        yield "  count as one unit each: quarterdeck elect --pegged USDT,USDC --from DATE)"
    if told.unpriced:
        yield f"no price for {_some(told.unpriced)}: not in any value"
    if told.problems:
        yield f"{told.problems} entries could not be taken as they are, the newest:"
        yield from (f"  {problem}" for problem in told.problem)
    if told.older:
        yield "more assets exist; name one with --asset"


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - NAMES} more" if len(listed) > NAMES else ""
    return ", ".join(listed[:NAMES]) + more


async def nav(desk: Desk, args: Namespace) -> int:
    """Net asset value by asset, venue and account."""
    told = await desk.ask(figures.ReadNav())
    if args.json:
        say(as_json(told))
        return 0
    lines = [
        (
            line.asset,
            line.account,
            plain(line.quantity),
            plain(line.price),
            _age(told.at_us, line.price_at_us),
            money(line.value),
            line.source,
        )
        for line in (*told.lines, *told.unpriced)
    ]
    heads = ("ASSET", "ACCOUNT", "QTY", "PRICE", "AGE", "VALUE", "BY")
    say(table(heads, lines, right="QTY PRICE AGE VALUE"))
    for title, shares in (
        ("ASSET", told.by_asset),
        ("VENUE", told.by_venue),
        ("ACCOUNT", told.by_account),
    ):
        rows = [
            (share.name, money(share.value), f"{money(share.percent, 1)} %") for share in shares
        ]
        say("")
        say(table((title, "VALUE", "SHARE"), rows, right="VALUE SHARE"))
    say(f"\nTotal {'≈ ' if told.partial else ''}{money(told.total)} {told.base_currency}")
    if told.unpriced:
        assets = sorted({line.asset for line in told.unpriced})
        say(f"not in it, for want of a price: {_some(assets)}")
    if told.missing:
        say(f"not in it, for want of balances: {_some(told.missing)}")
    if told.stale:
        say(f"by an old price: {_some(told.stale)}")
    return 0


def _age(now_us: int, at_us: int) -> str:
    return f"{max(0, now_us - at_us) // SECOND_US} s" if at_us else "-"


async def accounts(desk: Desk, args: Namespace) -> int:
    """Each account with its value, and how well it is known."""
    told = await desk.ask(figures.ReadNav(limit=1))
    board = desk.board
    values = {share.name: share.value for share in told.by_account}
    bare: dict[str, int] = {}
    for line in told.unpriced:
        bare[line.account] = bare.get(line.account, 0) + 1
    if args.json:
        made = {name: _account(board, view, values.get(name)) for name, view in _views(board)}
        say(as_json(made))
        return 0
    rows = [
        (
            name,
            "-" if view.balances is None else money(values.get(name, Decimal(0))),
            str(bare.get(name, 0)),
            view.refused or _feed(board, name),
            moment(view.reconciled_us),
        )
        for name, view in _views(board)
    ]
    value = f"VALUE {told.base_currency}"
    say(table(("ACCOUNT", value, "UNPRICED", "FEED", "CLEAN SINCE"), rows, right="UNPRICED"))
    return 0


def _views(board: Board) -> list[tuple[str, AccountView]]:
    return sorted((str(name), view) for name, view in board.accounts.items())


def _feed(board: Board, name: str) -> str:
    feed = board.feeds.get(name)
    return "not yet" if feed is None else feed.health.value


def _account(board: Board, view: AccountView, value: Decimal | None) -> dict[str, object]:
    known = view.balances is not None
    return {
        "value": (value or Decimal(0)) if known else None,
        "balances_at_us": view.balances.at_us if view.balances is not None else None,
        "reconciled_us": view.reconciled_us,
        "refused": view.refused,
        "feed": _feed(board, view.account),
    }


async def lots(desk: Desk, args: Namespace) -> int:
    """Open lots, oldest first."""
    account = args.account.lower()
    if account and "/" not in account:
        account = f"{account}/main"
    if account and account not in desk.board.accounts:
        known = ", ".join(sorted(desk.board.accounts)) or "none"
        raise WrongUsage(f"--account: there is no account {account}; configured: {known}")
    page = await desk.ask(
        figures.ReadLots(
            asset=args.asset.upper(), account=account, skip=args.skip, limit=args.limit
        )
    )
    if args.json:
        say(as_json(page))
        return 0
    if not page.lots:
        say("no open lots")
        return 0
    rows = [
        (
            lot.asset,
            lot.account,
            moment(lot.acquired_us)[:10] if lot.acquired_us else "unknown",
            plain(lot.quantity),
            money(lot.basis) if lot.basis is not None else "unknown",
            money(lot.value),
            money(lot.unrealised),
            lot.key,
        )
        for lot in page.lots
    ]
    heads = ("ASSET", "ACCOUNT", "ACQUIRED", "QTY", "BASIS", "VALUE", "GAIN", "LOT")
    say(table(heads, rows, right="QTY BASIS VALUE GAIN"))
    say(f"\n{len(page.lots)} of {page.total}; {page.method}, {page.scope}")
    if page.more:
        say(f"--skip {args.skip + len(page.lots)} shows more")
    return 0


async def explain(desk: Desk, args: Namespace) -> int:
    """A figure down to the venue's trades and the ledger's rows."""
    told = await desk.ask(
        figures.Explain(
            figure=args.figure,
            asset=args.asset.upper(),
            window=args.window,
            account=args.account.lower(),
            skip=args.skip,
            limit=args.limit,
        )
    )
    if args.json:
        say(as_json(told))
        return 0
    at_price = "" if told.price is None else f" at {plain(told.price)}"
    say(f"{told.figure} {told.asset} {told.window}{at_price}: {plain(told.amount)}\n")
    rows = [
        (
            plain(step.amount) if step.amount is not None else "unknown",
            plain(step.quantity),
            plain(step.proceeds),
            plain(step.basis),
            _origin(step.sold),
            _origin(step.lot),
            step.flag,
        )
        for step in told.steps
    ]
    value = "PROCEEDS" if told.figure == "realised" else "VALUE"
    heads = ("GAIN", "QTY", value, "BASIS", "SOLD", "LOT", "FLAG")
    say(table(heads, rows, right=f"GAIN QTY {value} BASIS"))
    say(f"\n{len(told.steps)} of {told.total} parts")
    if told.more:
        say(f"--skip {args.skip + len(told.steps)} shows more")
    return 0


def _origin(origin: figures.Origin | None) -> str:
    if origin is None:
        return "-"
    venue_id = f" {origin.venue_id}" if origin.venue_id else ""
    valued = f", valued by {origin.valued_by}" if origin.valued_by else ""
    return f"{origin.venue} {origin.kind}{venue_id} (row {origin.seq}{valued})"
