"""The script of chaos is drawn from its seed: the same one again, every act in it, lives first."""

import asyncio
import io
from collections import Counter
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from tests.soak import desk_acts, scoped_acts, script, venue_acts
from tests.soak.diary import Diary
from tests.soak.home import Home, Stall
from tests.soak.seat import Codes, Seat
from tests.soak.stage import WORDS, Stage
from tests.soak.trader import Trader
from tests.wire.admin import AdminClient

TEN_MINUTES = 600.0
WHOLE = 2 * len(venue_acts.ACTS) + len(desk_acts.ACTS) + len(scoped_acts.ACTS)


def stage(seed: int) -> Stage:
    """A stage that is never played on."""
    stalls = [Stall(family, AdminClient("http://127.0.0.1:9")) for family in WORDS]
    home = Home(Path("nowhere"), stalls, {})
    seat = Seat(home)
    trader = Trader(seat, [], Random(seed), wage=1)
    return Stage(home, seat, trader, Codes(home), Diary(io.StringIO()), Random(seed))


def names(seed: int, for_s: float, count: int) -> list[str]:
    dealt = islice(script.deal(stage(seed), for_s), count)
    return [f"{act.__name__} {'' if stall is None else stall.family}" for act, stall in dealt]


def test_the_same_seed_deals_the_same_script() -> None:
    assert names(5, TEN_MINUTES, 100) == names(5, TEN_MINUTES, 100)
    assert names(5, TEN_MINUTES, 100) != names(6, TEN_MINUTES, 100)


def test_every_act_at_every_venue_comes_once_before_any_comes_again() -> None:
    assert set(Counter(names(1, TEN_MINUTES, WHOLE)).values()) == {1}
    assert set(Counter(names(1, TEN_MINUTES, 2 * WHOLE)).values()) == {2}


def test_a_short_run_freezes_the_daemon_and_kills_nothing() -> None:
    dealt = set(names(1, 25, 2 * len(venue_acts.ACTS) + 1))
    assert "frozen " in dealt
    assert not {"tripped ", "killed_while_hung "} & dealt
    assert script._endings(stage(1), 25) == []


def test_only_the_acts_that_are_asked_for_are_dealt() -> None:
    dealt = islice(script.deal(stage(1), TEN_MINUTES, ["website", "tripped"]), 6)
    assert Counter(act.__name__ for act, _ in dealt) == {"website": 4, "tripped": 2}
    with pytest.raises(ValueError, match="so short a run has none"):
        next(script.deal(stage(1), 25, ["tripped"]))


def test_lives_end_early_so_that_the_last_one_is_long_enough_to_judge() -> None:
    endings = script._endings(stage(3), TEN_MINUTES)
    assert [act for _, act in endings] == [desk_acts.killed, desk_acts.drained, desk_acts.killed]
    times = [at_s for at_s, _ in endings]
    assert times == sorted(times)
    assert times[-1] <= script.LIVES_UNTIL * TEN_MINUTES


def test_an_act_that_finds_the_engine_gone_is_told_and_does_not_end_the_run() -> None:
    alone = stage(1)
    asyncio.run(script._act(alone, (desk_acts.tripped, None), 60))
    assert isinstance(alone.diary.out, io.StringIO)
    assert "tripped: not done: engine is not available" in alone.diary.out.getvalue()
    assert not alone.asked_to_halt
