"""A fact as one sentence for a person: the log, the ledger screen, `ledger tail`.

The one rule: a sentence leaves out what stands beside it (when, who, which account), holds no
secret because no fact does, and is never read back by a program.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from domain import (
    adjustments,
    alert_facts,
    bookings,
    controls,
    drills,
    elections,
    events,
    rekeying,
    snapshots,
)
from domain.codec import Undecodable, decode
from domain.days import iso
from domain.events import Fact
from domain.flatten import Flattening
from domain.halts import Evidence
from domain.money import canonical
from domain.orders import Fill, Order, VenueOrder
from domain.registry import facts_by_kind
from domain.sentences_withdrawals import WITHDRAWALS_TOLD

_CENTS = Decimal("0.01")


def sentence(fact: Fact) -> str:
    """The sentence of a fact; "" for a kind that has none."""
    tell = _TOLD.get(type(fact))
    return "" if tell is None else tell(fact)


def sentence_of(kind: str, payload: str) -> str:
    """The sentence of a stored row; "" where it cannot be read as today's fact."""
    shape = facts_by_kind().get(kind)
    try:
        told = json.loads(payload, parse_float=str)
        fields = {**told["fact"], "at_us": 0, "actor": str(told["actor"])}
        return "" if shape is None else sentence(decode(shape, fields))
    except (ValueError, KeyError, TypeError, Undecodable):
        return ""


def _terms(order: Order) -> str:
    price = "at market" if order.price is None else f"at {canonical(order.price)}"
    more = "" if order.time_in_force == "GTC" else f" {order.time_in_force}"
    return f"{order.side} {canonical(order.quantity)} {order.symbol} {price}{more}"


def _new_terms(quantity: Decimal, price: Decimal | None) -> str:
    return canonical(quantity) + ("" if price is None else f" at {canonical(price)}")


def _trade(fill: Fill) -> str:
    fee = f", fee {canonical(fill.fee)} {fill.fee_asset}" if fill.fee else ""
    inferred = " (inferred)" if fill.inferred else ""
    what = f"{fill.side} {canonical(fill.quantity)} {fill.symbol} at {canonical(fill.price)}"
    return f"{what}{fee}{inferred}"


def _report(report: VenueOrder) -> str:
    ending = report.final.value if report.final is not None else "open"
    return f"the venue says {ending}, {canonical(report.cumulative)} filled"


def _seen(seen: Evidence) -> str:
    if seen.verified:
        return f"{seen.cancelled} cancelled, verified in {seen.verified_ms} ms"
    still = "list not read" if seen.still_open < 0 else f"{seen.still_open} still open"
    why = f": {seen.error}" if seen.error else ""
    return f"{still} after {seen.attempts} tries{why}"


def _key(fact: controls.KeyAudited) -> str:
    rights = fact.report.rights
    told = "the venue does not tell its rights" if rights is None else ", ".join(rights) or "none"
    gained = f"; NEW: {', '.join(fact.gained)}" if fact.gained else ""
    ills = "".join(f"; {finding.ill}" for finding in fact.findings)
    return f"{told}{gained}{ills}"


def _drill(fact: drills.DrillCompleted) -> str:
    canaries = f"{len(fact.canaries)} canaries"
    if fact.proven:
        return f"{canaries} cancelled and proven in {fact.verified_us // 1000} ms"
    return f"{canaries}, NOT PROVEN: {fact.problem or 'not verified'}"


def _assets(assets: "dict[str, Decimal] | Any") -> str:
    held = {asset: amount for asset, amount in assets.items() if amount}
    told = ", ".join(f"{canonical(amount)} {asset}" for asset, amount in sorted(held.items()))
    return told or "nothing"


def elected(fact: elections.LotsElected) -> str:
    """What an election says, without since when."""
    kinds = {True: "fees apart from basis", False: "fees in basis and proceeds", None: ""}
    told = (
        f"{fact.method} for {fact.asset or 'every asset'}" if fact.method else "",
        f"lots {fact.scope}" if fact.scope else "",
        f"the oldest lots first to {', '.join(fact.accounts)}" if fact.accounts else "",
        fact.transfer_fee,
        fact.swap_fee,
        kinds[fact.fees_apart],
        "" if fact.pegged is None else f"pegged: {', '.join(fact.pegged) or 'none'}",
    )
    return ", ".join(part for part in told if part)


