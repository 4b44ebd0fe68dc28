"""A process that trades at the demo venues until it is killed, and says what it was told.

Run as `python -m tests.venues.demo_victim DIRECTORY`; every line is `acked ID` or `filled ID`.
"""

import asyncio
import sys
from pathlib import Path

from domain.orders import Side
from domain.sightings import FillSeen, Sighting
from tests.venues.demo_desks import an_order, open_bench
from tests.venues.victims import say


def hear(sighting: Sighting) -> None:
    if isinstance(sighting, FillSeen):
        say(f"filled {sighting.fill.trade_id}")


async def trade(directory: Path) -> None:
    bench = open_bench(directory, scenario="volatile")
    venue = bench.venue()
    async with asyncio.TaskGroup() as group:
        group.create_task(venue.readers["main"].stream(hear))
        for number in range(1_000_000):
            side = Side.BUY if number % 2 else Side.SELL
            (price,) = await venue.market.prices(["BTC/USD"])
            resting = price.bid if side is Side.BUY else price.ask
            order = an_order(
                side, "0.0005", resting if number % 5 else None, client_id=f"qd{number}"
            )
            placement = await venue.traders["main"].place(order)
            if placement.accepted:
                say(f"acked {placement.venue_order_id}")
            bench.pass_time(1)
            await asyncio.sleep(0)


if __name__ == "__main__":
    asyncio.run(trade(Path(sys.argv[1])))
