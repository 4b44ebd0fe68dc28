"""What venues tell becomes facts here, once, whatever channel tells it and how often.

Streams, polls, look-ups and start-up all hand their rows to the same three functions. The one
rule: a row that adds nothing is dropped here, a row that contradicts is kept and opened as a
break, and a row of an order that we never intended trips the kill switch.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from domain import bookings, controls, events, sightings
from domain.board import Board
from domain.errors import DeskError
from domain.halts import Level
from domain.instruments import Account, quote_of
from domain.lifecycle import advance
from domain.market import Movement
from domain.money import ONE, ZERO, canonical
from domain.orders import Fill, OrderState, VenueOrder
from domain.storage_ports import Appended, LedgerReader
from engine.floor import Floor
from engine.names import is_ours
from engine.strangers import Strangers, foreign_id

REMEMBERED = 20_000
SPARE_IDS = 1_000  # of the venues' ids whose orders are not on the board any more


@dataclass(frozen=True, slots=True)
class _Known:
    """What is remembered of something booked: its numbers (hashed); is it nobody's yet?"""

    numbers: int = 0
    stray: bool = False


class Intake:
    """Turns reports, fills and movements into facts; follows the desk to know what is known."""

    def __init__(self, floor: Floor, reader: LedgerReader) -> None:
        self._floor = floor
        self._by_venue_id: dict[tuple[Account, str], str] = {}
        self._seen: OrderedDict[str, _Known] = OrderedDict()  # by key
        self._strangers = Strangers(
            floor,
            reader,
            rate=lambda quote: self.base_rate(quote, None),
            trip=self._orphan,
        )
        self.unbooked: set[str] = set()  # keys of fills and movements that are not durable (yet)
        self.touched_us: dict[Account, int] = {}
        self.on_orphan: Callable[[Level, str], None] = _nobody
        self.on_news: Callable[[OrderState], None] = _nothing
        floor.desk.keep(self)

    def _orphan(self, level: Level, reason: str) -> None:
        self.on_orphan(level, reason)

    # Keeping the indexes

    def fact(self, fact: events.Fact, board: Board) -> None:
        """Follow which venue id is which order, and which fills are booked."""
        if isinstance(fact, bookings.FillBooked):
            stray = fact.fill.client_id not in board.orders
            self._remember(fact.fill.key, _Known(_numbers(fact.fill), stray=stray))
        elif isinstance(fact, events.FillAdopted):
            self._remember(fact.fill.key, _Known(_numbers(fact.fill)))
        elif isinstance(fact, bookings.MovementBooked):
            self._remember(fact.movement.key, _Known())
        client_id = _client_id(fact)
        state = board.orders.get(client_id) if client_id else None
        if state is None:
            return
        if state.venue_order_id:
            self._by_venue_id[state.order.account, state.venue_order_id] = state.client_id
            if len(self._by_venue_id) > SPARE_IDS + 2 * len(board.orders):
                known = self._by_venue_id.items()  # most of them have left the board since
                self._by_venue_id = {key: name for key, name in known if name in board.orders}
        self.on_news(state)

    def sighting(self, sighting: sightings.Sighting, board: Board) -> None:
        """Sightings need no index."""

    def _remember(self, key: str, known: "_Known") -> None:
        self._seen[key] = known
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    def owner(self, account: Account, client_id: str, venue_order_id: str) -> OrderState | None:
        """The order on the board that a venue's row belongs to."""
        orders = self._floor.desk.board.orders
        if client_id and client_id in orders:
            return orders[client_id]
        known = orders.get(self._by_venue_id.get((account, venue_order_id), ""))
        return known or orders.get(foreign_id(account, venue_order_id))

    # Fills

    def fill(self, fill: Fill, source: str) -> None:
        """Book an execution, unless it is booked; take back what was only inferred for it."""
        state = self.owner(fill.account, fill.client_id, fill.venue_order_id)
        known = self._seen.get(fill.key)
        if known is not None:
            self._told_again(state, fill, known)
            return
        self.touched_us[fill.account] = self._floor.now_us()
        if state is not None:
            fill = replace(fill, client_id=state.client_id)
        elif is_ours(fill.client_id, self._floor.desk.board.install_tag):
            self._strangers.look_for(fill.client_id)
        facts = [*self._taken_back(state, fill), self.booking(fill, source, state)]
        appended = self._appended(fill.key, _Known(_numbers(fill)), *facts)
        if appended is not None:
            self._floor.spawn(self._booked(appended, fill), f"book {fill.key}")

    def _appended(
        self, key: str, known: "_Known", *facts: events.Fact
    ) -> "asyncio.Future[Sequence[Appended]] | None":
        """Append what `key` names; until it is durable the key is among the unbooked ones."""
        self._remember(key, known)
        self.unbooked.add(key)
        try:
            appended = self._floor.desk.append(*facts)
        except DeskError as error:
            self._failed(key, error)
            return None
        appended.add_done_callback(lambda done: self._durable(key, done))
        return appended

    def _durable(self, key: str, done: "asyncio.Future[Sequence[Appended]]") -> None:
        error = None if done.cancelled() else done.exception()
        if error is None:
            self.unbooked.discard(key)
        elif isinstance(error, DeskError):
            self._failed(key, error)

    def _failed(self, key: str, error: DeskError) -> None:
        """Not in the ledger, so not known: it comes again with the next look back."""
        self._seen.pop(key, None)
        self._floor.desk.on_ledger_failure(str(error))

    def _told_again(self, state: OrderState | None, fill: Fill, known: "_Known") -> None:
        """A booked fill again: the same, of an order that is known by now, or contradicting."""
        if known.numbers != _numbers(fill):
            # The ledger judges: it keeps the first, and says so.
            appended = self._appended(fill.key, known, self.booking(fill, "again", state))
            if appended is not None:
                self._floor.spawn(self._booked(appended, fill), f"book {fill.key}")
        elif state is not None and fill.key not in state.fills and (known.stray or state.foreign):
            self._adopt(state, fill)

    def _adopt(self, state: OrderState, fill: Fill) -> None:
        """A fill that was booked as nobody's, told again now that its order is known."""
        fill = replace(fill, client_id=state.client_id)
        adopted = events.FillAdopted(
            at_us=self._floor.now_us(),
            actor=fill.account.venue,
            client_id=state.client_id,
            fill=fill,
        )
        self._floor.desk.post(*self._taken_back(state, fill), adopted)

    def booking(self, fill: Fill, source: str, state: OrderState | None) -> bookings.FillBooked:
        """The fact of a fill, valued at the quote's newest mark or the order's own rate."""
        return bookings.FillBooked(
            at_us=self._floor.now_us(),
            actor=fill.account.venue,
            fill=fill,
            source=source,
            base_rate=self.base_rate(quote_of(fill.symbol), state),
            fee_rate=self._fee_rate(fill),
        )

    def _fee_rate(self, fill: Fill) -> Decimal | None:
        """One unit of a fee's asset that is neither base nor quote: a lot of it was given up."""
        if not fill.fee or fill.fee_asset in fill.symbol.split("/"):
            return None
        return self.base_rate(fill.fee_asset, None)

    def base_rate(self, quote: str, state: OrderState | None) -> Decimal | None:
        """One quote unit in the base currency, as well as it is known."""
        if quote == self._floor.settings.base_currency:
            return ONE
        mark = self._floor.desk.board.marks.get(quote)
        if mark is not None:
            return mark.value
        return state.order.base_rate if state is not None and state.order.base_rate else None

    def _taken_back(self, state: OrderState | None, real: Fill) -> list[events.Fact]:
        if state is None or real.inferred:
            return []
        return [
            bookings.FillReversed(
                at_us=self._floor.now_us(),
                actor="engine",
                fill=known,
                reason=f"the real fill {real.trade_id} arrived",
                base_rate=self.base_rate(quote_of(known.symbol), state),
            )
            for known in state.fills.values()
            if known.inferred
        ]

    async def _booked(self, appended: Awaitable[Sequence[Appended]], fill: Fill) -> None:
        try:
            stored = await appended
        except DeskError:
            return  # told already, where the append failed
        if stored[-1].conflict:
            await self._conflict(fill, stored[-1])
        else:
            await self._compared(fill)

    async def _compared(self, fill: Fill) -> None:
        """More than was ordered is taken in all the same: it is in the account. It is a break."""
        state = self._floor.desk.board.orders.get(fill.client_id)
        if state is None or state.filled <= state.largest_quantity:
            return
        await self._floor.desk.record(
            controls.BreakOpened(
                at_us=self._floor.now_us(),
                actor="engine",
                break_id=f"OVERFILL:{state.client_id}",
                kind="OVERFILL",
                account=fill.account,
                detail=f"{state.client_id} ordered {canonical(state.largest_quantity)} of "
                f"{fill.symbol}; {canonical(state.filled)} were filled",
            )
        )

    async def _conflict(self, fill: Fill, stored: Appended) -> None:
        await self._floor.desk.record(
            controls.BreakOpened(
                at_us=self._floor.now_us(),
                actor="engine",
                break_id=f"FILL_CHANGED:{fill.key}",
                kind="FILL_CHANGED",
                account=fill.account,
                detail=f"trade {fill.trade_id} of {fill.symbol} came again with other numbers; "
                f"row {stored.seq} is kept",
            )
        )

    # Orders

    def report(self, report: VenueOrder, source: str) -> OrderState | None:
        """Take what a venue says of an order; answers the order it belongs to, if known."""
        state = self.owner(report.account, report.client_id, report.venue_order_id)
        if state is None:
            self._strangers.told(report)
            return None
        fact = events.OrderReported(
            at_us=self._floor.now_us(),
            actor=report.account.venue,
            client_id=state.client_id,
            report=report,
            source=source,
        )
        if _adds_something(state, fact):
            self.touched_us[report.account] = fact.at_us
            self._floor.desk.post(fact)
        return state

    # Money from outside

    def movement(self, movement: Movement, source: str) -> None:
        """Book a deposit or withdrawal, unless it is booked."""
        if movement.key in self._seen:
            return
        if movement.base_rate is None:
            rate = self.base_rate(movement.asset, None)
            movement = replace(movement, base_rate=rate)
        self.touched_us[movement.account] = self._floor.now_us()
        self._appended(
            movement.key,
            _Known(),
            bookings.MovementBooked(
                at_us=self._floor.now_us(),
                actor=movement.account.venue,
                movement=movement,
                source=source,
            ),
        )


def _numbers(fill: Fill) -> int:
    # What the ledger compares, too; a fee of nothing has no asset.
    fee = (fill.fee, fill.fee_asset) if fill.fee else (ZERO, "")
    return hash((fill.side, fill.quantity, fill.price, *fee))


def _client_id(fact: events.Fact) -> str:
    if isinstance(fact, events.OrderFact):
        return fact.client_id
    if isinstance(fact, events.OrderApproved | events.ForeignOrderSeen):
        return fact.order.client_id
    if isinstance(fact, bookings.FillBooked | bookings.FillReversed):
        return fact.fill.client_id
    return ""


def _adds_something(state: OrderState, fact: events.OrderReported) -> bool:
    return advance(state, fact) is not state


def _nobody(_: Level, __: str) -> None:
    """Before the kill switch is wired, orphans are only remembered."""


def _nothing(_: OrderState) -> None:
    """Before the look-ups are wired, nobody follows an order."""
