"""One real venue opened: its market, and per account a reader and, with a trade key, a trader.

The one rule: keys are told apart by purpose. A reader gets the read key alone; without a trade
key, or where orders are not wanted (OBSERVE), no trader is built at all.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path

from domain.instruments import Account
from domain.keys import KeyInspector
from domain.keys import Purpose as KeyPurpose
from domain.ports import AccountReader, Clock, Market, Trader, VenueTraits, Vitals
from venues.budget import Budget, Silence
from venues.ccxt_client import Client, Clients, Purpose
from venues.ccxt_inspector import CcxtInspector
from venues.ccxt_market import CcxtMarket
from venues.ccxt_markets import Markets
from venues.ccxt_permission_rows import row_of
from venues.ccxt_quirks import quirks_of
from venues.ccxt_reader import CcxtReader
from venues.ccxt_row import Quirks
from venues.ccxt_trader import CcxtTrader
from venues.ccxt_wire import Wire
from venues.ccxt_withdraw_client import LoadKey, WithdrawClients
from venues.keys import AccountKeys, Keys
from venues.lazy_ccxt import PINNED
from venues.markets_file import MarketsFile, Stamp
from venues.nonce import Lane

_PUBLIC = "public"
_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueSettings:
    """What an operator may set for a venue.

    `timeout_ms` for one request and answer; `rate_limit` calls a second, never above the
    venue's own; `orders` whether traders are built at all; `hurry` for `--kill`: nothing is
    asked but what ends orders, so their symbols stay unknown and none can be placed. `gateway` is
    the URL of a proxy through which every call and stream goes. `markets_dir` is where its
    instruments are kept between runs; None: nowhere, they are asked for at each start.
    """

    timeout_ms: int = 10_000
    rate_limit: Decimal | None = None
    sandbox: bool = False
    orders: bool = True
    hurry: bool = False
    gateway: str | None = None
    markets_dir: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CcxtVenue:
    """A venue as the engine sees it; readers and traders by account."""

    traits: VenueTraits
    market: Market
    readers: Mapping[Account, AccountReader]
    traders: Mapping[Account, Trader]
    vitals: Callable[[], Vitals]
    inspectors: Mapping[Account, Mapping[KeyPurpose, KeyInspector]]
    withdraw_clients: Mapping[Account, WithdrawClients]


class _Shared:
    """What clients of one key share, and what all of the venue's clients have counted."""

    def __init__(
        self,
        quirks: Quirks,
        settings: VenueSettings,
        clock: Clock,
        on_problem: Callable[[str], None],
    ) -> None:
        self.quirks = quirks
        self.settings = settings
        self.clock = clock
        self.on_problem = on_problem
        self._budgets: dict[str, Budget] = {}
        self._everyone = Silence(clock)
        self._lanes: dict[str, Lane] = {}
        self._latency_us = 0
        self._rejected = 0
        self._told = 0
        self.markets: Markets | None = None
        self._told_us = -_SECOND_US

    def wire_for(self, keys: Keys | None) -> Wire:
        """A transport in the lane and within the budget of these keys."""
        quirks, who = self.quirks, self.quirks.traits.venue
        name = _PUBLIC if keys is None else keys.fingerprint
        if name not in self._lanes:
            pace = quirks.public_pace if keys is None else quirks.pace
            slowed = pace.slower(self.settings.rate_limit)
            self._budgets[name] = Budget(who, slowed, self.clock, self._everyone)
            single = quirks.nonce and keys is not None
            self._lanes[name] = Lane(who, self.clock, single=single)
        return Wire(quirks, self._budgets[name], self._lanes[name], self.clock, self._answered)

    def reject(self, words: str) -> None:
        """Count a row that could not be read, and say so, once a second at most."""
        self._rejected += 1
        now_us = self.clock.monotonic_us()
        if now_us - self._told_us < _SECOND_US:
            return
        more = self._rejected - self._told - 1
        self._told_us, self._told = now_us, self._rejected
        self.on_problem(f"{words} (and {more} more)" if more else words)

    def _answered(self, latency_us: int) -> None:
        self._latency_us = latency_us

    def vitals(self) -> Vitals:
        """The figures as they are now."""
        budgets = self._budgets.values()
        tightest = min(budgets, key=lambda budget: budget.left)
        silence = max((b.silence for b in budgets), key=lambda silence: silence.left_us)
        return Vitals(
            budget_left=tightest.left,
            budget=tightest.capacity,
            banned_for_us=silence.left_us,
            ban=silence.because if silence.left_us else "",
            latency_us=self._latency_us,
            rejected=self._rejected,
            markets_us=0 if self.markets is None else self.markets.told_us,
        )

    def markets_file(self) -> MarketsFile | None:
        """Where the instruments are kept between runs."""
        directory, traits = self.settings.markets_dir, self.quirks.traits
        if directory is None:
            return None
        stamp = Stamp(venue=traits.venue, ccxt=PINNED, sandbox=traits.sandbox)
        return MarketsFile(directory / f"{traits.venue}.jsonl", stamp)


