"""Links that approve a withdrawal: made, shown, used once; and who must be written to.

The one rule: a link decides nothing. It names a person and a body; the person's role and code
and the request as it stands now are looked at when it is used, and its end is written in the
transaction of the act.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from domain import asks_approvals as asks
from domain import controls
from domain.approval_facts import LinkSent, LinkUsed
from domain.asks import DemoCode, Done
from domain.asks_withdrawals import ApproveWithdrawal, RejectWithdrawal
from domain.board import Board, Mode
from domain.errors import Refused
from domain.events import Fact
from domain.storage_ports import LedgerReader
from domain.withdrawals import Request, State
from engine.floor import Floor
from engine.linkkeys import LinkKeys, LinkKeyStore
from engine.operators import Operator, Role
from engine.secondfactor import SecondFactor
from engine.withdrawals import Withdrawals
from risk.links import JTI_BITS, Claim, Opened, expires, opened, sign

# Parts of the program that ask. Whoever comes over the socket has a name without a space, and
# is another object in any case: these two are compared by identity.
PAGE = Operator(name="approval page", roles=frozenset())
OUTBOX = Operator(name="approval mail", roles=frozenset())
MAIL, COMMAND = "mail", "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalPlan:
    """What links need of the outside: keys, the people by name, and who has an address."""

    keys: LinkKeyStore
    people: Mapping[str, Operator]
    mailed: frozenset[str] = frozenset()


class Approvals:
    """Answers everything about links. `url` is where the page is, "" while there is none."""

    def __init__(
        self,
        floor: Floor,
        withdrawals: Withdrawals,
        codes: SecondFactor,
        reader: LedgerReader,
        plan: ApprovalPlan | None,
    ) -> None:
        self.url = ""
        self._floor = floor
        self._cases = withdrawals.cases
        self._withdrawing = withdrawals.withdrawing
        self._codes = codes
        self._reader = reader
        self._plan = plan
        self._keys = None if plan is None else LinkKeys(plan.keys, floor.dice)
        self._lock = asyncio.Lock()
        self._mailed: dict[str, set[tuple[str, str]]] = {}
        desk = floor.desk
        desk.keep(self)
        desk.answer(asks.IssueApprovalLink, self.issue, None)
        desk.answer(asks.ReadApprovalLink, self.read, None)
        desk.answer(asks.UseApprovalLink, self.use, None)
        desk.answer(asks.ReadMailsDue, self.mails_due, None)
        desk.answer(asks.NoteMail, self.note, None)

    # What the ledger says

    def fact(self, fact: Fact, _: Board) -> None:
        """Remember who was written to about which body."""
        if isinstance(fact, LinkSent) and fact.channel == MAIL:
            self._mailed.setdefault(fact.request_id, set()).add((fact.body_hash, fact.operator))

    def sighting(self, sighting: object, board: Board) -> None:
        """Nothing seen changes a link."""

    # Making a link

    async def issue(self, ask: asks.IssueApprovalLink, caller: Operator) -> asks.ApprovalLink:
        """A fresh link: for an approver who asks, or for whom the mail goes to."""
        plan, keys = self._on()
        operator = self._approver(plan, ask.operator or caller.name)
        if caller is not OUTBOX:
            caller.must_be(Role.APPROVER, "a link")
            if caller.name != operator.name:
                raise Refused("role", f"a link of {operator.name} goes to {operator.name} alone")
        request = self._cases.request(ask.request_id)
        _pending(request)
        if not self.url:
            raise Refused("link", f"the approval page is not up; {_instead(request.request_id)}")
        now_us = self._floor.now_us()
        claim = Claim(
            id=request.request_id,
            jti=f"{self._floor.dice.bits(JTI_BITS):032x}",
            body_hash=request.body_hash,
            operator=operator.name,
        )
        token = sign(claim, await keys.signing(now_us), now_us)
        if caller is not OUTBOX:
            await self._sent(claim, expires(now_us), COMMAND, caller.name)
        return asks.ApprovalLink(
            url=f"{self.url}/approve/{token}",
            operator=operator.name,
            jti=claim.jti,
            expires_us=expires(now_us),
            request=request,
        )

    # Looking at one

    async def read(self, ask: asks.ReadApprovalLink, caller: Operator) -> asks.LinkView:
        """What the link shows, while it can still act."""
        link = await self._good(ask.token, caller)
        request = self._cases.request(link.claim.id)
        return asks.LinkView(
            request=request,
            state=request.state_at(self._floor.now_us()),
            operator=link.claim.operator,
            expires_us=link.expires_us,
            now_us=self._floor.now_us(),
            entry=self._floor.desk.board.addresses.get(request.terms.destination),
            demo_code=await self._demo_code(link.claim.operator),
        )

    async def _demo_code(self, operator: str) -> str:
        if self._floor.desk.board.mode is not Mode.DEMO:
            return ""
        plan, _ = self._on()
        try:
            return (await self._codes.demo_code(DemoCode(), plan.people[operator])).detail
        except Refused as none_now:
            return none_now.reason

    # Using one

    async def use(self, ask: asks.UseApprovalLink, caller: Operator) -> Request:
        """The link's one act, in its approver's name."""
        async with self._lock:
            claim = (await self._good(ask.token, caller)).claim
            plan, _ = self._on()
            operator = self._approver(plan, claim.operator)
            used = LinkUsed(
                at_us=self._floor.now_us(),
                actor=operator.name,
                jti=claim.jti,
                request_id=claim.id,
                operator=operator.name,
                act="approve" if ask.approve else "reject",
            )
            if ask.approve:
                approval = ApproveWithdrawal(
                    request_id=claim.id, body_hash=claim.body_hash, code=ask.code
                )
                return await self._withdrawing.approve(approval, operator, used)
            return await self._reject(ask, claim, operator, used)

    async def _reject(
        self, ask: asks.UseApprovalLink, claim: Claim, operator: Operator, used: LinkUsed
    ) -> Request:
        """From afar a no needs the code too: whoever reads the mail is not yet the approver."""
        if not ask.reason.strip():
            raise Refused("reason", "say why, for the ledger")
        purpose = f"reject {claim.id} {claim.body_hash}"
        spent = await self._codes.allow(operator.name, ask.code, purpose)
        rejection = RejectWithdrawal(request_id=claim.id, reason=ask.reason)
        return await self._withdrawing.reject(rejection, operator, spent, used)

    async def _good(self, token: str, caller: Operator) -> Opened:
        """The link, if it can act now.

        Raises:
            Refused: saying what has become of it and what to do instead.
        """
        if caller is not PAGE:
            raise Refused("role", "links are for the approval page; see `quarterdeck withdraw`")
        plan, keys = self._on()
        now_us = self._floor.now_us()
        link = opened(token, await keys.counting(now_us), now_us)
        if link is None:
            raise Refused("link_unknown", "this link was not made here, or was changed on its way")
        claim = link.claim
        self._approver(plan, claim.operator)
        if await self._reader.holds(f"link:{claim.jti}"):
            raise Refused("link_used", f"this link has been used; {_see(claim.id)}")
        if link.expired:
            raise Refused("link_expired", f"its ten minutes are over; {_instead(claim.id)}")
        request = self._cases.request(claim.id)
        _pending(request)
        if request.body_hash != claim.body_hash:
            told = f"{claim.id} has changed since this link was sent; {_instead(claim.id)}"
            raise Refused("link_changed", told)
        return link

    # The mail

    async def mails_due(self, _: asks.ReadMailsDue, caller: Operator) -> asks.MailsDue:
        """Approvers with an address who do not know yet of a request as it stands."""
        _only_outbox(caller)
        waiting = [r for r in self._floor.desk.board.withdrawals.values() if r.open]
        self._mailed = {
            r.request_id: self._mailed[r.request_id]
            for r in waiting
            if r.request_id in self._mailed
        }
        now_us = self._floor.now_us()
        due = [
            asks.MailDue(request_id=r.request_id, body_hash=r.body_hash, operator=name)
            for r in sorted(waiting, key=lambda r: r.requested_us)
            if r.state is State.PENDING and not r.frozen_us and now_us < r.expires_us
            for name in self._askable(r)
            if (r.body_hash, name) not in self._mailed.get(r.request_id, ())
        ]
        return asks.MailsDue(due=tuple(due))

    def _askable(self, request: Request) -> list[str]:
        """Those with an address who could approve it and have not yet."""
        if self._plan is None:
            return []
        done = {approval.operator for approval in request.standing}
        if request.ruling.two_person:
            done.add(request.terms.requester)
        return [
            name
            for name, known in self._plan.people.items()
            if name in self._plan.mailed and Role.APPROVER in known.roles and name not in done
        ]

    async def note(self, ask: asks.NoteMail, caller: Operator) -> Done:
        """A mail is out, or a person must know that it is not."""
        _only_outbox(caller)
        mail = ask.mail
        if ask.problem:
            await self._floor.desk.record(
                controls.AlarmRaised(
                    at_us=self._floor.now_us(),
                    actor=OUTBOX.name,
                    alarm=f"mail {mail.operator}",
                    severity="warning",
                    text=f"{mail.operator} was not told of {mail.request_id}: {ask.problem}",
                )
            )
            return Done(detail="noted")
        claim = Claim(
            id=mail.request_id, jti=ask.jti, body_hash=mail.body_hash, operator=mail.operator
        )
        await self._sent(claim, ask.expires_us, MAIL, OUTBOX.name)
        return Done(detail="sent")

    async def _sent(self, claim: Claim, expires_us: int, channel: str, actor: str) -> None:
        await self._floor.desk.record(
            LinkSent(
                at_us=self._floor.now_us(),
                actor=actor,
                request_id=claim.id,
                body_hash=claim.body_hash,
                operator=claim.operator,
                jti=claim.jti,
                expires_us=expires_us,
                channel=channel,
            )
        )

    # Who and whether

    def _on(self) -> tuple[ApprovalPlan, LinkKeys]:
        if self._plan is None or self._keys is None:
            raise Refused(
                "link",
                "links are off; set withdrawals.approval_method: email, or approve with "
                "`quarterdeck withdraw approve`",
            )
        return self._plan, self._keys

    def _approver(self, plan: ApprovalPlan, name: str) -> Operator:
        operator = plan.people.get(name)
        if operator is None:
            raise Refused("operator", f"{name} is no operator of this desk; see `operators:`")
        operator.must_be(Role.APPROVER, "a withdrawal's approval")
        return operator


def _pending(request: Request) -> None:
    if request.state is not State.PENDING:
        told = f"{request.request_id} is {request.state.value}: there is nothing to approve"
        raise Refused("link_over", f"{told}; {_see(request.request_id)}")


def _only_outbox(caller: Operator) -> None:
    if caller is not OUTBOX:
        raise Refused("role", "this is the outbox's; a link: `quarterdeck withdraw link`")


def _instead(request_id: str) -> str:
    return (
        f"get another link with `quarterdeck withdraw link {request_id}`, or approve with "
        f"`quarterdeck withdraw approve {request_id} --code -`"
    )


def _see(request_id: str) -> str:
    return f"`quarterdeck withdraw show {request_id}` tells what became of it"
