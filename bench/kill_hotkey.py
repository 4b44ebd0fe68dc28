"""Goal 9, the first half: from the key to "no further order can leave".

A LIVE engine trades on a loopback Kraken in another process, and eight submitters ask it for
orders as fast as they are answered. In the middle of that another thread, as the console's,
asks for the trip. The one rule: what left late is told by the venue's own log, not by ours.
"""

import asyncio
import statistics
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from bench.harness import Row, at_most, milliseconds
from bench.kill_venue import Street, street_of
from cli.clock import SystemClock
from domain import asks
from domain.board import Board, Mode
from domain.errors import Refused
from domain.halts import Level
from domain.instruments import Account
from domain.orders import Draft, Kind, Side
from engine.connections import Connection, Connections
from engine.stop import Stop
from risk.codes import code_at, step_at
from tests.engine.rig import ME, TIRELESS, Rig, quick, running
from tests.engine.wire_families import KRAKEN

SUBMITTERS = 8
BEFORE = 60  # orders that are at the venue when the key is pressed
ROUNDS, FULL_ROUNDS = 5, 15
WITHIN_MS = 10
PATIENCE_S = 30


@dataclass(slots=True)
class Pressed:
    """One press: when, when the gate was closed (UTC µs), and what the venue had then and after.

    `late` are creates that reached the venue after the gate was closed.
    """

    pressed_us: int = 0
    closed_us: int = 0
    answered_us: int = 0
    refused: int = 0
    arrivals_us: list[int] = field(default_factory=list)

    @property
    def late_us(self) -> list[int]:
        """How long after the press each create arrived that came after the gate was closed."""
        return [at - self.pressed_us for at in self.arrivals_us if at > self.closed_us]


def hotkey(*, full: bool) -> list[Row]:
    """Rows of the trip: to the gate, to the answer, and what still left."""
    return asyncio.run(_measured(FULL_ROUNDS if full else ROUNDS))


async def _measured(rounds: int) -> list[Row]:
    async with street_of(KRAKEN, rounds) as street:
        trip_s = await street.round_trip_s()
        # To each engine an account: another one's orders would be without an intent there.
        presses = [await _pressed(street, account) for account in street.accounts]
    closed = [(one.closed_us - one.pressed_us) / 1e6 for one in presses]
    answered = [(one.answered_us - one.pressed_us) / 1e6 for one in presses]
    late = [at for one in presses for at in one.late_us]
    worst = max(late, default=0) / 1e6
    return [
        _in_ms("the gate is closed, slowest", max(closed)),
        _in_trips("the gate is closed", statistics.median(closed), trip_s),
        _in_trips("answered, with the marker on the disk", statistics.median(answered), trip_s),
        _in_ms(f"the last create at the venue ({len(late)} after the gate was closed)", worst),
    ]


def _in_ms(what: str, taken_s: float) -> Row:
    what = f"trip under {SUBMITTERS} submitters: {what} / {WITHIN_MS} ms"
    limit = f"{WITHIN_MS} ms"
    return at_most("9", what, milliseconds(taken_s), limit, taken_s * 1000 / WITHIN_MS, 1)


def _in_trips(what: str, taken_s: float, trip_s: float) -> Row:
    what = f"trip under {SUBMITTERS} submitters: {what} / one loopback round trip"
    times = milliseconds(taken_s), milliseconds(trip_s)
    return Row("9", what, *times, taken_s / trip_s, "told", ok=True)


# One press


async def _pressed(street: Street, account: Account) -> Pressed:
    press = Pressed()
    with TemporaryDirectory() as folder:
        async with _armed(street, account, Path(folder)) as rig:
            with mock.patch.object(Stop, "trip", _stamped(press)):
                async with asyncio.timeout(2 * PATIENCE_S), asyncio.TaskGroup() as group:
                    for number in range(SUBMITTERS):
                        group.create_task(_submitting(rig, account, number, press))
                    await rig.until(_busy, within_s=PATIENCE_S)
                    await asyncio.to_thread(_press, rig, asyncio.get_running_loop(), press)
    calls: Any = street.admin.ask("journal", endpoint=KRAKEN.place)
    press.arrivals_us = [call["at_us"] for call in calls if call["at_us"] > press.pressed_us]
    assert press.refused == SUBMITTERS
    await street.is_empty()
    return press


def _press(rig: Rig, loop: asyncio.AbstractEventLoop, press: Pressed) -> None:
    """In another thread, as the console asks."""
    clock = SystemClock()
    press.pressed_us = clock.now_us()
    asked = rig.desk.ask(asks.Trip(reason="bench"), ME)
    asyncio.run_coroutine_threadsafe(asked, loop).result(PATIENCE_S)
    press.answered_us = clock.now_us()


def _stamped(press: Pressed) -> Any:
    """Stop.trip, and a note of when it was done first."""
    original, clock = Stop.trip, SystemClock()

    def trip(self: Stop, *told: Any, **more: Any) -> None:
        original(self, *told, **more)
        press.closed_us = press.closed_us or clock.now_us()

    return trip


async def _submitting(rig: Rig, account: Account, number: int, press: Pressed) -> None:
    """Ask for orders far from the market until the halt refuses one."""
    count = 0
    while True:
        count += 1
        draft = Draft(
            account=account,
            symbol=KRAKEN.symbol,
            side=Side.BUY,
            kind=Kind.LIMIT,
            quantity=Decimal("0.001"),
            price=Decimal(62_000 - number * 100 - count % 100),
        )
        try:
            await rig.desk.ask(asks.SubmitOrder(draft=draft), ME)
        except Refused as refused:
            if refused.rule != "halt":
                raise
            press.refused += 1
            return


def _busy(board: Board) -> bool:
    return sum(1 for state in board.orders.values() if state.acked) >= BEFORE


@asynccontextmanager
async def _armed(street: Street, account: Account, folder: Path) -> AsyncGenerator[Rig]:
    """A LIVE engine on the street, with a second factor, armed."""
    async with AsyncExitStack() as stack:
        rig = await stack.enter_async_context(
            running(
                folder,
                mode=Mode.LIVE,
                settings=quick(base_currency=street.family.quote),
                limits=TIRELESS,
                connections=Connections({street.family.venue: _connection(street, account)}),
            )
        )
        await rig.until(
            lambda b: (
                bool(b.prices) and account in b.feeds and b.accounts[account].reconciled_us > 0
            ),
            within_s=PATIENCE_S,
        )
        made = await rig.ask(asks.BeginEnrolment())
        step = step_at(SystemClock().now_us())
        first, second = code_at(made.secret, step - 2), code_at(made.secret, step - 1)
        await rig.ask(asks.ConfirmEnrolment(first=first, second=second))
        await rig.ask(asks.Arm(code=code_at(made.secret, step), account=account))
        yield rig
        await rig.until(lambda b: bool(b.halts) and b.halts[0].verified, within_s=PATIENCE_S)
        assert rig.stop.level == Level.HALT_CANCEL


def _connection(street: Street, account: Account) -> Connection:
    live = street.ours
    return Connection(
        traits=live.traits,
        market=live.market,
        readers={account: live.readers[account]},
        traders={account: live.traders[account]},
        vitals=live.vitals,
    )
