"""Asks that read history: ledger rows, fills, orders, logs, and the proof of the chain.

The one rule: a page is bounded, newest first, and says whether older rows exist.
"""

from dataclasses import dataclass

from domain.asks import Ask
from domain.orders import Fill, OrderState


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One row of the ledger as stored; `payload` is its exact JSON text."""

    seq: int
    at_us: int
    kind: str
    actor: str
    account: str
    key: str
    payload: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPage:
    """Rows newest first; `total` counts the whole ledger, `older` says whether more exist."""

    rows: tuple[LedgerRow, ...]
    total: int
    older: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLedger(Ask[LedgerPage]):
    """A page of the ledger below `before_seq` (0: from the newest). Role: viewer."""

    before_seq: int = 0
    limit: int = 100
    kind: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedFill:
    """A fill with the ledger row that holds it."""

    seq: int
    fill: Fill
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FillPage:
    """Fills newest first, and how many match in all."""

    fills: tuple[BookedFill, ...]
    total: int
    older: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFills(Ask[FillPage]):
    """A page of fills by when they happened, filtered by what is not empty. Role: viewer.

    `before_seq` is the ledger row of the last fill of the page before (0: from the newest).
    """

    before_seq: int = 0
    limit: int = 100
    venue: str = ""
    symbol: str = ""
    side: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """Orders newest first."""

    orders: tuple[OrderState, ...]
    older: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOrders(Ask[OrderPage]):
    """Orders of the board, terminal ones included if `every`. Role: viewer."""

    every: bool = False
    limit: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What verification proved. `result` is OK, FAIL or INCOMPLETE; `unproven` what it did not.

    `sealed_by` is the public key that sealed the newest row; `anchors` agreed, the newest of
    them for row `anchored_seq`.
    """

    result: str
    rows: int
    head_seq: int
    head_hash: str
    problem: str = ""
    bad_seq: int = 0
    unproven: tuple[str, ...] = ()
    sealed_by: str = ""
    anchors: int = 0
    anchored_seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyLedger(Ask[VerifyReport]):
    """Check the chain: all of it, or the newest `tail` rows. Role: viewer."""

    tail: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One log record; `extra` is its further fields as JSON text."""

    number: int
    at_us: int
    level: str
    logger: str
    text: str
    extra: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """Log lines, oldest first, and the number to go on from."""

    lines: tuple[LogLine, ...]
    newest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLogs(Ask[LogPage]):
    """Log lines numbered above `after`. Role: viewer."""

    after: int = 0
    limit: int = 500
