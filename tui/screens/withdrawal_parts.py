"""Parts of the withdrawals screen: columns of requests and of addresses, and each in full.

The one rule: an address is shown whole and in groups of four wherever somebody decides on it.
"""

from domain.addresses import Address, AddressState
from domain.board import Board, Mode
from domain.halts import withdrawals_frozen
from domain.withdrawals import WAITING, Request, State
from tui.format import age, counted, exact, short, stamp
from tui.lines import FILL, Line, Lines, Part, wrapped
from tui.stage import Picture
from tui.widgets.columns import Cell, Column, figures

NAME = 11
GROUP = 4
HASH = 32  # digits that are shown; `withdraw show` tells all of them
SECOND_US = 1_000_000
POLICY_DIFFERS = "the settings' policy is NOT in force: `quarterdeck withdraw policy`"
_TONES = {
    State.PENDING: "warn",
    State.APPROVED: "accent",
    State.READY: "accent",
    State.SUBMITTING: "accent",
    State.SUBMITTED: "accent",
    State.CONFIRMING: "accent",
    State.COMPLETED: "ok",
    State.SUBMIT_UNKNOWN: "halt",
    State.FAILED: "halt",
    State.VENUE_FAILED: "halt",
    State.BLOCKED: "halt",
}
_BOOK_TONES = {
    AddressState.NEW: "warn",
    AddressState.QUARANTINED: "warn",
    AddressState.ACTIVE: "ok",
    AddressState.REVOKED: "dim",
}


def grouped(address: str) -> str:
    """`bc1q w508 d6qe …`: four by four, to be compared by eye."""
    return " ".join(address[place : place + GROUP] for place in range(0, len(address), GROUP))


def ended(address: str) -> str:
    """The last six characters, which a person types to show that they were read."""
    return address[-6:]


def state_cell(request: Request, now_us: int) -> Cell:
    """The state in a word, and how long its timer runs."""
    state = request.state_at(now_us)
    tone = _TONES.get(state, "dim")
    if request.frozen_us and request.open:
        return Cell(f"{state.value} frozen", "halt")
    if state is State.APPROVED:
        left_us = max(0, request.ready_us - now_us)
        return Cell(f"{state.value} {-(-left_us // SECOND_US)} s", tone)
    if request.unresolved and state is State.SUBMIT_UNKNOWN:
        return Cell("UNKNOWN: settle it", tone)
    return Cell(state.value, tone)


def yes(request: Request) -> str:
    """`1/2` approvals; a dash where none is needed."""
    needed = request.ruling.approvals
    return f"{len(request.standing)}/{needed}" if needed else "-"


class Shown:
    """A request at a moment; the table compares rows, so the moment counts in seconds."""

    __slots__ = ("now_us", "request")

    def __init__(self, request: Request, now_us: int) -> None:
        self.request = request
        self.now_us = now_us if request.open else 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Shown):
            return NotImplemented
        same = self.now_us // SECOND_US == other.now_us // SECOND_US
        return self.request is other.request and same

    def __hash__(self) -> int:
        return hash(self.request.request_id)


def request_key(shown: Shown) -> str:
    """What names a row."""
    return shown.request.request_id


def request_columns() -> tuple[Column[Shown], ...]:
    """Of requests; what decides stays longest."""
    return (
        Column("ID", 11, lambda s: Cell(s.request.request_id, "dim"), drop=4),
        Column(
            "ASKED",
            11,
            lambda s: Cell(stamp(s.request.requested_us)[5:16], "dim"),
            sort=lambda s: s.request.requested_us,
            drop=3,
        ),
        Column("FROM", 13, lambda s: s.request.terms.account, drop=1),
        figures(
            "AMOUNT",
            12,
            lambda s: s.request.terms.amount,
            lambda s: exact(s.request.terms.amount),
            amount=True,
        ),
        Column("ASSET", 6, lambda s: s.request.terms.asset, sort=lambda s: s.request.terms.asset),
        Column("TO", 12, lambda s: _to(s.request), grow=True),
        Column("BY", 8, lambda s: Cell(s.request.terms.requester, "dim"), drop=2),
        Column("YES", 4, lambda s: yes(s.request)),
        Column("STATE", 18, lambda s: state_cell(s.request, s.now_us)),
    )


def _to(request: Request) -> Cell:
    terms = request.terms
    name = terms.destination_name
    return Cell(name or terms.address, "" if name else "warn")


class Entry:
    """An address at a moment."""

    __slots__ = ("address", "now_us")

    def __init__(self, address: Address, now_us: int) -> None:
        self.address = address
        self.now_us = now_us

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Entry):
            return NotImplemented
        same = self.address.state_at(self.now_us) is other.address.state_at(other.now_us)
        return self.address is other.address and same

    def __hash__(self) -> int:
        return hash(self.address.address_id)


def entry_columns() -> tuple[Column[Entry], ...]:
    """Of the address book."""
    return (
        Column("NAME", 14, lambda e: Cell(e.address.name, "strong"), sort=lambda e: e.address.name),
        Column("VENUE", 9, lambda e: e.address.place.venue, drop=1),
        Column("ASSET", 6, lambda e: e.address.place.asset, sort=lambda e: e.address.place.asset),
        Column("NETWORK", 8, lambda e: e.address.place.network or "-", drop=2),
        Column("ADDRESS", 20, lambda e: e.address.place.address, grow=True),
        Column("STATE", 12, _entry_state),
        Column("FROM", 16, lambda e: Cell(_since(e.address), "dim"), drop=3),
    )


def _entry_state(entry: Entry) -> Cell:
    state = entry.address.state_at(entry.now_us)
    return Cell(state.value, _BOOK_TONES[state])


