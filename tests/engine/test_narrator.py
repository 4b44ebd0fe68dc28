"""The log tells what happens: orders, refusals, fills and halts, each once and as loud as it is."""

import logging
from pathlib import Path

import pytest

from domain import asks
from domain.errors import Refused
from engine.narrator import Narrator
from tests.engine.rig import running


def lines(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno == level]


async def test_a_trading_day_can_be_read_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="engine.narrator")
    async with running(tmp_path) as rig:
        rig.desk.observe(Narrator())
        placed = await rig.submit()
        with pytest.raises(Refused):
            await rig.submit(rig.draft(quantity="1000"))
        await rig.ask(asks.Trip(reason="the day is over"))
        await rig.until(lambda b: b.halts)
    told = lines(caplog, logging.INFO)
    assert any(f"order approved kraken/main: {placed.client_id}: buy 0.01" in line for line in told)
    (denied,) = [line for line in lines(caplog, logging.WARNING) if "order denied" in line]
    assert "available_balance" in denied or "max_" in denied
    assert any("the day is over" in line for line in lines(caplog, logging.CRITICAL))


async def test_what_is_only_remembered_is_not_told_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(tmp_path) as rig:
        await rig.submit()
    caplog.set_level(logging.DEBUG, logger="engine.narrator")
    async with running(tmp_path, ready=False) as rig:
        rig.desk.observe(Narrator())
        await rig.until(lambda b: b.run_id)
    assert not [line for line in lines(caplog, logging.INFO) if "order approved" in line]
