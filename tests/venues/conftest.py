"""The fixtures of the tests that run over the loopback Kraken."""

from tests.venues.ccxt_wire_desk import loopback, unpaced

__all__ = ["loopback", "unpaced"]
