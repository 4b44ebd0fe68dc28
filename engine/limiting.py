"""Who changes the limits, and how: lowered at once, raised with a code after a cool-down.

The ledger's last approved limits are the truth; the settings file and people propose. The one
rule: one change at a time, each weighed against what is in force at that moment, so that of two
at once neither undoes what the other made stricter.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from domain import asks, controls, events
from domain.board import Board
from domain.errors import DeskError, Refused
from domain.instruments import Account
from domain.money import NotANumber
from domain.scopes import NotAScope, Reach
from engine.cooldown import SECOND_US, CoolDown
from engine.floor import Floor
from engine.operators import Operator, Role
from engine.secondfactor import SecondFactor
from risk.changes import (
    Values,
    Weighed,
    changed,
    differences,
    full_name,
    overlaid,
    still_asked,
    weigh,
)
from risk.limits import Limits, checked, looser
from risk.scoped import AT, limited_scope

LOOKED_EVERY_S = 5
READ_S = 10
FILE = "configuration"
ALARM = "limits differ"
Reread = Callable[[], Mapping[str, str] | None]


class Limiting:
    """Answers SetLimits, ApproveLimits and CancelLimits; takes what the settings file says."""

    def __init__(
        self, floor: Floor, codes: SecondFactor, settings_sha: str, reread: Reread | None = None
    ) -> None:
        self._floor = floor
        self._codes = codes
        self._sha = settings_sha
        self._reread = reread
        self._changing = asyncio.Lock()
        self._proposed: controls.LimitsProposed | None = None
        self._cool = CoolDown(floor)
        self._told: Mapping[str, str] = {}
        desk = floor.desk
        desk.keep(self)
        desk.answer(asks.SetLimits, self.set_limits, Role.TRADER)
        desk.answer(asks.ApproveLimits, self.approve, Role.ADMIN)
        desk.answer(asks.CancelLimits, self.cancel, Role.TRADER)

    def fact(self, fact: events.Fact, _: Board) -> None:
        """Remember since when looser limits wait, by a clock that nobody can set."""
        if isinstance(fact, controls.LimitsApproved):
            self._cool.approved(fact.cool_down_s)
        elif isinstance(fact, controls.LimitsProposed):
            self._proposed = fact
            self._cool.begun(fact.at_us, fact.cool_down_s)

    def sighting(self, sighting: object, board: Board) -> None:
        """Nothing seen changes a limit."""

    # What the settings file says

    async def start(self, told: Values) -> None:
        """Take the file's limits: stricter ones at once, looser ones wait; a difference alarms."""
        self._told = told
        self._cool.resumed()
        async with self._changing:
            await self._start(told)

    async def _start(self, told: Values) -> None:
        board = self._floor.desk.board
        if not board.limits:
            await self._floor.desk.record(self._approved(told, FILE, 1))
            return
        pending = board.limits_pending
        by_file = self._proposed is not None and self._proposed.actor == FILE
        # What a person asked for goes on waiting, unless the file is stricter now.
        stricter = looser(told, board.limits)
        again = () if by_file else still_asked(board.limits, pending, but=stricter)
        wanted = overlaid(told, pending, again)
        facts = self._facts(weigh(board.limits, wanted, {}, ()), FILE)
        if not facts and pending and not looser(board.limits, wanted):
            facts = [self._withdrawn(FILE, "the settings file does not ask for them any more")]
        found = differences(board.limits, told)
        if found:
            facts += self._alarm(f"{'; '.join(found)}. {_advice(looser(board.limits, told))}")
        if facts:
            await self._floor.desk.record(*facts)

    async def run(self) -> None:
        """Look at the file for ever; one that was changed behind our back changes nothing."""
        while self._reread is not None:
            await asyncio.sleep(LOOKED_EVERY_S)
            await self.look(self._reread)

    async def look(self, reread: Reread) -> None:
        """Alarm if the file says other limits than it did, and than those in force."""
        try:
            async with asyncio.timeout(READ_S):
                told = await asyncio.to_thread(reread)
        except (DeskError, OSError, TimeoutError) as error:
            self._say(f"the settings file cannot be read any more: {error}")
            return
        if told is None or told == self._told:
            return
        self._told = told
        found = differences(self._floor.desk.board.limits, told)
        if found:
            self._say(
                f"the settings file was changed: {'; '.join(found)}. What is in force stays; the "
                "file is read at the next start. If it was not you, look who can write it"
            )

    def _say(self, text: str) -> None:
        facts = self._alarm(text)
        if facts:
            self._floor.desk.post(*facts)

    def _alarm(self, text: str) -> list[events.Fact]:
        """The alarm, unless the same stands there already."""
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

    async def set_limits(self, ask: asks.SetLimits, caller: Operator) -> asks.Done:
        """Lower at once, or ask for a raise."""
        async with self._changing:
            return await self._set(ask.values, caller)

    async def _set(self, changes: Values, caller: Operator) -> asks.Done:
        board = self._floor.desk.board
        if not changes:
            raise Refused("limits", "say which limit, and its new value")
        wanted = self._wanted(board.limits, changes)
        names = [full_name(name) for name in changes]
        weighed = weigh(
            board.limits,
            wanted,
            board.limits_pending,
            still_asked(board.limits, board.limits_pending, but=names),
        )
        raised = looser(board.limits, wanted)
        if raised:
            caller.must_be(Role.ADMIN, "raising a limit")
        facts = self._facts(weighed, caller.name)
        if not facts:
            raise Refused("limits", "these limits are in force, or asked for, already")
        await self._floor.desk.record(*facts)
        return asks.Done(detail=self._said(weighed, lowered=weighed.at_once != board.limits))

    def _wanted(self, in_force: Values, changes: Values) -> dict[str, str]:
        try:
            wanted = changed(in_force, changes)
            checked(wanted)
            for name in changes:
                self._known_scope(name)
        except (NotANumber, NotAScope) as error:
            raise Refused("limits", str(error)) from None
        unknown = [n for n in map(full_name, changes) if n not in in_force and n not in wanted]
        if unknown:
            raise Refused("limits", f"there is no limit {unknown[0]} to take away")
        return wanted

    def _known_scope(self, name: str) -> None:
        """A limit of a venue or an account that is not ours would never be felt."""
        _, at, text = name.partition(AT)
        if not at:
            return
        scope = limited_scope(text)
        accounts = self._floor.connections.accounts
        venues = sorted({account.venue for account in accounts})
        if scope.reach is Reach.VENUE and scope.name not in venues:
            raise NotAScope(f"there is no venue {scope.name}; there are {', '.join(venues)}")
        if scope.reach is Reach.ACCOUNT and Account.parse(scope.name) not in accounts:
            raise NotAScope(f"there is no account {scope.name}; there are {', '.join(accounts)}")

    def _said(self, weighed: Weighed, *, lowered: bool) -> str:
        parts = []
        if lowered:
            version = self._floor.desk.board.limits_version
            parts.append(f"limits version {version} are in force")
        if weighed.waiting:
            wait_s = self._cool.left_us() // SECOND_US
            parts.append(
                f"{', '.join(weighed.waiting)} can be raised in {wait_s} s, with a code: "
                "quarterdeck limits approve"
            )
        return "; ".join(parts) + ". Write the same into the settings file: it counts at the start"

    async def approve(self, ask: asks.ApproveLimits, caller: Operator) -> asks.Done:
        """Put the pending limits in force after their cool-down."""
        async with self._changing:
            pending = self._floor.desk.board.limits_pending
            if not pending:
                raise Refused("limits", "no looser limits are waiting")
            left_us = self._cool.left_us()
            if left_us > 0:
                raise Refused("limits", f"cooling down: {left_us // SECOND_US + 1} s left")
            spent = await self._codes.allow(caller.name, ask.code, "limits")
            version = self._floor.desk.board.limits_version + 1
            approved = self._approved(pending, caller.name, version)
            shortest = replace(approved, cool_down_s=self._floor.settings.limits_cool_down_s)
            await self._floor.desk.record(spent, shortest)
            return asks.Done(detail=f"limits version {version} are in force")

    def wait_s(self) -> int:
        """In how many seconds what waits may be approved; 0 when it may, or nothing waits."""
        if not self._floor.desk.board.limits_pending:
            return 0
        return self._cool.left_s()

    async def cancel(self, ask: asks.CancelLimits, caller: Operator) -> asks.Done:
        """Ask no longer for what waits."""
        async with self._changing:
            pending = self._floor.desk.board.limits_pending
            if not pending:
                raise Refused("limits", "no looser limits are waiting")
            await self._floor.desk.record(self._withdrawn(caller.name, ask.reason))
        return asks.Done(
            detail="no looser limits wait any more. A settings file that has them asks again at "
            "the next start"
        )

    # Facts

    def _facts(self, weighed: Weighed, actor: str) -> list[events.Fact]:
        board = self._floor.desk.board
        facts: list[events.Fact] = []
        if dict(weighed.at_once) != dict(board.limits):
            facts.append(self._approved(weighed.at_once, actor, board.limits_version + 1))
        if weighed.waiting and (facts or dict(weighed.asked) != dict(board.limits_pending)):
            facts.append(
                controls.LimitsProposed(
                    at_us=self._floor.now_us(),
                    actor=actor,
                    values=dict(weighed.asked),
                    looser=weighed.waiting,
                    settings_sha=self._sha,
                    cool_down_s=self._cool.longest_s,
                )
            )
        elif not weighed.waiting and not facts and board.limits_pending and actor != FILE:
            facts.append(self._withdrawn(actor, "asked for lower ones"))
        return facts

    def _approved(self, values: Values, actor: str, version: int) -> controls.LimitsApproved:
        return controls.LimitsApproved(
            at_us=self._floor.now_us(),
            actor=actor,
            version=version,
            values=dict(Limits.from_values(values).values()),
            settings_sha=self._sha,
            cool_down_s=self._cool.longest_s,
        )

    def _withdrawn(self, actor: str, reason: str) -> controls.LimitsWithdrawn:
        board = self._floor.desk.board
        return controls.LimitsWithdrawn(
            at_us=self._floor.now_us(),
            actor=actor,
            looser=looser(board.limits, board.limits_pending),
            reason=reason,
            settings_sha=self._sha,
        )


def _advice(raised: tuple[str, ...]) -> str:
    if not raised:
        return "The file is stricter: it is in force from now on"
    return (
        f"What is looser ({', '.join(raised)}) waits: `quarterdeck limits approve` with a code "
        "after the cool-down, or write the ledger's values into the file. If it was not you, look "
        "who can write it"
    )
