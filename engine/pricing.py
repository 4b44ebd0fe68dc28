"""Prices of the past into the ledger: from a file that a person gives.

The one rule: a price that stands there already is not written twice, and nothing is written
while one price of an ask cannot be meant.
"""

from collections.abc import Iterable
from decimal import Decimal

from domain.adjustments import PricesRecorded
from domain.asks_adjusting import PastPrice, PricesTaken, RecordPrices
from domain.errors import Refused
from domain.events import Fact
from domain.money import LARGEST_EXPONENT, ZERO
from domain.text import clean
from engine.floor import Floor
from engine.livebook import LiveBook
from engine.lots import Lots
from engine.operators import Operator, Role

MOST = 2_000  # prices in one ask: its line on the socket stays far below the longest
LONGEST_US = 32 * 86_400_000_000  # a month: an older price says nothing
LARGEST = Decimal(10) ** LARGEST_EXPONENT
BATCH = 100
_LONGEST_NAME = 60
Known = set[tuple[str, int, int, Decimal]]


class Pricing:
    """Answers RecordPrices."""

    def __init__(self, floor: Floor, lots: Lots) -> None:
        self._floor = floor
        self._lots = lots
        floor.desk.answer(RecordPrices, self.record, Role.ADMIN)

    async def record(self, ask: RecordPrices, caller: Operator) -> PricesTaken:
        """Write down what is new, span by span.

        Raises:
            Refused: a price of the future, of no time at all, or that is none.
        """
        for told in ask.prices:
            self._check(told)
        if len(ask.prices) > MOST:
            raise Refused("prices", f"over {MOST} prices in one ask; split them")
        known = await self._lots.ask(_known)
        fresh = [told for told in dict.fromkeys(ask.prices) if _row(told) not in known]
        if not ask.dry_run:
            facts = list(self._facts(fresh, clean(ask.source, longest=100), caller.name))
            for first in range(0, len(facts), BATCH):
                await self._floor.desk.record(*facts[first : first + BATCH])
        return PricesTaken(recorded=len(fresh), known=len(ask.prices) - len(fresh))

    def _facts(self, fresh: list[PastPrice], source: str, actor: str) -> Iterable[Fact]:
        spans: dict[tuple[int, int], dict[str, Decimal]] = {}
        for told in fresh:
            spans.setdefault((told.since_us, told.until_us), {})[told.asset] = told.price
        for (since_us, until_us), prices in sorted(spans.items()):
            yield PricesRecorded(
                at_us=self._floor.now_us(),
                actor=actor,
                since_us=since_us,
                until_us=until_us,
                prices=prices,
                source=source,
            )

    def _check(self, told: PastPrice) -> None:
        if not told.asset or len(told.asset) > _LONGEST_NAME:
            raise Refused("prices", f"an asset has a name of at most {_LONGEST_NAME} characters")
        if told.asset == self._floor.settings.base_currency:
            raise Refused("prices", f"{told.asset} is the base currency: it is worth one")
        if not ZERO < told.price <= LARGEST:
            raise Refused("prices", f"a price of {told.asset} is above zero: {told.price}")
        if not 0 <= told.since_us < told.until_us or told.until_us - told.since_us > LONGEST_US:
            raise Refused("prices", f"a price of {told.asset} holds for a day or an hour")
        if told.since_us > self._floor.now_us():
            raise Refused("prices", f"a price of {told.asset} is of the future")


def _row(told: PastPrice) -> tuple[str, int, int, Decimal]:
    return told.asset, told.since_us, told.until_us, told.price


def _known(live: LiveBook) -> Known:
    return {
        (asset, fact.since_us, fact.until_us, price)
        for _, fact in live.rows
        if isinstance(fact, PricesRecorded)
        for asset, price in fact.prices.items()
    }
