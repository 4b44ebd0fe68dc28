"""What a paper venue charges: the venue's own rates, symbol by symbol.

The one rule: the rates of a symbol do not change while orders of it are working, so that what
an order holds always covers what it is charged.
"""

from collections.abc import Mapping
from decimal import Decimal

from domain.instruments import Instrument
from domain.orders import Side
from venues.fees import Fees


class FeesBySymbol:
    """Fees of the symbols that were ever traded; the tariff of a paper venue's till.

    `taker` and `maker` are fractions for where the venue does not tell (maker None: as taker).
    """

    def __init__(self, taker: Decimal, maker: Decimal | None) -> None:
        self._taker = taker
        self._maker = maker
        self._known: dict[str, Fees] = {}
        self._news: dict[str, Fees] = {}

    def learn(self, instrument: Instrument) -> None:
        """Take up the rates of an instrument, of which no order may be working."""
        taker = self._taker if instrument.fee_rate is None else instrument.fee_rate
        maker = instrument.maker_fee_rate
        if maker is None:
            # A venue that tells the taker's rate alone is charged by it: never too little.
            untold = taker if self._maker is None else self._maker
            maker = untold
        fees = Fees(maker=maker, taker=taker)
        if self._known.get(instrument.symbol) != fees:
            self._known[instrument.symbol] = self._news[instrument.symbol] = fees

    def restore(self, known: Mapping[str, Fees]) -> None:
        """Take up what a state file tells."""
        self._known.update(known)

    def take_news(self) -> Mapping[str, Fees]:
        """What the state file has not been told yet."""
        news, self._news = self._news, {}
        return news

    @property
    def known(self) -> Mapping[str, Fees]:
        """The rates by symbol."""
        return self._known

    def held(
        self, side: Side, symbol: str, quantity: Decimal, price: Decimal
    ) -> tuple[str, Decimal]:
        """What an order of this quantity at this price holds: (asset, amount)."""
        return self._known[symbol].held(side, symbol, quantity, price)

    def charge(
        self, side: Side, symbol: str, quantity: Decimal, price: Decimal, liquidity: str
    ) -> tuple[str, Decimal]:
        """The fee of one execution: (asset, amount)."""
        return self._known[symbol].charge(side, symbol, quantity, price, liquidity)
