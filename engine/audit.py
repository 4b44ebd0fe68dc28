"""Whose are our keys, and what may they do? Asked before an account is used, and every hour.

A configured name is bound once, in the ledger, to the venue's own id of the account
(decisions.md). The one rule: of an account that is not what it was nothing is read into the
books and no order leaves; and what a venue does not tell is not guessed.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from domain import controls, events
from domain.board import AccountView, Board
from domain.errors import DeskError, Unavailable
from domain.instruments import Account
from domain.keys import Finding, Ill, KeyInspector, KeyReport, KeyView, Purpose, key_of
from domain.rekeying import KeyRotated
from engine.floor import Floor
from risk.keys import KeyPolicy, findings, gained, other_account, refusal

ASKED = (Purpose.READ, Purpose.TRADE)  # the withdraw key is not even loaded for this
ANSWER_S = 30
RETRY_S = 10
AGAIN_S = 3_600
Reports = Mapping[Purpose, KeyReport]
log = logging.getLogger(__name__)


class KeyAudit:
    """Audits the keys of every account, and says which accounts may be used."""

    def __init__(self, floor: Floor, policy: KeyPolicy) -> None:
        self._floor = floor
        self._policy = policy
        self._admitted: dict[Account, bool] = {}
        self._said: set[str] = set()
        self._seen_us: dict[str, int] = {}  # by fingerprint: when the ledger first knew the key
        floor.desk.keep(self)

    def fact(self, fact: events.Fact, _: Board) -> None:
        """Remember since when each key is in use."""
        if isinstance(fact, controls.KeyAudited):
            self._seen_us.setdefault(fact.report.fingerprint, fact.at_us)
        elif isinstance(fact, KeyRotated):
            self._seen_us.setdefault(fact.after, fact.at_us)

    def sighting(self, sighting: object, board: Board) -> None:
        """Nothing seen tells a key's age."""

    def stranger(self, account: Account) -> bool:
        """Whether the account turned out to be another one than its name was bound to."""
        return self._admitted.get(account) is False

    async def admitted(self, account: Account) -> bool:
        """Whether the account may be used, as far as one try tells."""
        if account not in self._admitted:
            try:
                await self.check(account)
            except (Unavailable, TimeoutError) as error:
                self._without_answer(account, str(error) or "no answer in time")
        return self._admitted.get(account, False)

    async def admission(self, account: Account) -> bool:
        """As `admitted`, but waits until it can be told; False for a stranger alone."""
        while not await self.admitted(account):
            if self.stranger(account):
                return False
            await asyncio.sleep(RETRY_S)
        return True

    def _without_answer(self, account: Account, why: str) -> None:
        """A key cannot change its account, so one that was audited before may be used."""
        inspector = self._inspectors(account).get(Purpose.READ)
        if inspector is not None and not inspector.fingerprint:
            self._refuse(account, why)
            self._say(f"{account} waits for its key: {why}")
            return
        if self._floor.desk.board.uids.get(account) and self._has_new_key(account):
            problem = f"its key is new, and whose it is could not be asked: {why}"
            self._refuse(account, problem)
            self._say(f"{account}: {problem}")
            return
        self._say(f"the keys of {account} could not be audited: {why}")
        self._admitted[account] = True

    def _has_new_key(self, account: Account) -> bool:
        inspector = self._inspectors(account).get(Purpose.READ)
        known = self._floor.desk.board.keys.get(key_of(account, Purpose.READ))
        return inspector is not None and (
            known is None or known.report.fingerprint != inspector.fingerprint
        )

    async def watch(self, account: Account) -> None:
        """Audit again and again: rights are changed at the venue while we run."""
        while self._inspectors(account):
            await asyncio.sleep(AGAIN_S)
            try:
                await self.check(account)
            except (DeskError, TimeoutError) as error:
                log.info("the keys of %s could not be audited again: %s", account, error)

    async def check(self, account: Account) -> None:
        """Ask what the account's keys are, write down what changed, and judge.

        Raises:
            Unavailable, TimeoutError: when the venue does not answer.
        """
        reports: dict[Purpose, KeyReport] = {}
        for purpose in ASKED:
            if purpose in self._inspectors(account):
                async with asyncio.timeout(ANSWER_S):
                    reports[purpose] = await self._inspectors(account)[purpose].inspect()
        await self._bind(account, reports)
        views = [self._view(account, purpose, reports) for purpose in reports]
        await self._write(views)
        self._judge(account, views)

    def _inspectors(self, account: Account) -> Mapping[Purpose, KeyInspector]:
        return self._floor.connections.of(account).inspectors.get(account, {})

    # Whose it is

    async def _bind(self, account: Account, reports: Reports) -> None:
        told = next((report.uid for report in reports.values() if report.uid), "")
        if told and account not in self._floor.desk.board.uids:
            now_us = self._floor.now_us()
            await self._floor.desk.record(
                controls.AccountBound(at_us=now_us, actor="engine", account=account, uid=told)
            )

    def _of_whom(self, account: Account, purpose: Purpose, report: KeyReport) -> Iterator[Finding]:
        uids = self._floor.desk.board.uids
        known = uids.get(account, "")
        strange = [*other_account(report, account, purpose, known)]
        if strange:
            yield from strange
            return
        same = [
            other
            for other in self._floor.connections.accounts
            if other.venue == account.venue and other != account and uids.get(other) == known
        ]
        if known and same and purpose is Purpose.READ:
            text = f"{account} and {', '.join(same)} are one account of {account.venue}, {known}"
            remedy = "take one of the names out: its money is counted twice"
            yield Finding(ill=Ill.SAME_ACCOUNT, text=text, remedy=remedy)

    # What it may do

    def _view(self, account: Account, purpose: Purpose, reports: Reports) -> KeyView:
        report, now_us = reports[purpose], self._floor.now_us()
        also = tuple(
            other
            for other, told in reports.items()
            if other is not purpose and told.fingerprint == report.fingerprint
        )
        known_us = report.created_us or self._seen_us.get(report.fingerprint, 0)
        aged = replace(report, created_us=known_us)
        found = findings(aged, account, purpose, self._policy, now_us=now_us, also=also)
        return KeyView(
            account=account,
            purpose=purpose,
            report=report,
            findings=(*self._of_whom(account, purpose, report), *found),
            at_us=now_us,
        )

    async def _write(self, views: Iterable[KeyView]) -> None:
        """Facts where a venue tells something else than before; on the board in any case."""
        desk = self._floor.desk
        for view in views:
            before = desk.board.keys.get(key_of(view.account, view.purpose))
            if _says_something(view) and _differs(before, view):
                wider = gained(None if before is None else before.report, view.report)
                fact = controls.KeyAudited(
                    at_us=view.at_us,
                    actor="engine",
                    account=view.account,
                    purpose=view.purpose,
                    report=view.report,
                    findings=view.findings,
                    gained=wider,
                )
                await desk.record(fact, *self._alarms(view, fact.gained))
            desk.show(keys=desk.board.keys.put(key_of(view.account, view.purpose), view))

    def _alarms(self, view: KeyView, wider: Iterable[str]) -> Iterator[events.Fact]:
        name = f"key:{view.account}:{view.purpose}"
        if wider:
            text = f"the {view.purpose} key of {view.account} became wider: {', '.join(wider)}"
            yield self._alarm(f"{name}:wider", "critical", text)
        for finding in view.findings:
            if finding.ill is Ill.OLD:
                yield self._alarm(f"{name}:old", "info", f"{finding.text}; {finding.remedy}")
        for finding in view.findings:
            if finding.ill in (Ill.TOO_WIDE, Ill.TOO_NARROW, Ill.SAME_ACCOUNT):
                yield self._alarm(name, "warning", finding.text)
                return

    def _alarm(self, alarm: str, severity: str, text: str) -> controls.AlarmRaised:
        now_us = self._floor.now_us()
        return controls.AlarmRaised(
            at_us=now_us, actor="engine", alarm=alarm, severity=severity, text=text
        )

    # What follows

    def _judge(self, account: Account, views: Iterable[KeyView]) -> None:
        found = [finding for view in views for finding in view.findings]
        for finding in found:
            self._say(f"{finding.text}; {finding.remedy}")
        why = refusal(found, self._policy)
        self._refuse(account, why)
        if why and f"refused: {why}" not in self._said:
            self._said.add(f"refused: {why}")
            text = f"{account} is refused, no order of it leaves: {why}"
            self._floor.desk.post(self._alarm(f"refused:{account}", "critical", text))
        strange = any(
            finding.ill is Ill.OTHER_ACCOUNT
            for view in views
            if view.purpose is Purpose.READ
            for finding in view.findings
        )
        self._admitted[account] = not strange

    def _refuse(self, account: Account, why: str) -> None:
        desk = self._floor.desk
        view = desk.board.accounts.get(account) or AccountView(account=account)
        if view.refused != why:
            changed = replace(view, refused=why)
            desk.show(accounts=desk.board.accounts.put(account, changed))

    def _say(self, words: str) -> None:
        """In the log once, however often it is found."""
        if words not in self._said:
            self._said.add(words)
            log.warning(words)  # whole: the log would take two findings for the same line again


def _says_something(view: KeyView) -> bool:
    """Whether there is more to write down than that the venue tells nothing."""
    return view.report.tells or any(finding.ill is Ill.OLD for finding in view.findings)


def _differs(before: KeyView | None, now: KeyView) -> bool:
    if before is None:
        return True
    if replace(before.report, problem="") != replace(now.report, problem=""):
        return True
    return {finding.ill for finding in before.findings} != {f.ill for f in now.findings}
