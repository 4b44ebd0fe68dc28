"""Net asset value over time: the day's P&L, the high-water mark and the drawdown.

The one rule: only a valid sample counts (every balance and price known and young), and money
that comes or goes shifts the marks instead of looking like profit or loss.
"""

import asyncio
import logging
from dataclasses import replace
from decimal import Decimal

from accounting.highwater import HighWater, carried, drawdown_pct, unjudgeable
from accounting.sampling import Ages, Sample, rate_of, sampled, value_of
from accounting.valuation import net_asset_value, pegged
from domain import bookings, events
from domain.adjustments import BalanceAdopted
from domain.board import Board, NavPoint
from domain.days import day_span, local_date
from domain.errors import DeskError
from domain.instruments import Account
from domain.money import ZERO, exactly
from engine.books import Books
from engine.floor import Floor
from engine.settings import EngineSettings
from risk.scene import Fall

SECOND_US = 1_000_000
POINTS = 720  # how many points the screens get; older ones thin out
EVERY_US = 5 * SECOND_US
RISE = Decimal("1.005")  # the high-water mark is written down again when it rose this much
log = logging.getLogger(__name__)


class Equity:
    """Samples equity every second, keeps its marks, and feeds the gate and the triggers.

    `fall` is the run of breaches, `doubts` why the newest sample was not valid, `error` why it
    could not be computed at all; `valid_us` is when the last valid one was taken (monotonic).
    """

    def __init__(self, floor: Floor, books: Books, pegged_assets: tuple[str, ...]) -> None:
        self._floor = floor
        self._books = books
        self._pegged = pegged_assets
        self._ages = ages_of(floor.settings)
        self._mark: HighWater | None = None
        self._written: HighWater | None = None
        self._traded: set[str] = set()
        self._late: dict[str, Decimal] = {}
        self._recording = False
        self._newest: Sample | None = None
        self._last_us = 0
        self._began_us = 0
        self.fall = Fall()
        self.doubts: tuple[str, ...] = ()
        self.error = ""
        self.valid_us = 0
        floor.desk.keep(self)

    # Following facts, also those of earlier runs

    def fact(self, fact: events.Fact, board: Board) -> None:
        """Follow marks, flows and what was traded."""
        if isinstance(fact, bookings.NavMarked):
            self._marked(fact, board)
        elif isinstance(fact, bookings.MovementBooked):
            self._flowed(fact)
        elif isinstance(fact, BalanceAdopted) and self._covers(fact.account):
            self._late[fact.asset] = self._late.get(fact.asset, ZERO) + fact.amount
        elif isinstance(fact, bookings.FillBooked):
            self._traded.update((*fact.fill.symbol.split("/"), fact.fill.fee_asset))

    def sighting(self, sighting: object, board: Board) -> None:
        """Equity is sampled on a timer, not on every price."""

    def _marked(self, fact: bookings.NavMarked, board: Board) -> None:
        # Our own newest mark may be further than its row by now; a person's, or an earlier
        # run's, is what counts.
        if not (self._recording and fact.actor == "engine"):
            self._mark = self._written = HighWater(
                value=fact.high_water,
                counted=frozenset(fact.counted),
                left_out=frozenset(fact.left_out),
                accounts=frozenset(fact.accounts),
                told=bool(fact.accounts),
            )
            self._late.clear()
            self.fall = Fall()
            self._floor.desk.show(high_water=fact.high_water)
        if fact.local_date != board.nav_day:
            self._floor.desk.show(nav_day=fact.local_date, nav_day_open=fact.nav, flows_today=ZERO)

    def _flowed(self, fact: bookings.MovementBooked) -> None:
        moved, mark = fact.movement, self._mark
        if mark is None or fact.before_opening or not self._covers(moved.account):
            return
        change = moved.amount - moved.fee
        if moved.base_rate is None or moved.asset in mark.left_out:
            # What the mark holds is valued with the next sample; the rest stays out of it.
            self._late[moved.asset] = self._late.get(moved.asset, ZERO) + change
            return
        self._shift(change * moved.base_rate, today=self._is_of_today(moved.at_us, fact.at_us))

    def _covers(self, account: Account) -> bool:
        mark = self._mark
        return mark is not None and (not mark.told or account in mark.accounts)

    def _is_of_today(self, moved_us: int, booked_us: int) -> bool:
        start_us, _ = day_span(booked_us, self._floor.settings.time_zone)
        return moved_us >= start_us  # else it is inside the day's opening already

    def _shift(self, value: Decimal, *, today: bool = True) -> None:
        assert self._mark is not None
        desk = self._floor.desk
        with exactly():
            self._mark = self._mark.shifted(value)
            flows = desk.board.flows_today + (value if today else ZERO)
        desk.show(flows_today=flows, high_water=self._mark.value)

    # Sampling

    async def run(self) -> None:
        """Sample for ever."""
        while True:
            await asyncio.sleep(1)
            await self.sample()

    async def sample(self) -> None:
        """Take one sample; judge it where it is valid; write a mark where one is due."""
        now, mono = self._floor.now_us(), self._floor.clock.monotonic_us()
        self._began_us = self._began_us or mono
        self.valid_us = self.valid_us or mono
        self.peg()
        try:
            with exactly():
                valid = self._judged(self._sampled(now), mono)
        except Exception as error:
            # Boundary: what cannot be computed is no sample; the drawdown trigger trips on it.
            log.exception("equity could not be computed")
            self.error = f"{type(error).__name__}: {error}"
            return
        self.error = ""
        self._show(now)
        if valid is not None:
            await self._write(valid, now)

    def _sampled(self, now: int) -> Sample:
        held = {account: self._books.held(account) for account in self._books.opened}
        return sampled(self._floor.desk.board, held, now, self._ages)

    def _judged(self, sample: Sample, mono: int) -> Sample | None:
        """The sample, if it is valid: the marks have followed it and the fall is judged."""
        settled_us = self._floor.settings.equity_blind_s * SECOND_US // 2
        unpriced = unjudgeable(
            sample, self._mark, self._traded, settled=mono - self._began_us >= settled_us
        )
        self.doubts = (*sample.doubts, *unpriced)
        self._newest = None if self.doubts else sample
        if self.doubts:
            return None
        self.valid_us = mono
        self._carry(sample)
        assert self._mark is not None
        board, view = self._floor.desk.board, self._floor.door.view
        pct = view.drawdown_pct = drawdown_pct(sample, self._mark)
        self.fall = self.fall.after(pct, view.limits.max_drawdown_pct, mono)
        if board.nav_day_open is not None:
            view.daily_loss = max(ZERO, board.nav_day_open + board.flows_today - sample.higher)
        return sample

    def _carry(self, sample: Sample) -> None:
        """Let the mark follow; what joined, left or got a price is a flow of today."""
        board, mark = self._floor.desk.board, self._mark
        covered = frozenset[Account]() if mark is None else mark.accounts
        held = {account: self._books.held(account) for account in covered}
        left = {a: value_of(board, rows) for a, rows in held.items() if a not in sample.accounts}
        here = [rows for account, rows in held.items() if account in sample.accounts]
        outside = frozenset[str]() if mark is None else mark.left_out
        worth = {
            asset: sum((value_of(board, {asset: r.get(asset, ZERO)}) for r in here), ZERO)
            for asset in outside & sample.priced
        }
        late = sum(
            (n * (rate_of(board, a) or ZERO) for a, n in self._late.items() if a not in outside),
            ZERO,
        )
        self._late.clear()
        self._mark, shift = carried(mark, sample, left, worth, late)
        changes = {"flows_today": board.flows_today + shift} if shift else {}
        self._floor.desk.show(high_water=self._mark.value, **changes)

    def _show(self, now: int) -> None:
        if now - self._last_us < EVERY_US:
            return
        self._last_us = now
        desk = self._floor.desk
        with exactly():
            nav, partial = net_asset_value(desk.board, now)
        desk.show(nav=_thinned((*desk.board.nav, NavPoint(at_us=now, nav=nav, partial=partial))))

    def peg(self) -> None:
        """Give the pegged assets that no fresh market prices their one base unit."""
        desk, now = self._floor.desk, self._floor.now_us()
        for mark in pegged(self._pegged, desk.board.marks, now):
            desk.show(marks=desk.board.marks.put(mark.asset, mark))

    async def _write(self, sample: Sample, now: int) -> None:
        """A mark when a day begins, when it rose, and when something else is inside it."""
        mark, board = self._mark, self._floor.desk.board
        assert mark is not None
        if self._today(now) == board.nav_day and not _news(mark, self._written):
            return
        self._recording = True
        try:
            await self._floor.desk.record(self._row(sample, mark, "engine"))
        except DeskError as error:
            # A full disk has tripped the kill switch; its cancels must not end with this task.
            log.critical("net asset value could not be written down: %s", error)
        else:
            # A flow that was booked meanwhile is in the mark and not in the row: write it again.
            self._written = mark if mark is self._mark else None
        finally:
            self._recording = False

    def rebased(self, actor: str) -> bookings.NavMarked | None:
        """The mark that counts the drawdown from now on, for a person; None: equity is not known.

        It is in force once it is in the ledger.
        """
        if self._newest is None or self._mark is None:
            return None
        lower = replace(self._mark, value=self._newest.lower)
        return self._row(self._newest, lower, actor)

    def _row(self, sample: Sample, mark: HighWater, actor: str) -> bookings.NavMarked:
        now = self._floor.now_us()
        return bookings.NavMarked(
            at_us=now,
            actor=actor,
            local_date=self._today(now),
            nav=sample.venues,
            high_water=mark.value,
            counted=tuple(sorted(mark.counted)),
            left_out=tuple(sorted(mark.left_out)),
            accounts=tuple(sorted(mark.accounts)),
        )

    def _today(self, now: int) -> str:
        return local_date(now, self._floor.settings.time_zone).isoformat()


def ages_of(settings: EngineSettings) -> Ages:
    """How old a figure of a valid sample may be (semantics 3.4)."""
    return Ages(
        price_us=settings.mark_stale_s * SECOND_US,
        heard_us=max(30, 2 * settings.stream_silent_s) * SECOND_US,
        streamed_us=2 * settings.balances_every_s * SECOND_US,
        polled_us=max(30, 2 * settings.balances_degraded_every_s) * SECOND_US,
    )


def _news(mark: HighWater, written: HighWater | None) -> bool:
    if written is None or mark.value > written.value * RISE:
        return True
    return (mark.counted, mark.left_out, mark.accounts) != (
        written.counted,
        written.left_out,
        written.accounts,
    )


def _thinned(points: tuple[NavPoint, ...]) -> tuple[NavPoint, ...]:
    """At most `POINTS`: when full, every second of the older half is dropped."""
    if len(points) <= POINTS:
        return points
    half = len(points) // 2
    return (*points[:half:2], *points[half:])
