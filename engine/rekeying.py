"""Keys that change while everything runs, and keys that were not there at the start.

The one rule (R-C1): the key in use stays until another one was tried at the venue, found to be
of the same account and good for its purpose, and written down; only then it takes over.
"""

import asyncio
import logging
from collections.abc import Iterator

from domain import controls
from domain.asks import Done
from domain.errors import DeskError, Misconfigured, Refused, Unavailable
from domain.instruments import Account
from domain.keys import KeyChanger, KeyReport, Purpose
from domain.rekeying import KeyRotated, ReloadKey
from engine.audit import KeyAudit
from engine.floor import Floor
from engine.operators import Operator, Role
from engine.secondfactor import SecondFactor
from risk.keys import KeyPolicy, findings, other_account, unfit

TRYING_S = 45  # less than whoever asks is ready to wait
AGAIN_S = 30
SAID_EVERY = 20  # tries: a store that is down for long does not fill the log
log = logging.getLogger(__name__)


class Rekeying:
    """Answers ReloadKey; `run` goes on trying to get the keys that are missing."""

    def __init__(
        self, floor: Floor, codes: SecondFactor, keys: KeyAudit, policy: KeyPolicy
    ) -> None:
        self._floor = floor
        self._codes = codes
        self._keys = keys
        self._policy = policy
        self._turn = asyncio.Lock()
        floor.desk.answer(ReloadKey, self.reload, Role.ADMIN)

    async def reload(self, ask: ReloadKey, caller: Operator) -> Done:
        """Try the key that is kept now, and use it."""
        if ask.purpose is Purpose.WITHDRAW:
            return Done(detail="the withdraw key is read anew each time that it is used")
        changer = self._changer(ask.account, ask.purpose)
        async with self._turn:
            before = changer.fingerprint
            report = await self._tried(changer, ask.account, ask.purpose)
            if report.fingerprint == before:
                changer.take()
                return Done(detail="it is the key that was in use; it was tried and works")
            spent = await self._codes.allow(
                caller.name, ask.code, f"the {ask.purpose} key of {ask.account}"
            )
            await self._floor.desk.record(spent, *self._facts(ask, caller.name, before, report))
            changer.take()
        await self._audited(ask.account)
        return Done(detail=f"{ask.account} uses the new {ask.purpose} key from now on")

    def _changer(self, account: Account, purpose: Purpose) -> KeyChanger:
        changers = self._floor.connections.of(account).changers.get(account, {})
        if purpose not in changers:
            mode = self._floor.desk.board.mode.value
            raise Refused("mode", f"{account} uses no {purpose} key in {mode}")
        return changers[purpose]

    def _facts(
        self, ask: ReloadKey, actor: str, before: str, report: KeyReport
    ) -> tuple[KeyRotated, controls.AlarmRaised]:
        now_us = self._floor.now_us()
        rotated = KeyRotated(
            at_us=now_us,
            actor=actor,
            account=ask.account,
            purpose=ask.purpose,
            before=before,
            after=report.fingerprint,
        )
        alarm = controls.AlarmRaised(
            at_us=now_us,
            actor="engine",
            alarm=f"key:{ask.account}:{ask.purpose}:changed",
            severity="info",
            text=f"{actor} changed the {ask.purpose} key of {ask.account}",
        )
        return rotated, alarm

    # Trying

    async def _tried(self, changer: KeyChanger, account: Account, purpose: Purpose) -> KeyReport:
        """What the venue says of the key that is kept now; Refused unless it is good."""
        stays = "the key in use stays" if changer.fingerprint else "there is still no key to use"
        try:
            async with asyncio.timeout(TRYING_S):
                report = await changer.fresh()
        except TimeoutError:
            raise Unavailable(str(account), f"no answer within {TRYING_S} s; {stays}") from None
        except Unavailable as error:
            raise Unavailable(error.who, f"{error.why}; {stays}", remedy=error.remedy) from error
        except Misconfigured as error:
            raise Misconfigured(error.where, f"{error.hint}; {stays}") from error
        for why in self._objections(report, account, purpose):
            raise Refused("key", f"{why}; {stays}")
        return report

    def _objections(self, report: KeyReport, account: Account, purpose: Purpose) -> Iterator[str]:
        known = self._floor.desk.board.uids.get(account, "")
        found = [
            *other_account(report, account, purpose, known),
            *findings(report, account, purpose, self._policy, now_us=self._floor.now_us()),
        ]
        why = unfit(found, self._policy)
        if why:
            yield why

    async def _audited(self, account: Account) -> None:
        """The board tells of the new key; whatever hinders that is asked again within the hour."""
        try:
            await self._keys.check(account)
        except (DeskError, TimeoutError) as error:
            log.info("the new key of %s could not be audited yet: %s", account, error)

    # What was missing

    async def run(self) -> None:
        """Go on asking for the keys that could not be read when their account was opened."""
        tries = 0
        while missing := list(self._missing()):
            for account, purpose, changer in missing:
                await self._found(account, purpose, changer, aloud=not tries % SAID_EVERY)
            tries += 1
            await asyncio.sleep(AGAIN_S)

    def _missing(self) -> Iterator[tuple[Account, Purpose, KeyChanger]]:
        for connection in self._floor.connections:
            for account, changers in connection.changers.items():
                for purpose, changer in changers.items():
                    if changer.missing:
                        yield account, purpose, changer

    async def _found(
        self, account: Account, purpose: Purpose, changer: KeyChanger, *, aloud: bool
    ) -> None:
        async with self._turn:
            try:
                await self._tried(changer, account, purpose)
            except DeskError as error:
                if aloud:
                    log.warning("the %s key of %s is not here: %s", purpose, account, error)
                return
            changer.take()
        log.info("the %s key of %s is here now", purpose, account)
        await self._audited(account)
