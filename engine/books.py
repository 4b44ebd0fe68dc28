"""The roll-forward: what each account should hold by the facts, against what its venue says.

The one rule: opening balance plus every posting since equals the venue's total, asset by
asset; what is left over is a break, never rounded away and never booked by itself.
"""

from collections.abc import Mapping
from decimal import Decimal

from domain import bookings, events, sightings
from domain.adjustments import BalanceAdopted
from domain.board import Board
from domain.instruments import Account
from domain.market import Balances
from domain.money import ZERO
from risk.exposure import changes_of

DUST = Decimal("0.01")  # in the base currency: below what any venue's own rounding adds up to


class Books:
    """Running balances of every account, computed from facts alone."""

    def __init__(self) -> None:
        self._held: dict[Account, dict[str, Decimal]] = {}
        self.opened: set[Account] = set()
        self.booked_us: dict[Account, int] = {}
        self._moves: dict[tuple[Account, str], int] = {}

    def fact(self, fact: events.Fact, _: Board) -> None:
        """Follow every fact that moves money; what the opening contains already moves none."""
        if isinstance(fact, bookings.FillBooked | bookings.MovementBooked) and fact.before_opening:
            return
        if isinstance(fact, bookings.FillBooked):
            self._move(fact.fill.account, fact.at_us, changes_of(fact.fill))
        elif isinstance(fact, bookings.FillReversed):
            undone = tuple((asset, -change) for asset, change in changes_of(fact.fill))
            self._move(fact.fill.account, fact.at_us, undone)
        elif isinstance(fact, bookings.MovementBooked):
            moved = fact.movement
            changes = ((moved.asset, moved.amount), (moved.asset, -moved.fee))
            self._move(moved.account, fact.at_us, changes)
        elif isinstance(fact, BalanceAdopted):
            self._move(fact.account, fact.at_us, ((fact.asset, fact.amount),))
        elif isinstance(fact, bookings.OpeningBalance):
            self.opened.add(fact.account)
            self._move(fact.account, fact.at_us, tuple(fact.assets.items()))

    def sighting(self, sighting: sightings.Sighting, board: Board) -> None:
        """Sightings move no money in the books."""

    def held(self, account: Account) -> dict[str, Decimal]:
        """What the account holds by the facts, asset by asset."""
        return dict(self._held.get(account, {}))

    def differences(
        self, balances: Balances, rounding: Mapping[str, Decimal] | None = None
    ) -> dict[str, Decimal]:
        """Venue's total less ours, for every asset where rounding does not explain it.

        `rounding` is what the venue itself may be off by with every posting, per asset.
        """
        account = balances.account
        ours, off_by, found = self._held.get(account, {}), rounding or {}, {}
        for asset in ours.keys() | balances.assets.keys():
            theirs = balances.assets.get(asset)
            total = theirs.total if theirs is not None else ZERO
            difference = total - ours.get(asset, ZERO)
            allowed = off_by.get(asset, ZERO) * self._moves.get((account, asset), 0)
            if abs(difference) > allowed:
                found[asset] = difference
        return found

    def _move(self, account: Account, at_us: int, changes: tuple[tuple[str, Decimal], ...]) -> None:
        held = self._held.setdefault(account, {})
        for asset, change in changes:
            held[asset] = held.get(asset, ZERO) + change
            if change:
                self._moves[account, asset] = self._moves.get((account, asset), 0) + 1
        self.booked_us[account] = max(at_us, self.booked_us.get(account, 0))


def matters(asset: str, difference: Decimal, board: Board) -> tuple[bool, Decimal | None]:
    """Whether a difference is more than dust, and its value in the base currency if known."""
    if asset == board.base_currency:
        return abs(difference) >= DUST, difference
    mark = board.marks.get(asset)
    if mark is None:
        return True, None
    value = difference * mark.value
    return abs(value) >= DUST, value
