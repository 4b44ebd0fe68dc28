"""The second factor: who is enrolled, which code is good now, and what was tried.

The one rule: a code is spent in the same transaction as the act it allows, and the ledger is
where it says which time step was the last. Engaging the kill switch never comes here.
"""

import asyncio
import base64
import hashlib
import logging
from dataclasses import dataclass

from domain import asks, controls, events
from domain.board import Board, Mode
from domain.errors import Refused
from domain.ports import Dice
from domain.storage_ports import SecretStore
from engine.floor import Floor
from engine.operators import Operator
from risk.codes import (
    Attempt,
    Wrong,
    code_at,
    lock_for,
    new_recovery_codes,
    new_salt,
    new_seed,
    provisioning_uri,
    recovery_digest,
    seconds_left,
    step_at,
    verify_code,
    verify_enrolment,
    verify_recovery,
)

ISSUER = "Quarterdeck"
REMEMBERED = 100
SEED_S = 10
SECOND_US = 1_000_000
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Pending:
    seed: str
    recovery: tuple[str, ...]
    proof: events.Fact | None


class SecondFactor:
    """Answers BeginEnrolment, ConfirmEnrolment and DemoCode; `allow` guards everything dear."""

    def __init__(self, floor: Floor, secrets: SecretStore, dice: Dice) -> None:
        self._floor = floor
        self._secrets = secrets
        self._dice = dice
        self._last_step: dict[str, int] = {}
        self._attempts: dict[str, list[Attempt]] = {}
        self._recovery: dict[str, tuple[str, ...]] = {}
        self._used: dict[str, set[str]] = {}
        self._pending: dict[str, _Pending] = {}
        self._reading: dict[str, asyncio.Future[str | None]] = {}
        self._counted: list[controls.CodeRefused] = []
        floor.desk.keep(self)
        floor.desk.answer(asks.BeginEnrolment, self.begin, None)
        floor.desk.answer(asks.ConfirmEnrolment, self.confirm, None)
        floor.desk.answer(asks.DemoCode, self.demo_code, None)

    # What the ledger says

    def fact(self, fact: events.Fact, _: Board) -> None:
        """Follow enrolments and every try, also those of earlier runs."""
        if isinstance(fact, controls.CodeEnrolled):
            self._recovery[fact.operator] = fact.recovery
            self._used[fact.operator] = set()
        elif isinstance(fact, controls.CodeAccepted):
            self._spent(fact.operator, fact.step)
            self._tried(fact.operator, fact.at_us, accepted=True)
        elif isinstance(fact, controls.RecoveryCodeUsed):
            self._used.setdefault(fact.operator, set()).add(fact.digest)
            self._tried(fact.operator, fact.at_us, accepted=True)
        elif isinstance(fact, controls.CodeRefused) and fact in self._counted:
            self._counted.remove(fact)
        elif isinstance(fact, controls.CodeRefused):
            self._missed(fact)

    def sighting(self, sighting: object, board: Board) -> None:
        """Nothing seen changes a code."""

    def _spent(self, operator: str, step: int) -> None:
        self._last_step[operator] = max(step, self._last_step.get(operator, -1))

    def _missed(self, fact: controls.CodeRefused) -> None:
        if fact.reason != Wrong.FORMAT.value:
            self._tried(fact.operator, fact.at_us, accepted=False)

    def _tried(self, operator: str, at_us: int, *, accepted: bool) -> None:
        attempts = self._attempts.setdefault(operator, [])
        attempts.append(Attempt(at_us, accepted))
        del attempts[:-REMEMBERED]

    def enrolled(self, operator: str) -> bool:
        """Whether the operator has a second factor; on the demo desk everybody has."""
        return operator in self._recovery or self._demo

    @property
    def _demo(self) -> bool:
        return self._floor.desk.board.mode is Mode.DEMO

    # Guarding

    async def allow(self, operator: str, code: str, purpose: str) -> events.Fact:
        """The fact that spends a good code; record it together with the act it allows.

        Raises:
            Refused: for a wrong, used or locked-out code, after writing the try down.
        """
        if not self.enrolled(operator):
            raise Refused("second_factor", f"{operator} has none; run `quarterdeck totp enrol`")
        return await self._spent_for(operator, code, purpose)

    async def _spent_for(self, operator: str, code: str, purpose: str) -> events.Fact:
        self._unlocked(operator, purpose)
        seed = await self._seed(operator)
        self._unlocked(operator, purpose)  # others were looked at while the key store was asked
        answer = verify_code(
            seed, code.strip(), self._floor.now_us(), self._last_step.get(operator, -1)
        )
        if not isinstance(answer, Wrong):
            # Spent here already: of two acts at one time only one may use the step.
            self._spent(operator, answer)
            return controls.CodeAccepted(
                at_us=self._floor.now_us(),
                actor=operator,
                operator=operator,
                step=answer,
                purpose=purpose,
            )
        return await self._recovered(operator, code, purpose, answer)

    async def _recovered(self, operator: str, code: str, purpose: str, wrong: Wrong) -> events.Fact:
        kept, used = self._recovery.get(operator, ()), self._used.get(operator, set())
        digest = verify_recovery(code, kept, used)
        if isinstance(digest, Wrong):
            reason = wrong if digest is Wrong.RECOVERY_UNKNOWN else digest
            if reason is Wrong.FORMAT:
                raise Refused("second_factor", reason.value)  # no guess: not worth a row
            await self._refuse(operator, purpose, reason.value)
        assert isinstance(digest, str)
        self._used.setdefault(operator, set()).add(digest)
        return controls.RecoveryCodeUsed(
            at_us=self._floor.now_us(),
            actor=operator,
            operator=operator,
            digest=digest,
            purpose=purpose,
        )

    def _unlocked(self, operator: str, purpose: str) -> None:
        now = self._floor.now_us()
        lock = lock_for(purpose, self._attempts.get(operator, ()), now)
        if lock.until_us:
            left_s = (lock.until_us - now) // SECOND_US + 1
            raise Refused("second_factor", f"locked after wrong codes; try again in {left_s} s")

    async def _refuse(self, operator: str, purpose: str, reason: str) -> None:
        at_us = self._floor.now_us()
        refused = controls.CodeRefused(
            at_us=at_us, actor=operator, operator=operator, purpose=purpose, reason=reason
        )
        # Counted before it is written: guesses at one time would all be looked at otherwise.
        self._counted.append(refused)
        self._missed(refused)
        locked = lock_for(purpose, self._attempts.get(operator, ()), at_us)
        await self._floor.desk.record(refused)
        if locked.until_us:
            await self._floor.desk.record(
                controls.AlarmRaised(
                    at_us=at_us,
                    actor="engine",
                    alarm=f"codes {operator}",
                    severity="critical",
                    text=f"{operator}'s second factor is locked after wrong codes ({purpose})",
                )
            )
        raise Refused("second_factor", reason)

    async def _seed(self, operator: str) -> str:
        if self._demo:
            return self._demo_seed()
        seed = await self._kept(operator)
        if not seed:
            raise Refused(
                "second_factor", f"the seed of {operator} is gone; enrol again with a recovery code"
            )
        return seed

    async def _kept(self, operator: str) -> str | None:
        """A key store may ask another process, or wait for a person: never on the engine's loop.

        One that hangs is asked once and keeps one thread, however often a code is tried.
        """
        reading = self._reading.get(operator)
        if reading is None or reading.done():
            loop, read = asyncio.get_running_loop(), self._secrets.read
            reading = loop.run_in_executor(None, read, _reference(operator))
            reading.add_done_callback(_heard)
            self._reading[operator] = reading
        try:
            async with asyncio.timeout(SEED_S):
                return await asyncio.shield(reading)
        except TimeoutError:
            why = f"the key store does not answer in {SEED_S} s; unlock it, then try again"
            raise Refused("second_factor", why) from None

    # Enrolling

    async def begin(self, ask: asks.BeginEnrolment, caller: Operator) -> asks.Enrolment:
        """Make a seed and recovery codes; they count once two codes were shown."""
        if self._demo:
            raise Refused(
                "mode",
                "the demo desk has a second factor of its own and shows its codes",
            )
        proof = None
        if told := await self._enrolled_before(caller.name):
            if not ask.proof:
                raise Refused("second_factor", told)
            proof = await self._spent_for(caller.name, ask.proof, "re-enrol")
        seed, recovery = new_seed(self._dice.bits), new_recovery_codes(self._dice.bits)
        self._pending[caller.name] = _Pending(seed, recovery, proof)
        return asks.Enrolment(
            operator=caller.name,
            uri=provisioning_uri(seed, caller.name, ISSUER),
            secret=seed,
            recovery=recovery,
        )

    async def _enrolled_before(self, operator: str) -> str:
        """What to ask of who has a second factor, also where the ledger lost that; "": nothing."""
        if operator in self._recovery:
            return "enrolled already: give a code or a recovery code as proof"
        kept = await asyncio.to_thread(self._secrets.read, _reference(operator))
        if not kept:
            return ""
        return (
            "a second factor is kept here that this ledger does not know (was its end lost?): "
            f"give a code of it as proof, or have {_reference(operator)} taken out of the secrets"
        )

    async def confirm(self, ask: asks.ConfirmEnrolment, caller: Operator) -> asks.Done:
        """Two codes in a row prove that the authenticator works; then the seed is kept."""
        name = caller.name
        pending = self._pending.get(name)
        if pending is None:
            raise Refused("second_factor", "begin the enrolment first")
        self._unlocked(name, "enrol")
        now = self._floor.now_us()
        step = verify_enrolment(
            pending.seed, ask.first.strip(), ask.second.strip(), now, self._last_step.get(name, -1)
        )
        if isinstance(step, Wrong):
            await self._refuse(name, "enrol", step.value)
        assert isinstance(step, int)
        await asyncio.to_thread(self._secrets.write, _reference(name), pending.seed)
        self._spent(name, step)
        facts = self._enrolment_facts(name, pending, step, now)
        await self._floor.desk.record(*facts)
        del self._pending[name]
        return asks.Done(detail=f"{name} is enrolled; keep the recovery codes off this machine")

    def _enrolment_facts(
        self, name: str, pending: _Pending, step: int, now: int
    ) -> list[events.Fact]:
        digests = tuple(
            recovery_digest(code, new_salt(self._dice.bits)) for code in pending.recovery
        )
        facts: list[events.Fact] = [
            controls.CodeEnrolled(at_us=now, actor=name, operator=name, recovery=digests),
            controls.CodeAccepted(at_us=now, actor=name, operator=name, step=step, purpose="enrol"),
        ]
        if pending.proof is None:
            return facts
        alarm = controls.AlarmRaised(
            at_us=now,
            actor="engine",
            alarm=f"enrolment {name}",
            severity="warning",
            text=f"{name} enrolled a new second factor",
        )
        return [pending.proof, *facts, alarm]

    # The demo desk

    def _demo_seed(self) -> str:
        """No secret: anybody may try the demo desk's dialogs."""
        ledger_id = self._floor.desk.board.ledger_id
        return base64.b32encode(hashlib.sha256(f"demo {ledger_id}".encode()).digest()[:20]).decode()

    async def demo_code(self, _: asks.DemoCode, caller: Operator) -> asks.Done:
        """A code that would be accepted now, or how long to wait for the next one."""
        if not self._demo:
            raise Refused("mode", "only the demo desk shows codes")
        now = self._floor.now_us()
        last, step = self._last_step.get(caller.name, -1), step_at(now)
        for candidate in (step, step - 1):
            if candidate > last:
                return asks.Done(detail=code_at(self._demo_seed(), candidate))
        raise Refused("second_factor", f"each code works once; a new one in {seconds_left(now)} s")


def _heard(reading: "asyncio.Future[str | None]") -> None:
    """A failure that comes after everybody has gone is no reason for noise."""
    if not reading.cancelled():
        reading.exception()


def _reference(operator: str) -> str:
    return f"totp/{operator}"
