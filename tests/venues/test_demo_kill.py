"""A desk that is killed has told nobody anything that its venues do not know afterwards."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.venues.demo_desks import exchange_of, open_bench

ROOT = Path(__file__).parents[2]


async def told_before_the_kill(directory: Path, lines: int) -> list[tuple[str, str]]:
    """What the victim said until it was killed, somewhere after so many lines."""
    victim = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.venues.demo_victim",
        str(directory),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert victim.stdout is not None
    said = [await victim.stdout.readline() for _ in range(lines)]
    victim.kill()
    said += (await victim.stdout.read()).splitlines(keepends=True)
    await victim.wait()
    whole = [line.decode().split() for line in said if line.endswith(b"\n")]
    return [(what, name) for what, name in whole]


@pytest.mark.parametrize("lines", [3, 20, 61])
async def test_what_was_told_before_a_kill_is_known_after_it(tmp_path: Path, lines: int) -> None:
    async with asyncio.timeout(15):
        told = await told_before_the_kill(tmp_path, lines)
    assert len(told) >= lines
    bench = open_bench(tmp_path, seed=None)
    assert bench.desk.problem == ""
    till = exchange_of(bench).till
    known = {("filled", fill.trade_id) for fill in till.fills}
    known |= {("acked", order_id) for order_id in till.orders}
    assert set(told) <= known
    assert {what for what, _ in told} == {"acked", "filled"}
    assert till.balanced
