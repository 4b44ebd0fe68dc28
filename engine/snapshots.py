"""Daily snapshots: taking the one that is due, once everything in it is known and young.

The one rule: exactly one per account and local date, all of a date in one transaction. One
that would lack something waits a while for it, and says what it lacks if it has to be taken
without; while the clock is wrong or nothing is known, none is taken at all.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from accounting.nav import Nav, holdings_of, nav_of
from accounting.routes import marks_of
from accounting.snapshots import due, moment_of, next_due_us, snapshot_of
from accounting.valuation import PEGGED
from domain.adjustments import SNAPSHOT, PricesRecorded
from domain.board import AccountView, Board
from domain.market import Mark
from domain.snapshots import SnapshotTaken
from engine.floor import Floor
from engine.settings import PerformanceSettings
from engine.track import Track
from engine.troubles import Troubles

ALL = ""
SECOND_US = 1_000_000
CLOCK_OFF_US = 60 * SECOND_US  # further from every venue's: the date itself may be wrong
TELL_US = 60 * SECOND_US  # a start takes a while until every price is there
WAITS = "the daily snapshot waits"
log = logging.getLogger(__name__)


class Taken(NamedTuple):
    """The date that was taken, "" for none; and what it lacks, or waits for."""

    local_date: str = ""
    doubts: tuple[str, ...] = ()


class Picture(NamedTuple):
    """What everything is worth now, and what is missing or old: (account, in words)."""

    nav: Nav
    prices: Mapping[str, Decimal]
    doubts: tuple[tuple[str, str], ...]

    def doubts_of(self, account: str) -> tuple[str, ...]:
        """Those that concern an account ("" for all together)."""
        told = (why for whose, why in self.doubts if account in (ALL, whose))
        return tuple(dict.fromkeys(told))


class Snapshots:
    """Takes the daily snapshot of every account and of all together (R-E1)."""

    def __init__(
        self, floor: Floor, track: Track, settings: PerformanceSettings, pegged: Iterable[str]
    ) -> None:
        self._floor = floor
        self._track = track
        self._settings = settings
        self._pegged = frozenset(pegged)
        self._one_at_a_time = asyncio.Lock()
        self._due_us: int | None = None
        self._troubles = Troubles(log)
        self.waiting: tuple[str, ...] = ()

    # When

    def due(self) -> date | None:
        """The date whose snapshot is to be taken now."""
        at, zone = self._settings.snapshot_at, self._settings.time_zone
        return None if at is None else due(self._floor.now_us(), self._last(), at, zone)

    def next_us(self) -> int:
        """When the next one is due, 0 where none are taken."""
        at, zone = self._settings.snapshot_at, self._settings.time_zone
        return 0 if at is None else next_due_us(self._floor.now_us(), self._last(), at, zone)

    def _last(self) -> date | None:
        known = self._floor.desk.board.snapshots.get(ALL)
        return None if known is None else date.fromisoformat(known.local_date)

    async def look(self) -> None:
        """Take the one that is due, if there is one and it is whole or has waited long enough."""
        if self.due() is None:
            self._due_us, self.waiting = None, ()
            return
        now_us = self._floor.clock.monotonic_us()
        if self._due_us is None:
            self._due_us = now_us
        waited_us = now_us - self._due_us
        long_enough = waited_us >= self._settings.snapshot_wait_s * SECOND_US
        lacking = self._unpriced_benchmark()
        if lacking and not long_enough:
            self.waiting = lacking
        else:
            await self.take(partial=long_enough)
        if self.waiting and waited_us >= TELL_US:
            self._troubles.met(WAITS, "; ".join(self.waiting))

    def _unpriced_benchmark(self) -> tuple[str, ...]:
        """A snapshot can do without these, but the benchmark then misses the day."""
        known = self.picture().prices
        bare = sorted(asset for asset in self._settings.weights if asset not in known)
        return (f"no fresh price of {', '.join(bare)} for the benchmark",) if bare else ()

    # Taking

    async def take(self, *, partial: bool) -> Taken:
        """Take the one that is due; what would lack something only if `partial` says so.

        Raises:
            Unavailable: the ledger took nothing.
        """
        async with self._one_at_a_time:
            day = self.due()
            if day is None:
                return Taken()
            picture = self.picture()
            doubts = picture.doubts_of(ALL)
            barred = self._barred(self._floor.desk.board)
            if barred or (doubts and not partial):
                self.waiting = (*barred, *doubts)
                return Taken(doubts=self.waiting)
            facts = self._facts(picture, day)
            await self._floor.desk.record(*facts, *self._prices(facts, day))
            self._due_us, self.waiting = None, ()
            self._troubles.over(WAITS)
            return Taken(day.isoformat(), doubts)

    def _barred(self, board: Board) -> tuple[str, ...]:
        """Why none may be taken, however long it has waited."""
        if all(view.balances is None for view in board.accounts.values()):
            return ("no balance of any account is known",)
        skews = [view.skew_us for view in board.venues.values() if view.skew_us is not None]
        off_us = min(skews, key=abs, default=0)
        if abs(off_us) > CLOCK_OFF_US:
            way = "ahead of" if off_us < 0 else "behind"
            told = f"{abs(off_us) // SECOND_US} s {way} every venue's"
            return (f"this machine's clock is {told}",)
        return ()

    def _facts(self, picture: Picture, day: date) -> list[SnapshotTaken]:
        known = self._floor.desk.board.accounts.values()
        accounts = sorted(str(view.account) for view in known if view.balances is not None)
        return [self._fact(picture, account, day) for account in (ALL, *accounts)]

    def _fact(self, picture: Picture, account: str, day: date) -> SnapshotTaken:
        at, zone = self._settings.snapshot_at or "", self._settings.time_zone
        made = snapshot_of(picture.nav, account, day, at, zone)
        wanted = made.assets.keys() | self._settings.weights.keys()
        return SnapshotTaken(
            at_us=made.at_us,
            actor="engine",
            account=account,
            local_date=day.isoformat(),
            time_zone=zone,
            planned_us=made.planned_us,
            nav=made.nav,
            assets=dict(made.assets),
            values=dict(made.values),
            prices={name: price for name, price in picture.prices.items() if name in wanted},
            doubts=picture.doubts_of(account),
            margin=made.margin,
        )

    def _prices(self, facts: Sequence[SnapshotTaken], day: date) -> list[PricesRecorded]:
        """The prices of the day's snapshot, for what is told later of this day without any."""
        base = self._floor.desk.board.base_currency
        prices = {asset: value for asset, value in facts[0].prices.items() if asset != base}
        if not prices:
            return []
        zone = self._settings.time_zone
        since_us = moment_of(day, "00:00", zone)
        until_us = moment_of(day + timedelta(days=1), "00:00", zone)
        return [
            PricesRecorded(
                at_us=facts[0].at_us,
                actor="engine",
                since_us=since_us,
                until_us=until_us,
                prices=prices,
                source=SNAPSHOT,
            )
        ]

    # What is known

    def picture(self) -> Picture:
        """What everything is worth now, with everything that is not as it should be."""
        board, now_us = self._floor.desk.board, self._floor.now_us()
        marks = self._marks(board, now_us)
        views = list(board.accounts.values())
        nav = nav_of(
            [held for view in views if view.balances for held in holdings_of(view.balances)],
            marks,
            now_us,
            missing=[place for view in views for place in _unknown(view)],
            stale_us=self._floor.settings.mark_stale_s * SECOND_US,
        )
        fresh = {a: m.value for a, m in marks.items() if now_us - m.at_us <= nav.stale_us}
        old_us = self._floor.settings.balance_stale_s * SECOND_US
        told = [(str(view.account), why) for view in views for why in _unread(view, now_us, old_us)]
        return Picture(nav, fresh, (*told, *_unpriced(nav)))

    def _marks(self, board: Board, now_us: int) -> dict[str, Mark]:
        stale_us = self._floor.settings.mark_stale_s * SECOND_US
        pegged = self._pegged
        if not self._settings.pegged:  # then only those that no market prices
            known = {asset: board.marks.get(asset) for asset in pegged}
            pegged = frozenset(a for a, mark in known.items() if mark and mark.source == PEGGED)
        prices = board.prices.values()
        return marks_of(prices, board.base_currency, now_us, pegged=pegged, stale_us=stale_us)


def _unknown(view: AccountView) -> Iterable[str]:
    if view.balances is None:
        yield view.account
    else:
        yield from (f"{view.account} {wallet}" for wallet in view.balances.unread)


def _unread(view: AccountView, now_us: int, old_us: int) -> Iterable[str]:
    if view.balances is None:
        yield f"{view.account}: its balances are not known"
    elif now_us - view.balances.at_us > old_us:
        age_s = (now_us - view.balances.at_us) // SECOND_US
        yield f"{view.account}: its balances are {age_s} s old"
    for wallet, why in view.balances.unread.items() if view.balances else ():
        yield f"{view.account}: its {wallet} wallet could not be read ({why})"


def _unpriced(nav: Nav) -> Iterable[tuple[str, str]]:
    for line in nav.lines:
        account, asset = str(line.holding.account), line.holding.asset
        if line.mark is None:
            yield account, f"{asset}: no price"
            continue
        age_us = nav.at_us - line.mark.at_us
        if age_us > nav.stale_us:
            yield account, f"{asset}: its price is {age_us // SECOND_US} s old"
