"""A desk that is killed has told nobody anything that its venues do not know afterwards."""

import asyncio
from pathlib import Path

import pytest

from tests.venues.demo_desks import exchange_of, open_bench
from tests.venues.victims import told_before_the_kill


@pytest.mark.parametrize("lines", [3, 20, 61])
async def test_what_was_told_before_a_kill_is_known_after_it(tmp_path: Path, lines: int) -> None:
    async with asyncio.timeout(15):
        told = await told_before_the_kill("tests.venues.demo_victim", tmp_path, lines)
    bench = open_bench(tmp_path, seed=None)
    assert bench.desk.problem == ""
    till = exchange_of(bench).till
    known = {("filled", fill.trade_id) for fill in till.fills}
    known |= {("acked", order_id) for order_id in till.orders}
    assert told <= known
    assert {what for what, _ in told} == {"acked", "filled"}
    assert till.balanced
