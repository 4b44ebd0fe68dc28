"""The timers of withdrawals: freezing, expiry, cool-off, the last look, and sending once.

The one rule: `WithdrawalSubmitting` is durable before the venue is asked, and the ledger takes
it once a request. Whoever finds it without an answer looks at the venue and never asks again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from domain import withdrawal_facts as facts
from domain.board import Phase
from domain.errors import DeskError, InDoubt, Misconfigured, Refused, Unavailable
from domain.lastlook import last_look
from domain.rulings import Action
from domain.withdrawals import WAITING, Request, State, Submission, Withdrawal
from engine.floor import Floor
from engine.withdrawcase import Cases

POLL_S = 0.25
ANSWER_S = 60  # a venue that saves nothing of ours may think long; nothing is sent twice
ENGINE = "engine"
log = logging.getLogger(__name__)


class Dispatch:
    """Moves requests on from what the clock and the halts say."""

    def __init__(self, floor: Floor, cases: Cases) -> None:
        self._floor = floor
        self._cases = cases
        self._underway: set[str] = set()

    async def started(self) -> None:
        """The ledger is folded: what was being sent when we died is in doubt (case N)."""
        await self.unanswered("the engine ended while it was being sent")

    async def unanswered(self, why: str = "its answer could not be written") -> None:
        """What was sent, and nobody waits for its answer any more, is in doubt.

        Raises:
            Unavailable: the ledger takes nothing.
        """
        for request in list(self._floor.desk.board.withdrawals.values()):
            waits = request.request_id in self._underway
            if request.state is State.SUBMITTING and not waits:
                await self._doubt(request, why)

    async def run(self) -> None:
        """Look after every request for ever; the ledger's failure stops only what it must."""
        while True:
            try:
                await self.look()
            except DeskError as error:
                log.warning("withdrawals wait: %s", error)
            await asyncio.sleep(POLL_S)

    async def look(self) -> None:
        """One look at every request that nothing was sent of.

        Raises:
            Unavailable: the ledger takes nothing; nothing was sent then.
        """
        for request_id in list(self._floor.desk.board.withdrawals):
            async with self._cases.lock:
                request = self._floor.desk.board.withdrawals.get(request_id)
                if request is not None and request.state in WAITING:
                    await self._step(request)

    async def _step(self, request: Request) -> None:
        now_us = self._floor.now_us()
        frozen = self._cases.frozen(request.terms.account)
        if frozen:
            if not request.frozen_us:
                await self._tell(request, facts.WithdrawalFrozen, reason=frozen)
            return
        if request.frozen_us:
            await self._thaw(request)
        elif now_us >= request.expires_us:
            await self._tell(request, facts.WithdrawalExpired)
        elif request.ruling.policy != self._cases.policy.version:
            await self._judged(request, "the policy has changed")
        elif request.state_at(now_us) is State.READY and self._may_send():
            await self._last_look(request)

    def _may_send(self) -> bool:
        return self._floor.desk.board.phase in (Phase.READY, Phase.ARMED)

    async def _thaw(self, request: Request) -> None:
        """What was asked for before a halt is judged again: earlier approvals are void."""
        await self._tell(request, facts.WithdrawalThawed)
        now = self._floor.desk.board.withdrawals[request.request_id]
        await self._judged(now, "asked for before a halt that is released")

    async def _judged(self, request: Request, reason: str) -> None:
        ruling, _ = self._cases.judge(request.terms, request.request_id)
        told = f"{reason}: {ruling.reason}" if ruling.reason else reason
        judged = request.judged + 1
        await self._tell(
            request,
            facts.WithdrawalJudged,
            ruling=ruling,
            body_hash=request.terms.hash(judged),
            judged=judged,
            reason=told,
        )

    async def _last_look(self, request: Request) -> None:
        """Everything again, with nothing between the look and the intent."""
        if self._cases.waits(request.terms.account):
            return
        against = self._cases.guard(request)
        if against is not None:
            judged = request.judged + 1
            await self._tell(
                request,
                facts.WithdrawalJudged,
                ruling=against,
                body_hash=request.terms.hash(judged),
                judged=judged,
                reason=against.reason,
            )
            return
        if request.ruling.action is Action.REQUIRE and request.missing:
            return  # cannot be: it would not be READY
        sent = facts.WithdrawalSubmitting(
            at_us=self._floor.now_us(),
            actor=ENGINE,
            request_id=request.request_id,
            body_hash=request.body_hash,
        )
        self._underway.add(request.request_id)
        (row,) = await self._floor.desk.record(sent)
        if row.duplicate or row.conflict:
            self._underway.discard(request.request_id)
            await self._doubt(request, "the ledger says that it was sent before")
            return
        self._floor.run(self._send(request), f"withdraw {request.request_id}")

    # Sending

    async def _send(self, request: Request) -> None:
        """Ask the venue, once, and write down what it says."""
        account = request.terms.account
        try:
            closed = self._cases.closed(account)
            if closed:
                await self._failed(request, "HALTED", f"{closed}; nothing was sent")
                return
            withdrawer = self._floor.connections.withdrawer(account)
            # Loading the key, and waiting for the venue's pace, may take seconds.
            with last_look(lambda: self._cases.closed(account)):
                answer = await verdict_of(withdrawer.withdraw, request.terms.withdrawal)
            if isinstance(answer, str):
                await self._doubt(request, answer)
            elif answer.accepted:
                await self._tell(
                    request,
                    facts.WithdrawalSubmitted,
                    venue_id=answer.venue_id,
                    source=request.terms.account.venue,
                )
            else:
                await self._failed(request, answer.code, answer.reason)
        except DeskError as error:  # the ledger's failure has tripped the switch; start finds it
            log.critical("%s: its outcome could not be written: %s", request.request_id, error)
        finally:
            self._underway.discard(request.request_id)

    @property
    def underway(self) -> frozenset[str]:
        """The requests whose venue has not answered yet."""
        return frozenset(self._underway)

    async def _failed(self, request: Request, code: str, reason: str) -> None:
        await self._tell(request, facts.WithdrawalFailed, code=code, reason=reason or code)

    async def _doubt(self, request: Request, reason: str) -> None:
        await self._tell(request, facts.WithdrawalInDoubt, reason=reason)

    async def _tell(
        self, request: Request, fact: Callable[..., facts.WithdrawalFact], **told: object
    ) -> None:
        at_us = self._floor.now_us()
        await self._floor.desk.record(
            fact(at_us=at_us, actor=ENGINE, request_id=request.request_id, **told)
        )


async def verdict_of(
    withdraw: Callable[[Withdrawal], Awaitable[Submission]], asked: Withdrawal
) -> Submission | str:
    """The venue's parsed verdict, or why its outcome is not known."""
    try:
        async with asyncio.timeout(ANSWER_S):
            return await withdraw(asked)
    except (Unavailable, Misconfigured, Refused) as error:  # provably nothing was asked for
        return Submission(accepted=False, code="NOT_SENT", reason=str(error))
    except InDoubt as error:
        return error.why
    except TimeoutError:
        return f"no answer in {ANSWER_S} s"
    except Exception as error:  # noqa: BLE001 - boundary: a venue call that fails is UNKNOWN
        return f"{type(error).__name__} out of the venue's adapter"
