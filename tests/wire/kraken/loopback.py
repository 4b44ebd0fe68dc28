"""The loopback Kraken, built: for a thread in a test, or for a process of its own."""

from tests.wire.build import Builder
from tests.wire.host import VenueThread
from tests.wire.kraken.controls import Controls
from tests.wire.kraken.server import KrakenServer
from tests.wire.kraken.venue import KrakenVenue

Loopback = VenueThread[KrakenServer]
_BUILDER = Builder(KrakenVenue, KrakenServer, Controls)
build, hosted = _BUILDER.build, _BUILDER.hosted
