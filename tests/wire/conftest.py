"""The wire fixtures, for every test in this room."""

from tests.wire.fixtures import kraken, kucoin, kucoin_venue, venue

__all__ = ["kraken", "kucoin", "kucoin_venue", "venue"]
