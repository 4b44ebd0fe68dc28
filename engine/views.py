"""What the board shows of the engine itself: its pulse, its feeds, the use of its limits.

The one rule: the screen's heartbeat is the engine's: if this stops, the screen can tell.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from domain.board import Board, LastError, VenueView
from domain.engine_view import EngineView
from domain.table import Table
from engine.floor import Floor
from engine.pulse import Pulse

SAMPLES = 600
STATM = Path("/proc/self/statm")
PAGE = 4096
SECOND_US = 1_000_000
SAME_ERROR_US = 10 * SECOND_US  # one that lasts is not a new one each time


class Views:
    """Publishes the computed parts of the board, `publish_hz` times a second."""

    def __init__(
        self,
        floor: Floor,
        pulses: Callable[[], Sequence[Pulse]],
        ledger_bytes: Callable[[], int],
        limits_wait_s: Callable[[], int],
    ) -> None:
        self._floor = floor
        self._pulses = pulses
        self._ledger_bytes = ledger_bytes
        self._limits_wait_s = limits_wait_s
        self._lags: deque[int] = deque(maxlen=SAMPLES)
        self._beats = 0
        self.metrics_port = 0

    async def run(self) -> None:
        """Publish for ever."""
        every_us = SECOND_US // self._floor.settings.publish_hz
        clock = self._floor.clock
        due = clock.monotonic_us()
        while True:
            due += every_us
            await asyncio.sleep(max(0, due - clock.monotonic_us()) / SECOND_US)
            late_us = clock.monotonic_us() - due
            self._lags.append(max(0, late_us))
            if late_us > every_us:
                due = clock.monotonic_us()  # after a stall: go on from here, do not catch up
            self.publish()

    def publish(self) -> None:
        """Renew the board's computed fields."""
        desk, now = self._floor.desk, self._floor.now_us()
        board = desk.board
        self._beats += 1
        feeds = board.feeds
        for pulse in self._pulses():
            key = pulse.account or f"{pulse.venue} prices"
            feed = pulse.feed(now)
            if feeds.get(key) != feed:
                feeds = feeds.put(key, feed)
        changes = {"now_us": now, "version": board.version + 1, "feeds": feeds}
        if self._beats % max(1, self._floor.settings.publish_hz // 2) == 1:
            changes["usage"] = self._floor.door.usage()
            changes["engine"] = self._engine()
            changes["venues"] = self._venues(board)
            changes["ledger"] = replace(
                board.ledger, size_bytes=self._ledger_bytes(), lag_us=desk.write_lag_us
            )
        desk.show(**changes)

    def _venues(self, board: Board) -> Table[str, VenueView]:
        """Every venue with the state of its calls; those without a ration stay as they are."""
        venues = board.venues
        for connection in self._floor.connections:
            known = venues.get(connection.venue)
            if connection.vitals is None or known is None:
                continue
            vitals = connection.vitals()
            view = replace(
                known,
                latency_us=vitals.latency_us,
                budget_left=vitals.budget_left,
                budget=vitals.budget,
                banned_us=_same_moment(known.banned_us, vitals.banned_for_us, board.now_us),
                ban=vitals.ban,
                markets_us=vitals.markets_us,
            )
            if view != known:
                venues = venues.put(connection.venue, view)
        return self._with_errors(venues, board.now_us)

    def _with_errors(self, venues: Table[str, VenueView], now_us: int) -> Table[str, VenueView]:
        """Every venue with its newest error, which stays when it is over."""
        for pulse in self._pulses():
            known = venues.get(pulse.venue)
            problem, remedy = pulse.told()
            if known is None or not problem:
                continue
            last, who = known.last_error, pulse.account or pulse.venue
            same = last is not None and (last.who, last.why) == (who, problem)
            if last is None or not same or now_us - last.at_us > SAME_ERROR_US:
                error = LastError(who=who, why=problem, remedy=remedy, at_us=now_us)
                venues = venues.put(pulse.venue, replace(known, last_error=error))
        return venues

    def _engine(self) -> EngineView:
        ranked = sorted(self._lags)
        lag = ranked[len(ranked) * 99 // 100] if ranked else 0
        return EngineView(
            lag_us=lag,
            tasks=len(asyncio.all_tasks()),
            memory_bytes=_resident_bytes(),
            orders_sent=self._floor.door.sent,
            failures_5min=self._floor.door.failures(),
            metrics_port=self.metrics_port,
            limits_wait_s=self._limits_wait_s(),
        )


def _same_moment(known_us: int, left_us: int, now_us: int) -> int:
    """When a ban ends, UTC; the moment that is known already where it is the same second."""
    if not left_us:
        return 0
    ends_us = now_us + left_us
    return known_us if abs(ends_us - known_us) < SECOND_US else ends_us


def _resident_bytes() -> int:
    """The process's resident memory (Linux), 0 where the system does not tell it so."""
    try:
        return int(STATM.read_text(encoding="ascii").split()[1]) * PAGE
    except (OSError, ValueError, IndexError):
        return 0