def _election(fact: elections.LotsElected) -> str:
    return f"{elected(fact)}, from {iso(fact.effective_us)[:19]}Z"


def _basis(fact: elections.BasisSupplied) -> str:
    units = "all" if fact.quantity is None else canonical(fact.quantity)
    when = iso(fact.acquired_us)[:10]
    return f"{units} of {fact.reference} cost {canonical(fact.value)}, acquired {when}"


def _version(fact: elections.AllocationMade) -> str:
    of = ", ".join(fact.assets) or "every asset"
    missing = f", {fact.unmatched} unmatched" if fact.unmatched else ""
    gain = canonical(fact.realised)
    return f"version {fact.number} of {of}: {fact.slices} slices{missing}, realised {gain}"


def _prices(prices: "dict[str, Decimal] | Any") -> str:
    return ", ".join(f"{asset} {canonical(price)}" for asset, price in sorted(prices.items()))


def _flattened(seen: Flattening) -> str:
    left = ", ".join(f"{canonical(kept.quantity)} {kept.asset}" for kept in seen.left)
    told = f"{seen.account} {seen.state}: {seen.slices} sales, {seen.sold.quantize(_CENTS):,}"
    return told + (f", left {left}" if left else "") + (f": {seen.detail}" if seen.detail else "")


def _webhook(fact: alert_facts.WebhookTold) -> str:
    if not fact.events and not fact.lost:
        return f"{fact.webhook} begins after row {fact.row}"
    lost = f", {fact.lost} given up" if fact.lost else ""
    return f"{fact.webhook}: {fact.events} events up to row {fact.row}{lost}"


