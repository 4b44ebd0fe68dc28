"""The reckoning: the ledger against what really happened at the venues, to the last digit.

Everything here is a comparison of two finished stories and gives sentences, none when they
agree. The one rule: the venue's truth comes from its admin port, never through the program.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from domain.days import to_us
from domain.instruments import Account
from domain.money import ZERO, canonical
from domain.orders import Fill, OrderState, Status
from engine.names import CLIENT_ID
from storage.verify import verify_file
from tests.soak.books import Books, held
from venues.ccxt_quirks import quirks_of

ENDS = {"closed": Status.FILLED, "canceled": Status.CANCELED, "expired": Status.EXPIRED}
NEVER_THERE = (Status.LOST, Status.REJECTED, Status.DENIED)
Truth = Mapping[str, Any]


class Finding(NamedTuple):
    """What does not agree, and when that order or fill was (microseconds; 0: no moment)."""

    what: str
    at_us: int = 0


def orders(books: Books, account: Account, truth: Truth) -> Iterator[Finding]:
    """Every order's end and filled quantity, both ways round."""
    ours = {
        name: state
        for name, state in books.orders.items()
        if state.order.account == account and not state.foreign
    }
    theirs = {row["client_id"]: row for row in truth["orders"] if CLIENT_ID.match(row["client_id"])}
    for name in theirs.keys() - ours.keys():
        status = theirs[name]["status"]
        yield Finding(f"{account}: {name} is {status} at the venue, without an intent")
    for name, state in ours.items():
        row = theirs.get(name)
        found = _absent(state) if row is None else _differs(state, row)
        if found:
            yield Finding(f"{account}: {name} {found}", state.order.at_us)


def _absent(state: OrderState) -> str:
    known = state.status in NEVER_THERE and not state.filled
    return "" if known else f"is {state.status.value} here and was never at the venue"


def _differs(state: OrderState, row: Truth) -> str:
    wanted = ENDS.get(row["status"])
    if row["status"] == "open" or state.status is not wanted:
        return f"is {state.status.value} here and {row['status']} at the venue"
    if state.filled != Decimal(row["filled"]):
        return f"filled {canonical(state.filled)} here and {row['filled']} at the venue"
    return ""


def fills(books: Books, account: Account, truth: Truth) -> Iterator[Finding]:
    """Every execution booked once, with its own figures, and none that was not there."""
    ours: dict[str, Fill] = {}
    for key, fill in books.fills.items():
        if fill.account != account:
            continue
        if books.booked[key] != 1:
            times = books.booked[key]
            yield Finding(f"{account}: fill {key} is booked {times} times", fill.at_us)
        if fill.inferred:
            yield Finding(f"{account}: fill {key} is inferred still", fill.at_us)
        ours[_trade_key(fill)] = fill
    theirs = {_truth_key(account, row): row for row in truth["trades"]}
    for key in theirs.keys() - ours.keys():
        row = theirs[key]
        told = f"{row['side']} {row['quantity']} {row['symbol']} ({key})"
        yield Finding(f"{account}: {told} is not booked", to_us(datetime.fromisoformat(row["at"])))
    for key in ours.keys() - theirs.keys():
        yield Finding(f"{account}: fill {key} is booked and never happened", ours[key].at_us)
    for key in ours.keys() & theirs.keys():
        booked = _figures(ours[key])
        true = tuple(theirs[key][part] for part in ("side", "quantity", "price", "fee"))
        if booked != true:
            what = f"{account}: fill {key} is booked as {booked} and was {true}"
            yield Finding(what, ours[key].at_us)


def _figures(fill: Fill) -> tuple[str, ...]:
    return (str(fill.side), canonical(fill.quantity), canonical(fill.price), canonical(fill.fee))


def _trade_key(fill: Fill) -> str:
    return f"{fill.symbol} {fill.trade_id}"


def _truth_key(account: Account, row: Truth) -> str:
    trade = row["exec_id"] if account.venue == "kraken" else row["trade_id"]
    return f"{row['symbol']} {trade}"


def balances(books: Books, account: Account, truth: Truth) -> Iterator[Finding]:
    """Positions and cash: opening plus postings is what the venue has.

    Exact, but for assets whose postings the venue rounds itself (its quirks say by how much).
    """
    ours, rounding = held(books, account), quirks_of(account.venue).traits.rounding
    theirs = {asset: Decimal(text) for asset, text in truth["balances"].items()}
    for asset in sorted(ours.keys() | theirs.keys()):
        difference = theirs.get(asset, ZERO) - ours.get(asset, ZERO)
        moves = books.postings[f"asset:{account}", asset]
        if abs(difference) > rounding.get(asset, ZERO) * moves:
            here, there = (canonical(told.get(asset, ZERO)) for told in (ours, theirs))
            yield Finding(f"{account}: {asset} is {here} here and {there} at the venue")


def everything(books: Books, truths: Mapping[Account, Truth]) -> Iterator[Finding]:
    """All accounts, and what no account has to itself."""
    for account, truth in truths.items():
        yield from orders(books, account, truth)
        yield from fills(books, account, truth)
        yield from balances(books, account, truth)
    for name, state in books.orders.items():
        if not state.terminal and not state.foreign:
            yield Finding(f"{name} is {state.status.value} when all is over", state.order.at_us)
    for told in books.breaks.values():
        yield Finding(f"a break is open when all is over: {told}")


def acknowledged(books: Books, names: Sequence[str]) -> Iterator[Finding]:
    """Whatever was answered is in the ledger, kill -9 or not."""
    for name in names:
        if name not in books.orders:
            yield Finding(f"{name} was acknowledged and is not in the ledger")


def sent_once(account: Account, arrivals: Mapping[str, int]) -> Iterator[Finding]:
    """No client id arrived twice at the venue's create."""
    for name, times in arrivals.items():
        if name and times > 1:
            yield Finding(f"{account}: {name} was sent {times} times")


def verified(ledger: Path, head: Path) -> Iterator[Finding]:
    """The whole chain proves itself."""
    report = verify_file(ledger, head)
    if report.result != "OK":
        yield Finding(f"the ledger verifies {report.result}: {report.problem}")
