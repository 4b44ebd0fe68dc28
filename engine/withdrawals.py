"""The withdrawals of one desk: its policy taken up, its book proposed, its timers running.

The one rule: the policy in force is in the ledger with the time since when; a changed one makes
every waiting request be judged again, and nothing approves itself under a young one.
"""

from collections.abc import Mapping

from domain.addresses import Place
from domain.policies import Policy
from domain.storage_ports import LedgerReader
from engine.addressing import Addressing
from engine.floor import Floor
from engine.policing import Policing
from engine.secondfactor import SecondFactor
from engine.withdrawcase import Cases
from engine.withdrawfind import Tracing
from engine.withdrawing import Withdrawing
from engine.withdrawsend import Dispatch


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
        self.policing = Policing(floor, self.cases, codes)
        self.withdrawing = Withdrawing(floor, self.cases, codes, reader)
        self.addressing = Addressing(floor, self.cases, codes)
        self.dispatch = Dispatch(floor, self.cases)
        self.tracing = Tracing(floor, self.cases)

    async def started(self) -> None:
        """The ledger is folded: take up the policy, propose addresses, doubt what was half sent.

        Raises:
            Unavailable: the ledger takes nothing.
        """
        self.tracing.started()
        await self.policing.started()
        await self.addressing.propose(self._proposed)
        await self.dispatch.started()

    def run(self) -> None:
        """Start the timers and the look-ups in the desk's crew."""
        self._floor.run(self.dispatch.run(), "withdrawals")
        self._floor.run(self.tracing.run(), "withdrawals looked up")
