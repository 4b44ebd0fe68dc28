"""Everything that a person, a timer or a strategy can ask the desk.

The one rule: an ask says what is wanted and never who wants it; the desk knows the caller by
the door it came through. Orders expire (`expires_us`); trips and cancels never do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from domain.flatten import FlattenPlan
from domain.halts import GLOBAL, Level
from domain.instruments import Account
from domain.market import Movement
from domain.orders import Draft, Fill, Status
from domain.verdicts import Verdict

R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(Generic[R_co]):
    """A question or a command; `R_co` is what answers it. Errors are the five families."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It is done; `detail` is one sentence for the person who asked."""

    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the desk takes the caller for, and what that allows."""

    operator: str
    roles: tuple[str, ...]
    enrolled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoAmI(Ask[Identity]):
    """Who am I to this desk? Needs no role."""


# Orders


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """An order after its first answer; UNKNOWN means it is being looked up."""

    client_id: str
    status: Status
    venue_order_id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Ask[Verdict]):
    """What would the gate say? Nothing is reserved, nothing is written. Role: viewer."""

    draft: Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitOrder(Ask[Submitted]):
    """Place one order. Refused names the rule; after `expires_us` it is dropped. Role: trader."""

    draft: Draft
    expires_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyOrder(Ask[Submitted]):
    """Change quantity or price of a working order. Role: trader."""

    client_id: str
    quantity: Decimal | None = None
    price: Decimal | None = None
    expires_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder(Ask[Submitted]):
    """Cancel one order; never expires. Role: trader."""

    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAll(Ask[Done]):
    """Cancel every working order of ours, at one venue or (`venue=""`) at all. Role: trader."""

    venue: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requery(Ask[Submitted]):
    """Look an order up at its venue now. Role: trader."""

    client_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkLost(Ask[Submitted]):
    """Give up an order that no search can settle: it is UNKNOWN, or vanished from its venue.

    Role: trader, with a code.
    """

    client_id: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchDepth(Ask[Done]):
    """Stream the book of one symbol; the oldest of four watched books is let go. Role: viewer."""

    venue: str
    symbol: str


# History beyond the venue's reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of an import: counts, and by key what was not booked.

    `covered` has no id of the venue's and lies where the venue's own history reaches, so it may
    be there under another name. `contradicting` is there with other numbers: a break is open.
    """

    booked: int
    known: int
    covered: tuple[str, ...] = ()
    contradicting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportHistory(Ask[Imported]):
    """Book fills and movements of a file (`digest`: its SHA-256), at most 2,000. Role: admin.

    What is known by its key is left alone. With `dry_run` nothing is booked.
    """

    account: Account
    fills: tuple[Fill, ...]
    movements: tuple[Movement, ...]
    source_name: str
    digest: str
    dry_run: bool = False


# Kill switch and arming


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip(Ask[Done]):
    """Trip the kill switch; answered once new orders are impossible. Needs no role.

    Only FLATTEN sells: it needs the role trader, and `confirm`, the scope typed once more.
    """

    reason: str
    level: Level = Level.HALT_CANCEL
    scope: str = GLOBAL
    halt_id: str = ""
    confirm: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlattenPreview(Ask[FlattenPlan]):
    """What a trip at FLATTEN over a scope would sell, and what it would leave."""

    scope: str = GLOBAL


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePreview(Ask[Done]):
    """What a release would resume, what it would not do, and what still forbids it.

    `scope` is which halt's; without one, every halt's.
    """

    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Ask[Done]):
    """Release the halt over exactly `scope`, typed by the person. Role: admin, with a code.

    `acknowledge` lets it go although what tripped it is still true; `reset_high_water` counts
    drawdown from today's value on (it is kept otherwise).
    """

    code: str
    reason: str
    scope: str
    accept_unverified: bool = False
    acknowledge: bool = False
    reset_high_water: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm(Ask[Done]):
    """Let LIVE send orders. `account` is typed by the person. Role: trader, with a code."""

    code: str
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disarm(Ask[Done]):
    """Send no new orders any more; cancels nothing. Role: trader."""

    reason: str = "asked for"


# Second factor and limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A new second factor, shown once: provisioning URI, secret, recovery codes."""

    operator: str
    uri: str
    secret: str
    recovery: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginEnrolment(Ask[Enrolment]):
    """Make a second factor; re-enrolment needs `proof` (old code or recovery code)."""

    proof: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmEnrolment(Ask[Done]):
    """Finish enrolment with two consecutive codes."""

    first: str
    second: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCode(Ask[Done]):
    """The present code of the demo desk's second factor; refused outside DEMO."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptLedgerLoss(Ask[Done]):
    """Go on with a ledger that its head file contradicts. Role: admin, with a code.

    Both heads are written down. Restore the ledger instead wherever a copy can be had.
    """

    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateSealKey(Ask[Done]):
    """Seal the ledger with a new key from now on; the old one vouches for it. Role: admin."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLimits(Ask[Done]):
    """Change limits by name (`max_order_value@VENUE:kraken`); the text `off` takes one away.

    What is stricter applies at once (role: trader); what is looser waits for its cool-down and
    `ApproveLimits` (role: admin).
    """

    values: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveLimits(Ask[Done]):
    """Put the pending, looser limits in force. Role: admin, with a code."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelLimits(Ask[Done]):
    """Ask no longer for the pending, looser limits. Role: trader."""

    reason: str = "asked for"


# Attention


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeAlarm(Ask[Done]):
    """I have seen it ("" for every alarm). Role: trader."""

    alarm: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptBreak(Ask[Done]):
    """Close a break as accepted. Role: admin, with a code."""

    break_id: str
    code: str
    reason: str
