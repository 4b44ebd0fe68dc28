"""Acts that take two persons: one proposes with a code, another one does it with theirs.

The one rule: a proposal is good for one act as it stood, for ten minutes, and never for whoever
made it; a restart forgets it, and then it is proposed again.
"""

from dataclasses import dataclass

from domain.errors import Refused
from engine.floor import Floor
from engine.operators import Operator
from engine.secondfactor import SecondFactor

GOOD_FOR_US = 600_000_000
MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class _Proposal:
    by: str
    until_us: int
    seen: object


class TwoPeople:
    """The open proposals, by the act that they are for."""

    def __init__(self, floor: Floor, codes: SecondFactor) -> None:
        self._floor = floor
        self._codes = codes
        self._open: dict[str, _Proposal] = {}

    async def proposer(self, act: str, seen: object, caller: Operator, code: str) -> str:
        """Who else proposed this act as it stands now (`seen`), with a code of theirs.

        Raises:
            Refused: nobody did, so this is the proposal now; says what the other has to do.
        """
        now_us = self._floor.clock.monotonic_us()
        self._open = {name: kept for name, kept in self._open.items() if now_us < kept.until_us}
        known = self._open.get(act)
        if known is not None and known.seen == seen:
            if known.by != caller.name:
                return known.by  # it stays: the other's code may be mistyped
            raise Refused("second_person", self._told(known, now_us))
        spent = await self._codes.allow(caller.name, code, f"propose to {act}")
        await self._floor.desk.record(spent)
        made = self._open[act] = _Proposal(caller.name, now_us + GOOD_FOR_US, seen)
        raise Refused("second_person", self._told(made, now_us))

    @staticmethod
    def _told(proposal: _Proposal, now_us: int) -> str:
        left = (proposal.until_us - now_us) // MINUTE_US + 1
        return (
            f"proposed by {proposal.by}, and nothing is done yet: what is not proven takes two "
            f"persons; another admin does the same with a code of theirs within {left} minutes"
        )
