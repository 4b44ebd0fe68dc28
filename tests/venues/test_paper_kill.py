"""Paper that is killed has told nobody anything that it does not know afterwards."""

import asyncio
from pathlib import Path

import pytest

from tests.venues.paper_desks import paper
from tests.venues.victims import told_before_the_kill


@pytest.mark.parametrize("lines", [3, 40])
async def test_what_was_told_before_a_kill_is_known_after_it(tmp_path: Path, lines: int) -> None:
    async with asyncio.timeout(15):
        told = await told_before_the_kill("tests.venues.paper_victim", tmp_path, lines)
    async with paper(tmp_path, runs=False) as desk:
        till = desk.venue.desk.till
        known = {("filled", fill.trade_id) for fill in till.fills}
        known |= {("acked", order_id) for order_id in till.orders}
    assert told <= known
    assert {what for what, _ in told} == {"acked", "filled"}
    assert till.balanced
