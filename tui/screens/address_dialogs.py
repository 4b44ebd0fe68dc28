"""Dialogs about the address book: add, confirm, revoke.

The one rule: whoever confirms an entry reads the whole address and types its end.
"""

from collections.abc import Iterable

from textual.widget import Widget

from domain import asks_withdrawals as asks
from domain.addresses import Address
from domain.board import Board
from tui.lines import Lines, Part, wrapped
from tui.screens.coded import Coded
from tui.screens.withdrawal_parts import ended, entry_lines
from tui.stage import Picture
from tui.widgets.dialog import Dialog
from tui.widgets.fields import Choice, Labelled, typed


class NewAddress(Dialog):
    """Every part of a place; a wrong checksum is refused."""

    AUTO_FOCUS = "#name"

    def __init__(self, board: Board) -> None:
        super().__init__("add an address", confirm="Add", tone="accent")
        venues = sorted({view.account.venue for view in board.accounts.values()})
        self._called = typed("a name of your choice", id="name")
        self._venue = Choice(venues, id="venue")
        self._asset = typed("BTC", id="asset")
        self._network = typed("in the venue's words", id="network")
        self._address = typed("the address, to the letter", id="address")
        self._tag = typed("tag or memo, where one is asked for", id="tag")
        self._saved = typed("the venue's name of it (Kraken)", id="saved")

    def fields(self) -> Iterable[Widget]:
        """One field for each part."""
        yield Labelled("name", self._called)
        yield Labelled("venue", self._venue)
        yield Labelled("asset", self._asset)
        yield Labelled("network", self._network)
        yield Labelled("address", self._address)
        yield Labelled("tag", self._tag)
        yield Labelled("saved as", self._saved)

    def told(self, picture: Picture, width: int) -> Lines:
        """What happens then."""
        del picture
        then = "It must be confirmed with a code, and then waits until its quarantine is over."
        return [*([Part(row, "dim")] for row in wrapped(then, width)), ()]

    def confirmed(self) -> None:
        """Ask for it."""
        ask = asks.AddAddress(
            name=self._called.value.strip(),
            venue=self._venue.value,
            asset=self._asset.value.strip(),
            network=self._network.value.strip(),
            address=self._address.value.strip(),
            tag=self._tag.value.strip(),
            saved_as=self._saved.value.strip(),
        )
        if not (ask.name and ask.asset and ask.address):
            self.complain("a name, an asset and an address are needed")
            return
        self.attempt(ask, lambda entry: f"{entry.name} is added: A confirms it")


class Confirm(Coded):
    """An entry in full, the end of its address, and a code."""

    AUTO_FOCUS = "#end"

    def __init__(self, address: Address) -> None:
        super().__init__("confirm an address", confirm="Confirm")
        self._entry = address
        self._end = typed("the last 6 characters of the address", id="end")

    def fields(self) -> Iterable[Widget]:
        """The address's end, the code."""
        yield Labelled("address …", self._end)
        yield Labelled("code", self._code)

    def told(self, picture: Picture, width: int) -> Lines:
        """The entry."""
        return [*entry_lines(self._entry, picture, width), *self.demo_lines(), ()]

    def confirmed(self) -> None:
        """Ask for it, once the address was read."""
        if self._end.value.strip() != ended(self._entry.place.address):
            self.complain("that is not how the address ends; compare it with where it came from")
            return
        code = self._code.value.strip()
        if not code:
            self.complain("a code is needed")
            return
        ask = asks.ConfirmAddress(address_id=self._entry.address_id, code=code)
        self.attempt(ask, lambda entry: f"{entry.name} is confirmed and waits out its quarantine")


class Revoke(Dialog):
    """An entry in full; nothing more goes there once it is revoked."""

    AUTO_FOCUS = "#reason"

    def __init__(self, address: Address) -> None:
        super().__init__("revoke an address", confirm="Revoke", tone="warn")
        self._entry = address
        self._reason = typed("why", id="reason")

    def fields(self) -> Iterable[Widget]:
        """The reason."""
        yield Labelled("reason", self._reason)

    def told(self, picture: Picture, width: int) -> Lines:
        """The entry, and what this stops."""
        stops = "What is approved for it and not sent yet will be blocked."
        hint = [[Part(row, "warn")] for row in wrapped(stops, width)]
        return [*entry_lines(self._entry, picture, width), *hint, ()]

    def confirmed(self) -> None:
        """Ask for it."""
        ask = asks.RevokeAddress(
            address_id=self._entry.address_id, reason=self._reason.value.strip()
        )
        self.attempt(ask, lambda entry: f"{entry.name} is revoked")
