"""A cool-down over a restart with a clock that was wrong only while the engine started."""

from pathlib import Path

import pytest

from domain import asks
from domain.errors import Refused
from tests.engine.rig import quick, running
from tests.engine.test_limiting import HOUR_S, HandSetClock, demo, limits


async def test_a_clock_that_is_ahead_while_the_engine_starts_ends_no_cool_down(
    tmp_path: Path,
) -> None:
    settings, clock = quick(limits_cool_down_s=HOUR_S), HandSetClock()
    async with running(
        tmp_path, settings=settings, limits=limits(1000), clock=clock, demo=demo()
    ) as rig:
        await rig.ask(asks.SetLimits(values={"max_order_value": "2000"}))
    clock.stepped_us = 5 * HOUR_S * 1_000_000
    async with running(
        tmp_path, settings=settings, limits=limits(1000), clock=clock, demo=demo()
    ) as rig:
        clock.stepped_us = 0  # set right again
        code = (await rig.ask(asks.DemoCode())).detail
        with pytest.raises(Refused, match="cooling down"):
            await rig.ask(asks.ApproveLimits(code=code))
