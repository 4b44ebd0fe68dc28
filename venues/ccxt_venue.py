"""One real venue opened: its market, and per account a reader and, with a trade key, a trader.

The one rule: keys are told apart by purpose. A reader gets the read key alone; without a trade
key, or where orders are not wanted (OBSERVE), no trader is built at all.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path

from domain.instruments import Account
from domain.keys import KeyChanger, KeyInspector
from domain.keys import Purpose as KeyPurpose
from domain.ports import Clock, Market, Observer, Tape, Trader, VenueTraits, Vitals
from domain.withdrawals import WithdrawalLister, Withdrawer
from venues import ccxt_margins as margins
from venues.budget import Budget, Silence
from venues.ccxt_client import Client, Clients, Purpose
from venues.ccxt_held_keys import Held, HeldKey
from venues.ccxt_market import CcxtMarket
from venues.ccxt_markets import Markets
from venues.ccxt_permission_rows import row_of
from venues.ccxt_purposes import purpose_of, with_keys
from venues.ccxt_quirks import quirks_of
from venues.ccxt_reader import CcxtReader
from venues.ccxt_row import Quirks
from venues.ccxt_trader import CcxtTrader
from venues.ccxt_wire import Wire
from venues.ccxt_withdraw_client import LoadKey, WithdrawClients
from venues.ccxt_withdrawer import CcxtWithdrawer
from venues.keys import AccountKeys, Keys, NoKey
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
    `wallets` are the futures wallets that are read, by the account's name.
    """

    timeout_ms: int = 10_000
    rate_limit: Decimal | None = None
    sandbox: bool = False
    orders: bool = True
    hurry: bool = False
    gateway: str | None = None
    markets_dir: Path | None = None
    wallets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CcxtVenue:
    """A venue as the engine sees it; readers and traders by account.

    `observers` have to hear the desk's facts, those of the past too: so they know our orders.
    `tape` is for paper trading; None where the venue's public trades cannot be relied on.
    """

    traits: VenueTraits
    market: Market
    readers: Mapping[Account, CcxtReader]
    traders: Mapping[Account, Trader]
    vitals: Callable[[], Vitals]
    inspectors: Mapping[Account, Mapping[KeyPurpose, KeyInspector]]
    changers: Mapping[Account, Mapping[KeyPurpose, KeyChanger]]
    withdraw_clients: Mapping[Account, WithdrawClients]
    withdrawers: Mapping[Account, Withdrawer]
    observers: tuple[Observer, ...] = ()
    tape: Tape | None = None

    @property
    def listers(self) -> Mapping[Account, WithdrawalLister]:
        """What tells the venue's own lists of withdrawals: the readers."""
        return self.readers


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

    def wire_for(self, purpose: Purpose) -> Wire:
        """A transport in the lane and within the budget of the purpose's keys."""
        keys, quirks, who = purpose.keys, self.quirks, self.quirks.traits.venue
        name = _PUBLIC if keys is None else keys.fingerprint
        if name not in self._lanes:
            pace = quirks.public_pace if keys is None else quirks.pace
            slowed = pace.slower(self.settings.rate_limit)
            self._budgets[name] = Budget(who, slowed, self.clock, self._everyone)
            single = quirks.nonce and keys is not None
            self._lanes[name] = Lane(who, self.clock, single=single)
        budget = self._budgets[name]
        if purpose.trial:  # a wrong secret may be that of a key in use
            budget = Budget(who, quirks.pace, self.clock, self._everyone)
        return Wire(quirks, budget, self._lanes[name], self.clock, self._answered)

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
        self.withdrawers: dict[Account, Withdrawer] = {}
        self.trade_clients: dict[Account, Client] = {}
        self.changers: dict[Account, dict[KeyPurpose, HeldKey]] = {}

    async def _held(self, purpose: Purpose) -> Held:
        client = await self._stack.enter_async_context(self._clients.opened(purpose))
        return Held(self._clients, purpose, client)

    async def public(self, keys: Keys | NoKey | None) -> tuple[CcxtMarket, Markets, Held]:
        """The market and the instruments that everybody borrows; `keys` where it takes some."""
        shared = self._shared
        held = await self._held(with_keys(Purpose(who=shared.quirks.traits.venue), keys))
        client, opened = held.client, held.opened
        hurry = shared.settings.hurry and shared.quirks.hurries
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
        return market, markets, held

    async def reader(self, account: Account, keys: AccountKeys, markets: Markets) -> CcxtReader:
        """The looking side of an account."""
        shared = self._shared
        held = await self._held(purpose_of(account, "read", keys.read))
        self._changes(account, KeyPurpose.READ, held, keys, markets)
        return CcxtReader(
            account=account,
            client=held.client,
            opened=held.opened,
            markets=markets,
            quirks=shared.quirks,
            clock=shared.clock,
            on_rejected=shared.reject,
            namer=self.trade_clients.get(account),
            wallets=shared.settings.wallets.get(account.name, ()),
        )

    async def trader(self, account: Account, keys: AccountKeys, markets: Markets) -> CcxtTrader:
        """The acting side of an account."""
        held = await self._held(purpose_of(account, "trade", keys.trade))
        self._changes(account, KeyPurpose.TRADE, held, keys, markets)
        self.trade_clients[account] = held.client
        return CcxtTrader(
            account=account, client=held.client, markets=markets, quirks=self._shared.quirks
        )

    def lends(self, account: Account, held: Held) -> None:
        """What everybody may know is asked with this account's read key, whichever it is."""
        changer = self.changers.get(account, {}).get(KeyPurpose.READ)
        if changer is not None:
            changer.also(held)

    def withdrawer(self, account: Account, load: LoadKey, markets: Markets) -> None:
        """What opens a client with the withdraw key; nothing is loaded before it is asked."""
        clients = WithdrawClients(account, self._clients, load)
        self.withdraw_clients[account] = clients
        self.inspectors.setdefault(account, {})[KeyPurpose.WITHDRAW] = clients
        quirks = self._shared.quirks
        if self._shared.settings.orders and quirks.withdraws:
            self.withdrawers[account] = CcxtWithdrawer(
                account=account, clients=clients, markets=markets, quirks=quirks
            )

    def _changes(
        self, account: Account, use: KeyPurpose, held: Held, keys: AccountKeys, markets: Markets
    ) -> None:
        """Have the venue asked about this key, and let it be changed where it can be."""
        changer = HeldKey(
            held=held,
            purpose=use,
            row=row_of(account.venue),
            load=partial(keys.load or _never, use),
            lend=markets.lend,
            inspectors=self.inspectors.setdefault(account, {}),
        )
        if keys.load is not None:
            self.changers.setdefault(account, {})[use] = changer