class _Opening:
    """Builds the parts of one venue, each on a client of its own, closed by `stack`."""

    def __init__(self, shared: _Shared, clients: Clients, stack: AsyncExitStack) -> None:
        self._shared = shared
        self._clients = clients
        self._stack = stack
        self.inspectors: dict[Account, dict[KeyPurpose, KeyInspector]] = {}
        self.withdraw_clients: dict[Account, WithdrawClients] = {}
        self.trade_clients: dict[Account, Client] = {}

    async def public(self, keys: Keys | None) -> tuple[CcxtMarket, Markets]:
        """The market and the instruments that everybody borrows; `keys` where it takes some."""
        shared, purpose = self._shared, Purpose(who=self._shared.quirks.traits.venue, keys=keys)
        client = await self._stack.enter_async_context(self._clients.opened(purpose))
        hurry = shared.settings.hurry and shared.quirks.hurries
        opened = partial(self._clients.opened, purpose)
        shared.markets = markets = Markets(
            client,
            shared.clock,
            opened=opened,
            file=shared.markets_file(),
            on_problem=shared.on_problem,
            hurry=hurry,
        )
        market = CcxtMarket(
            client=client,
            opened=opened,
            markets=markets,
            quirks=shared.quirks,
            clock=shared.clock,
            on_rejected=shared.reject,
        )
        return market, markets

    async def reader(self, account: Account, keys: Keys, markets: Markets) -> CcxtReader:
        """The looking side of an account."""
        shared, purpose = self._shared, _purpose(account, "read", keys)
        client = await self._stack.enter_async_context(self._clients.opened(purpose))
        self._inspects(account, KeyPurpose.READ, client, keys)
        return CcxtReader(
            account=account,
            client=client,
            opened=partial(self._clients.opened, purpose),
            markets=markets,
            quirks=shared.quirks,
            clock=shared.clock,
            on_rejected=shared.reject,
            namer=self.trade_clients.get(account),
        )

    async def trader(self, account: Account, keys: Keys, markets: Markets) -> CcxtTrader:
        """The acting side of an account."""
        purpose = _purpose(account, "trade", keys)
        client = await self._stack.enter_async_context(self._clients.opened(purpose))
        self._inspects(account, KeyPurpose.TRADE, client, keys)
        self.trade_clients[account] = client
        return CcxtTrader(
            account=account, client=client, markets=markets, quirks=self._shared.quirks
        )

    def withdrawer(self, account: Account, load: LoadKey) -> None:
        """What opens a client with the withdraw key; nothing is loaded before it is asked."""
        clients = WithdrawClients(account, self._clients, load)
        self.withdraw_clients[account] = clients
        self.inspectors.setdefault(account, {})[KeyPurpose.WITHDRAW] = clients

    def _inspects(self, account: Account, purpose: KeyPurpose, client: Client, keys: Keys) -> None:
        inspector = CcxtInspector(client, keys, purpose, row_of(account.venue))
        self.inspectors.setdefault(account, {})[purpose] = inspector


def _purpose(account: Account, use: str, keys: Keys) -> Purpose:
    setting = f"exchanges.{account.venue}.accounts.{account.name}.{use}"
    return Purpose(who=str(account), key=setting, keys=keys)


@asynccontextmanager
async def open_venue(
    venue: str,
    accounts: Mapping[str, AccountKeys],
    *,
    clock: Clock,
    settings: VenueSettings,
    on_problem: Callable[[str], None],
) -> AsyncGenerator[CcxtVenue]:
    """Open a venue for the accounts of these names; nothing is sent before it is asked.

    `on_problem` is told, in one harmless sentence each, of rows that were left out.

    Raises:
        Misconfigured: an unknown venue, a sandbox where there is none, the wrong ccxt.
    """
    quirks = quirks_of(venue, sandbox=settings.sandbox)
    shared = _Shared(quirks, settings, clock, on_problem)
    clients = Clients(quirks, clock, shared.wire_for, settings.timeout_ms, settings.gateway)
    await clients.load()
    async with AsyncExitStack() as stack:
        opening = _Opening(shared, clients, stack)
        lent = [keys.read for keys in accounts.values() if quirks.public_needs_keys]
        market, markets = await opening.public(lent[0] if lent else None)
        readers: dict[Account, AccountReader] = {}
        traders: dict[Account, Trader] = {}
        for name, keys in accounts.items():
            account = Account(venue, name)
            if settings.orders and quirks.trades and keys.trade is not None:
                traders[account] = await opening.trader(account, keys.trade, markets)
            readers[account] = await opening.reader(account, keys.read, markets)
            if keys.withdraw is not None:
                opening.withdrawer(account, keys.withdraw)
        yield CcxtVenue(
            traits=quirks.traits,
            market=market,
            readers=readers,
            traders=traders,
            vitals=shared.vitals,
            inspectors=opening.inspectors,
            withdraw_clients=opening.withdraw_clients,
        )
