"""The venues of one book, opened: the demo's own, or real ones through ccxt.

The one rule: nothing slow is imported before a venue is wanted, and a venue that cannot be
opened is named, with the setting that mends it.
"""

import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from cli.abilities import abilities_of
from cli.ground import Ground
from cli.timing import Tell, timed
from cli.venue_keys import KeyLoading, kept_open
from config.secrets_stores import SecretStores
from config.settings import ExchangeSettings
from config.settings import PaperSettings as PaperBlock
from domain.board import Mode
from domain.errors import Misconfigured
from domain.instruments import Account
from domain.ports import AccountReader, Market, Observer, Trader, VenueTraits, Vitals
from domain.withdrawals import WithdrawalLister, Withdrawer
from engine.connections import Connection, Connections

if TYPE_CHECKING:  # ccxt is heavy
    from venues.ccxt_venue import CcxtVenue
    from venues.demo_story import Story
    from venues.keys import AccountKeys
    from venues.paper import PaperVenue
    from venues.paper_desk import PaperSettings

PAPER_VENUE = "kraken"  # whose prices paper trades on where no venue is named
# What paper follows where no symbols are named: an account of nothing but money holds nothing.
PAPER_SYMBOLS = tuple(
    f"{base}/{quote}" for base in ("BTC", "ETH", "SOL", "XRP", "ADA") for quote in ("USD", "USDT")
)
log = logging.getLogger(__name__)
Beside = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The opened venues, what must run beside the engine, and what was learnt on the way.

    `fresh` says why the venues know nothing of an earlier book ("" when they do): a demo book
    with a past must not go on with a market that has forgotten it. `story` is what a fresh demo
    has to tell of its past. `observers` hear the desk's facts, from the ledger's first on.
    """

    connections: Connections
    beside: tuple[Beside, ...] = ()
    symbols: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fresh: str = ""
    story: "Story | None" = None
    observers: tuple[Observer, ...] = ()


@asynccontextmanager
async def access(
    ground: Ground,
    ledger_id: str | None,
    secrets: SecretStores,
    tell: Tell,
    *,
    hurry: bool = False,
) -> AsyncGenerator[Access]:
    """Open every venue of the book; `hurry` for `--kill`: only what ends orders.

    `ledger_id` None: for whoever has the book, because the ledger itself must not be opened;
    what a venue lists is then asked for, not remembered, unless it is a matter of a kill.

    Raises:
        Misconfigured: a missing key, an unknown venue, a wrong setting.
    """
    if ground.mode is Mode.DEMO:
        async with _demo(ground, ledger_id, tell) as opened:
            yield opened
    elif ground.mode is Mode.PAPER:
        async with _paper(ground, ledger_id, tell, hurry=hurry) as opened:
            yield opened
    else:
        remembers = hurry or ledger_id is not None
        async with _real(ground, secrets, tell, hurry=hurry, remembers=remembers) as opened:
            yield opened


@asynccontextmanager
async def _demo(ground: Ground, ledger_id: str | None, tell: Tell) -> AsyncGenerator[Access]:
    from venues.demo import open_demo  # noqa: PLC0415 - only the demo pays for it

    told = ground.loaded.settings.demo
    demo = open_demo(
        ground.clock,
        ground.dice,
        scenario=told.scenario,
        seed=told.seed,
        state_dir=ground.places.directory,
        book=ledger_id,
    )
    connections = {venue: _connection(ground, tell, known) for venue, known in demo.venues.items()}
    try:
        yield Access(
            connections=Connections(connections),
            beside=(demo.run,),
            fresh=demo.problem,
            story=demo.story,
        )
    finally:
        demo.close()


def _paper_settings(told: PaperBlock, fee_pct: Decimal | None, *, hurry: bool) -> "PaperSettings":
    """As told for one venue; percents become fractions, and what was not told stays untold."""
    from venues.paper_desk import PaperSettings  # noqa: PLC0415 - only paper pays for it

    return PaperSettings(
        balances=told.balances,
        taker_rate=(told.taker_pct if fee_pct is None else fee_pct) / 100,
        maker_rate=None if told.maker_pct is None else told.maker_pct / 100,
        latency_least_ms=told.latency_least_ms,
        latency_most_ms=told.latency_most_ms,
        book_age_ms=told.book_age_ms,
        book_wait_ms=told.book_wait_ms,
        hurry=hurry,
    )


@asynccontextmanager
async def _paper(
    ground: Ground, ledger_id: str | None, tell: Tell, *, hurry: bool
) -> AsyncGenerator[Access]:
    """Live public data, and accounts that are ours alone; not one key is read."""
    from venues.paper import open_paper  # noqa: PLC0415 - only paper pays for it

    told = ground.loaded.settings.paper
    exchanges = ground.loaded.settings.enabled or {PAPER_VENUE: ExchangeSettings()}
    remembers = hurry or ledger_id is not None
    connections: dict[str, Connection] = {}
    opened: list[PaperVenue] = []
    async with AsyncExitStack() as stack:
        for venue, known in exchanges.items():
            live = await stack.enter_async_context(
                _opened(ground, venue, known, {}, hurry=hurry, remembers=remembers)
            )
            paper = await stack.enter_async_context(
                open_paper(
                    live.traits,
                    live.market,
                    tuple(known.accounts),
                    clock=ground.clock,
                    dice=ground.dice,
                    state_dir=ground.places.directory,
                    book=ledger_id,
                    settings=_paper_settings(told, known.fee_pct, hurry=hurry),
                    tape=live.tape,
                    on_problem=partial(log.warning, "%s: %s", venue),
                )
            )
            connections[venue] = _connection(ground, tell, paper, live.vitals)
            opened.append(paper)
        _reachable(opened)
        yield Access(
            connections=Connections(connections),
            beside=tuple(paper.run for paper in opened),
            symbols={venue: told.symbols or PAPER_SYMBOLS for venue, told in exchanges.items()},
            # One new venue is an addition to the book; only where all are new is it forgotten.
            fresh=opened[0].fresh if all(paper.fresh for paper in opened) else "",
        )


def _reachable(opened: "Sequence[PaperVenue]") -> None:
    """Without a network there is nothing to simulate on; one venue that is down is only named.

    Raises:
        Unavailable: when none can be reached; its remedy names the demo.
    """
    troubles = [paper.trouble for paper in opened if paper.trouble is not None]
    if troubles and len(troubles) == len(opened):
        raise troubles[0]
    for trouble in troubles:
        log.warning("%s; %s", trouble, trouble.remedy)


@asynccontextmanager
async def _real(
    ground: Ground, secrets: SecretStores, tell: Tell, *, hurry: bool, remembers: bool
) -> AsyncGenerator[Access]:
    from venues.ccxt_quirks import TRIED_ON_THE_WIRE  # noqa: PLC0415 - as ccxt

    exchanges = ground.loaded.settings.enabled
    connections: dict[str, Connection] = {}
    observers: list[Observer] = []
    loading = KeyLoading(secrets)
    async with AsyncExitStack() as stack:
        for venue, told in exchanges.items():
            orders = ground.mode is Mode.LIVE and may_trade(venue, told)
            if ground.mode is Mode.LIVE and not orders:
                log.warning("%s is watched, not traded: `quarterdeck venues %s`", venue, venue)
            elif orders and venue not in TRIED_ON_THE_WIRE:
                log.warning("%s is traded though our orders were never tried there", venue)
            keys = {
                name: await loading.of(Account(venue, name), known.references, trade=orders)
                for name, known in told.accounts.items()
            }
            opened = await stack.enter_async_context(
                _opened(ground, venue, told, keys, hurry=hurry, remembers=remembers)
            )
            venue_id = opened.traits.venue
            known = _connection(ground, tell, opened, opened.vitals)
            connections[venue_id] = replace(
                known, inspectors=opened.inspectors, changers=opened.changers
            )
            observers += opened.observers
        loading.insist()
        yield Access(
            connections=Connections(connections),
            beside=(partial(kept_open, secrets, exchanges),),
            symbols=_symbols(exchanges),
            observers=tuple(observers),
        )


def may_trade(venue: str, told: ExchangeSettings) -> bool:
    """Whether LIVE builds a trader: orders were tried there, or the operator accepts they were not.

    Raises:
        Misconfigured: accepted for a venue that has no orders here at all.
    """
    from venues.ccxt_quirks import TRIED_ON_THE_WIRE, quirks_of  # noqa: PLC0415 - as ccxt

    if venue in TRIED_ON_THE_WIRE or not told.accept_untried:
        return venue in TRIED_ON_THE_WIRE
    quirks = quirks_of(venue)
    if not quirks.trades:
        where = f"exchanges.{venue}.accept_untried"
        raise Misconfigured(where, f"{venue} cannot be traded here: {quirks.why_watched}")
    return True


def _opened(
    ground: Ground,
    venue: str,
    told: ExchangeSettings,
    keys: "Mapping[str, AccountKeys]",
    *,
    hurry: bool,
    remembers: bool,
) -> "AbstractAsyncContextManager[CcxtVenue]":
    from venues.ccxt_venue import VenueSettings, open_venue  # noqa: PLC0415 - ccxt is heavy

    settings = VenueSettings(
        rate_limit=told.rate_limit,
        sandbox=told.sandbox and ground.mode is not Mode.PAPER,
        orders=ground.mode is Mode.LIVE,
        hurry=hurry,
        gateway=ground.loaded.settings.gateway,
        markets_dir=ground.places.markets if remembers else None,
        wallets={name: known.futures for name, known in told.accounts.items()},
    )
    on_problem = partial(log.warning, "%s: %s", venue)
    return open_venue(venue, keys, clock=ground.clock, settings=settings, on_problem=on_problem)


class _Venue(Protocol):
    """What every opened venue has, real, on paper or of the demo."""

    @property
    def traits(self) -> VenueTraits: ...

    @property
    def market(self) -> Market: ...

    @property
    def readers(self) -> Mapping[Any, AccountReader]: ...

    @property
    def traders(self) -> Mapping[Any, Trader]: ...

    @property
    def withdrawers(self) -> Mapping[Any, Withdrawer]: ...

    @property
    def listers(self) -> Mapping[Any, WithdrawalLister]: ...


def _connection(
    ground: Ground, tell: Tell, opened: _Venue, vitals: Callable[[], Vitals] | None = None
) -> Connection:
    """The venue as the engine holds it, each of its ports timed."""
    venue, clock = opened.traits.venue, ground.clock

    def account(name: str) -> Account:
        return name if isinstance(name, Account) else Account(venue, name)

    return Connection(
        traits=opened.traits,
        market=timed(opened.market, venue, clock, tell),
        readers={account(n): timed(r, venue, clock, tell) for n, r in opened.readers.items()},
        traders={account(n): timed(t, venue, clock, tell) for n, t in opened.traders.items()},
        withdrawers={account(n): w for n, w in opened.withdrawers.items()},
        listers={account(n): lister for n, lister in opened.listers.items()},
        vitals=vitals,
        abilities=abilities_of(ground.mode, opened.traits),
    )


def _symbols(exchanges: Mapping[str, ExchangeSettings]) -> Mapping[str, tuple[str, ...]]:
    return {venue: told.symbols for venue, told in exchanges.items()}
