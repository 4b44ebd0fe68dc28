"""Tells one webhook what happened: heard as it is recorded, sent soon, tried again, noted.

The one rule: nothing here can hold the desk up. What is due are the facts after the row that
the ledger says was told, so a restart neither repeats the past nor forgets what happened
meanwhile; a message may come twice, and what is given up is counted and said.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from alerts.chat import message
from alerts.tidings import KILL, OWN_ALARM, Tiding, tiding, unwritten
from alerts.webhooks import Poster, Webhook
from domain.alert_facts import WebhookTold
from domain.board import Board, Phase
from domain.controls import AlarmRaised
from domain.errors import DeskError
from domain.events import Fact
from domain.ports import Clock, Dice

LOOK_S = 1
GAP_S = 5  # between two messages to one webhook: what comes meanwhile is one message
FIRST_S, LONGEST_S = 5, 300
ALARM_AT, MOST_TRIES = 3, 10
MOST_WAITING = 200
OLD_US = 86_400_000_000
SECOND_US = 1_000_000
ACTOR = "webhooks"
RUNNING = frozenset({Phase.RECONCILE, Phase.READY, Phase.ARMED, Phase.DRAINING})
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledgered:
    """What a crier needs of the desk.

    `row` is where the fact stands that is being heard; `post` appends one and waits for nothing;
    `unwritten` is the reason of a halt that is in force although the ledger could not take it,
    "" for none.
    """

    board: Callable[[], Board]
    row: Callable[[], int]
    post: Callable[[Fact], None]
    unwritten: Callable[[], str] = str


class Crier:
    """An observer of the desk, and beside it the task that sends. `desk_name` heads messages."""

    def __init__(
        self,
        webhook: Webhook,
        poster: Poster,
        desk: Ledgered,
        clock: Clock,
        dice: Dice,
        desk_name: str,
    ) -> None:
        self._webhook = webhook
        self._poster = poster
        self._desk = desk
        self._clock = clock
        self._dice = dice
        self._desk_name = desk_name
        self._waiting: list[Tiding] = []
        self._crowded = 0  # how many had no room among them, the newest of them in this row:
        self._crowded_row = 0
        self._past = 0  # the last row that was there before this engine
        self._told: int | None = None  # the row up to which it was told; None: nobody has said
        self._tries = 0
        self._failing: Sequence[Tiding] = ()  # what was first tried in vain
        self._again_us = 0
        self._standing = ""  # why a halt stands that is not in the ledger, as last seen
        self._cried = ""  # the same, as told

    # Hearing

    def fact(self, fact: Fact, board: Board) -> None:
        """Keep what has to be told; of the past, what the ledger does not say was told."""
        row = self._desk.row()
        if not board.ledger.head_seq:
            self._past = row
        if isinstance(fact, WebhookTold):
            if fact.webhook == self._webhook.name:
                self._reached(fact.row)
            return
        told = tiding(fact, board, row)
        if told is not None and told.event in self._webhook.events:
            self._keep(told)

    def sighting(self, sighting: object, board: Board) -> None:
        """Nothing that is only seen is told."""

    def _keep(self, *told: Tiding) -> None:
        self._waiting += told
        while len(self._waiting) > MOST_WAITING:
            # How it began and how it stands matter most.
            between = self._waiting.pop(MOST_WAITING // 2)
            self._crowded += 1
            self._crowded_row = max(self._crowded_row, between.row)

    def _reached(self, row: int) -> None:
        self._told = max(row, self._told or 0)
        self._waiting = [told for told in self._waiting if not 0 < told.row <= row]
        if row >= self._crowded_row:
            self._crowded = 0

    # Telling

    async def run(self) -> None:
        """Look every second, for as long as the engine runs."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Send what is due now, in one message."""
        board = self._desk.board()
        if board.phase not in RUNNING or not board.ledger.head_seq:
            return  # the past is being read
        if self._told is None:
            self._begin()
        self._hear_unwritten()
        if self._waiting and self._clock.monotonic_us() >= self._again_us:
            await self._deliver(board)

    def _begin(self) -> None:
        """A webhook that the ledger does not know yet is told from this engine's start on."""
        self._reached(self._past)
        self._note(self._past)

    def _hear_unwritten(self) -> None:
        """A ledger that fails takes no fact of the halt that this causes."""
        reason = self._desk.unwritten()
        lasting = reason == self._standing  # not only on its way into the ledger
        if reason and lasting and reason != self._cried and KILL in self._webhook.events:
            self._keep(Tiding(KILL, self._clock.now_us(), 0, unwritten(reason)))
            self._cried = reason
        self._cried = self._cried if reason else ""
        self._standing = reason

    async def _deliver(self, board: Board) -> None:
        """One try, whose failure is counted and, the third time, told.

        What is under way is not among what waits: that may grow and be thinned out meanwhile.
        """
        batch, crowded = tuple(self._waiting), self._crowded
        self._waiting, self._crowded = [], 0
        since_us = self._clock.now_us() - OLD_US
        young = [told for told in batch if told.at_us >= since_us]
        older = len(batch) - len(young) + crowded
        try:
            text = message(self._desk_name, board.mode.value, young, older)
            await self._poster.send(text)
        except DeskError as error:
            self._back(batch, crowded)
            self._failed(batch, _said(error), getattr(error, "retry_after_us", 0))
        except Exception as error:  # noqa: BLE001 - boundary, see below
            # Whatever a message fails of, the desk goes on and it is tried again. Only the name
            # of the error is told: its text and its trace may hold the URL.
            self._back(batch, crowded)
            self._failed(batch, type(error).__name__, 0)
        else:
            self._tries = 0
            self._again_us = self._clock.monotonic_us() + GAP_S * SECOND_US
            self._done(batch, events=len(batch) + crowded)

    def _back(self, batch: Sequence[Tiding], crowded: int) -> None:
        later, self._waiting = self._waiting, []
        self._crowded += crowded
        self._keep(*batch, *later)

    def _done(self, batch: Sequence[Tiding], *, events: int = 0, lost: int = 0) -> None:
        """These are over, told or given up; the ledger remembers up to which row."""
        gone = set(batch)
        self._waiting = [told for told in self._waiting if told not in gone]
        row = max((told.row for told in batch), default=0)
        if row > (self._told or 0):
            self._reached(row)
            self._note(row, events=events, lost=lost)

    # Failing

    def _failed(self, batch: Sequence[Tiding], why: str, wait_us: int) -> None:
        self._tries += 1
        if self._tries == 1:
            self._failing = batch
        name = self._webhook.name
        log.warning("webhook %s failed (%s): %s", name, self._tries, why)
        least_us = min(wait_us, LONGEST_S * SECOND_US)
        self._again_us = self._clock.monotonic_us() + max(least_us, self._wait_us())
        if self._tries in (ALARM_AT, MOST_TRIES):
            over = self._tries == MOST_TRIES
            more = f"; given up: {len(self._failing)} events, see the ledger" if over else ""
            self._alarm(f"{name} is not told what happens: {why}{more}")
        if self._tries >= MOST_TRIES:
            self._tries = 0
            self._done(self._failing, lost=len(self._failing))

    def _wait_us(self) -> int:
        """Doubling from five seconds to five minutes, the upper half of it by chance."""
        whole_us = min(LONGEST_S, FIRST_S << (self._tries - 1)) * SECOND_US
        return whole_us // 2 + self._dice.bits(31) % (whole_us // 2)

    # Noting

    def _note(self, row: int, *, events: int = 0, lost: int = 0) -> None:
        self._desk.post(
            WebhookTold(
                at_us=self._clock.now_us(),
                actor=ACTOR,
                webhook=self._webhook.name,
                row=row,
                events=events,
                lost=lost,
            )
        )

    def _alarm(self, text: str) -> None:
        self._desk.post(
            AlarmRaised(
                at_us=self._clock.now_us(),
                actor=ACTOR,
                alarm=f"{OWN_ALARM}{self._webhook.name}",
                severity="warning",
                text=text,
            )
        )


def _said(error: DeskError) -> str:
    remedy = getattr(error, "remedy", "")
    return f"{error}; {remedy}" if remedy else str(error)
