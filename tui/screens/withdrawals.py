"""Screen 5: withdrawals as they are asked for, approved and sent; and the address book.

The one rule: nothing is approved from a row: `A` opens what is approved, in full.
"""

from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.widget import Widget

from domain.addresses import AddressState
from domain.board import Board
from domain.withdrawals import WAITING, State
from tui.keys import WITHDRAWALS, Key, bindings
from tui.screens.address_dialogs import Confirm, NewAddress, Revoke
from tui.screens.page import Page
from tui.screens.withdrawal_dialogs import Approve, Deny, NewRequest, Settle
from tui.screens.withdrawal_parts import (
    Entry,
    Shown,
    entry_columns,
    entry_lines,
    head_lines,
    request_columns,
    request_key,
    request_lines,
)
from tui.stage import Picture
from tui.widgets.dialog import Reading
from tui.widgets.panel import Sheet
from tui.widgets.table import LiveTable
from tui.widgets.table_panel import TablePanel

_OF_REQUESTS = ("withdraw.cancel", "withdraw.settle")


class Withdrawals(Page):
    """One line of how things stand, then the requests; `L` shows the address book instead."""

    KEYS = WITHDRAWALS
    BINDINGS = bindings(WITHDRAWALS)

    def __init__(self) -> None:
        super().__init__()
        self._head = Sheet(id="withdrawals-head")
        self._requests: TablePanel[Shown] = TablePanel(
            "Withdrawals",
            request_columns(),
            key=request_key,
            empty="no withdrawal: w asks for one, L shows the address book",
            id="withdrawals",
        )
        self._book: TablePanel[Entry] = TablePanel(
            "Address book",
            entry_columns(),
            key=lambda entry: entry.address.address_id,
            empty="no address: w adds one",
            id="addresses",
        )
        self._book.display = False

    def compose(self) -> ComposeResult:
        """How things stand, requests, addresses."""
        yield self._head
        yield self._requests
        yield self._book

    def show(self, picture: Picture) -> None:
        """Draw the board's requests, open ones first, and its addresses."""
        board, now_us = picture.board, picture.now_us
        self._head.set_class(bool(board.withdrawal_policy_told), "differs")
        self._head.draw(lambda _: head_lines(board))
        requests = sorted(
            board.withdrawals.values(), key=lambda r: (not r.open, -r.requested_us, r.request_id)
        )
        self._requests.show([Shown(request, now_us) for request in requests], picture)
        entries = sorted(
            board.addresses.values(), key=lambda a: (bool(a.revoked_us), a.name, a.address_id)
        )
        self._book.show([Entry(address, now_us) for address in entries], picture)

    def offers(self, key: Key, board: Board) -> bool:
        """Only what the table in sight can do."""
        del board
        return not self._book.display or key.id not in _OF_REQUESTS

    def first_focus(self) -> Widget | None:
        """The table in sight."""
        return self._book.table if self._book.display else self._requests.table

    def main_table(self) -> "TablePanel[Shown] | TablePanel[Entry]":
        """The table in sight."""
        return self._book if self._book.display else self._requests

    def action_book(self) -> None:
        """To the address book and back."""
        self._book.display = not self._book.display
        self._requests.display = not self._book.display
        focus = self.first_focus()
        if focus is not None:
            focus.focus()

    # What is done with a row

    def action_new(self) -> None:
        """Ask for a withdrawal, or add an address."""
        board = self.stage.picture.board
        self.stage.show_dialog(NewAddress(board) if self._book.display else NewRequest(board))

    def action_approve(self) -> None:
        """Approve the request, or confirm the address, that the cursor is on."""
        if self._book.display:
            entry = self._entry()
            if entry is None:
                return
            state = entry.address.state_at(self.stage.picture.now_us)
            if state is not AddressState.NEW:
                self.stage.say(f"{entry.address.name} is {state.value} already")
                return
            self.stage.show_dialog(Confirm(entry.address))
            return
        shown = self._request((State.PENDING,))
        if shown is not None:
            self.stage.show_dialog(Approve(shown.request))

    def action_reject(self) -> None:
        """Deny the request, or revoke the address, that the cursor is on."""
        if self._book.display:
            entry = self._entry()
            if entry is not None:
                self.stage.show_dialog(Revoke(entry.address))
            return
        shown = self._request(WAITING)
        if shown is not None:
            self.stage.show_dialog(Deny(shown.request))

    def action_cancel(self) -> None:
        """Take the request back that the cursor is on."""
        shown = None if self._book.display else self._request(WAITING)
        if shown is not None:
            self.stage.show_dialog(Deny(shown.request, back=True))

    def action_settle(self) -> None:
        """Say whether the request that the cursor is on was sent."""
        shown = None if self._book.display else self._request((State.SUBMIT_UNKNOWN,))
        if shown is None:
            return
        if not shown.request.unresolved:
            self.stage.say(f"{shown.request.request_id} is still being looked for")
            return
        self.stage.show_dialog(Settle(shown.request))

    def _request(self, states: "frozenset[State] | tuple[State, ...]") -> Shown | None:
        """The request under the cursor, if it is in one of these states; else say why not."""
        shown = self._requests.table.rows.current
        if shown is None:
            self.stage.say("no request is selected")
            return None
        if shown.request.state not in states:
            self.stage.say(f"{shown.request.request_id} is {shown.request.state.value}")
            return None
        return shown

    def _entry(self) -> Entry | None:
        entry = self._book.table.rows.current
        if entry is None:
            self.stage.say("no address is selected")
        return entry

    @on(LiveTable.Opened)
    def _opened(self, message: LiveTable.Opened) -> None:
        message.stop()
        row = message.row
        if isinstance(row, Entry):
            lines = partial(entry_lines, row.address)
            self.stage.show_dialog(Reading("an address", lines))
        else:
            self.stage.show_dialog(Reading("a withdrawal", partial(request_lines, row.request)))
