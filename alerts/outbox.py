"""The mails about withdrawals: found by asking the desk, sent, tried again, noted.

The one rule: nothing here can hold the desk up. What is due is what the ledger does not say was
sent, so a restart forgets nothing; a mail may come twice, and is never silently lost.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from alerts.letters import approval_subject, approval_text
from alerts.mail import Mailer
from domain.asks_approvals import IssueApprovalLink, MailDue, NoteMail, ReadMailsDue
from domain.errors import DeskError, Refused
from domain.ports import Clock, Desk, Dice

LOOK_S = 1
FIRST_S, LONGEST_S = 5, 300
ALARM_AT, MOST_TRIES = 3, 10
SECOND_US = 1_000_000
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Tried:
    times: int
    again_us: int


class Outbox:
    """Sends what is due, one mail at a time. `addresses` are those of the operators by name."""

    def __init__(
        self, desk: Desk, mailer: Mailer, addresses: Mapping[str, str], clock: Clock, dice: Dice
    ) -> None:
        self._desk = desk
        self._mailer = mailer
        self._addresses = addresses
        self._clock = clock
        self._dice = dice
        self._tried: dict[MailDue, _Tried] = {}

    async def run(self) -> None:
        """Look every second, for as long as the engine runs."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Send everything that is due now."""
        if not self._tried and not any(r.open for r in self._desk.board.withdrawals.values()):
            return
        try:
            due = (await self._desk.ask(ReadMailsDue())).due
        except DeskError as error:
            log.warning("the outbox got no answer: %s", error)
            return
        self._tried = {mail: tried for mail, tried in self._tried.items() if mail in due}
        for mail in due:
            if self._is_time(self._tried.get(mail)):
                await self._deliver(mail)

    def _is_time(self, tried: _Tried | None) -> bool:
        if tried is None:
            return True
        return tried.times < MOST_TRIES and self._clock.monotonic_us() >= tried.again_us

    async def _deliver(self, mail: MailDue) -> None:
        """One try, whose failure is counted and, the third time, told."""
        try:
            await self._send(mail)
        except Refused as refused:
            if refused.rule in ("link_over", "withdrawal"):
                return  # it was decided while we were about to write
            await self._failed(mail, refused.reason)
        except DeskError as error:
            await self._failed(mail, str(error))
        except Exception as error:
            # Boundary: whatever a mail fails of, the desk goes on and the mail is tried again.
            log.exception("a mail failed")
            await self._failed(mail, type(error).__name__)

    async def _send(self, mail: MailDue) -> None:
        link = await self._desk.ask(
            IssueApprovalLink(request_id=mail.request_id, operator=mail.operator)
        )
        if link.request.body_hash != mail.body_hash:
            return  # it was judged again: the next look writes of the new one
        board = self._desk.board
        address = self._addresses[mail.operator]
        await self._mailer.send(address, approval_subject(link, board), approval_text(link, board))
        await self._desk.ask(NoteMail(mail=mail, jti=link.jti, expires_us=link.expires_us))
        self._tried.pop(mail, None)

    async def _failed(self, mail: MailDue, why: str) -> None:
        known = self._tried.get(mail)
        times = 1 if known is None else known.times + 1
        self._tried[mail] = _Tried(times, self._clock.monotonic_us() + self._wait_us(times))
        log.warning(
            "mail to %s about %s failed (%s): %s", mail.operator, mail.request_id, times, why
        )
        if times in (ALARM_AT, MOST_TRIES):
            more = "" if times < MOST_TRIES else "; no further try"
            instead = f"; tell {mail.operator}: quarterdeck withdraw approve {mail.request_id}"
            await self._note(NoteMail(mail=mail, problem=f"{why}{more}{instead}"))

    async def _note(self, note: NoteMail) -> None:
        try:
            await self._desk.ask(note)
        except DeskError as error:
            log.warning("a failed mail could not be noted: %s", error)

    def _wait_us(self, times: int) -> int:
        """Doubling from five seconds to five minutes, the upper half of it by chance."""
        whole_us = min(LONGEST_S, FIRST_S << (times - 1)) * SECOND_US
        return whole_us // 2 + self._dice.bits(31) % (whole_us // 2)
