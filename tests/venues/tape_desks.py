"""A tape that the test prints on: public trades by stream and by request."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from domain.errors import Unavailable
from domain.market import Printed, PublicTrade
from domain.orders import Side
from domain.ports import Hear
from domain.sightings import Heartbeat, Sighting, TradesSeen
from tests.venues.demo_desks import HandClock
from tests.venues.paper_desks import VENUE


@dataclass
class FedTape:
    """The Tape port. `reach` is how many of the newest trades a list holds; None: all."""

    clock: HandClock
    reach: int | None = None
    streams: bool = True
    lists: bool = True
    printed: list[PublicTrade] = field(default_factory=list)
    ears: list[tuple[Hear, asyncio.Future[None]]] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    dialled: int = 0

    async def trades(self, symbol: str, since_us: int) -> Printed:
        self.asked.append(since_us)
        if not self.lists:
            raise Unavailable(VENUE, "no list")
        newest = [trade for trade in self.printed if trade.symbol == symbol]
        whole = self.reach is None or len(newest) < self.reach
        if self.reach is not None:
            newest = newest[-self.reach :]
            whole = whole or newest[0].at_us <= since_us
        return Printed(trades=tuple(t for t in newest if t.at_us >= since_us), whole=whole)

    async def stream_trades(self, symbol: str, hear: Hear) -> None:
        self.dialled += 1
        if not self.streams:
            raise Unavailable(VENUE, "no stream")
        broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ears.append((hear, broken))
        hear(Heartbeat(venue=VENUE, feed="trades", at_us=self.clock.now_us()))
        try:
            await broken
        finally:
            self.ears.remove((hear, broken))

    def print(
        self, side: Side, quantity: str, price: str, *, symbol: str = "BTC/USD", heard: bool = True
    ) -> PublicTrade:
        """Somebody trades now; `heard` False: the stream does not tell."""
        trade = PublicTrade(
            venue=VENUE,
            symbol=symbol,
            number=len(self.printed) + 1,
            side=side,
            price=Decimal(price),
            quantity=Decimal(quantity),
            at_us=self.clock.now_us(),
        )
        self.printed.append(trade)
        if heard:
            self.tell([trade])
        return trade

    def tell(self, trades: Sequence[PublicTrade]) -> None:
        """Let the stream say it (again)."""
        sighting: Sighting = TradesSeen(trades=tuple(trades))
        for hear, _ in list(self.ears):
            hear(sighting)

    def cut(self) -> None:
        """End the streams; there are none until `streams` is true again."""
        self.streams = False
        for _, broken in self.ears:
            broken.set_exception(Unavailable(VENUE, "connection reset by peer"))
