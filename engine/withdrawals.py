"""The withdrawals of one desk: its policy adopted, its book proposed, its timers running.

The one rule: the policy in force is in the ledger with the time since when; a changed one makes
every waiting request be judged again, and nothing approves itself under a young one.
"""

from collections.abc import Mapping

from domain import withdrawal_facts as facts
from domain.addresses import Place
from domain.controls import AlarmRaised
from domain.events import Fact
from domain.storage_ports import LedgerReader
from engine.addressing import Addressing
from engine.floor import Floor
from engine.secondfactor import SecondFactor
from engine.withdrawcase import Cases
from engine.withdrawfind import Tracing
from engine.withdrawing import Withdrawing
from engine.withdrawsend import Dispatch
from risk.withdrawals import Policy


class Withdrawals:
    """Everything about withdrawals; made once, after the second factor."""

    def __init__(
        self,
        floor: Floor,
        codes: SecondFactor,
        reader: LedgerReader,
        policy: Policy,
        proposed: Mapping[str, Place],
    ) -> None:
        self._floor = floor
        self._proposed = proposed
        self.cases = Cases(floor, policy)
        self.withdrawing = Withdrawing(floor, self.cases, codes, reader)
        self.addressing = Addressing(floor, self.cases, codes)
        self.dispatch = Dispatch(floor, self.cases)
        self.tracing = Tracing(floor, self.cases)

    async def started(self) -> None:
        """The ledger is folded: adopt the policy, propose addresses, doubt what was half sent.

        Raises:
            Unavailable: the ledger takes nothing.
        """
        self.tracing.started()
        policy = self.cases.policy
        before, now_us = self._floor.desk.board.withdrawal_policy, self._floor.now_us()
        if before != policy.version:
            adopted = facts.WithdrawalPolicyAdopted(
                at_us=now_us,
                actor="configuration",
                version=policy.version,
                rules=policy.told(),
            )
            told: list[Fact] = [adopted, *([self._alarm(now_us)] if before else ())]
            await self._floor.desk.record(*told)
        await self.addressing.propose(self._proposed)
        await self.dispatch.started()

    def _alarm(self, now_us: int) -> AlarmRaised:
        """No code was asked for a changed policy: people must hear of it."""
        policy = self.cases.policy
        people = "somebody else approves" if policy.two_person else "one person is enough"
        return AlarmRaised(
            at_us=now_us,
            actor="engine",
            alarm="withdrawal policy",
            severity="warning",
            text="the settings file has another withdrawal policy than before: "
            f"{people}, addresses wait {policy.quarantine_s} s; {'; '.join(policy.told())}. "
            "If it was not you, look who can write the file",
        )

    def run(self) -> None:
        """Start the timers and the look-ups in the desk's crew."""
        self._floor.run(self.dispatch.run(), "withdrawals")
        self._floor.run(self.tracing.run(), "withdrawals looked up")
