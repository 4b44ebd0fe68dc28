"""The dead-man's switch at the venue: it ends what we leave there, should we fall silent.

A venue that has one cancels every order of the account by itself, foreign ones too, unless it
is told again within `engine.dead_man_s`. The one rule: only an engine that is alive, armed and
has orders there renews it; a renewal that fails is told, and stops nothing here.
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from domain import controls, events
from domain.board import Board, Mode
from domain.days import iso
from domain.errors import InDoubt, Refused, Unavailable
from domain.halts import HaltState, Level
from domain.ports import Trader
from engine.accounts import AccountWatch
from engine.floor import Floor
from engine.troubles import Troubles

SECOND_US = 1_000_000
TIMES = 4  # it is renewed so often within its length (decisions.md: each 15 s of 60)
ANSWER_S = 10
GOODBYE_S = 5
NAME = "dead-man's switch"
REMEDY = "look whether the venue answers, and whether the trade key may cancel orders"
ENDING = (HaltState.HALTING, HaltState.HALTED_UNVERIFIED)
TURNS = (
    controls.Armed,
    controls.Disarmed,
    controls.HaltTripped,
    controls.HaltReopened,
    controls.HaltUnverified,
    controls.HaltVerified,
    controls.HaltReleased,
    controls.HaltResumed,
)
log = logging.getLogger(__name__)


class Wish(Enum):
    """What an account's switch should be: renewed, running out without us, or off."""

    RENEWED = auto()
    RUNNING_OUT = auto()
    OFF = auto()


