"""What differs between the loopback venues as far as their faults go: two tables for one suite.

The one rule: what a fault becomes inside ccxt is written here, per venue, as it was measured.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.wire.cases import GONE, LIVE, Case
from tests.wire.fixtures import SPOT_ONLY, clients
from tests.wire.host import VenueThread
from tests.wire.kraken.limits import Limits
from tests.wire.kraken.loopback import hosted as hosted_kraken
from tests.wire.kraken.poison import POISONS as KRAKEN_POISONS
from tests.wire.kucoin.frames import ORDERS
from tests.wire.kucoin.limits import Limits as Pools
from tests.wire.kucoin.loopback import hosted as hosted_kucoin
from tests.wire.kucoin.poison import POISONS as KUCOIN_POISONS
from tests.wire.real_ccxt import Kraken, Kucoin
from tests.wire.real_ccxt import errors as ccxt
from tests.wire.redirect import redirected


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One venue family: its ccxt class with what it is told, its names, and its cases.

    `doubts` are spoiled creates, `garbage` spoiled lists, `lists` the endpoints that answer
    with one and ccxt's methods for them.
    `pings` are the commands that make a venue tell its clients how often to ping.
    """

    name: str
    symbol: str
    hosted: Callable[[], VenueThread[Any]]
    kind: Any
    usual: Mapping[str, object]
    place: str
    cancel: str
    balances: str
    fills: str
    trade_id: str
    doubts: tuple[Case, ...]
    garbage: tuple[Case, ...]
    lists: Mapping[str, str]
    poisons: Mapping[str, tuple[str, Mapping[str, object]]]
    pings: Callable[[int], Mapping[str, Mapping[str, object]]] = lambda _: {}

    @asynccontextmanager
    async def street(self) -> AsyncGenerator["Street"]:
        """A running venue, without rate limits, and the way to make clients of it."""
        with self.hosted() as venue, redirected(venue.routes):
            async with clients(venue, self.kind, self.usual) as make:
                yield Street(self, venue, make)


@dataclass(frozen=True, slots=True)
class Street:
    """A venue of a family, with clients: what every common test works with."""

    family: Family
    venue: VenueThread[Any]
    client: Callable[..., Any]

    def ask(self, command: str, **arguments: object) -> Any:
        """Carry an admin command out."""
        return self.venue.ask(command, **arguments)

    def spoil(self, endpoint: str, case: Case) -> None:
        """Spoil the next answer of an endpoint."""
        self.ask("fault", endpoint=endpoint, kind=case.kind, **case.how)

    def rest(self, client: Any, *, name: str = "") -> Any:
        """Ask for an order that stays in the book."""
        params = {"clientOrderId": name} if name else {}
        return client.create_order(self.family.symbol, "limit", "buy", "0.01", "50000", params)

    def trade(self) -> None:
        """One market order, placed on the website."""
        self.ask("place", side="buy", symbol=self.family.symbol, quantity="0.01")

    def true_ids(self) -> list[str]:
        """The fills as they happened."""
        return [str(trade[self.family.trade_id]) for trade in self.ask("truth")["trades"]]

    def orders(self) -> list[dict[str, Any]]:
        """The orders as they are."""
        found: list[dict[str, Any]] = self.ask("truth")["orders"]
        return found


