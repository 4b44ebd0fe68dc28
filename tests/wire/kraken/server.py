"""The loopback Kraken on a real port: its hosts, its paths, its market.

The one rule: paths begin with the real host's name, because ws.kraken.com and
ws-auth.kraken.com share one path.
"""

from decimal import Decimal

from aiohttp import web

from tests.wire.kraken.assets import LISTINGS
from tests.wire.kraken.hub import Hub
from tests.wire.kraken.rest import RestSide
from tests.wire.kraken.venue import KrakenVenue
from tests.wire.market_maker import Walk
from tests.wire.server import VenueServer

REST_HOST = "api.kraken.com"
PUBLIC_HOST = "ws.kraken.com"
PRIVATE_HOST = "ws-auth.kraken.com"

WALKS = {
    symbol: Walk(
        start=Decimal(listing.open_price),
        home=listing.stable,
        spread=Decimal("0.5") if listing.stable else Decimal(2),
        size=Decimal("0.4") if symbol == "ETH/BTC" else Decimal(20_000),
        cross=("ETH/USD", "BTC/USD") if symbol == "ETH/BTC" else None,
    )
    for symbol, listing in LISTINGS.items()
}


class KrakenServer(VenueServer[KrakenVenue]):
    """Serves one loopback Kraken."""

    family = "kraken"
    hosts = (REST_HOST, PUBLIC_HOST, PRIVATE_HOST)
    hub: Hub
    rest: RestSide

    def __init__(self, venue: KrakenVenue, *, step_ms: int = 0) -> None:
        super().__init__(venue, Hub(venue), RestSide(venue), WALKS, step_ms=step_ms)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """REST and both sockets."""
        path = f"/{REST_HOST}/0/{{side:public|private}}/{{name:.+}}"
        router.add_route("*", path, self.rest.handle)
        router.add_get(f"/{PUBLIC_HOST}/v2", self.hub.public)
        router.add_get(f"/{PRIVATE_HOST}/v2", self.hub.private)