@dataclass(slots=True, eq=False)
class _Switch:
    """One account's switch. `until_us`: when the venue acts at the earliest, 0: not set by us.

    `due_us` is when it is told again, by the monotonic clock; `failing`: the last try failed;
    `renewing`: orders of ours were there when it was last looked at.
    """

    watch: AccountWatch
    trader: Trader
    until_us: int = 0
    due_us: int = 0
    failing: bool = False
    renewing: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class DeadMan:
    """Keeps the switches of a LIVE desk; it needs no role and answers nothing."""

    def __init__(self, floor: Floor, watches: Iterable[AccountWatch]) -> None:
        self._floor = floor
        self._length_s = floor.settings.dead_man_s
        self._troubles = Troubles(log)
        self._leaving = False
        self._switches = {
            watch.account: _Switch(watch, trader)
            for watch in watches
            if (trader := self._trader(watch)) is not None
        }
        floor.desk.keep(self)

    def _trader(self, watch: AccountWatch) -> Trader | None:
        connection = self._floor.connections.of(watch.account)
        wanted = self._length_s and self._floor.desk.board.mode is Mode.LIVE
        if not wanted or not connection.traits.dead_man:
            return None
        return connection.traders.get(watch.account)

    def start(self) -> None:
        """Keep every switch, from now until the desk stops."""
        for account, switch in self._switches.items():
            self._floor.run(self._keep(switch), f"dead man {account}")

    async def stand_down(self) -> None:
        """The engine leaves in an orderly way: what stays there shall stay.

        A switch runs on where orders are being cancelled and are not known to be gone.
        """
        self._leaving = True
        await asyncio.gather(*(self._left(switch) for switch in self._switches.values()))

    async def _left(self, switch: _Switch) -> None:
        async with switch.lock:
            ending = self._floor.settings.drain_cancels_orders and self._there(switch)
            if switch.until_us and not ending and self._wish(switch) is not Wish.RUNNING_OUT:
                await self._tell(switch, 0, GOODBYE_S)

    # Following

    def fact(self, fact: events.Fact, board: Board) -> None:
        """The first order there, and whatever arms, disarms or halts, is acted on at once."""
        if isinstance(fact, TURNS):
            for switch in self._switches.values():
                switch.woken.set()
        elif isinstance(fact, events.OrderSent):
            state = board.orders.get(fact.client_id)
            found = self._switches.get(state.order.account) if state is not None else None
            if found is not None and (self._due(found) or not found.until_us):
                found.woken.set()

    def sighting(self, sighting: object, board: Board) -> None:
        """Nothing seen changes a switch."""

    # Keeping

    async def _keep(self, switch: _Switch) -> None:
        pause_s = self._length_s / TIMES
        while True:
            switch.woken.clear()
            async with switch.lock:
                self._look_at_the_time(switch)
                if not self._leaving:
                    await self._follow(switch)
            left_us = switch.due_us - self._floor.clock.monotonic_us()
            try:
                async with asyncio.timeout(left_us / SECOND_US if left_us > 0 else pause_s):
                    await switch.woken.wait()
            except TimeoutError:
                continue

    async def _follow(self, switch: _Switch) -> None:
        wish, due = self._wish(switch), self._due(switch)
        switch.renewing = wish is Wish.RENEWED
        if switch.failing and not due:
            return
        patience_s = max(1, min(ANSWER_S, self._length_s // 2))
        if wish is Wish.OFF and switch.until_us:
            await self._tell(switch, 0, patience_s)
        elif wish is not Wish.OFF and (not switch.until_us or (due and wish is Wish.RENEWED)):
            await self._tell(switch, self._length_s, patience_s)

    def _due(self, switch: _Switch) -> bool:
        return self._floor.clock.monotonic_us() >= switch.due_us

    def _wish(self, switch: _Switch) -> Wish:
        """What the board makes of it; a halt that cancels lets the venue finish the work.

        It is not renewed then, and set anew when it has run out: until it is proven that no
        order is left, the venue may as well try (semantics 3.2, 3.3).
        """
        board, account = self._floor.desk.board, switch.watch.account
        stop = self._floor.stop.over_account(account)
        # The venue cancels all that the account has: halts that take less are none of its.
        halts = [h for h in board.halts if h.reach.takes_foreign and h.reach.touches(account)]
        killing = [h for h in halts if h.standing >= Level.HALT_CANCEL]
        unwritten = stop >= Level.HALT_CANCEL and not killing
        if unwritten or any(halt.state in ENDING for halt in killing):
            return Wish.RUNNING_OUT
        if killing or not board.armed or not self._there(switch):
            return Wish.OFF
        return Wish.RENEWED

    def _there(self, switch: _Switch) -> bool:
        """Whether an order of ours is, or may be, at the venue."""
        return any(
            state.sent
            and not state.foreign
            and state.order.account == switch.watch.account
            and not state.terminal
            for state in self._floor.desk.board.orders.values()
        )

    # Telling the venue

    async def _tell(self, switch: _Switch, length_s: int, within_s: int) -> None:
        clock, before_us = self._floor.clock, switch.until_us
        wanted_us = self._floor.now_us() + length_s * SECOND_US if length_s else 0
        every_us = self._length_s * SECOND_US // TIMES
        switch.due_us = clock.monotonic_us() + every_us
        try:
            async with asyncio.timeout(within_s):
                await switch.trader.dead_man(length_s)
        except Unavailable as error:
            self._failed(switch, error.why, error.remedy)
        except Refused as error:
            self._failed(switch, error.reason)
        except InDoubt as error:
            switch.until_us = before_us or wanted_us  # it may have been taken
            self._failed(switch, error.why)
        except TimeoutError:
            switch.until_us = before_us or wanted_us
            self._failed(switch, f"no answer in {within_s} s")
        else:
            switch.until_us = wanted_us
            self._succeeded(switch, before_us)
        switch.watch.show(dead_man_us=switch.until_us)

    def _succeeded(self, switch: _Switch, before_us: int) -> None:
        account, switch.failing = switch.watch.account, False
        switch.watch.pulse.answered(NAME)
        self._troubles.over(f"{NAME} of {account}")
        if bool(before_us) != bool(switch.until_us):
            told = f"on, {self._length_s} s" if switch.until_us else "off"
            log.info("the %s of %s is %s", NAME, account, told)

    def _failed(self, switch: _Switch, why: str, remedy: str = "") -> None:
        account, until_us = switch.watch.account, switch.until_us
        switch.failing = True
        soon_us = self._length_s * SECOND_US // (TIMES * TIMES)
        switch.due_us = self._floor.clock.monotonic_us() + soon_us
        then = "orders there outlive this engine, should it die"
        if until_us:
            then = f"{account.venue} cancels every order there at {iso(until_us)[11:19]}Z"
        told = f"it could not be told: {why}; unless it can be, {then}"
        switch.watch.pulse.unanswered(NAME, told, remedy or REMEDY)
        self._troubles.met(f"{NAME} of {account}", told, remedy or REMEDY)

    def _look_at_the_time(self, switch: _Switch) -> None:
        """A switch that was not renewed in time has been thrown: say so, once."""
        if not switch.until_us or self._floor.now_us() < switch.until_us:
            return
        account = switch.watch.account
        at_us, switch.until_us, switch.due_us = switch.until_us, 0, 0
        switch.watch.show(dead_man_us=0)
        if not switch.renewing:
            return
        self._floor.desk.post(
            controls.AlarmRaised(
                at_us=self._floor.now_us(),
                actor="engine",
                alarm=f"dead man {account}",
                severity="warning",
                text=f"the {NAME} of {account} was not renewed until {iso(at_us)[11:19]}Z: "
                f"{account.venue} has cancelled every order there by itself",
            )
        )
