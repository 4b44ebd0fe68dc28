"""A process that trades on paper until it is killed, and says what it was told.

Run as `python -m tests.venues.paper_victim DIRECTORY`; every line is `acked ID` or `filled ID`.
"""

import asyncio
import sys
from pathlib import Path

from domain.instruments import Account
from domain.orders import Side
from domain.sightings import FillSeen, Sighting
from tests.venues.paper_desks import BIDS, VENUE, paper
from tests.venues.victims import say


def hear(sighting: Sighting) -> None:
    if isinstance(sighting, FillSeen):
        say(f"filled {sighting.fill.trade_id}")


async def trade(directory: Path) -> None:
    async with paper(directory) as desk, asyncio.TaskGroup() as group:
        group.create_task(desk.venue.readers[Account(VENUE, "main")].stream(hear))
        for number in range(1_000_000):
            resting = "100" if number % 3 else None
            state = await desk.placed(Side.BUY, "0.01", resting)
            say(f"acked {state.venue_order_id}")
            if number % 4 == 0:
                desk.market.show((("99.0", "1"),), (("99.5", f"{number % 7 + 1}"),))
                desk.market.show(BIDS, (("100.1", f"{number % 7 + 1}"),))
            await asyncio.sleep(0)


if __name__ == "__main__":
    asyncio.run(trade(Path(sys.argv[1])))
