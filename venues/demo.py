"""The demo desk's venues, offline and seeded: open them, run them, close them (R-A6, R-D8).

The one rule: `keep` comes before every answer and every message, so after a crash the venues
never know less than the desk does.
"""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from domain.errors import Misconfigured, Unavailable
from domain.instruments import Account
from domain.money import exactly
from domain.ports import AccountReader, Clock, Dice, Market, Trader, VenueTraits
from domain.sightings import DepthSeen, PriceSeen
from venues.demo_exchange import DemoExchange
from venues.demo_faults import Faults
from venues.demo_ports import DemoMarket, DemoReader, DemoTrader
from venues.demo_scenarios import MINUTE_US, SCENARIOS
from venues.demo_state import (
    FILE_NAME,
    VERSION,
    Header,
    Line,
    read_state,
)
from venues.demo_story import Story
from venues.demo_world import TICK_US, World, fresh_world, restored_world
from venues.dialects import DIALECTS
from venues.simulated import Link
from venues.simulated_withdrawals import TillWithdrawer
from venues.state_file import StateFile, StateUnreadable, put_aside
from venues.switchboard import ACCOUNT, DEPTH, PRICES, Switchboard
from venues.till import Change, Till

SEED_BITS = 32
_WHO = "the demo venues"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoVenue:
    """One demo venue as the engine sees it; readers and traders by account name."""

    traits: VenueTraits
    market: Market
    readers: Mapping[str, AccountReader]
    traders: Mapping[str, Trader]
    faults: Faults
    withdrawers: Mapping[str, TillWithdrawer] = field(default_factory=dict)

    @property
    def listers(self) -> Mapping[str, TillWithdrawer]:
        """What left each account, as its venue tells it."""
        return self.withdrawers


class DemoDesk:
    """The four demo venues and the world behind them; made by `open_demo`.

    `problem` is "" when an earlier state was taken up, else why it was not: a book that
    belonged to that earlier state must not be gone on with. `story` is what the owner of the
    accounts remembers of a fresh world.
    """

    def __init__(
        self, world: World, file: StateFile, header: Header, clock: Clock, *, instant: bool
    ) -> None:
        self.problem = ""
        self.story = None if world.past is None else Story(world.past)
        self.seed = header.seed
        self._world = world
        self._file = file
        self._header = header
        self._clock = clock
        self._world_kept_us = world.at_us
        self._switchboards = {venue: Switchboard(venue) for venue in world.exchanges}
        self.venues: Mapping[str, DemoVenue] = {
            venue: self._venue(exchange, instant=instant)
            for venue, exchange in world.exchanges.items()
        }

    def open_file(self) -> None:
        """Start the state file, or go on with the one that was read; call once, first.

        What happened while the desk was away is written together with what stands after it.
        """
        changes = [till.take_change() for till in self._tills()]
        if self._header.life == 1:
            self._file.begin(self._line(till.whole() for till in self._tills()))
        else:
            standing = (till.standing() for till in self._tills())
            self._file.resume(self._line((*filter(None, changes), *standing)))

    def advance(self, to_us: int) -> None:
        """Let the world go on until `to_us` (UTC microseconds), keep it, tell it.

        Synchronous: for tests, and for `run`. Unavailable when the state cannot be written.
        """
        self._world.advance(to_us)
        self.keep()
        if abs(to_us - self._world_kept_us) >= MINUTE_US:
            self._tidy()
            self._world_kept_us = to_us
        with exactly():
            for venue, exchange in self._world.exchanges.items():
                self._tell_market(exchange, self._switchboards[venue])

    async def run(self) -> None:
        """Let the world follow the clock, five times a second, until cancelled.

        Raises:
            Unavailable: the state file cannot be written; run it again later.
        """
        while True:
            self.advance(self._clock.now_us())
            await asyncio.sleep(TICK_US / 1_000_000)

    def close(self) -> None:
        """Keep where the prices stand."""
        with suppress(Unavailable):  # the last prices of a demo are not worth an error at its end
            self.keep()
            self._file.append(Line(world=self._world.state(since_us=self._world_kept_us)))

    def keep(self) -> None:
        """Write what changed; only then let the accounts' streams hear of it."""
        exchanges = self._world.exchanges
        changes = tuple(filter(None, (till.take_change() for till in self._tills())))
        self._file.append(Line(changes=changes) if changes else None)
        for venue, exchange in exchanges.items():
            for client, sighting in exchange.told:
                self._switchboards[venue].tell(ACCOUNT, client, sighting)
            exchange.told.clear()

    def _tidy(self) -> None:
        """Once a minute: keep the prices, forget what is long over."""
        for till in self._tills():
            till.forget_oldest()
        if self._file.grown:
            standing = self._line(till.standing() for till in self._tills())
            self._file.shorten(Line(header=self._header), standing)
        else:
            self._file.append(Line(world=self._world.state(since_us=self._world_kept_us)))

    def _line(self, changes: Iterable[Change]) -> Line:
        return Line(header=self._header, changes=tuple(changes), world=self._world.state())

    def _tills(self) -> list[Till]:
        return [exchange.till for exchange in self._world.exchanges.values()]

    def _tell_market(self, exchange: DemoExchange, switchboard: Switchboard) -> None:
        at_us = self._clock.now_us()
        for symbol in sorted(exchange.moved & switchboard.wanted(PRICES)):
            seen = PriceSeen(price=exchange.pits[symbol].price(at_us))
            switchboard.tell(PRICES, symbol, seen)
        exchange.moved.clear()
        for symbol in sorted(switchboard.wanted(DEPTH)):
            depth = DepthSeen(depth=exchange.pits[symbol].depth(at_us))
            switchboard.tell(DEPTH, symbol, depth)

    def _venue(self, exchange: DemoExchange, *, instant: bool) -> DemoVenue:
        profile = exchange.profile
        switchboard = self._switchboards[profile.venue]
        faults = Faults(
            venue=profile.venue,
            latency_us=0 if instant else profile.latency_us,
            hang_us=0 if instant else profile.traits.request_timeout_us,
            switchboard=switchboard,
        )
        link = Link(
            exchange=exchange,
            traits=profile.traits,
            dialect=DIALECTS[profile.venue],
            switchboard=switchboard,
            way=faults,
            clock=self._clock,
            keep=self.keep,
        )
        accounts = {name: Account(profile.venue, name) for name in profile.opening}
        return DemoVenue(
            traits=profile.traits,
            market=DemoMarket(link, exchange),
            readers={name: DemoReader(link, acct, faults) for name, acct in accounts.items()},
            traders={name: DemoTrader(link, acct, faults) for name, acct in accounts.items()},
            faults=faults,
            withdrawers={name: TillWithdrawer(link, acct) for name, acct in accounts.items()},
        )


