"""A LIVE engine over real sockets: unmodified ccxt.pro classes against loopback venues."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cli.clock import SystemClock
from domain import asks
from domain.asks import Submitted
from domain.board import Mode
from domain.errors import Refused
from domain.orders import Draft, Side, Status
from domain.policies import Policy
from engine.connections import Connection, Connections
from engine.settings import EngineSettings
from risk.codes import code_at, step_at
from risk.limits import Limits
from tests.engine.rig import TIRELESS, Rig, Secrets, quick, running
from tests.engine.wire_families import FAMILIES, KRAKEN, KUCOIN, Family
from tests.venues.ccxt_wire_desk import keys
from tests.wire.host import VenueThread
from tests.wire.redirect import redirected
from venues import ccxt_quirks, ccxt_stream
from venues.ccxt_venue import VenueSettings, open_venue
from venues.keys import AccountKeys

PATIENCE_S = 15
WIRE = quick(
    stream_silent_s=2,
    fills_every_s=2,
    ack_timeout_s=2,
    kill_deadline_s=3,
    balances_every_s=1,
)


@dataclass
class Site:
    """A running loopback venue, and the words of its family."""

    family: Family
    thread: VenueThread[Any]

    def prepare(self) -> None:
        """Make it as impatient as a test is."""
        for command, arguments in self.family.prepared.items():
            self.ask(command, **arguments)

    def ask(self, command: str, **arguments: object) -> Any:
        """Carry an admin command out; see tests/wire/controls.py."""
        return self.thread.ask(command, **arguments)

    def spoil(self, endpoint: str, *, times: int = 1, **fault: Any) -> None:
        """Spoil the next answers of an endpoint; `text` is a meaning of the family's."""
        self.ask("fault", endpoint=endpoint, times=times, **self.family.spoiled(fault))

    def blind(self, **fault: Any) -> None:
        """Spoil every list of open orders, and what would end them all at once."""
        for endpoint in self.family.lists:
            self.spoil(endpoint, times=1_000, **fault)
        self.spoil(self.family.cancel_all, kind="error", text="busy", times=1_000)

    def truth(self, what: str) -> Any:
        """What the venue itself knows."""
        return self.ask("truth")[what]

    def sent(self) -> dict[str, int]:
        """How often each client id arrived in a create."""
        found: dict[str, int] = self.ask("client_ids")
        return found

    def balances(self) -> dict[str, Decimal]:
        """Everything the account owns, over all of its wallets."""
        truth, found = self.ask("truth"), dict[str, Decimal]()
        for wallet in (truth["balances"], truth.get("funding", {})):
            for asset, text in wallet.items():
                found[asset] = found.get(asset, Decimal(0)) + Decimal(text)
        return found

    def open_ids(self) -> set[str]:
        """Our orders that are open there."""
        mine = (o for o in self.truth("orders") if o.get("client_id", "").startswith("QDT1"))
        return {order["client_id"] for order in mine if order["status"] == "open"}


@pytest.fixture(params=[pytest.param(family, id=name) for name, family in FAMILIES.items()])
def site(request: pytest.FixtureRequest) -> Generator[Site]:
    """Each venue in turn, whose market moves, without rate limits."""
    family: Family = request.param
    with family.hosted() as thread, redirected(thread.routes):
        running = Site(family, thread)
        running.prepare()
        yield running


@pytest.fixture
def sites() -> Generator[tuple[Site, Site]]:
    """Kraken and KuCoin at the same time."""
    with (
        KRAKEN.hosted() as kraken,
        KUCOIN.hosted() as kucoin,
        redirected({**kraken.routes, **kucoin.routes}),
    ):
        both = Site(KRAKEN, kraken), Site(KUCOIN, kucoin)
        for running in both:
            running.prepare()
        yield both


