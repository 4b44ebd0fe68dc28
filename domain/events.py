"""Every fact that can happen to the book and to orders; money and control facts sit beside.

The one rule: a fact is what happened, in the past tense, with who did it; it is appended to
the ledger and never changed. What can be computed from facts is not a fact. Facts about money
are in `domain.bookings`, about limits, halts and codes in `domain.controls`; what is only
seen and not journalled is in `domain.sightings`.
"""

from dataclasses import dataclass
from decimal import Decimal

from domain.money import canonical
from domain.orders import Amendment, Fill, Order, VenueOrder
from domain.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened. `actor` is the operator or the part of the engine that did it."""

    at_us: int
    actor: str

    def key(self) -> str:
        """Idempotency key; "" where two equal facts with one time are the same fact."""
        return ""


# The book and the engine


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerOpened(Fact):
    """The genesis: which book this is, and the two characters that mark our client ids."""

    ledger_id: str
    book: str
    version: str
    install_tag: str

    def key(self) -> str:
        """One genesis a ledger."""
        return f"genesis:{self.ledger_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStarted(Fact):
    """An engine took the book; `settings_sha` is the hash of the effective configuration.

    `base_currency` is what limits and values of this book are told in; "" in older rows.
    """

    run_id: str
    mode: str
    version: str
    settings_sha: str
    base_currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStopped(Fact):
    """An engine left the book in an orderly way."""

    run_id: str
    reason: str


# Orders


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderApproved(Fact):
    """The gate said yes and reserved; written before anything leaves the process."""

    order: Order
    verdict: Verdict

    def key(self) -> str:
        """One intent a client id."""
        return f"order:{self.order.client_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDenied(Fact):
    """The gate said no, or an approved order was stopped before it was sent."""

    order: Order
    rule: str
    reason: str
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFact(Fact):
    """A fact about an order that is known by `client_id`."""

    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSent(OrderFact):
    """The request was handed to the transport."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAcked(OrderFact):
    """The venue answered with its own id."""

    venue_order_id: str

    def key(self) -> str:
        """The same acknowledgement twice is one fact."""
        return f"acked:{self.client_id}:{self.venue_order_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRejected(OrderFact):
    """The venue's own answer refused it, or provably no byte left the process."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderInDoubt(OrderFact):
    """It may have reached the venue; the reservation stays until it is looked up."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReported(OrderFact):
    """What the venue says of the order, from a stream or a complete list."""

    report: VenueOrder
    source: str

    def key(self) -> str:
        """The same report, however often and from wherever it comes, is one fact."""
        report = self.report
        final = report.final or "open"
        told = (report.cumulative, report.quantity, report.price)
        figures = ":".join("-" if figure is None else canonical(figure) for figure in told)
        return f"report:{self.client_id}:{final}:{figures}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequested(OrderFact):
    """A cancel is about to leave for the venue."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRefused(OrderFact):
    """The venue refused a cancel; that says nothing about the order, which is looked up."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendRequested(OrderFact):
    """New terms are about to leave; the larger remainder is reserved until confirmed."""

    amendment: Amendment
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendInDoubt(OrderFact):
    """The amendment may have reached the venue; the order's terms are looked up."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendConfirmed(OrderFact):
    """The venue shows these terms in force."""

    quantity: Decimal
    price: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendSettled(OrderFact):
    """No fill at the dearer price before a lowering is untold any more; it counts no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendRefused(OrderFact):
    """The venue refused the new terms, or shows the old ones; the old ones stay."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAbsent(OrderFact):
    """Proven absent: two complete searches, apart in time, found nothing (semantics 1.5)."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSettled(OrderFact):
    """The grace for late fills is over; the reservation of the rest is released."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReopened(OrderFact):
    """It had ended, and two lists and a look-up of its own show it open (semantics 6, H)."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEndedAgain(OrderFact):
    """The venue shows a reopened order ended again; a grace for late fills begins anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FillAdopted(OrderFact):
    """A fill that was booked before its order was known belongs to this order; no money moves.

    Many venues' trades name the venue's order id only, and a trade may be told before that id.
    """

    fill: Fill

    def key(self) -> str:
        """A fill belongs to one order."""
        return f"adopted:{self.fill.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignOrderSeen(Fact):
    """An order at the venue that is not ours: counted in exposure, not managed."""

    order: Order
    report: VenueOrder

    def key(self) -> str:
        """One record a foreign order."""
        return f"foreign:{self.order.client_id}"
