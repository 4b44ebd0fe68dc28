"""Paper trading: simulated accounts and orders over the live public data of a real venue.

The one rule: prices, books, steps and fees are the venue's own, live; money and orders are
ours alone. Nothing here can reach a private endpoint: all it is given is the public Market.

An order is judged like the venue would (`order_rules`), walks the live book and takes what it
trades out of it (`paper_pit`). One that rests is filled as a maker by the volume that others
trade at its price, once that has gone past those who stood there before, or through its price
(`paper_queue`, `paper_tape`). Where the venue tells no public trades that can be relied on, it
is filled once somebody offers strictly beyond its price. A withdrawal lowers the balance and
goes nowhere. Not simulated: deposits, fee discounts, and liquidity deeper than the public
snapshot shows.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from domain.errors import Unavailable
from domain.instruments import Account
from domain.ports import AccountReader, Clock, Dice, Market, Tape, Trader, VenueTraits
from venues.paper_desk import PaperDesk, PaperSettings
from venues.paper_ports import Latency, PaperTrader
from venues.paper_state import VERSION, Header, file_name, read_state, refuse_unsound
from venues.simulated import Link, TillReader
from venues.simulated_withdrawals import TillWithdrawer
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
    withdrawers: Mapping[Account, TillWithdrawer]
    desk: PaperDesk
    fresh: str

    @property
    def listers(self) -> Mapping[Account, TillWithdrawer]:
        """What left each account, as its venue tells it."""
        return self.withdrawers

    @property
    def trouble(self) -> Unavailable | None:
        """Why the venue cannot be reached now (its remedy names --demo); None when it can."""
        return self.desk.trouble

    async def run(self) -> None:
        """Follow books and trades, until cancelled: without it no order can be placed."""
        await self.desk.run([account.name for account in self.readers])


@asynccontextmanager
async def open_paper(  # noqa: PLR0913 - each is another thing
    venue: VenueTraits,
    market: Market,
    accounts: Sequence[str],
    *,
    clock: Clock,
    dice: Dice,
    state_dir: Path | None,
    book: str | None,
    settings: PaperSettings,
    tape: Tape | None = None,
    on_problem: Callable[[str], None] = lambda _: None,
) -> AsyncGenerator[PaperVenue]:
    """Open paper accounts of these names at a venue, taking up what they were when left.

    `venue` and `market` are the live venue's; what it cannot do with orders, paper cannot
    either, so that the same fallbacks are walked. `state_dir` is the paper book's directory
    (None: nothing is kept) and `book` the id of its ledger (None, for `--kill`: whosesoever).
    `tape` are the venue's public trades, None where it tells none; `on_problem` is told of those
    that are missing, in one harmless sentence each.

    Raises:
        Corrupt: the state file is torn or damaged; it is left as it is.
        Misconfigured: the state file belongs to another ledger.
        Unavailable: the state file cannot be written.
    """
    traits = replace(venue, account_stream=True, sandbox=False, rounding={})
    make = partial(
        PaperDesk,
        market,
        clock=clock,
        dice=dice,
        settings=settings,
        tape=tape,
        on_problem=on_problem,
    )
    desk, fresh = _restored(traits.venue, make, state_dir, book)
    if not settings.hurry:
        await desk.load(accounts)
        desk.keep()
    way = Latency(dice, settings.latency_least_ms, settings.latency_most_ms)
    link = _link(desk, traits, way, clock)
    named = [Account(traits.venue, name) for name in accounts]
    try:
        yield PaperVenue(
            traits=traits,
            market=market,
            readers={account: TillReader(link, account) for account in named},
            traders={account: PaperTrader(link, account, desk) for account in named},
            withdrawers={account: TillWithdrawer(link, account) for account in named},
            desk=desk,
            fresh=fresh,
        )
    finally:
        with suppress(Unavailable):  # whoever asked for it was told so then
            desk.keep(everything=True)


def _link(desk: PaperDesk, traits: VenueTraits, way: Latency, clock: Clock) -> Link:
    return Link(
        exchange=desk.exchange,
        traits=traits,
        dialect=desk.dialect,
        switchboard=desk.switchboard,
        way=way,
        clock=clock,
        keep=desk.keep,
    )


def _restored(
    venue: str, make: Callable[..., PaperDesk], state_dir: Path | None, book: str | None
) -> tuple[PaperDesk, str]:
    """The desk as its state file tells, and why it is a new one ("" when it is not)."""
    path = state_dir / file_name(venue) if state_dir else None
    saved = read_state(path, venue, book) if path else None
    life = saved.header.life + 1 if saved else 1
    owner = saved.header.book if saved else book or ""
    header = Header(version=VERSION, venue=venue, book=owner, life=life)
    file = StateFile(path, f"{venue} (paper)", strict=True)
    desk = make(header=header, file=file)
    if saved is None:
        desk.begin()
        return desk, "nothing is kept between runs" if path is None else "there is no earlier state"
    assert path is not None
    desk.take_up(saved)
    refuse_unsound(path, desk.till, saved)
    desk.resume(saved)
    return desk, ""
