"""The venues of one book, opened: the demo's own, or real ones through ccxt.

The one rule: nothing slow is imported before a venue is wanted, and a venue that cannot be
opened is named, with the setting that mends it.
"""

import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cli.ground import Ground
from cli.timing import Tell, timed
from config.secrets_stores import SecretStores
from config.settings import ExchangeSettings
from domain.board import Mode
from domain.instruments import Account
from engine.connections import Connection, Connections

log = logging.getLogger(__name__)
Beside = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The opened venues, what must run beside the engine, and what was learnt on the way.

    `fresh` says why the venues know nothing of an earlier book ("" when they do): a demo book
    with a past must not go on with a market that has forgotten it.
    """

    connections: Connections
    beside: tuple[Beside, ...] = ()
    symbols: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fresh: str = ""


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

    `ledger_id` None: for whoever has the book, because the ledger itself must not be opened.

    Raises:
        Misconfigured: a missing key, an unknown venue, a wrong setting.
    """
    if ground.mode is Mode.DEMO:
        async with _demo(ground, ledger_id, tell) as opened:
            yield opened
    else:
        async with _real(ground, secrets, tell, hurry=hurry) as opened:
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
    connections = {
        venue: Connection(
            traits=known.traits,
            market=timed(known.market, venue, ground.clock, tell),
            readers={
                Account(venue, name): timed(reader, venue, ground.clock, tell)
                for name, reader in known.readers.items()
            },
            traders={
                Account(venue, name): timed(trader, venue, ground.clock, tell)
                for name, trader in known.traders.items()
            },
        )
        for venue, known in demo.venues.items()
    }
    try:
        yield Access(connections=Connections(connections), beside=(demo.run,), fresh=demo.problem)
    finally:
        demo.close()


@asynccontextmanager
async def _real(
    ground: Ground, secrets: SecretStores, tell: Tell, *, hurry: bool
) -> AsyncGenerator[Access]:
    from venues.ccxt_venue import VenueSettings, open_venue  # noqa: PLC0415 - ccxt is heavy

    exchanges = ground.loaded.settings.enabled
    orders = ground.mode is Mode.LIVE
    connections: dict[str, Connection] = {}
    async with AsyncExitStack() as stack:
        for venue, told in exchanges.items():
            settings = VenueSettings(
                rate_limit=told.rate_limit,
                sandbox=told.sandbox,
                orders=orders,
                hurry=hurry,
                gateway=ground.loaded.settings.gateway,
            )
            accounts = {
                name: secrets.account_keys(Account(venue, name), known.references, trade=orders)
                for name, known in told.accounts.items()
            }
            opened = await stack.enter_async_context(
                open_venue(
                    venue,
                    accounts,
                    clock=ground.clock,
                    settings=settings,
                    on_problem=partial(log.warning, "%s: %s", venue),
                )
            )
            connections[opened.traits.venue] = Connection(
                traits=opened.traits,
                market=timed(opened.market, venue, ground.clock, tell),
                readers={
                    account: timed(reader, venue, ground.clock, tell)
                    for account, reader in opened.readers.items()
                },
                traders={
                    account: timed(trader, venue, ground.clock, tell)
                    for account, trader in opened.traders.items()
                },
                vitals=opened.vitals,
            )
        yield Access(connections=Connections(connections), symbols=_symbols(exchanges))


def _symbols(exchanges: Mapping[str, ExchangeSettings]) -> Mapping[str, tuple[str, ...]]:
    return {venue: told.symbols for venue, told in exchanges.items()}
