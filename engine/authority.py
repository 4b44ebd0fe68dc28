"""What needs authority: arming, breaks, lost orders, alarms.

The one rule: tightening is instant and free, loosening takes a second factor, and both are in
the ledger with who did it.
"""

from domain import asks, controls
from domain.board import Mode, Phase
from domain.errors import Refused
from domain.orders import Status
from engine.disputes import given_up
from engine.floor import Floor
from engine.operators import Operator, Role
from engine.secondfactor import SecondFactor


class Authority:
    """Answers WhoAmI, Arm, Disarm, AcceptBreak, MarkLost, AcknowledgeAlarm."""

    def __init__(self, floor: Floor, codes: SecondFactor) -> None:
        self._floor = floor
        self._codes = codes
        desk = floor.desk
        desk.answer(asks.WhoAmI, self.who_am_i, None)
        desk.answer(asks.Arm, self.arm, Role.TRADER)
        desk.answer(asks.Disarm, self.disarm, None)
        desk.answer(asks.AcceptBreak, self.accept_break, Role.ADMIN)
        desk.answer(asks.MarkLost, self.mark_lost, Role.TRADER)
        desk.answer(asks.AcknowledgeAlarm, self.acknowledge, Role.TRADER)

    async def who_am_i(self, _: asks.WhoAmI, caller: Operator) -> asks.Identity:
        """The caller's name and roles."""
        return asks.Identity(
            operator=caller.name,
            roles=tuple(sorted(role.value for role in caller.roles)),
            enrolled=self._codes.enrolled(caller.name),
        )

    # Arming

    async def arm(self, ask: asks.Arm, caller: Operator) -> asks.Done:
        """Let LIVE send orders, once the account is typed and the code is good."""
        board = self._floor.desk.board
        if board.mode is not Mode.LIVE:
            raise Refused("mode", f"{board.mode.value} needs no arming; only LIVE does")
        if board.phase is not Phase.READY:
            raise Refused("phase", f"the desk is {board.phase.value}; it is armed when READY")
        if ask.account.strip() not in self._floor.connections.accounts:
            known = ", ".join(self._floor.connections.accounts)
            raise Refused("account", f"type one of the accounts to arm: {known}")
        spent = await self._codes.allow(caller.name, ask.code, "arm")
        await self._floor.desk.record(
            spent,
            controls.Armed(
                at_us=self._floor.now_us(), actor=caller.name, account=ask.account.strip()
            ),
        )
        return asks.Done(detail="ARMED: orders can leave now")

    async def disarm(self, ask: asks.Disarm, caller: Operator) -> asks.Done:
        """Stop new orders; cancels nothing."""
        if not self._floor.desk.board.armed:
            return asks.Done(detail="the desk is disarmed already")
        await self._floor.desk.record(
            controls.Disarmed(at_us=self._floor.now_us(), actor=caller.name, reason=ask.reason)
        )
        return asks.Done(detail="DISARMED: no new order leaves; open orders stay")

    # Attention

    async def accept_break(self, ask: asks.AcceptBreak, caller: Operator) -> asks.Done:
        """Close a break in a person's name."""
        if all(known.break_id != ask.break_id for known in self._floor.desk.board.breaks):
            raise Refused("break", f"there is no open break {ask.break_id}")
        _reasoned(ask.reason)
        spent = await self._codes.allow(caller.name, ask.code, f"accept {ask.break_id}")
        await self._floor.desk.record(
            spent,
            controls.BreakClosed(
                at_us=self._floor.now_us(),
                actor=caller.name,
                break_id=ask.break_id,
                reason=ask.reason,
            ),
        )
        return asks.Done(detail="the break is closed as accepted")

    async def mark_lost(self, ask: asks.MarkLost, caller: Operator) -> asks.Submitted:
        """Give up an order that is UNKNOWN, or that has vanished from its venue."""
        state = self._floor.state(ask.client_id)
        gone = self._floor.desk.board.vanished(ask.client_id)
        if state.status is not Status.UNKNOWN and gone is None:
            told = f"{ask.client_id} is {state.status.value}, neither UNKNOWN nor vanished"
            raise Refused("order", told)
        _reasoned(ask.reason)
        reason = f"marked lost by {caller.name}: {ask.reason}"
        lost = given_up(state, gone, reason, caller.name, self._floor.now_us())
        spent = await self._codes.allow(caller.name, ask.code, f"mark {ask.client_id} lost")
        await self._floor.desk.record(spent, *lost)
        now = self._floor.state(ask.client_id)
        return asks.Submitted(client_id=now.client_id, status=now.status, reason=now.reason)

    async def acknowledge(self, ask: asks.AcknowledgeAlarm, caller: Operator) -> asks.Done:
        """A person has seen it."""
        await self._floor.desk.record(
            controls.AlarmAcknowledged(
                at_us=self._floor.now_us(), actor=caller.name, alarm=ask.alarm
            )
        )
        return asks.Done(detail="acknowledged")


def _reasoned(reason: str) -> None:
    """Whoever overrules the desk says why; a code is not spent on silence."""
    if not reason.strip():
        raise Refused("reason", "say why, for the ledger")