def _never(_: KeyPurpose) -> None:
    """What reads a key anew where nothing does."""


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
    for name, wallets in settings.wallets.items():
        margins.check(venue, name, quirks, wallets)
    shared = _Shared(quirks, settings, clock, on_problem)
    clients = Clients(quirks, clock, shared.wire_for, settings.timeout_ms, settings.gateway)
    await clients.load()
    async with AsyncExitStack() as stack:
        opening = _Opening(shared, clients, stack)
        lent = next(iter(accounts.items()), None) if quirks.public_needs_keys else None
        market, markets, known = await opening.public(lent[1].read if lent else None)
        readers: dict[Account, CcxtReader] = {}
        traders: dict[Account, Trader] = {}
        for name, keys in accounts.items():
            account = Account(venue, name)
            if settings.orders and quirks.trades and keys.trade is not None:
                traders[account] = await opening.trader(account, keys, markets)
            readers[account] = await opening.reader(account, keys, markets)
            if keys.withdraw is not None:
                opening.withdrawer(account, keys.withdraw, markets)
        if lent is not None:
            opening.lends(Account(venue, lent[0]), known)
        yield CcxtVenue(
            traits=quirks.traits,
            market=market,
            readers=readers,
            traders=traders,
            vitals=shared.vitals,
            inspectors=opening.inspectors,
            changers=opening.changers,
            withdraw_clients=opening.withdraw_clients,
            withdrawers=opening.withdrawers,
            observers=() if quirks.numbers is None else (quirks.numbers,),
            tape=market.tape,
        )
