"""A trading engine that is going to be killed: prints what was acknowledged, after it was.

Run as `python -m tests.engine.victim DATA_DIR SEED`; each line is a client id whose answer the
asker has seen. The parent sends SIGKILL whenever it likes.
"""

import asyncio
import random
import sys
from pathlib import Path

from cli.clock import SystemClock, SystemDice
from domain import asks
from domain.errors import DeskError
from domain.orders import Side
from tests.engine.rig import LEDGER_ID, TIRELESS, Rig, running
from venues.demo import DemoDesk, open_demo


def demo_in(data_dir: Path) -> DemoDesk:
    """The demo venues with their own memory on disk, as the program has them."""
    book = data_dir / "demo"
    book.mkdir(parents=True, exist_ok=True)
    return open_demo(
        SystemClock(), SystemDice(), seed=7, instant=True, state_dir=book, book=LEDGER_ID
    )


async def trade(rig: Rig, dice: random.Random) -> None:
    """One random act; refusals are part of the game."""
    side = dice.choice(list(Side))
    away = dice.choice([None, -3, -1, 3])
    working = [s for s in rig.board.orders.values() if not s.terminal and not s.foreign]
    try:
        if working and dice.random() < 0.3:
            await rig.ask(asks.CancelOrder(client_id=dice.choice(working).client_id))
            return
        draft = rig.draft(side, f"0.00{dice.randint(10, 99)}", away)
        answer = await rig.ask(asks.SubmitOrder(draft=draft))
    except DeskError:
        return
    sys.stdout.write(f"{answer.client_id}\n")
    sys.stdout.flush()


async def main(data_dir: Path, seed: int) -> None:
    dice = random.Random(seed)
    async with running(data_dir, demo=demo_in(data_dir), limits=TIRELESS) as rig:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            await asyncio.gather(*(trade(rig, dice) for _ in range(3)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
