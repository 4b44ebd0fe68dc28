"""The track record: every snapshot, flow and set of prices that the ledger holds, in memory.

The one rule: it repeats facts and adds nothing; what follows from them is computed when asked.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from domain import bookings, events, sightings
from domain.board import Board
from domain.market import Movement
from domain.money import MONEY, ONE
from domain.snapshots import FLOW, REBALANCE, PricesMarked, SnapshotTaken


class FlowRow(NamedTuple):
    """Money in (above zero) or out, in the base currency; `amount` None: nobody knows.

    `at_us` is the venue's moment, `told_us` when it was booked here.
    """

    key: str
    account: str
    at_us: int
    told_us: int
    amount: Decimal | None


class Track:
    """Follows the facts that returns and the benchmark are computed from."""

    def __init__(self) -> None:
        self._snapshots: dict[str, list[SnapshotTaken]] = {}
        self._flows: list[FlowRow] = []
        self._marks: dict[str, PricesMarked] = {}

    def fact(self, fact: events.Fact, board: Board) -> None:
        """Remember it, if it is one of the three."""
        if isinstance(fact, SnapshotTaken):
            self._snapshots.setdefault(fact.account, []).append(fact)
        elif isinstance(fact, PricesMarked):
            self._marks[fact.occasion] = fact
        elif isinstance(fact, bookings.MovementBooked) and not fact.before_opening:
            self._flows.append(flow_of(fact, board.base_currency))

    def sighting(self, sighting: sightings.Sighting, board: Board) -> None:
        """Sightings are no history."""

    def snapshots(self, account: str) -> list[SnapshotTaken]:
        """All of an account's ("" for those of all together), by date."""
        return sorted(self._snapshots.get(account, ()), key=lambda taken: taken.local_date)

    @property
    def accounts(self) -> frozenset[str]:
        """Whoever has a snapshot."""
        return frozenset(self._snapshots)

    def flows(self, account: str) -> list[FlowRow]:
        """All of an account's ("" for every account's), by time."""
        rows = (row for row in self._flows if account in ("", row.account))
        return sorted(rows, key=lambda row: (row.at_us, row.key))

    @property
    def marks(self) -> Mapping[str, PricesMarked]:
        """Prices by occasion."""
        return self._marks

    @property
    def rebalanced(self) -> str:
        """The date of the newest rebalance, or ""."""
        return max((day for day, _ in self.rebalances()), default="")

    def rebalances(self) -> Iterator[tuple[str, PricesMarked]]:
        """(date, prices) of every rebalance."""
        for occasion, marked in self._marks.items():
            kind, _, day = occasion.partition(":")
            if kind == REBALANCE:
                yield day, marked

    def unmarked(self, since_us: int) -> list[FlowRow]:
        """Flows since then, by the venue's time, whose prices were not marked."""
        return [
            row
            for row in self._flows
            if row.at_us >= since_us and f"{FLOW}:{row.key}" not in self._marks
        ]


def flow_of(fact: bookings.MovementBooked, base_currency: str) -> FlowRow:
    """A movement as money in or out, at the rate that it was booked with."""
    moved = fact.movement
    return FlowRow(
        key=moved.key,
        account=str(moved.account),
        at_us=moved.at_us,
        told_us=fact.at_us,
        amount=_worth(moved, base_currency),
    )


def _worth(moved: Movement, base_currency: str) -> Decimal | None:
    rate = ONE if moved.asset == base_currency else moved.base_rate
    if rate is None:
        return None
    return MONEY.multiply(MONEY.subtract(moved.amount, moved.fee), rate)
