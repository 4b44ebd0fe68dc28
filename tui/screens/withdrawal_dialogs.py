"""Dialogs about withdrawals: approve, deny, take back, settle, and ask for one.

The one rule: whoever approves reads the whole address first, types its end, and approves the
hash that stood there when the dialog was opened.
"""

from collections.abc import Iterable

from textual.widget import Widget

from domain import asks_withdrawals as asks
from domain.addresses import AddressState
from domain.board import Board
from domain.instruments import Account
from domain.money import NotANumber, number
from domain.withdrawals import Request
from tui.lines import Lines, Part, wrapped
from tui.screens.coded import Coded
from tui.screens.withdrawal_parts import ended, request_lines
from tui.stage import Picture
from tui.widgets.dialog import Dialog
from tui.widgets.fields import Choice, Labelled, typed

_NOT_SENT, _SENT = "not sent", "sent"


class Approve(Coded):
    """One request in full, the end of its address, and a code."""

    AUTO_FOCUS = "#end"

    def __init__(self, request: Request) -> None:
        super().__init__("approve a withdrawal", confirm="Approve")
        self._request = request
        self._end = typed("the last 6 characters of the address", id="end")

    def fields(self) -> Iterable[Widget]:
        """The address's end, the code."""
        yield Labelled("address …", self._end)
        yield Labelled("code", self._code)

    def told(self, picture: Picture, width: int) -> Lines:
        """What would leave, and whether it still is what it was."""
        request = self._request
        lines = [*request_lines(request, picture, width), *self.demo_lines()]
        now = picture.board.withdrawals.get(request.request_id)
        if now is None or now.body_hash != request.body_hash:
            lines.append([Part("It has changed meanwhile: close this and look again.", "halt")])
        return lines

    def confirmed(self) -> None:
        """Ask for it, once the address was read."""
        wanted = ended(self._request.terms.address)
        if self._end.value.strip() != wanted:
            self.complain("that is not how the address ends; compare it with where it came from")
            return
        code = self._code.value.strip()
        if not code:
            self.complain("a code is needed")
            return
        ask = asks.ApproveWithdrawal(
            request_id=self._request.request_id, body_hash=self._request.body_hash, code=code
        )
        self.attempt(ask, lambda done: f"{done.request_id} is {done.state.value}")


class Deny(Dialog):
    """A request in full, and why not; also taking one's own back."""

    AUTO_FOCUS = "#reason"

    def __init__(self, request: Request, *, back: bool = False) -> None:
        title = "take a withdrawal back" if back else "deny a withdrawal"
        super().__init__(title, confirm="Take back" if back else "Deny", tone="warn")
        self._request = request
        self._back = back
        self._reason = typed("why", id="reason")

    def fields(self) -> Iterable[Widget]:
        """The reason."""
        yield Labelled("reason", self._reason)

    def told(self, picture: Picture, width: int) -> Lines:
        """The request."""
        return [*request_lines(self._request, picture, width), ()]

    def confirmed(self) -> None:
        """Ask for it."""
        name, reason = self._request.request_id, self._reason.value.strip()
        if self._back:
            back = asks.CancelWithdrawal(request_id=name, reason=reason)
            self.attempt(back, lambda done: f"{done.request_id} is {done.state.value}")
        elif not reason:
            self.complain("say why, for the ledger")
        else:
            no = asks.RejectWithdrawal(request_id=name, reason=reason)
            self.attempt(no, lambda done: f"{done.request_id} is {done.state.value}")


