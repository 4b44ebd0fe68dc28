"""What became of withdrawals that were sent: the venue's own list, and booked movements.

The one rule: an unanswered withdrawal is looked for and never repeated; where no search finds
it, a person decides, and what the venue shows later still counts.
"""

import asyncio
import logging
from collections.abc import Sequence

from domain import bookings, controls
from domain import withdrawal_facts as facts
from domain.board import Board, Break
from domain.errors import DeskError
from domain.events import Fact
from domain.instruments import Account
from domain.market import Movement
from domain.money import canonical
from domain.withdrawals import (
    Request,
    State,
    VenueStatus,
    VenueWithdrawal,
    amounts_fit,
    request_of,
)
from engine.floor import Floor
from engine.withdrawcase import SECOND_US, Cases, Promises

EVERY_S = 15
LIST_S = 60
CLOCKS_APART_US = 300 * SECOND_US  # a venue's row may carry a time before ours
DECIDE_AFTER_US = 1_800 * SECOND_US
ENOUGH_SCANS = 2
MISMATCH = "WITHDRAWAL_MISMATCH"
_FOLLOWED = (State.SUBMIT_UNKNOWN, State.SUBMITTED, State.CONFIRMING)
log = logging.getLogger(__name__)


class Tracing:
    """Follows every request that may have left; told every fact, it also keeps the promises."""

    def __init__(self, floor: Floor, cases: Cases) -> None:
        self._floor = floor
        self._cases = cases
        self._promises = Promises(floor)
        self._scans: dict[str, int] = {}
        self._replaying = True
        floor.desk.keep(self)

    def fact(self, fact: Fact, board: Board) -> None:
        """Keep the promises, and recognise our own withdrawals among the movements."""
        if isinstance(fact, facts.WithdrawalRequested | facts.WithdrawalFact):
            request = board.withdrawals.get(fact.request_id)
            if request is not None:
                self._promises.follow(request)
        elif isinstance(fact, bookings.MovementBooked) and not self._replaying:
            self._moved(fact.movement, board)

    def sighting(self, sighting: object, board: Board) -> None:
        """Nothing seen moves a withdrawal on."""

    def started(self) -> None:
        """The ledger is folded; from now on movements are news."""
        self._replaying = False

    def _moved(self, movement: Movement, board: Board) -> None:
        request = request_of(board.withdrawals.values(), movement)
        if request is None or request.completed:
            return
        row = VenueWithdrawal(
            account=movement.account,
            venue_id=movement.reference,
            asset=movement.asset,
            amount=-movement.amount,
            at_us=movement.at_us,
            status=VenueStatus.DONE,
            fee=movement.fee,
        )
        self._floor.desk.post(*self._told(request, row, "movement"))

    # Looking

    async def run(self) -> None:
        """Read the venues' lists for ever, while there is anything to look for."""
        while True:
            try:
                await self.look()
            except DeskError as error:
                log.warning("withdrawals are not followed just now: %s", error)
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """One look at every account that has something under way.

        Raises:
            Unavailable: the ledger takes nothing.
        """
        followed: dict[Account, list[Request]] = {}
        for request in self._floor.desk.board.withdrawals.values():
            if request.state in _FOLLOWED:
                followed.setdefault(request.terms.account, []).append(request)
        for account, requests in followed.items():
            rows = await self._rows(account, min(r.sent_us for r in requests))
            for request in requests:
                await self._settle(request, rows)

    async def _rows(self, account: Account, since_us: int) -> Sequence[VenueWithdrawal] | None:
        """The venue's list, None when it could not be read whole: that proves nothing."""
        try:
            lister = self._floor.connections.lister(account)
            async with asyncio.timeout(LIST_S):
                return await lister.withdrawals(max(0, since_us - CLOCKS_APART_US))
        except (DeskError, TimeoutError) as error:
            log.warning("the withdrawals of %s could not be listed: %s", account, error)
            return None

    async def _settle(self, request: Request, rows: Sequence[VenueWithdrawal] | None) -> None:
        async with self._cases.lock:
            now = self._floor.desk.board.withdrawals.get(request.request_id)
            if now is None or now.state not in _FOLLOWED or rows is None:
                return
            row = self._found(now, rows)
            if row is not None:
                told = self._told(now, row, "look-up")
                if told:
                    await self._floor.desk.record(*told)
            elif now.state is State.SUBMIT_UNKNOWN:
                await self._missing(now)

    def _found(self, request: Request, rows: Sequence[VenueWithdrawal]) -> VenueWithdrawal | None:
        """The venue's row of a request: by id, by our reference, else the only one that fits."""
        if request.venue_id:
            return next((row for row in rows if row.venue_id == request.venue_id), None)
        by_name = next((row for row in rows if row.reference == request.terms.nonce), None)
        if by_name is not None:
            return by_name
        others = self._floor.desk.board.withdrawals.values()
        taken = {r.venue_id for r in others if r.terms.account == request.terms.account}
        fitting = [row for row in rows if row.venue_id not in taken and _fits(request, row)]
        return fitting[0] if len(fitting) == 1 else None

    def _told(self, request: Request, row: VenueWithdrawal, source: str) -> list[Fact]:
        """The facts that a row amounts to: none when it says nothing new."""
        at_us, name = self._floor.now_us(), request.request_id
        news: list[Fact] = []
        if not request.submitted or not request.venue_id:
            news.append(
                facts.WithdrawalSubmitted(
                    at_us=at_us,
                    actor=row.account.venue,
                    request_id=name,
                    venue_id=row.venue_id,
                    source=source,
                )
            )
        if _says_more(request, row):
            news.append(
                facts.WithdrawalReported(
                    at_us=at_us, actor=row.account.venue, request_id=name, row=row, source=source
                )
            )
        differs = _difference(request, row)
        if differs and not any(b.break_id == f"{MISMATCH}:{name}" for b in self._breaks()):
            news += self._mismatch(request, differs)
        return news

    def _breaks(self) -> Sequence[Break]:
        return self._floor.desk.board.breaks

    def _mismatch(self, request: Request, differs: str) -> list[Fact]:
        at_us, name = self._floor.now_us(), request.request_id
        text = f"{name} is not at {request.terms.account} as it was approved: {differs}"
        return [
            controls.BreakOpened(
                at_us=at_us,
                actor="engine",
                break_id=f"{MISMATCH}:{name}",
                kind=MISMATCH,
                account=request.terms.account,
                detail=text,
                value=request.value,
            ),
            _alarm(f"withdrawal {name}", text, at_us),
        ]

    async def _missing(self, request: Request) -> None:
        """A full list without it; after half an hour and two of them a person must decide."""
        name = request.request_id
        self._scans[name] = scans = self._scans.get(name, 0) + 1
        waited_us = self._floor.now_us() - request.doubt_us
        if request.unresolved or scans < ENOUGH_SCANS or waited_us < DECIDE_AFTER_US:
            return
        at_us = self._floor.now_us()
        text = (
            f"withdrawal {name} of {canonical(request.terms.amount)} {request.terms.asset} is not "
            f"found at {request.terms.account}: look there, then `quarterdeck withdraw resolve`"
        )
        await self._floor.desk.record(
            facts.WithdrawalUnresolved(at_us=at_us, actor="engine", request_id=name, scans=scans),
            _alarm(f"withdrawal {name}", text, at_us),
        )


