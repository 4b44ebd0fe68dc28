"""allocations, elect, claim: which lot a sale was matched to, by which rules, and who said so."""

from argparse import Namespace
from decimal import Decimal

from cli.commands.control import code_of
from cli.render import as_json, moment, money, plain, say, table
from cli.usage import WrongUsage
from domain import versions
from domain.asks import Ask, DemoCode, Done
from domain.board import Mode
from domain.instruments import base_of
from domain.money import NotANumber, number
from domain.ports import Desk

WRONG = 1
SCOPES = {"": "", "universal": "universal", "account": "per account"}
TRANSFER_FEES = {"": "", "disposal": "FEE_IS_DISPOSAL", "carries-basis": "FEE_CARRIES_BASIS"}
SWAP_FEES = {"": "", "shrinks-lot": "SHRINKS_LOT", "reduces-value": "REDUCES_VALUE"}
FEES = {"": None, "in-basis": False, "apart": True}
ROW_HEADS = ("SOLD", "ASSET", "ACCOUNT", "QTY", "ACQUIRED", "PROCEEDS", "BASIS", "GAIN", "FLAG")
ROW_RIGHT = "QTY PROCEEDS BASIS GAIN"


async def allocations(desk: Desk, args: Namespace) -> int:
    """Make, list, show, compare or prove versions."""
    return await _ACTIONS[args.action](desk, args)


async def _compute(desk: Desk, args: Namespace) -> int:
    assets = tuple(base_of(symbol.upper()) for symbol in args.symbol)
    made = await desk.ask(versions.ComputeAllocation(assets=assets))
    say(as_json(made) if args.json else f"version {made.number}\n{_about(made)}")
    return 0


async def _list(desk: Desk, args: Namespace) -> int:
    page = await desk.ask(versions.ReadAllocations(limit=args.limit))
    if args.json:
        say(as_json(page))
        return 0
    if not page.versions:
        say("no version yet; make one: quarterdeck allocations compute")
        return 0
    rows = [
        (
            str(made.number),
            moment(made.at_us),
            made.actor,
            str(made.upto_seq),
            ",".join(made.assets) or "all",
            str(made.slices),
            str(made.unmatched),
            money(made.realised),
            ",".join(map(str, made.filed)) or "-",
            made.digest[:12],
        )
        for made in page.versions
    ]
    heads = ("VERSION", "MADE", "BY", "ROW", "OF", "SLICES", "UNMATCHED", "REALISED", "FILED")
    right = "VERSION ROW SLICES UNMATCHED REALISED"
    say(table((*heads, "DIGEST"), rows, right=right))
    if page.older:
        say(f"\n{len(rows)} of {page.total}")
    return 0


async def _show(desk: Desk, args: Namespace) -> int:
    page = await desk.ask(
        versions.ShowAllocation(
            number=args.number, asset=args.asset.upper(), skip=args.skip, limit=args.limit
        )
    )
    if args.json:
        say(as_json(page))
        return 0
    say(_about(page.version))
    say(_proof(proven=page.proven))
    say("")
    say(table(ROW_HEADS, map(_row, page.rows), right=ROW_RIGHT))
    if page.more or args.skip:
        say(f"\n{len(page.rows)} of {page.total}; --skip {args.skip + len(page.rows)} shows more")
    return 0


async def _diff(desk: Desk, args: Namespace) -> int:
    told = await desk.ask(versions.DiffAllocations(old=args.old, new=args.new, limit=args.limit))
    if args.json:
        say(as_json(told))
        return 0
    say(f"realised {money(told.realised, 8)} from version {told.old} to {told.new}")
    say(_proof(proven=told.proven))
    for sign, rows, total in (
        ("-", told.removed, told.removed_total),
        ("+", told.added, told.added_total),
    ):
        shown = f"{sign} {total} rows" + (f", the first {len(rows)}" if total > len(rows) else "")
        say(f"\n{shown}")
        if rows:
            say(table(ROW_HEADS, map(_row, rows), right=ROW_RIGHT))
    return 0


async def _validate(desk: Desk, args: Namespace) -> int:
    told = await desk.ask(versions.ValidateAllocation(number=args.number))
    status = WRONG if told.total else 0
    if args.json:
        say(as_json(told))
        return status
    say(_proof(proven=told.proven))
    if not told.total:
        say(f"OK: version {told.number} loses nothing, takes nothing twice, covers every sale")
    for wrong in told.findings:
        say(f"WRONG {wrong.check} {wrong.what}: {wrong.detail}")
    if told.total > len(told.findings):
        say(f"{len(told.findings)} of {told.total}")
    return status