class Settle(Coded):
    """A request that no search finds: was it sent?"""

    AUTO_FOCUS = "#sent"

    def __init__(self, request: Request) -> None:
        super().__init__("settle a withdrawal", confirm="Settle")
        self._request = request
        self._sent = Choice([_NOT_SENT, _SENT], id="sent")
        self._venue_id = typed("the venue's id, if it was sent", id="venue-id")
        self._reason = typed("how you know", id="reason")

    def fields(self) -> Iterable[Widget]:
        """Was it, under which id, how is that known, the code."""
        yield Labelled("it was", self._sent)
        yield Labelled("venue id", self._venue_id)
        yield Labelled("reason", self._reason)
        yield Labelled("code", self._code)

    def told(self, picture: Picture, width: int) -> Lines:
        """The request, and what to do first."""
        first = "Look at the venue's own list first. What it shows later still counts."
        hint = [[Part(row, "warn")] for row in wrapped(first, width)]
        return [*request_lines(self._request, picture, width), *hint, *self.demo_lines(), ()]

    def confirmed(self) -> None:
        """Ask for it."""
        ask = asks.ResolveWithdrawal(
            request_id=self._request.request_id,
            sent=self._sent.value == _SENT,
            venue_id=self._venue_id.value.strip(),
            reason=self._reason.value.strip(),
            code=self._code.value.strip(),
        )
        if not ask.reason or not ask.code:
            self.complain("a reason and a code are needed")
            return
        self.attempt(ask, lambda done: f"{done.request_id} is {done.state.value}")


class NewRequest(Dialog):
    """Account, address-book entry, amount, note. The policy says the rest."""

    AUTO_FOCUS = "#entry"

    def __init__(self, board: Board) -> None:
        super().__init__("ask for a withdrawal", confirm="Ask for it", tone="accent")
        usable = (e for e in board.addresses.values() if _usable(e.state_at(board.now_us)))
        self._entries = {entry.name: entry for entry in sorted(usable, key=lambda e: e.name)}
        self._entry = Choice(list(self._entries), id="entry")
        self._account = Choice([], id="account")
        self._amount = typed("how much, in the asset", id="amount", restrict=r"[0-9.,']*")
        self._note = typed("what it is for", id="note")

    def fields(self) -> Iterable[Widget]:
        """Where to, where from, how much, what for."""
        if not self._entries:
            return
        yield Labelled("to", self._entry)
        yield Labelled("from", self._account)
        yield Labelled("amount", self._amount)
        yield Labelled("note", self._note)

    def told(self, picture: Picture, width: int) -> Lines:
        """The chosen entry's asset and address, and what the account has of it."""
        entry = self._entries.get(self._entry.value)
        if entry is None:
            first = "The address book is empty: L shows it, w adds an address there."
            return [[Part(row, "warn")] for row in wrapped(first, width)]
        place, board = entry.place, picture.board
        accounts = [str(v.account) for v in board.accounts.values()]
        self._account.offer(sorted(a for a in accounts if a.partition("/")[0] == place.venue))
        view = board.accounts.get(self._account.value)
        held = view.balances.assets.get(place.asset) if view and view.balances else None
        free = "not known" if held is None else picture.amount(f"{held.free:,f}")
        network = f" over {place.network}" if place.network else ""
        return [
            [Part(f"{place.asset}{network}", "strong"), Part(f"  {free} free", "dim")],
            *([Part(row)] for row in wrapped(place.address, width)),
            [Part(f"tag {place.tag or 'none'} · {entry.state_at(picture.now_us).value}", "dim")],
            (),
        ]

    def on_choice_changed(self) -> None:
        """Another entry: show its asset and its accounts."""
        self.show(self.stage.picture)

    def confirmed(self) -> None:
        """Ask for it."""
        entry = self._entries.get(self._entry.value)
        if entry is None or not self._account.value:
            self.complain("there is no address to send to")
            return
        try:
            amount = number(self._amount.value.replace(",", "").replace("'", ""))
        except NotANumber:
            self.complain("type an amount")
            return
        ask = asks.RequestWithdrawal(
            account=Account.parse(self._account.value),
            asset=entry.place.asset,
            amount=amount,
            destination=entry.address_id,
            note=self._note.value.strip(),
        )
        self.attempt(ask, _asked)


def _asked(request: Request) -> str:
    why = f": {request.problem}" if request.problem else ""
    return f"{request.request_id} is {request.state.value}{why}"


def _usable(state: AddressState) -> bool:
    return state in (AddressState.ACTIVE, AddressState.QUARANTINED)
