"""The admin commands that only the loopback Kraken has; the others are `tests.wire.controls`."""

from decimal import Decimal

from tests.wire import controls
from tests.wire.kraken.poison import POISONS
from tests.wire.kraken.venue import MODES, KrakenVenue
from tests.wire.venue import MAIN


class Controls(controls.Controls):
    """What a tester can ask of the loopback Kraken."""

    _modes = MODES
    _creates = ("AddOrder",)
    _poisons = POISONS
    _venue: KrakenVenue

    def limits(self, calls: str | None, orders: str | None = None) -> None:
        """Rate limits per key and per pair; null is none."""
        self._venue.limits.set(calls, orders)

    def one_snapshot_frame(self, *, on: bool) -> None:
        """Whether orders and trades come in one snapshot frame of executions."""
        self._venue.quirks.one_snapshot_frame = on

    def withdraw_key(self, key: str, asset: str, address: str) -> None:
        """Set up a withdrawal address on the website."""
        self._venue.addresses[key] = (asset, address)

    def volume(self, usd: str, owner: str = MAIN) -> None:
        """The 30-day volume that decides the fee tier."""
        self._venue.volumes[owner] = Decimal(usd)