def _about(made: versions.Version) -> str:
    of = ", ".join(made.assets) or "every asset"
    told = (
        f"of {of}, from the ledger up to row {made.upto_seq}, made {moment(made.at_us)} UTC",
        f"{made.slices} slices, {made.unmatched} unmatched, realised {money(made.realised, 8)}",
        f"digest {made.digest}",
    )
    filed = f"filed for {', '.join(map(str, made.filed))}" if made.filed else ""
    return "\n".join((*told, filed)).strip()


def _proof(*, proven: bool) -> str:
    if proven:
        return "proven: computed again from the ledger, it has the digest of then"
    return "NOT PROVEN: computed again, it has another digest; this program counts differently"


def _row(row: versions.AllocationRow) -> tuple[str, ...]:
    return (
        moment(row.at_us),
        row.asset,
        row.account,
        plain(row.quantity),
        moment(row.acquired_us)[:10],
        money(row.proceeds),
        money(row.basis),
        money(row.gain),
        row.flag or ("" if row.kind == "sale" else row.kind),
    )


_ACTIONS = {
    "compute": _compute,
    "list": _list,
    "show": _show,
    "diff": _diff,
    "validate": _validate,
}


# Elections and claims


async def elect(desk: Desk, args: Namespace) -> int:
    """What holds, or another rule from a date on."""
    rules = (args.method, args.scope, args.transfer_fee, args.swap_fee, args.fees)
    if not any(rules) and args.pegged is None:
        if args.since or args.asset or args.accounts:
            raise WrongUsage("elect: say what to elect, like --method HIFO")
        return await _elections(desk, args)
    ask = versions.Elect(
        code=await _code(desk, args),
        effective_on=args.since,
        asset=args.asset.upper(),
        method=args.method,
        scope=SCOPES[args.scope],
        accounts=_names(args.accounts),
        transfer_fee=TRANSFER_FEES[args.transfer_fee],
        swap_fee=SWAP_FEES[args.swap_fee],
        fees_apart=FEES[args.fees],
        pegged=None if args.pegged is None else _names(args.pegged.upper()),
    )
    return await _done(desk, ask, args)


async def _elections(desk: Desk, args: Namespace) -> int:
    page = await desk.ask(versions.ReadElections())
    if args.json:
        say(as_json(page))
        return 0
    say(f"now: {page.now}")
    if page.elections:
        rows = [
            (
                moment(made.effective_us),
                moment(made.at_us) + (" (later)" if made.retroactive else ""),
                made.actor,
                made.says,
            )
            for made in page.elections
        ]
        say("")
        say(table(("FROM", "MADE", "BY", "SAYS"), rows))
    return 0


async def claim(desk: Desk, args: Namespace) -> int:
    """What a person says of a movement."""
    return await _done(desk, _CLAIMS[args.action](args, await _code(desk, args)), args)


def _basis(args: Namespace, code: str) -> Ask[Done]:
    return versions.SupplyBasis(
        code=code,
        reference=args.reference,
        value=_number("COST", args.value),
        acquired_on=args.acquired,
        quantity=_optional("--quantity", args.quantity),
    )


def _transfer(args: Namespace, code: str) -> Ask[Done]:
    rate = _optional("--rate", args.rate)
    return versions.MatchTransfer(
        code=code, departure=args.departure, arrival=args.arrival, rate=rate
    )


def _kind(args: Namespace, code: str) -> Ask[Done]:
    value = _optional("--value", args.value)
    return versions.ClassMovement(
        code=code, reference=args.reference, kind=args.kind.lower(), value=value
    )


def _withdraw(args: Namespace, code: str) -> Ask[Done]:
    return versions.WithdrawClaims(code=code, reference=args.reference, reason=args.reason)


_CLAIMS = {"basis": _basis, "transfer": _transfer, "kind": _kind, "withdraw": _withdraw}


async def _done(desk: Desk, ask: Ask[Done], args: Namespace) -> int:
    done = await desk.ask(ask)
    say(as_json(done) if args.json else done.detail)
    return 0


async def _code(desk: Desk, args: Namespace) -> str:
    """The code that was given; a demo desk tells its own."""
    if desk.board.mode is Mode.DEMO and not args.code:
        return (await desk.ask(DemoCode())).detail
    return code_of(args)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _optional(name: str, text: str | None) -> Decimal | None:
    return None if text is None else _number(name, text)


def _number(name: str, text: str) -> Decimal:
    try:
        return number(text)
    except NotANumber as error:
        raise WrongUsage(f"{name}: {error}") from None
