"""What a paper venue's state file holds, and how it is read again.

The one rule: a paper book is never forgotten in silence. A file that is torn, damaged,
contradicts itself or belongs to another ledger is refused, left as it is, with what to do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from domain.errors import Corrupt, Misconfigured
from domain.market import Depth
from domain.money import ZERO
from domain.orders import Side
from venues.fees import Fees
from venues.paper_pit import Cursor
from venues.paper_queue import Place
from venues.state_file import NoState, StateUnreadable, read_lines
from venues.till import FEES_PAID, OUTSIDE, STREET, Change, Till

VERSION = 2  # 1 knew no public trades, and so no queues
_READABLE = frozenset({1, VERSION})
_AS_IT_IS = (
    "it was left as it is: put a copy of it back, or move the whole paper book's directory away "
    "to begin a new one"
)
NOBODY = frozenset({STREET, FEES_PAID, OUTSIDE})  # owners that are no accounts of ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Whose file this is: `book` is the ledger that it belongs to, `life` counts the openings."""

    version: int
    venue: str
    book: str
    life: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the file: what changed together.

    `fees` are by symbol; `taken` is what was taken of each live book, in the shape of one.
    `places` are where resting orders stand, `cursors` up to where public trades have counted:
    whatever a trade did stands in one line with the cursor that is past it.
    """

    header: Header | None = None
    changes: tuple[Change, ...] = ()
    fees: Mapping[str, Fees] = field(default_factory=dict)
    taken: tuple[Depth, ...] = ()
    places: tuple[Place, ...] = ()
    cursors: tuple[Cursor, ...] = ()


@dataclass(slots=True, kw_only=True)
class Saved:
    """A whole file, read: every change in order, and the newest of the rest.

    By symbol, but for `places`, which are by order.
    """

    header: Header
    changes: tuple[Change, ...]
    fees: dict[str, Fees]
    taken: dict[str, Depth]
    places: dict[str, Place] = field(default_factory=dict)
    cursors: dict[str, Cursor] = field(default_factory=dict)


def file_name(venue: str) -> str:
    """The state file of a venue, inside the paper book's directory."""
    return f"paper-{venue}.jsonl"


def read_state(path: Path, venue: str, book: str | None) -> Saved | None:
    """What a paper venue left behind; None when it was never there.

    `book` None: whosesoever it is.

    Raises:
        Corrupt: the file is torn or damaged.
        Misconfigured: it belongs to another ledger or another venue.
    """
    try:
        lines, torn = read_lines(path, Line)
    except NoState:
        return None
    except StateUnreadable as error:
        raise Corrupt(f"{path}: {error}; {_AS_IT_IS}") from None
    if torn:
        whole = path.stat().st_size - torn
        raise Corrupt(
            f"{path} ends in the middle of a line, after {whole} bytes; if the machine lost its "
            f"power just then, nothing that was told is in that line: `truncate -s {whole}` the "
            f"file. Else {_AS_IT_IS}"
        )
    headers = [line.header for line in lines if line.header]
    if not headers or headers[-1].version not in _READABLE:
        raise Corrupt(f"{path} has no beginning that this version understands; {_AS_IT_IS}")
    header = headers[-1]
    if header.venue != venue or (book is not None and header.book != book):
        raise Misconfigured(
            str(path), f"it belongs to another ledger or venue ({header.venue}); move it away"
        )
    return Saved(
        header=header,
        changes=tuple(change for line in lines for change in line.changes),
        fees={symbol: fees for line in lines for symbol, fees in line.fees.items()},
        taken={taken.symbol: taken for line in lines for taken in line.taken},
        places={place.order_id: place for line in lines for place in line.places},
        cursors={cursor.symbol: cursor for line in lines for cursor in line.cursors},
    )


def refuse_unsound(path: Path, till: Till, saved: Saved) -> None:
    """Refuse a till that contradicts itself, as no run of ours can have left it.

    Raises:
        Corrupt: naming what is wrong.
    """
    wrong = ""
    if not till.balanced or any(change.venue != till.venue for change in saved.changes):
        wrong = "it does not add up"
    for row in till.working.values():
        whole = row.side and row.price and row.quantity and row.quantity > row.cumulative
        if not whole or row.symbol not in saved.fees:
            wrong = f"order {row.venue_order_id} cannot be working like this"
    for symbol in {row.symbol for row in till.working.values()}:
        if _crossed(till, symbol):
            wrong = f"its orders in {symbol} cross each other"
    for client in () if wrong else till.holdings.keys() - NOBODY:
        for asset, balance in till.balances(client).items():
            if balance.free < ZERO:
                wrong = f"{client} owes {asset}"
    if wrong:
        raise Corrupt(f"{path}: {wrong}; {_AS_IT_IS}")


def _crossed(till: Till, symbol: str) -> bool:
    prices: dict[Side, list[Decimal]] = {side: [] for side in Side}
    for row in till.working.values():
        if row.symbol == symbol and row.side and row.price:
            prices[row.side].append(row.price)
    bids, asks = prices[Side.BUY], prices[Side.SELL]
    return bool(bids and asks) and max(bids) >= min(asks)
