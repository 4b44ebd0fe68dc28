"""The wire fixtures, for every test in this room."""

from tests.wire.fixtures import kraken, venue

__all__ = ["kraken", "venue"]
