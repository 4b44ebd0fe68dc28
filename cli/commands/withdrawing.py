"""withdraw, address: money that leaves, and the places that it may go to.

The one rule: whoever approves is shown the whole address and the hash first; a program names
the hash that it saw.
"""

import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from cli.commands.alerting import link
from cli.commands.control import code_for
from cli.commands.policing import policy
from cli.render import as_json, moment, money, plain, say, table
from cli.usage import WrongUsage
from domain import asks_withdrawals as asks
from domain.addresses import Address, AddressState
from domain.errors import Refused
from domain.instruments import Account
from domain.money import NotANumber, number
from domain.ports import Desk
from domain.withdrawals import Request, State

SHORTEST_HASH = 12
SECOND_US = 1_000_000
_HEADS = ("ID", "NAME", "VENUE", "ASSET", "NETWORK", "ADDRESS", "TAG", "STATE", "SENT")


async def withdraw(desk: Desk, args: Namespace) -> int:
    """Every action of `withdraw`."""
    return await _WITHDRAW[args.action](desk, args)


async def address(desk: Desk, args: Namespace) -> int:
    """Every action of `address`."""
    return await _ADDRESS[args.action](desk, args)


# Requests


async def _request(desk: Desk, args: Namespace) -> int:
    ask = asks.RequestWithdrawal(**_terms(args), note=args.note, idempotency_key=args.key)
    return _shown(await desk.ask(ask), desk, args)


async def _check(desk: Desk, args: Namespace) -> int:
    told = await desk.ask(asks.CheckWithdrawal(**_terms(args)))
    if args.json:
        say(as_json(told))
        return 0
    ruling, state = told.ruling, told.address_state
    why = f": {ruling.reason}" if ruling.reason else ""
    needs = f", {ruling.approvals} to approve" if ruling.approvals else ""
    say(f"{ruling.action.value} by {ruling.rule}{needs}{why}")
    say(f"worth {money(told.value)} {desk.board.base_currency}")
    say(f"address: {told.address_name or 'not in the book'} {state.value if state else ''}".strip())
    return 0


async def _list(desk: Desk, args: Namespace) -> int:
    account = str(Account.parse(args.account)) if args.account else ""
    ask = asks.ReadWithdrawals(limit=args.limit, only_open=args.open, account=account)
    page = await desk.ask(ask)
    if args.json:
        say(as_json(page))
        return 0
    heads = ("ID", "ASKED (UTC)", "FROM", "AMOUNT", "ASSET", "TO", "STATE", "YES", "BY")
    rows = (_row(row) for row in page.requests)
    say(table(heads, rows, right="AMOUNT") if page.requests else "there is no withdrawal")
    if page.total > len(page.requests):
        say(f"{len(page.requests)} of {page.total}; --limit shows more")
    return 0


def _row(row: asks.WithdrawalRow) -> tuple[str, ...]:
    request, terms = row.request, row.request.terms
    frozen = " (frozen)" if request.frozen_us and request.open else ""
    return (
        request.request_id,
        moment(request.requested_us),
        str(terms.account),
        plain(terms.amount),
        terms.asset,
        terms.destination_name or terms.address,
        f"{row.state.value}{frozen}",
        _yes(request),
        terms.requester,
    )


def _yes(request: Request) -> str:
    needed = request.ruling.approvals
    return f"{len(request.standing)}/{needed}" if needed else "-"


async def _show(desk: Desk, args: Namespace) -> int:
    return _shown(await desk.ask(asks.ReadWithdrawal(request_id=args.id)), desk, args)


async def _approve(desk: Desk, args: Namespace) -> int:
    request = await desk.ask(asks.ReadWithdrawal(request_id=args.id))
    if args.hash:
        _same_hash(request, args.hash)
    elif not sys.stdin.isatty():
        raise WrongUsage(
            f"say what you approve: --hash {request.body_hash[:SHORTEST_HASH]} "
            f"(`quarterdeck withdraw show {request.request_id}`)"
        )
    else:
        say("\n".join(told(request, desk.board.now_us, desk.board.base_currency)))
    name, body = request.request_id, request.body_hash
    code = await code_for(desk, args)
    ask = asks.ApproveWithdrawal(request_id=name, body_hash=body, code=code)
    return _shown(await desk.ask(ask), desk, args)


def _same_hash(request: Request, typed: str) -> None:
    wanted = typed.strip().lower()
    if len(wanted) < SHORTEST_HASH:
        raise WrongUsage(f"{typed} is too short; give at least {SHORTEST_HASH} digits of the hash")
    if not request.body_hash.startswith(wanted):
        name = request.request_id
        raise Refused("withdrawal", f"{name} has another hash now: it has changed; look again")


async def _reject(desk: Desk, args: Namespace) -> int:
    ask = asks.RejectWithdrawal(request_id=args.id, reason=args.reason)
    return _shown(await desk.ask(ask), desk, args)


async def _cancel(desk: Desk, args: Namespace) -> int:
    ask = asks.CancelWithdrawal(request_id=args.id, reason=args.reason)
    return _shown(await desk.ask(ask), desk, args)


async def _resolve(desk: Desk, args: Namespace) -> int:
    ask = asks.ResolveWithdrawal(
        request_id=args.id,
        sent=not args.not_sent,
        venue_id=args.sent,
        reason=args.reason,
        code=await code_for(desk, args),
    )
    return _shown(await desk.ask(ask), desk, args)


