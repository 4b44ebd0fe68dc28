"""Which withdrawal policy is in force, and how another one of the settings file comes to be.

The one rule: the ledger's approved policy is the truth. What the settings file says can make a
ruling stricter from the first moment; looser it becomes with a code, after a cool-down.
"""

from domain import asks_withdrawals as asks
from domain import controls
from domain import withdrawal_facts as facts
from domain.asks import Done
from domain.board import Board, Mode
from domain.errors import Refused
from domain.events import Fact
from domain.policies import Policy
from engine.cooldown import CoolDown
from engine.floor import Floor
from engine.operators import Operator, Role
from engine.secondfactor import SecondFactor
from engine.withdrawcase import Cases
from risk.standing import UNKNOWN, Standing

FILE = "configuration"
ALARM = "withdrawal policy"


class Policing:
    """Answers the asks about the policy; tells the cases by what to judge."""

    def __init__(self, floor: Floor, cases: Cases, codes: SecondFactor) -> None:
        self._floor = floor
        self._cases = cases
        self._codes = codes
        self._cool = CoolDown(floor)
        self._proposed: facts.WithdrawalPolicyProposed | None = None
        desk = floor.desk
        desk.keep(self)
        desk.answer(asks.ReadWithdrawalPolicy, self.page, Role.VIEWER)
        desk.answer(asks.ApproveWithdrawalPolicy, self.approve, Role.ADMIN)
        desk.answer(asks.CancelWithdrawalPolicy, self.cancel, Role.TRADER)

    def fact(self, fact: Fact, _: Board) -> None:
        """Take over what the ledger approved; count the wait of what was proposed."""
        if isinstance(fact, facts.WithdrawalPolicyAdopted):
            self._proposed = None
            told = self._standing.told
            self._cases.policy = Standing(approved=fact.policy, told=told)
        elif isinstance(fact, facts.WithdrawalPolicyProposed):
            self._proposed = fact
            self._cool.begun(fact.at_us, fact.cool_down_s)
        elif isinstance(fact, facts.WithdrawalPolicyWithdrawn):
            self._proposed = None
        elif isinstance(fact, controls.LimitsApproved):
            self._cool.approved(fact.cool_down_s)

    def sighting(self, sighting: object, board: Board) -> None:
        """Nothing seen changes a policy."""

    @property
    def _standing(self) -> Standing:
        return self._cases.policy

    # What the settings file says

    async def started(self) -> None:
        """The ledger is folded: what is surely tighter is in force at once, the rest waits.

        Raises:
            Unavailable: the ledger takes nothing.
        """
        self._cool.resumed()
        async with self._cases.lock:
            told = self._opening()
            if told:
                await self._floor.desk.record(*told)
        self._show()

    def _opening(self) -> list[Fact]:
        standing, board = self._standing, self._floor.desk.board
        if standing.approved is None and self._first(board):
            return [self._adopted(standing.told, FILE)]
        if standing.same:
            reason = "the settings file has the policy in force again"
            return [self._withdrawn(FILE, reason)] if self._proposed else []
        raised = standing.looser
        if not raised:
            return [*self._alarm(raised), self._adopted(standing.told, FILE)]
        waits = self._proposed is not None and self._proposed.version == standing.told.version
        return [*self._alarm(raised), *(() if waits else (self._proposal(raised),))]

    def _first(self, board: Board) -> bool:
        """A book without a policy, or a demo one that holds no more than its version."""
        return not board.withdrawal_policy or board.mode is Mode.DEMO

    def _show(self) -> None:
        """Every screen says where the settings file's policy is not the one in force."""
        standing = self._standing
        version = "" if standing.same else standing.told.version
        self._floor.desk.show(withdrawal_policy_told=version)

    def _alarm(self, raised: tuple[str, ...]) -> list[Fact]:
        """The alarm, unless the same stands there already."""
        told = self._standing.told
        people = "somebody else approves" if told.two_person else "one person is enough"
        found = "; ".join(self._standing.differences) or UNKNOWN
        text = (
            f"the settings file has another withdrawal policy than the ledger ({people}): {found}. "
            f"{_advice(raised)}"
        )
        if any(a.alarm == ALARM and a.text == text for a in self._floor.desk.board.alarms):
            return []
        return [
            controls.AlarmRaised(
                at_us=self._floor.now_us(),
                actor="engine",
                alarm=ALARM,
                severity="warning",
                text=text,
            )
        ]

    # What people say

    async def page(self, _: asks.ReadWithdrawalPolicy, __: Operator) -> asks.PolicyPage:
        """Both policies, and what to do where they differ."""
        standing, board = self._standing, self._floor.desk.board
        differs = not standing.same
        return asks.PolicyPage(
            version=board.withdrawal_policy,
            since_us=board.withdrawal_policy_us,
            rules=standing.rules,
            now_us=self._floor.now_us(),
            terms=standing.approved.terms() if standing.approved else "",
            told=standing.told.version if differs else "",
            told_rules=standing.told.told() if differs else (),
            told_terms=standing.told.terms() if differs else "",
            differences=standing.differences,
            looser=standing.looser,
            waits=self._proposed is not None,
            wait_s=self._cool.left_s() if self._proposed is not None else 0,
            problem=standing.unknown,
        )

    async def approve(self, ask: asks.ApproveWithdrawalPolicy, caller: Operator) -> Done:
        """Put the policy that waits in force; what waits for approval is judged again."""
        async with self._cases.lock:
            proposed = self._may_approve(ask)
            purpose = f"withdrawal policy {proposed.version}"
            spent = await self._codes.allow(caller.name, ask.code, purpose)
            await self._floor.desk.record(spent, self._adopted(proposed.policy, caller.name))
        self._show()
        return Done(
            detail=f"policy {proposed.version} is in force; requests that wait are judged again"
        )

    def _may_approve(self, ask: asks.ApproveWithdrawalPolicy) -> facts.WithdrawalPolicyProposed:
        proposed = self._waiting()
        if ask.version != proposed.version:
            hint = "see `quarterdeck withdraw policy`"
            raise Refused("policy", f"what waits is {proposed.version}, not {ask.version}; {hint}")
        left_s = self._cool.left_s()
        if left_s:
            raise Refused("policy", f"cooling down: {left_s} s left")
        return proposed

    def _waiting(self) -> facts.WithdrawalPolicyProposed:
        if self._proposed is not None:
            return self._proposed
        if self._standing.same:
            raise Refused("policy", "the settings file has the policy in force; nothing waits")
        raise Refused("policy", "it was cancelled; the settings file asks again at the next start")

    async def cancel(self, ask: asks.CancelWithdrawalPolicy, caller: Operator) -> Done:
        """Ask no longer for what waits; the stricter of the two goes on counting."""
        async with self._cases.lock:
            self._waiting()
            reason = ask.reason.strip() or f"cancelled by {caller.name}"
            await self._floor.desk.record(self._withdrawn(caller.name, reason))
        return Done(
            detail="no other policy waits any more. While the settings file has another one, the "
            "stricter ruling of the two counts, and it asks again at the next start"
        )

    # Facts

    def _adopted(self, policy: Policy, actor: str) -> facts.WithdrawalPolicyAdopted:
        return facts.WithdrawalPolicyAdopted(
            at_us=self._floor.now_us(),
            actor=actor,
            version=policy.version,
            rules=policy.told(),
            policy=policy,
        )

    def _proposal(self, raised: tuple[str, ...]) -> facts.WithdrawalPolicyProposed:
        told = self._standing.told
        return facts.WithdrawalPolicyProposed(
            at_us=self._floor.now_us(),
            actor=FILE,
            version=told.version,
            policy=told,
            looser=raised,
            cool_down_s=self._cool.longest_s,
        )

    def _withdrawn(self, actor: str, reason: str) -> facts.WithdrawalPolicyWithdrawn:
        version = "" if self._proposed is None else self._proposed.version
        return facts.WithdrawalPolicyWithdrawn(
            at_us=self._floor.now_us(), actor=actor, version=version, reason=reason
        )


def _advice(raised: tuple[str, ...]) -> str:
    if not raised:
        return "The file is tighter: it is in force from now on"
    return (
        f"What may be looser ({', '.join(raised)}) is not in force, and of two rulings the "
        "stricter one counts: `quarterdeck withdraw policy` tells both, `quarterdeck withdraw "
        "policy approve` puts the file's in force, with a code after the cool-down; or write the "
        "ledger's into the file. If it was not you, look who can write it"
    )
