"""Who can vouch for the ledger: its seal on the board, its anchors watched, its key changed.

The one rule: an anchor that does not come is as loud as one that contradicts, since whoever
alters a ledger begins by keeping its witnesses away.
"""

import asyncio
from dataclasses import replace

from domain import asks, controls
from domain.errors import Refused
from domain.evidence import Proof, Seals
from engine.floor import Floor
from engine.operators import Operator, Role
from engine.secondfactor import SecondFactor

LOOK_S = 5
ALARM = "ledger anchors"


class Witness:
    """Answers RotateSealKey; `run` keeps what the board says of seals and anchors."""

    def __init__(self, floor: Floor, codes: SecondFactor, seals: Seals | None) -> None:
        self._floor = floor
        self._codes = codes
        self._seals = seals
        self._said = ""
        floor.desk.answer(asks.RotateSealKey, self.rotate, Role.ADMIN)

    async def run(self) -> None:
        """Look at the seals for ever."""
        while self._seals is not None:
            await self._look(self._seals.proof())
            await asyncio.sleep(LOOK_S)

    async def rotate(self, ask: asks.RotateSealKey, caller: Operator) -> asks.Done:
        """Put a new key in force."""
        if self._seals is None:
            raise Refused("seal", "the ledger is not sealed; `quarterdeck doctor` says why")
        spent = await self._codes.allow(caller.name, ask.code, "seal key")
        await self._floor.desk.record(spent)
        key = await self._seals.rotate(caller.name)
        proof = self._seals.proof()
        await self._look(proof)
        return asks.Done(detail=f"sealed by {proof.sealed_by} from now on; public key {key}")

    async def _look(self, proof: Proof) -> None:
        desk = self._floor.desk
        shown = replace(
            desk.board.ledger,
            sealed_by=proof.sealed_by,
            anchored_seq=proof.anchored_seq,
            anchored_us=proof.anchored_us,
            anchor_problem=proof.problem,
        )
        if shown != desk.board.ledger:
            desk.show(ledger=shown)
        if proof.problem and proof.problem != self._said:
            alarm = controls.AlarmRaised(
                at_us=self._floor.now_us(),
                actor="engine",
                alarm=ALARM,
                severity="warning",
                text=proof.problem,
            )
            await desk.record(alarm)
        self._said = proof.problem