def _fits(request: Request, row: VenueWithdrawal) -> bool:
    terms = request.terms
    return (
        row.asset == terms.asset
        and row.reference == ""
        and row.at_us >= request.sent_us - CLOCKS_APART_US
        and amounts_fit(terms.amount, row.amount, row.fee)
        and _alike(row.address, terms.address)
        and row.tag in ("", terms.tag)
    )


def _says_more(request: Request, row: VenueWithdrawal) -> bool:
    ended = request.completed or request.venue_failed
    if ended:
        return False
    news = row.status is not VenueStatus.PENDING or not request.confirming
    return news or bool(row.txid and row.txid != request.txid)


def _difference(request: Request, row: VenueWithdrawal) -> str:
    """In what a row differs from what was approved; "" for nothing that is told."""
    terms = request.terms
    if row.asset != terms.asset:
        return f"the asset is {row.asset}"
    if not amounts_fit(terms.amount, row.amount, row.fee):
        return f"the amount is {canonical(row.amount)}, not {canonical(terms.amount)}"
    if not _alike(row.address, terms.address):
        return f"the address is {row.address}, not {terms.address}"
    if row.tag not in ("", terms.tag):
        return f"the tag is {row.tag}, not {terms.tag or 'none'}"
    return ""


def _alike(told: str, address: str) -> bool:
    """Venues write the letters of some formats as they like; "" is not told."""
    return told.casefold() in ("", address.casefold())


def _alarm(name: str, text: str, at_us: int) -> Fact:
    return controls.AlarmRaised(
        at_us=at_us, actor="engine", alarm=name, severity="critical", text=text
    )
