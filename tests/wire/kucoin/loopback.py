"""The loopback KuCoin, built: for a thread in a test, or for a process of its own."""

from tests.wire.build import Builder
from tests.wire.host import VenueThread
from tests.wire.kucoin.controls import Controls
from tests.wire.kucoin.server import KucoinServer
from tests.wire.kucoin.venue import KucoinVenue

Loopback = VenueThread[KucoinServer]
_BUILDER = Builder(KucoinVenue, KucoinServer, Controls)
build, hosted = _BUILDER.build, _BUILDER.hosted
