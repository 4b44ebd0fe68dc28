"""In which pairs orders can be open, where a venue lists open orders pair by pair (KuCoin).

The one rule: every pair that can have an open order is named, or this is Unavailable: a kill
is verified by these lists, and a pair left out would hide an order from it.
"""

from collections.abc import Awaitable, Callable, Mapping

from domain.market import AssetBalance
from venues import ccxt_rows as shaping
from venues.budget import Priority
from venues.ccxt_client import Client
from venues.ccxt_errors import VenueUnavailable
from venues.ccxt_row import Quirks
from venues.ccxt_sayings import Cause

MOST_SYMBOLS = 400
Wallet = Callable[[], Awaitable[Mapping[str, AssetBalance]]]


class OpenSymbols:
    """Asks for the pairs. `namer` is the client whose key the venue tells them to.

    KuCoin tells trading keys only; for a key that reads, `wallet` (what orders hold, by asset)
    shows in which pairs an order can be.
    """

    def __init__(self, client: Client, namer: Client, quirks: Quirks, wallet: Wallet) -> None:
        self._client = client
        self._namer = namer
        self._quirks = quirks
        self._wallet = wallet

    async def names(self, priority: Priority) -> list[str]:
        """Every pair in which an order can be open.

        Raises:
            Unavailable: nobody tells; where that is for want of a permission, saying so.
            Malformed: what was told cannot be read.
        """
        try:
            answer, _ = await self._namer.read(self._quirks.open_symbols, priority=priority)
        except VenueUnavailable as error:
            if error.cause is not Cause.PERMISSION:
                raise
            return await self._by_holds(error)
        api = self._client.api
        return [api.safe_symbol(name, None, "-") for name in shaping.symbols_told(answer)]

    async def _by_holds(self, refused: VenueUnavailable) -> list[str]:
        """An open order holds what it would pay with: the quote of its pair, or the base."""
        wallet = await self._wallet()
        if any(held.used is None for held in wallet.values()):
            raise refused
        paying = {asset for asset, held in wallet.items() if held.used}
        pairs = [
            symbol
            for symbol, market in self._client.api.markets.items()
            if market.get("spot") and not paying.isdisjoint((market["base"], market["quote"]))
        ]
        if len(pairs) > MOST_SYMBOLS:
            raise refused  # one by one they would take too long; the key needs the permission
        return pairs
