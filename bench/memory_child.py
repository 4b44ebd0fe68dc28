"""`python -m bench.memory_child N FOLDER`: the program with N venues opened, and what it holds.

Everything that the daemon imports; a ledger and its reader; each venue with its market, an
account's reader and trader, and 1,500 instruments from the disk on the board; metrics. Nothing
is sent anywhere. Prints the resident bytes.
"""

import asyncio
import gc
import os
import sys
from pathlib import Path

import cli.daemon  # noqa: F401 - what the daemon loads is what is measured
import engine.parts  # noqa: F401
import web.app  # noqa: F401
from bench.books import GENESIS
from bench.stream import floor_of
from bench.stream_frames import DIALECTS
from engine.markets import MarketWatch
from prometheus.metrics import Metrics
from storage.history import History
from storage.ledger import SqliteLedger
from storage.places import Places
from tests.venues.conformance.captured import keys_for
from venues.keys import AccountKeys


async def main(count: int, folder: Path) -> None:
    """Open, hold, tell."""
    venues = list(DIALECTS)[:count]
    keys = {venue: keys_for(venue) for venue in venues}
    accounts = {v: {"main": AccountKeys(read=known, trade=known)} for v, known in keys.items()}
    places = Places(folder / f"book of {count}", "demo")
    async with (
        floor_of(venues, folder, accounts) as floor,
        SqliteLedger(places, GENESIS, floor.desk.committed) as ledger,
        History(places.ledger),
    ):
        floor.desk.attach(ledger)
        floor.desk.observe(Metrics(lambda: floor.desk.board))
        for connection in floor.connections:
            await MarketWatch(connection, floor, ()).load()
        print(len(floor.desk.board.instruments), resident_bytes())


def resident_bytes() -> int:
    """What this process holds, the garbage collected."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
