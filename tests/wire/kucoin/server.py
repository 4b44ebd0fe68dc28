"""The loopback KuCoin on a real port: its hosts, its paths, its market.

The one rule: the hosts that spot needs are here, and no other one is routed: a client that asks
for futures or a unified account is refused by the redirection.
"""

from decimal import Decimal

from aiohttp import web

from tests.wire.kucoin.assets import LISTINGS
from tests.wire.kucoin.hub import Hub
from tests.wire.kucoin.rest import RestSide
from tests.wire.kucoin.tokens import SOCKET_HOST
from tests.wire.kucoin.venue import KucoinVenue
from tests.wire.market_maker import Walk
from tests.wire.server import VenueServer

REST_HOST = "api.kucoin.com"
WALKS = {
    symbol: Walk(
        start=Decimal(listing.open_price),
        home=listing.stable,
        spread=Decimal("0.5") if listing.stable else Decimal(2),
        size=Decimal("0.4") if symbol == "ETH/BTC" else Decimal(20_000),
        cross=("ETH/USDT", "BTC/USDT") if symbol == "ETH/BTC" else None,
    )
    for symbol, listing in LISTINGS.items()
}


class KucoinServer(VenueServer[KucoinVenue]):
    """Serves one loopback KuCoin."""

    family = "kucoin"
    hosts = (REST_HOST, SOCKET_HOST)
    hub: Hub
    rest: RestSide

    def __init__(self, venue: KucoinVenue, *, step_ms: int = 0) -> None:
        super().__init__(venue, Hub(venue), RestSide(venue), WALKS, step_ms=step_ms)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """REST and the one socket."""
        router.add_route("*", f"/{REST_HOST}/api/{{path:.+}}", self.rest.handle)
        router.add_get(f"/{SOCKET_HOST}/", self.hub.accept)
