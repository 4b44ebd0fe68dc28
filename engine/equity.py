"""Net asset value over time: the day's P&L, the high-water mark and the drawdown.

The one rule: only a whole sample counts (every balance and price known and young), and money
that comes or goes shifts the marks instead of looking like profit or loss.
"""

import asyncio
import logging
from decimal import Decimal

from accounting.valuation import net_asset_value, pegged
from domain import bookings, events
from domain.board import Board, NavPoint
from domain.days import day_span, local_date
from domain.errors import DeskError
from domain.money import ZERO, exactly
from engine.floor import Floor

SECOND_US = 1_000_000
POINTS = 720  # how many points the screens get; older ones thin out
EVERY_US = 5 * SECOND_US
RISE = Decimal("1.005")  # the high-water mark is written down again when it rose this much
HUNDRED = Decimal(100)
log = logging.getLogger(__name__)


class Equity:
    """Samples NAV every second, keeps its marks, and feeds the gate's drawdown figures."""

    def __init__(self, floor: Floor, pegged_assets: tuple[str, ...]) -> None:
        self._floor = floor
        self._pegged = pegged_assets
        self._written = ZERO
        self._last_us = 0
        floor.desk.keep(self)

    def fact(self, fact: events.Fact, board: Board) -> None:
        """Follow marks and flows, also those of earlier runs."""
        if isinstance(fact, bookings.NavMarked):
            self._marked(fact, board)
        elif isinstance(fact, bookings.MovementBooked):
            self._flowed(fact, board)

    def sighting(self, sighting: object, board: Board) -> None:
        """NAV is sampled on a timer, not on every price."""

    def _marked(self, fact: bookings.NavMarked, board: Board) -> None:
        self._written = fact.high_water
        if fact.local_date == board.nav_day:
            self._floor.desk.show(high_water=fact.high_water)
            return
        self._floor.desk.show(
            nav_day=fact.local_date,
            nav_day_open=fact.nav,
            flows_today=ZERO,
            high_water=fact.high_water,
        )

    def _flowed(self, fact: bookings.MovementBooked, board: Board) -> None:
        moved = fact.movement
        if moved.base_rate is None or board.high_water is None or board.nav_day_open is None:
            return
        # What happened before the first mark is inside it already.
        start_us, _ = day_span(fact.at_us, self._floor.settings.time_zone)
        value = (moved.amount - moved.fee) * moved.base_rate
        if moved.at_us >= start_us:
            self._floor.desk.show(
                flows_today=board.flows_today + value, high_water=board.high_water + value
            )

    async def run(self) -> None:
        """Sample for ever."""
        while True:
            await asyncio.sleep(1)
            await self.sample()

    async def sample(self) -> None:
        """Take one sample; write a mark when a day begins or the high-water mark has risen."""
        floor, now = self._floor, self._floor.now_us()
        self.peg()
        with exactly():
            nav, partial = net_asset_value(floor.desk.board, now)
        if not partial:
            await self._mark(nav, now)
            self._judge(nav)
        if now - self._last_us >= EVERY_US:
            self._last_us = now
            points = (*floor.desk.board.nav, NavPoint(at_us=now, nav=nav, partial=partial))
            floor.desk.show(nav=_thinned(points))

    def peg(self) -> None:
        """Give the pegged assets that no fresh market prices their one base unit."""
        desk, now = self._floor.desk, self._floor.now_us()
        for mark in pegged(self._pegged, desk.board.marks, now):
            desk.show(marks=desk.board.marks.put(mark.asset, mark))

    async def _mark(self, nav: Decimal, now: int) -> None:
        board = self._floor.desk.board
        today = local_date(now, self._floor.settings.time_zone).isoformat()
        high = max(nav, board.high_water or nav)
        if today == board.nav_day and high <= self._written * RISE:
            self._floor.desk.show(high_water=high)
            return
        marked = bookings.NavMarked(
            at_us=now, actor="engine", local_date=today, nav=nav, high_water=high
        )
        try:
            await self._floor.desk.record(marked)
        except DeskError as error:
            # A full disk has tripped the kill switch; its cancels must not end with this task.
            log.critical("net asset value could not be written down: %s", error)

    def _judge(self, nav: Decimal) -> None:
        board, view = self._floor.desk.board, self._floor.door.view
        with exactly():
            if board.high_water:
                view.drawdown_pct = max(ZERO, (board.high_water - nav) / board.high_water * HUNDRED)
            if board.nav_day_open is not None:
                view.daily_loss = max(ZERO, board.nav_day_open + board.flows_today - nav)


def _thinned(points: tuple[NavPoint, ...]) -> tuple[NavPoint, ...]:
    """At most `POINTS`: when full, every second of the older half is dropped."""
    if len(points) <= POINTS:
        return points
    half = len(points) // 2
    return (*points[:half:2], *points[half:])
