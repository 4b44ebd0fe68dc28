"""kill -9 at random during trading, twenty times: nothing acknowledged is lost."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from domain.board import Board
from domain.events import Fact
from domain.fold import fold
from domain.orders import OrderState, Status
from storage.verify import verify_file
from tests.engine.rig import TIRELESS, running
from tests.engine.victim import demo_in

KILLS = 20


def killed_after(data_dir: Path, seed: int, after_s: float) -> list[str]:
    """Let a victim trade for a while, kill it, and answer what it had acknowledged."""
    top = Path(__file__).parent.parent.parent
    with subprocess.Popen(
        [sys.executable, "-m", "tests.engine.victim", str(data_dir), str(seed)],
        cwd=top,
        stdout=subprocess.PIPE,
        text=True,
    ) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "ready\n"
        time.sleep(after_s)
        victim.send_signal(signal.SIGKILL)
        return victim.stdout.read().split()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_nothing_acknowledged_is_lost_by_twenty_kills_and_the_board_equals_the_ledger(
    tmp_path: Path,
) -> None:
    dice = random.Random(os.environ.get("QUARTERDECK_SEED", "11"))
    acknowledged: list[str] = []
    for number in range(KILLS):
        after_s = dice.uniform(0.05, 0.7)
        acknowledged += await asyncio.to_thread(killed_after, tmp_path, number, after_s)
    assert len(acknowledged) > KILLS
    report = verify_file(tmp_path / "demo" / "ledger.db", tmp_path / "demo" / "head")
    assert report.result == "OK", report
    demo = demo_in(tmp_path)
    async with running(tmp_path, demo=demo, limits=TIRELESS, prompt=True) as rig:
        await rig.until(lambda b: not _unsettled(b), within_s=20)
        facts = [fact async for _, fact in rig.ledger.facts()]
        intended = {fact.order.client_id for fact in facts if hasattr(fact, "order")}
        assert not [name for name in acknowledged if name not in intended]
        assert _orders(rig.board) == _orders(_folded(facts, rig.board))
        assert rig.board.breaks == ()
        parts = rig.engine.parts
        assert parts is not None
        for view in rig.board.accounts.values():
            assert view.balances is not None
            differences = parts.books.differences(view.balances)
            assert not {asset: d for asset, d in differences.items() if d}


def _unsettled(board: Board) -> list[OrderState]:
    doubtful = (Status.NEW, Status.SUBMITTED, Status.UNKNOWN, Status.SETTLING)
    return [s for s in board.orders.values() if s.status in doubtful]


def _folded(facts: list[Fact], like: Board) -> Board:
    board = Board(mode=like.mode)
    for fact in facts:
        board = fold(board, fact)
    return board


def _orders(board: Board) -> dict[str, tuple[Status, str, str]]:
    shown = sorted(board.orders.values(), key=lambda s: -s.updated_us)[:200]
    return {s.client_id: (s.status, str(s.filled), s.venue_order_id) for s in shown}