def open_demo(
    clock: Clock,
    dice: Dice,
    *,
    scenario: str = "sideways",
    seed: int | None = None,
    state_dir: Path | None = None,
    book: str | None = "",
    instant: bool = False,
) -> DemoDesk:
    """Open the demo venues, taking up what they were when they were left.

    `seed` (None: rolled with `dice`) shapes a fresh world only. `state_dir` is the demo book's
    directory (None: nothing is kept) and `book` the id of the ledger that it belongs to: with
    another ledger the venues start afresh; None takes them up whosesoever they are. `instant`
    leaves out the wire's latency.

    Raises:
        Misconfigured: there is no such scenario.
        Unavailable: the state file cannot be written.
    """
    chosen = SCENARIOS.get(scenario)
    if chosen is None:
        raise Misconfigured("scenario", f"{scenario!r} is not one of {', '.join(SCENARIOS)}")
    path = state_dir / FILE_NAME if state_dir else None
    problem = "nothing is kept between runs"
    if path is not None:
        try:
            saved = read_state(path, book)
            world = restored_world(chosen, saved, clock.now_us())
            header = replace(saved.header, life=saved.header.life + 1)
            return _opened(world, path, header, clock, instant=instant)
        except StateUnreadable as error:
            problem = str(error)
            put_aside(path)
    drawn = dice.bits(SEED_BITS) if seed is None else seed
    header = Header(version=VERSION, book=book or "", seed=drawn, life=1)
    world = fresh_world(chosen, drawn, clock.now_us())
    desk = _opened(world, path, header, clock, instant=instant)
    desk.problem = problem
    return desk


def _opened(
    world: World, path: Path | None, header: Header, clock: Clock, *, instant: bool
) -> DemoDesk:
    desk = DemoDesk(world, StateFile(path, _WHO), header, clock, instant=instant)
    desk.open_file()
    return desk
