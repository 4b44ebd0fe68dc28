"""Streams kept alive: dialled, watched for signs of life, dialled again with patience.

The one rule (semantics 7): a stream is a hint. Whatever it tells goes through the same intake
as every list, and each (re)connect asks for what happened while nobody listened.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from domain import sightings
from domain.errors import Unavailable
from domain.instruments import Account
from engine.floor import Floor
from engine.intake import Intake
from engine.pulse import Pulse
from engine.supervise import backoff_ms
from engine.troubles import Troubles

SECOND_US = 1_000_000
LOOK_S = 0.25
log = logging.getLogger(__name__)


async def keep_streaming(floor: Floor, pulse: Pulse, dial: Callable[[], Awaitable[None]]) -> None:
    """Dial for ever; every end is shown on the pulse and dialled again after a pause."""
    troubles, name = Troubles(log), f"{pulse.account or pulse.venue} {pulse.kind} stream"
    while True:
        try:
            await _while_lively(dial(), pulse, floor, lambda: troubles.over(name))
        except Unavailable as error:
            pulse.broke(error.why, error.remedy)
            troubles.met(name, error.why, error.remedy)
        else:
            pulse.broke("the stream ended")
            troubles.met(name, pulse.problem)
        wait_ms = backoff_ms(
            pulse.dials(floor.now_us()),
            floor.settings.reconnect_first_ms,
            floor.settings.reconnect_last_ms,
            floor.dice,
        )
        pulse.next_try_us = floor.now_us() + wait_ms * 1000
        await asyncio.sleep(wait_ms / 1000)


async def _while_lively(
    stream: Awaitable[None], pulse: Pulse, floor: Floor, alive: Callable[[], None]
) -> None:
    """Run a stream under a watchdog on the age of its last sign of life; `alive` tells of one.

    Raises:
        Unavailable: when it broke, never came alive, or said nothing for too long.
    """
    task = asyncio.ensure_future(stream)
    dialled = floor.clock.monotonic_us()
    try:
        while not task.done():
            await asyncio.wait([task], timeout=LOOK_S)
            late_us = floor.clock.monotonic_us() - dialled
            if pulse.connected:
                alive()
            if not task.done() and not pulse.connected and late_us > pulse.silent_us:
                raise Unavailable(pulse.venue, f"no {pulse.kind} in {late_us // SECOND_US} s")
            if not task.done() and pulse.silent(floor.now_us()):
                silent_s = (floor.now_us() - pulse.life_us()) // SECOND_US
                raise Unavailable(
                    pulse.venue, f"its {pulse.kind} stream is silent for {silent_s} s"
                )
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class AccountStream:
    """One account's private stream. `due` are set when something must be asked for."""

    def __init__(self, account: Account, floor: Floor, intake: Intake) -> None:
        traits, settings = floor.connections.of(account).traits, floor.settings
        self._floor = floor
        self._intake = intake
        self._reader = floor.connections.reader(account)
        self.streamed = traits.account_stream
        self.orders_due = asyncio.Event()
        self.history_due = asyncio.Event()
        self.balances_due = asyncio.Event()
        silent_us = settings.stream_silent_s * SECOND_US
        self.pulse = Pulse(
            venue=account.venue,
            kind="account",
            account=account,
            silent_us=max(silent_us, 3 * traits.heartbeat_us),
            expected_us=traits.heartbeat_us
            if traits.account_stream
            else settings.balances_degraded_every_s * SECOND_US,
            polled=not traits.account_stream,
        )

    async def run(self) -> None:
        """Stream for ever; nothing to do where the venue has no private stream."""
        if self.streamed:
            await keep_streaming(self._floor, self.pulse, self._dial)

    async def _dial(self) -> None:
        await self._reader.stream(self._hear)

    def _hear(self, sighting: sightings.Sighting) -> None:
        now = self._floor.now_us()
        if isinstance(sighting, sightings.Heartbeat):
            self.pulse.heartbeat_us = now
            if not self.pulse.connected:
                self.pulse.came_alive(now)
                self._missed()
            return
        self.pulse.message_us = now
        if isinstance(sighting, sightings.FillSeen):
            self._intake.fill(sighting.fill, "stream")
            self.balances_due.set()
        elif isinstance(sighting, sightings.OrderSeen):
            self._intake.report(sighting.report, "stream")
        elif isinstance(sighting, sightings.TotalsSeen):
            self._floor.desk.see(sighting)
            self.balances_due.set()

    def _missed(self) -> None:
        """Whatever happened while nobody listened is asked for at once."""
        self.orders_due.set()
        self.history_due.set()
        self.balances_due.set()
