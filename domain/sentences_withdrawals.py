"""Facts about withdrawals and addresses as sentences; see `domain.sentences`.

The one rule: an address is always told whole: whoever reads the log must be able to compare.
"""

from collections.abc import Callable
from typing import Any

from domain import approval_facts as links
from domain import withdrawal_facts as facts
from domain.addresses import Place
from domain.days import iso
from domain.events import Fact
from domain.money import canonical
from domain.rulings import Ruling
from domain.withdrawals import Terms


def place_told(place: Place) -> str:
    """`USDT over TRX to T… tag 7, saved there as cold`."""
    network = f" over {place.network}" if place.network else ""
    tag = f" tag {place.tag}" if place.tag else ""
    saved = f", saved there as {place.saved_as}" if place.saved_as else ""
    return f"{place.asset}{network} to {place.address}{tag}{saved}"


def _terms(terms: Terms) -> str:
    network = f" over {terms.network}" if terms.network else ""
    tag = f" tag {terms.tag}" if terms.tag else ""
    name = f" ({terms.destination_name})" if terms.destination_name else ""
    what = f"{canonical(terms.amount)} {terms.asset}{network} to {terms.address}{tag}{name}"
    return f"{what} from {terms.account}"


def _ruling(ruling: Ruling) -> str:
    needs = f", {ruling.approvals} to approve" if ruling.approvals else ""
    why = f": {ruling.reason}" if ruling.reason else ""
    return f"{ruling.action.value} by {ruling.rule}{needs}{why}"


def _reported(fact: facts.WithdrawalReported) -> str:
    row = fact.row
    txid = f", transaction {row.txid}" if row.txid else ""
    fee = "" if row.fee is None else f", fee {canonical(row.fee)}"
    return f"{fact.request_id}: the venue says {row.status.value} of {row.venue_id}{txid}{fee}"


WITHDRAWALS_TOLD: dict[type[Fact], Callable[[Any], str]] = {
    facts.AddressAdded: lambda f: f"{f.address_id} {f.name}: {place_told(f.place)}",
    facts.AddressConfirmed: lambda f: f"{f.address_id}: active from {iso(f.active_us)[:19]}Z",
    facts.AddressRevoked: lambda f: f"{f.address_id}: {f.reason}",
    facts.WithdrawalPolicyAdopted: lambda f: f"version {f.version}, {len(f.rules)} rules",
    facts.WithdrawalPolicyProposed: lambda f: f"version {f.version}: {', '.join(f.looser)}",
    facts.WithdrawalPolicyWithdrawn: lambda f: f"version {f.version}: {f.reason}",
    facts.WithdrawalRequested: lambda f: f"{f.request_id}: {_terms(f.terms)}: {_ruling(f.ruling)}",
    facts.WithdrawalJudged: lambda f: f"{f.request_id}: {_ruling(f.ruling)} ({f.reason})",
    facts.WithdrawalApproved: lambda f: f"{f.request_id} by {f.operator}",
    facts.WithdrawalRejected: lambda f: f"{f.request_id}: {f.reason}",
    facts.WithdrawalCancelled: lambda f: f"{f.request_id}: {f.reason}",
    facts.WithdrawalExpired: lambda f: f.request_id,
    facts.WithdrawalFrozen: lambda f: f"{f.request_id}: {f.reason}",
    facts.WithdrawalThawed: lambda f: f.request_id,
    facts.WithdrawalSubmitting: lambda f: f.request_id,
    facts.WithdrawalSubmitted: lambda f: f"{f.request_id}: the venue calls it {f.venue_id}",
    facts.WithdrawalFailed: lambda f: f"{f.request_id}: {f.reason or f.code}",
    facts.WithdrawalInDoubt: lambda f: f"{f.request_id}: {f.reason}",
    facts.WithdrawalUnresolved: lambda f: f"{f.request_id}: not found in {f.scans} searches",
    facts.WithdrawalReported: _reported,
    links.LinkSent: lambda f: f"{f.request_id} to {f.operator} by {f.channel}",
    links.LinkUsed: lambda f: f"{f.request_id}: {f.operator} used it to {f.act}",
}