# In every family: cut, silent, a gateway's page, an end in the middle; and what ccxt takes for a
# good answer without an id.
_ANYWHERE = (
    Case("lost", ccxt.ExchangeNotAvailable, LIVE),
    Case("drop", ccxt.ExchangeNotAvailable, GONE),
    Case("hang", ccxt.RequestTimeout, LIVE),
    Case("slow", ccxt.RequestTimeout, LIVE, {"wait_ms": 5000}),
    Case("page", ccxt.ExchangeNotAvailable, LIVE, {"status": 502}),
    Case("page", ccxt.ExchangeNotAvailable, GONE, {"status": 503, "execute": False}),
    Case("page", ccxt.ExchangeNotAvailable, LIVE, {"status": 520}),
    Case("page", ccxt.RateLimitExceeded, LIVE, {"status": 429}),
    Case("short", ccxt.ExchangeError, LIVE),
    Case("page", None, LIVE, {"status": 200}),
    Case("empty", None, LIVE),
    Case("truncated", None, LIVE),
    Case("garbled", None, LIVE),
)
_NO_LIST = (
    Case("page", None, LIVE, {"status": 200}),
    Case("empty", None, LIVE),
    Case("truncated", None, LIVE),
    Case("garbled", None, LIVE),
)
KRAKEN = Family(
    name="kraken",
    symbol="BTC/USD",
    hosted=lambda: hosted_kraken(limits=Limits(calls=None, orders=None)),
    kind=Kraken,
    usual={},
    place="AddOrder",
    cancel="CancelOrder",
    balances="BalanceEx",
    fills="executions",
    trade_id="exec_id",
    doubts=(
        *_ANYWHERE,
        Case("odd", TypeError, LIVE, {"text": '{"error":[],"result":{"txid":5,"descr":7}}'}),
        Case("error", ccxt.ExchangeNotAvailable, LIVE, {"text": "EService:Unavailable"}),
        Case("error", ccxt.ExchangeNotAvailable, GONE, {"text": "EService:Busy", "execute": False}),
        Case("error", ccxt.ExchangeError, LIVE, {"text": "EService:Timeout"}),
        Case("error", ccxt.ExchangeError, LIVE, {"text": "EService:Deadline elapsed"}),
        Case("error", ccxt.ExchangeNotAvailable, LIVE, {"text": "EGeneral:Internal error"}),
        Case("error", ccxt.DDoSProtection, LIVE, {"text": "EAPI:Rate limit exceeded"}),
        Case("odd", None, LIVE, {"text": "[]"}),
        Case("odd", None, LIVE, {"text": '"fine"'}),
        Case("odd", None, LIVE, {"text": '{"error":[],"result":null}'}),
    ),
    garbage=(
        *_NO_LIST,
        Case("odd", None, LIVE, {"text": "[]"}),
        Case("odd", None, LIVE, {"text": '{"error":[],"result":[]}'}),
        Case("odd", None, LIVE, {"text": '{"error":[],"result":null}'}),
    ),
    lists={"OpenOrders": "fetch_open_orders", "TradesHistory": "fetch_my_trades"},
    poisons=KRAKEN_POISONS,
)
KUCOIN = Family(
    name="kucoin",
    symbol="BTC/USDT",
    hosted=lambda: hosted_kucoin(limits=Pools(pool=None)),
    kind=Kucoin,
    usual=SPOT_ONLY,
    place="POST hf/orders",
    cancel="DELETE hf/orders/{orderId}",
    balances="GET accounts",
    fills=ORDERS,
    trade_id="trade_id",
    doubts=(
        *_ANYWHERE,
        Case("error", ccxt.ExchangeNotAvailable, LIVE, {"text": "500000 Internal Server Error"}),
        Case("error", ccxt.BadRequest, LIVE, {"text": "408000 Network timeout, please try again"}),
        Case("error", ccxt.RateLimitExceeded, LIVE, {"text": "429000 Too many requests"}),
        Case("error", ccxt.ExchangeError, GONE, {"text": "230005 busy", "execute": False}),
        Case("odd", ccxt.ExchangeError, LIVE, {"text": '{"orderId":"of another venue"}'}),
        Case("odd", None, LIVE, {"text": '{"code":"200000","data":null}'}),
        Case("odd", None, LIVE, {"text": '{"code":200000,"data":5}'}),
    ),
    garbage=(
        *_NO_LIST,
        Case("odd", None, LIVE, {"text": '{"code":"200000","data":null}'}),
        Case("odd", None, LIVE, {"text": '{"code":"200000"}'}),
    ),
    lists={
        "GET hf/orders/active": "fetch_open_orders",
        "GET hf/orders/done": "fetch_closed_orders",
        "GET hf/fills": "fetch_my_trades",
    },
    poisons=KUCOIN_POISONS,
    pings=lambda ms: {"ping_every": {"ms": ms}},
)
FAMILIES = (KRAKEN, KUCOIN)