@pytest.fixture
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The venues without the patience that their real pace, windows and time-outs would take."""
    for family in FAMILIES.values():
        monkeypatch.setitem(ccxt_quirks._KNOWN, family.venue, family.row)
    monkeypatch.setattr(ccxt_stream, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(ccxt_stream, "CONFIRM_WITHIN_US", 4_000_000)


@dataclass
class WireRig:
    """A running engine and the venues it trades on; the first is meant where none is named."""

    rig: Rig
    sites: tuple[Site, ...]
    seed: str

    @property
    def site(self) -> Site:
        """The venue that is meant where none is named."""
        return self.sites[0]

    def code(self) -> str:
        """The present code of the enrolled second factor."""
        return code_at(self.seed, step_at(SystemClock().now_us()))

    def truth(self, what: str) -> Any:
        """What the venue itself knows."""
        return self.site.truth(what)

    def sent(self) -> dict[str, int]:
        """How often each client id arrived in a create."""
        return self.site.sent()

    def draft(
        self,
        side: Side = Side.BUY,
        quantity: str = "0.01",
        away_pct: int | None = -3,
        *,
        at: Family | None = None,
    ) -> Draft:
        """A limit order some percent away from the middle; None: a market order."""
        family = at or self.site.family
        return self.rig.draft(
            side, quantity, away_pct, account=family.account, symbol=family.symbol
        )

    async def submit(self, draft: Draft | None = None) -> Submitted:
        """Send an order, as soon as the venue's health allows one."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    return await self.rig.submit(draft or self.draft())
                except Refused as refused:
                    if "STALE" not in str(refused) and "NO_PRICE" not in str(refused):
                        raise
                    await asyncio.sleep(0.05)

    async def agrees(self, within_s: float = 12) -> None:
        """Wait until every balance, position and fill of the desk equals the venues' truth."""
        try:
            await self.rig.until(lambda _: not self.differences(), within_s=within_s)
        except AssertionError:
            raise AssertionError(f"desk and venue differ: {self.differences()}") from None

    def differences(self) -> dict[str, object]:
        """What the desk and the venues do not agree on."""
        found: dict[str, object] = {}
        for site in self.sites:
            found |= self._differences(site)
        return found

    def _differences(self, site: Site) -> dict[str, object]:
        parts, venue = self.rig.engine.parts, site.family.venue
        assert parts is not None
        books = parts.books.held(site.family.account)
        found: dict[str, object] = {
            f"{asset} on {venue}": (books.get(asset, Decimal(0)), total)
            for asset, total in site.balances().items()
            if abs(books.get(asset, Decimal(0)) - total) > Decimal("0.01")
        }
        ours_open = {
            s.client_id
            for s in self.rig.board.orders.values()
            if not s.terminal and not s.foreign and s.order.account == site.family.account
        }
        if site.open_ids() != ours_open:
            found[f"open on {venue}"] = (sorted(ours_open), sorted(site.open_ids()))
        return found


@asynccontextmanager
async def trading_on(  # noqa: PLR0913 - each is one thing a test may want otherwise
    sites: Site | Sequence[Site],
    tmp_path: Path,
    *,
    settings: EngineSettings | None = None,
    secrets: Secrets | None = None,
    seed: str = "",
    armed: bool = True,
    limits: Limits = TIRELESS,
    down: Sequence[Site] = (),
    withdrawals: Policy | None = None,
) -> AsyncGenerator[WireRig]:
    """An engine in LIVE mode over the loopbacks, enrolled and (if wanted) armed.

    It does not wait for those that are `down`.
    """
    places = (sites,) if isinstance(sites, Site) else tuple(sites)
    async with AsyncExitStack() as stack:
        connections = {
            site.family.venue: await stack.enter_async_context(connected(site)) for site in places
        }
        rig = await stack.enter_async_context(
            running(
                tmp_path,
                mode=Mode.LIVE,
                settings=replace(settings or WIRE, base_currency=_base(places)),
                limits=limits,
                connections=Connections(connections),
                secrets=secrets,
                withdrawals=withdrawals,
            )
        )
        wire = WireRig(rig, places, seed or await _enrolled(rig))
        accounts = [site.family.account for site in places if site not in down]
        await rig.until(
            lambda b: (
                all(account in b.feeds for account in accounts)
                and {price.venue for price in b.prices.values()} >= {a.venue for a in accounts}
                and all(b.accounts[account].reconciled_us for account in accounts)
            )
        )
        if armed:
            await rig.ask(asks.Arm(code=wire.code(), account=accounts[0]))
        yield wire


def _base(places: Sequence[Site]) -> str:
    """Dollars where they are traded: the others' money is pegged to them, not they to it."""
    quotes = [site.family.quote for site in places]
    return "USD" if "USD" in quotes else quotes[0]


@asynccontextmanager
async def connected(site: Site) -> AsyncGenerator[Connection]:
    account = AccountKeys(
        read=keys(site.thread, "read"),
        trade=keys(site.thread, "trade"),
        withdraw=lambda: keys(site.thread, "withdraw"),
    )
    async with open_venue(
        site.family.venue,
        {"main": account},
        clock=SystemClock(),
        settings=VenueSettings(timeout_ms=1_000),
        on_problem=lambda _: None,
    ) as venue:
        yield Connection(
            traits=venue.traits,
            market=venue.market,
            readers=venue.readers,
            traders=venue.traders,
            vitals=venue.vitals,
            withdrawers=venue.withdrawers,
            listers=venue.listers,
        )


async def _enrolled(rig: Rig) -> str:
    made = await rig.ask(asks.BeginEnrolment())
    step = step_at(SystemClock().now_us())
    first, second = code_at(made.secret, step - 2), code_at(made.secret, step - 1)
    await rig.ask(asks.ConfirmEnrolment(first=first, second=second))
    return made.secret


WORKING = (Status.OPEN, Status.PARTIAL)
