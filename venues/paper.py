"""Paper trading: simulated accounts and orders over the live public data of a real venue.

The one rule: prices, books, steps and fees are the venue's own, live; money and orders are
ours alone. Nothing here can reach a private endpoint: all it is given is the public Market.

An order is judged like the venue would (`order_rules`), walks the live book and takes what it
trades out of it (`paper_pit`); one that rests is filled as a maker once the market has gone
through its price: once somebody offers at a better price than ours, ours is gone. Public trades
are not followed for that; one at our very price does not tell who in the queue had it, so an
order there waits longer here than it might at the venue, and never less. Not simulated: deposits
and withdrawals, fee discounts, and liquidity deeper than the public snapshot shows.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from domain.errors import Unavailable
from domain.instruments import Account
from domain.ports import AccountReader, Clock, Dice, Market, Trader, VenueTraits
from venues.paper_desk import PaperDesk, PaperSettings
from venues.paper_ports import Latency, PaperTrader
from venues.paper_state import VERSION, Header, file_name, read_state, refuse_unsound
from venues.simulated import Link, TillReader
from venues.state_file import StateFile


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperVenue:
    """A venue on paper as the engine sees it; readers and traders by account.

    `fresh` says why nothing of an earlier run is known ("" when it is).
    """

    traits: VenueTraits
    market: Market
    readers: Mapping[Account, AccountReader]
    traders: Mapping[Account, Trader]
    desk: PaperDesk
    fresh: str

    @property
    def trouble(self) -> Unavailable | None:
        """Why the venue cannot be reached now (its remedy names --demo); None when it can."""
        return self.desk.trouble

    async def run(self) -> None:
        """Follow the live books, until cancelled: without it no order can be placed."""
        await self.desk.run([account.name for account in self.readers])


@asynccontextmanager
async def open_paper(
    venue: VenueTraits,
    market: Market,
    accounts: Sequence[str],
    *,
    clock: Clock,
    dice: Dice,
    state_dir: Path | None,
    book: str | None,
    settings: PaperSettings,
) -> AsyncGenerator[PaperVenue]:
    """Open paper accounts of these names at a venue, taking up what they were when left.

    `venue` and `market` are the live venue's; what it cannot do with orders, paper cannot
    either, so that the same fallbacks are walked. `state_dir` is the paper book's directory
    (None: nothing is kept) and `book` the id of its ledger (None, for `--kill`: whosesoever).

    Raises:
        Corrupt: the state file is torn or damaged; it is left as it is.
        Misconfigured: the state file belongs to another ledger.
        Unavailable: the state file cannot be written.
    """
    traits = replace(venue, account_stream=True, sandbox=False, rounding={})
    desk, fresh = _restored(traits.venue, market, clock, dice, state_dir, book, settings)
    if not settings.hurry:
        await desk.load(accounts)
        desk.keep()
    link = Link(
        exchange=desk.exchange,
        traits=traits,
        dialect=desk.dialect,
        switchboard=desk.switchboard,
        way=Latency(dice, settings.latency_least_ms, settings.latency_most_ms),
        clock=clock,
        keep=desk.keep,
    )
    named = [Account(traits.venue, name) for name in accounts]
    try:
        yield PaperVenue(
            traits=traits,
            market=market,
            readers={account: TillReader(link, account) for account in named},
            traders={account: PaperTrader(link, account, desk) for account in named},
            desk=desk,
            fresh=fresh,
        )
    finally:
        with suppress(Unavailable):  # whoever asked for it was told so then
            desk.keep()


def _restored(
    venue: str,
    market: Market,
    clock: Clock,
    dice: Dice,
    state_dir: Path | None,
    book: str | None,
    settings: PaperSettings,
) -> tuple[PaperDesk, str]:
    """The desk as its state file tells, and why it is a new one ("" when it is not)."""
    path = state_dir / file_name(venue) if state_dir else None
    saved = read_state(path, venue, book) if path else None
    life = saved.header.life + 1 if saved else 1
    owner = saved.header.book if saved else book or ""
    header = Header(version=VERSION, venue=venue, book=owner, life=life)
    file = StateFile(path, f"{venue} (paper)", strict=True)
    desk = PaperDesk(market, header, file, clock, dice, settings)
    if saved is None:
        desk.begin()
        return desk, "nothing is kept between runs" if path is None else "there is no earlier state"
    assert path is not None
    desk.take_up(saved)
    refuse_unsound(path, desk.till, saved)
    desk.resume(saved)
    return desk, ""