def _since(address: Address) -> str:
    return stamp(address.active_us)[:16] if address.active_us else "not confirmed"


# In full


def head_lines(board: Board) -> Lines:
    """One line: how much waits, under which policy, and what is frozen.

    A second one where the settings file's policy is not the one in force.
    """
    requests = list(board.withdrawals.values())
    waiting = sum(1 for r in requests if r.state is State.PENDING)
    going = sum(1 for r in requests if r.open) - waiting
    usable = sum(
        1 for a in board.addresses.values() if a.state_at(board.now_us) is AddressState.ACTIVE
    )
    line: list[Part] = [
        Part(f" {waiting} to approve", "warn" if waiting else "dim"),
        Part(f" · {going} under way · {counted(usable, 'address', 'addresses')}", "dim"),
    ]
    frozen = [name for name in board.accounts if _is_frozen(board, name)]
    if frozen:
        line.append(Part(f" · FROZEN: {', '.join(frozen)}", "halt"))
    lines = [[*line, FILL, Part(f"policy {board.withdrawal_policy or '-'} ", "dim")]]
    if board.withdrawal_policy_told:
        lines.append([Part(f" {POLICY_DIFFERS}", "warn")])
    return lines


def _is_frozen(board: Board, name: str) -> bool:
    view = board.accounts.get(name)
    return view is not None and withdrawals_frozen(board.halts, view.account) is not None


def request_lines(request: Request, picture: Picture, width: int) -> Lines:
    """A request in full: what leaves, where to, who must still say yes, and its hash."""
    terms, board = request.terms, picture.board
    state = state_cell(request, picture.now_us)
    worth = "value not known"
    if request.value is not None:
        worth = f"about {picture.amount(short(request.value))} {board.base_currency}"
    lines: list[Line] = [
        [Part(f"{picture.amount(exact(terms.amount))} {terms.asset}", "strong"), FILL,
         Part(state.text, state.tone)],
        [Part(f"{worth}, from {terms.account}, {_fee(request)}", "dim")],
        *_field("network", f"{terms.network or '-'} · tag {terms.tag or 'none'}", width),
        *_field("address", grouped(terms.address), width, "strong"),
        *_field("entry", _entry(request, picture), width),
        *_field("rule", _rule(request), width),
        *_field("asked", f"by {terms.requester}{_note(request)}, {_ago(request, picture)}", width),
    ]  # fmt: skip
    if request.standing:
        names = ", ".join(approval.operator for approval in request.standing)
        lines += _field("approved", names, width, "ok")
    if request.venue_id:
        lines += _field("venue id", f"{request.venue_id} {request.txid}".rstrip(), width)
    if request.state_at(picture.now_us) is State.READY and not _may_leave(board):
        lines += _field("waits", "the desk is DISARMED: 4 Risk, A arms it", width, "warn")
    if request.problem:
        lines += _field("problem", request.problem, width, "warn")
    return [*lines, *_field("hash", f"{request.body_hash[:HASH]}…", width, "dim")]


def _field(name: str, text: str, width: int, tone: str = "") -> list[Line]:
    rows = wrapped(text, max(12, width - NAME))
    return [[Part(f"{name if not n else '':<{NAME}}", "dim"), Part(r, tone)]
            for n, r in enumerate(rows)]  # fmt: skip


def _may_leave(board: Board) -> bool:
    return board.mode is not Mode.LIVE or board.armed


def _entry(request: Request, picture: Picture) -> str:
    known = picture.board.addresses.get(request.terms.destination)
    if known is None:
        return "not in the address book"
    state = known.state_at(picture.now_us).value
    since = age(picture.now_us - known.confirmed_us) if known.confirmed_us else ""
    return f"{known.name}, {state}" + (f", confirmed {since} ago" if since else "")


def _fee(request: Request) -> str:
    if request.fee is None:
        return "fee the venue's own"
    return f"fee {exact(request.fee)} {request.terms.asset}"


def _rule(request: Request) -> str:
    ruling = request.ruling
    needs = f", {yes(request)} approved" if ruling.approvals else ""
    other = ", not by the requester" if ruling.two_person else ""
    return f"{ruling.rule}: {ruling.action.value}{needs}{other}"


def _note(request: Request) -> str:
    return f" ({request.terms.note})" if request.terms.note else ""


def _ago(request: Request, picture: Picture) -> str:
    ago = f"{age(picture.now_us - request.requested_us)} ago"
    if request.state in WAITING:
        left = age(max(0, request.expires_us - picture.now_us))
        return f"{ago}; timers stand still" if request.frozen_us else f"{ago}; expires in {left}"
    return ago


def entry_lines(address: Address, picture: Picture, width: int) -> Lines:
    """An entry in full."""
    place, state = address.place, address.state_at(picture.now_us)
    lines: list[Line] = [
        [Part(address.name, "strong"), FILL, Part(state.value, _BOOK_TONES[state])],
        [Part(f"{place.asset} from {place.venue}, {address.address_id}", "dim")],
        *_field("network", place.network or "-", width),
        *_field("address", grouped(place.address), width, "strong"),
        *_field("tag", place.tag or "none", width),
        *_field("saved as", place.saved_as or "-", width),
        *_field("added", f"{stamp(address.added_us)[:16]} by {address.added_by}", width),
    ]
    if address.confirmed_us:
        told = f"{stamp(address.confirmed_us)[:16]} by {address.confirmed_by}"
        lines += _field("confirmed", told, width)
        lines += _field("usable", f"from {stamp(address.active_us)[:19]}", width)
    if address.revoked_us:
        lines += _field("revoked", f"by {address.revoked_by}: {address.reason}", width, "warn")
    return lines