_TOLD: dict[type[Fact], Callable[[Any], str]] = {
    **WITHDRAWALS_TOLD,
    events.LedgerOpened: lambda f: f"ledger {f.ledger_id} of the {f.book} book",
    events.EngineStarted: lambda f: f"version {f.version} in {f.mode}",
    events.EngineStopped: lambda f: f.reason,
    events.OrderApproved: lambda f: f"{f.order.client_id}: {_terms(f.order)}",
    events.OrderDenied: lambda f: f"{_terms(f.order)} by {f.rule}: {f.reason}",
    events.OrderSent: lambda f: f.client_id,
    events.OrderAcked: lambda f: f"{f.client_id}: the venue calls it {f.venue_order_id}",
    events.OrderRejected: lambda f: f"{f.client_id}: {f.reason or f.code}",
    events.OrderInDoubt: lambda f: f"{f.client_id}: {f.reason}",
    events.OrderReported: lambda f: f"{f.client_id}: {_report(f.report)}",
    events.CancelRequested: lambda f: f"{f.client_id}: {f.reason}",
    events.CancelRefused: lambda f: f"{f.client_id}: {f.reason}",
    events.AmendRequested: lambda f: (
        f"{f.client_id}: to {_new_terms(f.amendment.quantity, f.amendment.price)}"
    ),
    events.AmendInDoubt: lambda f: f"{f.client_id}: {f.reason}",
    events.AmendConfirmed: lambda f: f"{f.client_id}: now {_new_terms(f.quantity, f.price)}",
    events.AmendSettled: lambda f: f.client_id,
    events.AmendRefused: lambda f: f"{f.client_id}: {f.reason}",
    events.OrderAbsent: lambda f: f"{f.client_id}: {f.reason}",
    events.FillAdopted: lambda f: f"{f.client_id}: {_trade(f.fill)}",
    events.OrderSettled: lambda f: f.client_id,
    events.OrderReopened: lambda f: f"{f.client_id}: {f.reason}",
    events.OrderEndedAgain: lambda f: f.client_id,
    events.ForeignOrderSeen: lambda f: _terms(f.order),
    bookings.FillBooked: lambda f: _trade(f.fill),
    bookings.FillReversed: lambda f: f"{_trade(f.fill)}: {f.reason}",
    bookings.OpeningBalance: lambda f: _assets(f.assets),
    bookings.MovementBooked: lambda f: (
        f"{'deposit' if f.movement.amount > 0 else 'withdrawal'} of "
        f"{canonical(abs(f.movement.amount))} {f.movement.asset}"
    ),
    bookings.Checkpoint: lambda f: _assets(f.balances),
    bookings.NavMarked: lambda f: (
        f"{f.nav.quantize(_CENTS):,}, high-water mark {f.high_water.quantize(_CENTS):,}"
    ),
    snapshots.SnapshotTaken: lambda f: (
        f"{f.local_date}: {f.nav.quantize(_CENTS):,}"
        + (f", partial: {'; '.join(f.doubts)}" if f.doubts else "")
    ),
    snapshots.PricesMarked: lambda f: f"{f.occasion}: {_prices(f.prices)}",
    controls.LimitsApproved: lambda f: f"version {f.version}, {len(f.values)} limits",
    controls.LimitsProposed: lambda f: f"looser: {', '.join(f.looser) or 'none'}",
    controls.LimitsWithdrawn: lambda f: f"no longer asked for: {', '.join(f.looser)}: {f.reason}",
    controls.Armed: lambda f: f.account,
    controls.Disarmed: lambda f: f.reason,
    controls.HaltTripped: lambda f: f"{f.level.name} {f.scope}: {f.reason}",
    controls.HaltEvidenced: lambda f: f"{f.evidence.account}: {_seen(f.evidence)}",
    controls.HaltVerified: lambda f: f"every account proven in {f.verified_ms} ms",
    controls.HaltUnverified: lambda f: f.reason,
    controls.HaltReopened: lambda f: f.reason,
    controls.HaltFlattened: lambda f: _flattened(f.flattening),
    controls.HaltReleased: lambda f: f.reason,
    controls.HaltResumed: lambda f: f.halt_id,
    drills.DrillCompleted: _drill,
    controls.CodeEnrolled: lambda f: f"{f.operator}, {len(f.recovery)} recovery codes",
    controls.CodeAccepted: lambda f: f"{f.operator}, {f.purpose}",
    controls.RecoveryCodeUsed: lambda f: f"{f.operator}, {f.purpose}",
    controls.LedgerLossAccepted: lambda f: (
        f"goes on from row {f.found_seq}, the head file knew row {f.known_seq}: {f.reason}"
    ),
    controls.SealKeyAdopted: lambda f: f"sealed from here on by key {f.public_key[:16]}…",
    controls.CodeRefused: lambda f: f"{f.operator}, {f.purpose}: {f.reason}",
    controls.KeyAudited: lambda f: f"{f.purpose} key: {_key(f)}",
    rekeying.KeyRotated: lambda f: (
        f"the {f.purpose} key is another one now, {f.after}"
        + (f" in place of {f.before}" if f.before else "")
    ),
    controls.AccountBound: lambda f: f"from now on it is the venue's account {f.uid}",
    controls.BreakOpened: lambda f: f"{f.kind}: {f.detail}",
    controls.BreakClosed: lambda f: f"{f.break_id}: {f.reason}",
    controls.AlarmRaised: lambda f: f"{f.severity}: {f.text}",
    controls.AlarmAcknowledged: lambda f: f.alarm or "all",
    alert_facts.WebhookTold: _webhook,
    adjustments.PricesRecorded: lambda f: (
        f"{iso(f.since_us)[:16]}Z: {_prices(f.prices)} ({f.source})"
    ),
    adjustments.BalanceAdopted: lambda f: (
        f"{canonical(f.amount)} {f.asset}"
        + (f" moved with the {f.wallet} wallet" if f.wallet else "")
        + ("" if f.value is None else f", cost {canonical(f.value)}")
        + f": {f.reason}"
    ),
    elections.LotsElected: _election,
    elections.TransferMatched: lambda f: f"{f.departure} arrived as {f.arrival}",
    elections.BasisSupplied: _basis,
    elections.MovementClassed: lambda f: f"{f.reference} is {f.kind}",
    elections.ClaimsWithdrawn: lambda f: f"{f.reference}: {f.reason}",
    elections.AllocationMade: _version,
    elections.TaxYearFiled: lambda f: f"{f.year} with version {f.version}",
}