def _shown(request: Request, desk: Desk, args: Namespace) -> int:
    """The request, whole; 77 where the policy says no."""
    if args.json:
        say(as_json(request))
    else:
        say("\n".join(told(request, desk.board.now_us, desk.board.base_currency)))
    blocked = args.action == "request" and request.state is State.BLOCKED
    return Refused.exit_status if blocked else 0


def told(request: Request, now_us: int, currency: str) -> Iterator[str]:
    """A request in lines for a person; addresses are never cut."""
    terms, ruling = request.terms, request.ruling
    yield f"{request.request_id}  {request.state_at(now_us).value}{_timers(request, now_us)}"
    worth = f"about {money(request.value)} {currency}"
    yield f"  amount   {plain(terms.amount)} {terms.asset} ({worth})"
    yield f"  from     {terms.account}, fee: the venue's own{_fee(request)}"
    yield f"  network  {terms.network or '-'}"
    yield f"  address  {terms.address}"
    yield f"  tag      {terms.tag or '-'}"
    yield f"  entry    {terms.destination_name or 'not in the address book'} {terms.destination}"
    yield f"  rule     {ruling.rule}: {ruling.action.value} {_yes(request)}{_names(request)}"
    yield f"  asked    {moment(request.requested_us)} by {terms.requester}{_note(request)}"
    if request.venue_id:
        yield f"  venue    {request.venue_id} {request.txid}".rstrip()
    if request.problem:
        yield f"  problem  {request.problem}"
    yield f"  hash     {request.body_hash}"


def _timers(request: Request, now_us: int) -> str:
    if not request.open:
        return ""
    if request.frozen_us:
        return ", frozen by a halt"
    state = request.state_at(now_us)
    if state is State.PENDING:
        return f", expires {moment(request.expires_us)}"
    if state is State.APPROVED:
        return f", sent in {-(-(request.ready_us - now_us) // SECOND_US)} s"
    if state is State.READY:
        return ", sent once the desk is armed and the account reconciled"
    return ", a person must decide: `withdraw resolve`" if request.unresolved else ""


def _fee(request: Request) -> str:
    return "" if request.fee is None else f" ({plain(request.fee)} {request.terms.asset})"


def _names(request: Request) -> str:
    names = ", ".join(approval.operator for approval in request.standing)
    other = ", not the requester" if request.ruling.two_person else ""
    return f" ({names})" if names else other


def _note(request: Request) -> str:
    return f": {request.terms.note}" if request.terms.note else ""


def _terms(args: Namespace) -> dict[str, Any]:
    try:
        amount = number(args.amount)
    except NotANumber as error:
        raise WrongUsage(f"{args.amount} is no amount: {error}") from None
    return {
        "account": Account.parse(args.account),
        "asset": args.asset.upper(),
        "amount": amount,
        "destination": args.to,
        "network": args.network,
        "address": args.address,
        "tag": args.tag,
    }


# The address book


async def _add(desk: Desk, args: Namespace) -> int:
    ask = asks.AddAddress(
        name=args.name,
        venue=args.venue,
        asset=args.asset,
        network=args.network,
        address=args.address,
        tag=args.tag,
        saved_as=args.saved_as,
    )
    return _entry(await desk.ask(ask), desk, args)


async def _confirm(desk: Desk, args: Namespace) -> int:
    ask = asks.ConfirmAddress(address_id=args.id, code=await code_for(desk, args))
    return _entry(await desk.ask(ask), desk, args)


async def _revoke(desk: Desk, args: Namespace) -> int:
    ask = asks.RevokeAddress(address_id=args.id, reason=args.reason)
    return _entry(await desk.ask(ask), desk, args)


async def _addresses(desk: Desk, args: Namespace) -> int:
    page = await desk.ask(asks.ReadAddresses(revoked=args.revoked))
    if args.json:
        say(as_json(page))
        return 0
    rows = [_address_row(row) for row in page.addresses]
    say(table(_HEADS, rows, right="SENT") if rows else "the address book is empty")
    return 0


def _address_row(row: asks.AddressRow) -> tuple[str, ...]:
    entry, place = row.address, row.address.place
    until = f" until {moment(entry.active_us)}" if row.state is AddressState.QUARANTINED else ""
    return (
        entry.address_id,
        entry.name,
        place.venue,
        place.asset,
        place.network or "-",
        place.address,
        place.tag or "-",
        f"{row.state.value}{until}",
        str(row.sent),
    )


def _entry(entry: Address, desk: Desk, args: Namespace) -> int:
    if args.json:
        say(as_json(entry))
        return 0
    state = entry.state_at(desk.board.now_us)
    place = entry.place
    say(f"{entry.address_id}  {entry.name}  {state.value}")
    say(f"  {place.asset} from {place.venue}, network {place.network or '-'}")
    say(f"  {place.address}  tag {place.tag or '-'}  saved as {place.saved_as or '-'}")
    if state is AddressState.NEW:
        say(f"  next: quarterdeck address confirm {entry.address_id}")
    elif state is AddressState.QUARANTINED:
        say(f"  money may go there from {moment(entry.active_us)} on")
    return 0


_Act = Callable[[Desk, Namespace], Awaitable[int]]
_WITHDRAW: dict[str, _Act] = {
    "request": _request,
    "check": _check,
    "list": _list,
    "policy": policy,
    "show": _show,
    "approve": _approve,
    "reject": _reject,
    "cancel": _cancel,
    "link": link,
    "resolve": _resolve,
}
_ADDRESS: dict[str, _Act] = {
    "add": _add,
    "confirm": _confirm,
    "list": _addresses,
    "revoke": _revoke,
}
