"""History from files: what a venue's interface does not reach any more enters the book here.

The one rule: a fact is booked once, whoever tells it. What has the venue's own id is the same
fact as the venue's; what has none is taken only from before the venue's own history begins,
where it cannot be there under another name.

The opening balance of an account is what its venue held for us at `opening.at_us`, less what the
venue's history told since. So whatever happened before that moment, and no history told, is in
the opening balance: it is booked as such (`IMPORTED_EARLIER`) and moves no balance of today.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from domain import bookings, controls, events, sightings
from domain.asks import Imported, ImportHistory
from domain.board import Board
from domain.errors import Refused
from domain.instruments import Account, quote_of
from domain.market import Movement
from domain.money import ONE
from domain.names import is_made_here
from domain.orders import Fill
from domain.storage_ports import Appended, LedgerReader
from engine.floor import Floor
from engine.operators import Operator, Role

MOST = 2_000  # facts in one ask: its line on the socket stays far below the longest
BATCH = 100  # facts in one append: what trades meanwhile waits behind one batch at most
SECOND_US = 1_000_000
Booked = bookings.FillBooked | bookings.MovementBooked
log = logging.getLogger(__name__)


class Importing:
    """Answers ImportHistory; follows the desk to know when each account's own history begins."""

    def __init__(self, floor: Floor, reader: LedgerReader) -> None:
        self._floor = floor
        self._reader = reader
        self._opened_us: dict[Account, int] = {}
        self._told_from_us: dict[Account, int] = {}
        floor.desk.keep(self)
        floor.desk.answer(ImportHistory, self.take_in, Role.ADMIN)

    # Keeping the beginnings

    def fact(self, fact: events.Fact, _: Board) -> None:
        """Follow when accounts opened, and the oldest fact that a venue itself has told."""
        if isinstance(fact, bookings.OpeningBalance):
            self._opened_us[fact.account] = fact.at_us
            self._told(fact.account, fact.at_us)
        elif isinstance(fact, bookings.FillBooked | bookings.MovementBooked):
            what = _what(fact)
            if fact.source not in (bookings.IMPORTED, bookings.IMPORTED_EARLIER):
                self._told(what.account, what.at_us)

    def sighting(self, sighting: sightings.Sighting, board: Board) -> None:
        """Sightings are no history."""

    def _told(self, account: Account, at_us: int) -> None:
        self._told_from_us[account] = min(at_us, self._told_from_us.get(account, at_us))

    # Taking in

    async def take_in(self, ask: ImportHistory, caller: Operator) -> Imported:
        """Book what is new, batch after batch; what was booked stays booked if one fails.

        Raises:
            Refused: before anything is booked, when the ask as a whole cannot be meant.
            Unavailable: the ledger took no more; asking again books the rest.
        """
        self._checked(ask)
        begins_us = self._told_from_us[ask.account]
        begins_us -= begins_us % SECOND_US  # files tell whole seconds
        facts, covered = [], []
        for fact in self._facts(ask, caller.name):
            what = _what(fact)
            name = what.trade_id if isinstance(what, Fill) else what.reference
            if is_made_here(name) and what.at_us >= begins_us:
                covered.append(what.key)
            else:
                facts.append(fact)
        if ask.dry_run:
            known = await self._known(facts)
            return Imported(booked=len(facts) - known, known=known, covered=tuple(covered))
        answer = await self._booked(ask, facts, tuple(covered))
        log.info(
            "import of %s (sha256 %s) into %s: %d booked, %d known, %d covered, %d contradicting",
            ask.source_name,
            ask.digest,
            ask.account,
            answer.booked,
            answer.known,
            len(answer.covered),
            len(answer.contradicting),
        )
        return answer

    def _checked(self, ask: ImportHistory) -> None:
        if ask.account not in self._floor.connections.accounts:
            known = ", ".join(sorted(self._floor.connections.accounts)) or "none"
            raise Refused("import", f"there is no account {ask.account}; configured: {known}")
        if ask.account not in self._opened_us:
            raise Refused(
                "import",
                f"{ask.account} was never reconciled, so its opening balance is not known; "
                "start with its venue reachable first",
            )
        if len(ask.fills) + len(ask.movements) > MOST:
            raise Refused("import", f"over {MOST} facts in one ask; split them")
        now_us = self._floor.now_us()
        for what in _told(ask):
            if what.account != ask.account:
                raise Refused("import", f"{what.key} is not of {ask.account}")
            if what.at_us > now_us:
                raise Refused("import", f"{what.key} is in the future")
        if any(fill.client_id or fill.inferred for fill in ask.fills):
            raise Refused("import", "a file tells executions; which order is ours it cannot know")

    def _facts(self, ask: ImportHistory, actor: str) -> Iterable[Booked]:
        for what in sorted(_told(ask), key=lambda told: (told.at_us, told.key)):
            earlier = what.at_us < self._opened_us[ask.account]
            source = bookings.IMPORTED_EARLIER if earlier else bookings.IMPORTED
            at_us = self._floor.now_us()
            if isinstance(what, Fill):
                rate = self._rate(quote_of(what.symbol))
                yield bookings.FillBooked(
                    at_us=at_us, actor=actor, fill=what, source=source, base_rate=rate
                )
            else:
                yield bookings.MovementBooked(
                    at_us=at_us, actor=actor, movement=self._valued(what), source=source
                )

    def _rate(self, asset: str) -> Decimal | None:
        """Today's marks say nothing of what an asset was worth then: not known is None."""
        return ONE if asset == self._floor.settings.base_currency else None

    def _valued(self, moved: Movement) -> Movement:
        return replace(moved, base_rate=self._rate(moved.asset))

    async def _known(self, facts: Sequence[Booked]) -> int:
        seen: set[str] = set()
        known = 0
        for fact in facts:
            known += fact.key() in seen or await self._reader.holds(fact.key())
            seen.add(fact.key())
        return known

    async def _booked(
        self, ask: ImportHistory, facts: Sequence[Booked], covered: tuple[str, ...]
    ) -> Imported:
        booked = known = 0
        contradicting: list[str] = []
        for first in range(0, len(facts), BATCH):
            batch = facts[first : first + BATCH]
            for fact, stored in zip(batch, await self._floor.desk.record(*batch), strict=True):
                booked += not (stored.duplicate or stored.conflict)
                known += stored.duplicate
                if stored.conflict:
                    contradicting.append(fact.key())
                    await self._contradicts(ask, fact, stored)
        return Imported(
            booked=booked, known=known, covered=covered, contradicting=tuple(contradicting)
        )

    async def _contradicts(self, ask: ImportHistory, fact: Booked, stored: Appended) -> None:
        is_fill = isinstance(fact, bookings.FillBooked)
        kind = "FILL_CHANGED" if is_fill else "MOVEMENT_CHANGED"
        await self._floor.desk.record(
            controls.BreakOpened(
                at_us=self._floor.now_us(),
                actor="engine",
                break_id=f"{kind}:{fact.key()}",
                kind=kind,
                account=ask.account,
                detail=f"{fact.key()} stands in {ask.source_name} with other numbers; "
                f"row {stored.seq} is kept",
            )
        )


def _what(fact: Booked) -> Fill | Movement:
    return fact.fill if isinstance(fact, bookings.FillBooked) else fact.movement


def _told(ask: ImportHistory) -> list[Fill | Movement]:
    return [*ask.fills, *ask.movements]
