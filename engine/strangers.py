"""Rows of a venue whose order is not on the board: somebody else's, forgotten, or never intended.

The one rule (semantics 6, cases I and J): our prefix is looked up in the ledger before anything
is believed of it. An order of ours without an intent trips the kill switch; everybody else's is
counted and not managed.
"""

from collections.abc import Callable
from decimal import Decimal

from domain import controls, events
from domain.errors import DeskError
from domain.halts import Level
from domain.instruments import Account, quote_of
from domain.money import ZERO
from domain.orders import Kind, Order, VenueOrder
from domain.storage_ports import LedgerReader
from engine.disputes import REOPENED
from engine.floor import Floor
from engine.names import is_ours

FOREIGN = "foreign:"


class Strangers:
    """Judges rows that no order on the board owns.

    `rate` values one unit of a quote currency in the base currency, `trip` the kill switch.
    """

    def __init__(
        self,
        floor: Floor,
        reader: LedgerReader,
        rate: Callable[[str], Decimal | None],
        trip: Callable[[Level, str], None],
    ) -> None:
        self._floor = floor
        self._reader = reader
        self._rate = rate
        self._trip = trip
        self._looked_for: set[str] = set()

    def told(self, report: VenueOrder) -> None:
        """A venue's row of an order that is not on the board."""
        if is_ours(report.client_id, self._floor.desk.board.install_tag):
            self.look_for(report.client_id, report if _working(report) else None)
        elif _working(report):
            self._floor.desk.post(self._foreign(report))
        # A row of a foreign order that is over, or too sparse to tell, is left to the lists.

    def look_for(self, client_id: str, report: VenueOrder | None = None) -> None:
        """An id with our prefix that the board does not hold: old, or never intended?

        `report` is its open row, if it came with one: an old order that works again is taken up.
        """
        name = client_id if report is None else f"{client_id} open"
        if name not in self._looked_for:
            self._looked_for.add(name)
            self._floor.spawn(self._intended(client_id, report, name), f"look for {client_id}")

    async def _intended(self, client_id: str, report: VenueOrder | None, name: str) -> None:
        try:
            known = await self._reader.holds(f"order:{client_id}")
        except DeskError:
            self._looked_for.discard(name)  # not known is not "no": ask again next time
            return
        if not known:
            self._trip(Level.HALT_CANCEL, f"ORDER_WITHOUT_INTENT: {client_id} is not ours")
        elif report is not None and client_id not in self._floor.desk.board.orders:
            self._taken_up(client_id, report)

    def _taken_up(self, client_id: str, report: VenueOrder) -> None:
        """It ended so long ago that the board forgot it: counted and cancellable again."""
        seen = self._foreign(report)
        detail = (
            f"{client_id} had ended here and is open at the venue; it is shown as "
            f"{seen.order.client_id}; cancel it"
        )
        self._floor.desk.post(
            seen,
            controls.BreakOpened(
                at_us=seen.at_us,
                actor="engine",
                break_id=f"{REOPENED}:{seen.order.client_id}:{seen.at_us}",
                kind=REOPENED,
                account=report.account,
                detail=detail,
            ),
        )

    def _foreign(self, report: VenueOrder) -> events.ForeignOrderSeen:
        assert report.side is not None
        assert report.quantity is not None
        venue = report.account.venue
        price = self._floor.desk.board.price(venue, report.symbol)
        shown = price.last if price is not None else None
        order = Order(
            client_id=foreign_id(report.account, report.venue_order_id),
            account=report.account,
            symbol=report.symbol,
            side=report.side,
            kind=report.kind or Kind.LIMIT,
            quantity=report.quantity,
            price=report.price,
            strategy="foreign",
            reference=report.price or shown or ZERO,
            base_rate=self._rate(quote_of(report.symbol)) or ZERO,
            actor=venue,
            at_us=report.at_us,
        )
        return events.ForeignOrderSeen(
            at_us=self._floor.now_us(), actor=venue, order=order, report=report
        )


def foreign_id(account: Account, venue_order_id: str) -> str:
    """The name on the board of an order that is not ours: `foreign:venue:the venue's id`."""
    return f"{FOREIGN}{account.venue}:{venue_order_id}"


def _working(report: VenueOrder) -> bool:
    return report.final is None and report.side is not None and report.quantity is not None
