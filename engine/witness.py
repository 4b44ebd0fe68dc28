"""Who can vouch for the ledger: its seal on the board, its anchors watched, its key changed.

The one rule: an anchor that does not come is as loud as one that contradicts, since whoever
alters a ledger begins by keeping its witnesses away.
"""

import asyncio
from dataclasses import replace

from domain import asks, controls
from domain.errors import Refused, Unavailable
from domain.evidence import HeadFile, Proof, Seals
from engine.floor import Floor
from engine.operators import Operator, Role
from engine.secondfactor import SecondFactor

LOOK_S = 5
ALARM = "ledger anchors"


class Witness:
    """Answers RotateSealKey and AcceptLedgerLoss; `run` keeps the board's seals and anchors."""

    def __init__(
        self,
        floor: Floor,
        codes: SecondFactor,
        seals: Seals | None,
        head: HeadFile | None = None,
    ) -> None:
        self._floor = floor
        self._codes = codes
        self._seals = seals
        self._head = head
        self._said = ""
        floor.desk.answer(asks.AcceptLedgerLoss, self.accept_loss, Role.ADMIN)
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

    async def accept_loss(self, ask: asks.AcceptLedgerLoss, caller: Operator) -> asks.Done:
        """Go on with the ledger as it is: both heads are in it from now on, with a reason."""
        found = await self._head.contradiction() if self._head is not None else None
        if self._head is None or found is None:
            raise Refused("ledger", "nothing is lost: head file and anchors vouch for this ledger")
        if not ask.reason.strip():
            raise Refused("reason", "say what happened to the ledger; it is written down")
        spent = await self._codes.allow(caller.name, ask.code, "accept ledger loss")
        ledger = self._floor.desk.board.ledger
        accepted = controls.LedgerLossAccepted(
            at_us=self._floor.now_us(),
            actor=caller.name,
            known_seq=found.known_seq,
            known_hash=found.known_hash,
            found_seq=ledger.head_seq,
            found_hash=ledger.head_hash,
            problem=found.problem,
            reason=ask.reason,
        )
        await self._floor.desk.record(spent, accepted)
        try:
            await self._head.accept(accepted.at_us)
        except OSError as error:
            raise Unavailable("the head file", f"{error.strerror}; ask again") from error
        return asks.Done(
            detail=f"the ledger goes on from row {ledger.head_seq}; that row {found.known_seq} was "
            "known is written down in it"
        )

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
