"""What every asset of the demo world is worth: one seeded, correlated random walk.

The one rule: whole numbers only. A level is the logarithm of an asset's price against the
catalogue's, in billionths (nano-log); it becomes a price through one exact exponential.
Assets share a market factor, by their beta, and shake on their own besides.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from decimal import Context, Decimal
from itertools import pairwise
from math import isqrt

from domain.instruments import base_of, quote_of
from venues.demo_catalogue import ASSETS, DemoAsset
from venues.demo_dice import MILLION, NORMAL_ONE, SeededDice
from venues.demo_scenarios import DAY_US, HOUR_US, MINUTE_US, Phase, Scenario

SCALE = 10**12  # prices inside the demo world are whole numbers of 10^-12
HIGHEST_LEVEL = 1_500_000_000  # e^1.5: no scenario pulls a price beyond 4.5 times or a fifth
HOURS_KEPT = 26

_FACTOR = 80_000  # how far the market shakes in a calm second: 0.8 basis points
_EXACT_EXPONENTIAL = Context(prec=24)

Levels = Mapping[str, int]


class Prices:
    """The newest level of every asset, and those at the last full hours."""

    def __init__(self, scenario: Scenario, dice: SeededDice, levels: Levels) -> None:
        self.levels = dict(levels)
        self.hours: deque[tuple[int, Levels]] = deque(maxlen=HOURS_KEPT)
        self._scenario = scenario
        self._dice = dice
        self._origin = dict(levels)
        self._elapsed_us = 0
        self._worth = {name: _worth(name, level) for name, level in self.levels.items()}
        self._day_ago: tuple[int, Levels] = (0, self.levels)

    def remember(self, hours: Iterable[tuple[int, Levels]]) -> None:
        """Take over what was at earlier full hours, oldest first."""
        self.hours.extend(hours)

    def step(self, stride_us: int, at_us: int) -> None:
        """Let `stride_us` pass, up to `at_us`."""
        phase = self._scenario.phase(self._elapsed_us)
        self._elapsed_us += stride_us
        factor = _shake(_FACTOR, self._dice, stride_us) * phase.shake_pct // 100
        factor += _jump(phase, self._dice, stride_us)
        for asset in ASSETS.values():
            if asset.name != "USD":
                self._move(asset, phase, factor, stride_us)
        if not self.hours or at_us // HOUR_US > self.hours[-1][0] // HOUR_US:
            self.hours.append((at_us, dict(self.levels)))

    def mid(self, symbol: str) -> int:
        """What the base is worth in the quote, in 10^-12."""
        return self._worth[base_of(symbol)] * SCALE // self._worth[quote_of(symbol)]

    def mid_a_day_ago(self, symbol: str, at_us: int) -> int:
        """The same a day before `at_us`, or as long ago as is known."""
        if self._day_ago[0] != at_us // MINUTE_US:
            self._day_ago = (at_us // MINUTE_US, self._levels_at(at_us - DAY_US))
        return mid_of(self._day_ago[1], symbol)

    def _levels_at(self, at_us: int) -> Levels:
        """On the straight line between the known hours around `at_us`; else the oldest known."""
        for (before_us, before), (after_us, after) in pairwise(self.hours):
            if before_us <= at_us < after_us:
                return _between(before, after, at_us - before_us, after_us - before_us)
        return self.hours[0][1] if self.hours else self.levels

    def _move(self, asset: DemoAsset, phase: Phase, factor: int, stride_us: int) -> None:
        level = self.levels[asset.name]
        own = _shake(asset.own_shake, self._dice, stride_us) * phase.shake_pct // 100
        goal, pull = self._goal(asset, phase)
        way = min(pull * stride_us, HOUR_US * MILLION)
        level += (goal - level) * way // (HOUR_US * MILLION)
        level += asset.beta_pct * factor // 100 + own
        self.levels[asset.name] = level
        self._worth[asset.name] = _worth(asset.name, level)

    def _goal(self, asset: DemoAsset, phase: Phase) -> tuple[int, int]:
        if asset.stable:
            return asset.beta_pct * phase.goal // 100, 2 * MILLION
        goal = self._origin[asset.name] + asset.beta_pct * phase.goal // 100
        return max(-HIGHEST_LEVEL, min(HIGHEST_LEVEL, goal)), phase.pull


def opening_levels(dice: SeededDice) -> dict[str, int]:
    """Where a fresh world starts: within a few percent of the catalogue."""
    return {
        name: 0 if asset.stable else 20_000_000 * dice.normal() // NORMAL_ONE
        for name, asset in ASSETS.items()
    }


def past_hours(scenario: Scenario, dice: SeededDice, levels: Levels, hours: int) -> list[Levels]:
    """One level a full hour for every asset, oldest first, `hours` + 1 of them, ending at `levels`.

    A random walk is one backwards too: it starts today and ends where the month began.
    """
    path: list[Levels] = [dict(levels)]
    shake_pct = scenario.phases[-1].shake_pct
    for _ in range(hours):
        factor = _shake(_FACTOR, dice, HOUR_US) * shake_pct // 100 + scenario.past_month // hours
        earlier = {}
        for name, asset in ASSETS.items():
            own = _shake(asset.own_shake, dice, HOUR_US) * shake_pct // 100
            level = path[-1][name] - asset.beta_pct * factor // 100 - own
            earlier[name] = own // 4 if asset.stable else level
        path.append(earlier)
    return path[::-1]


def between_hours(path: Sequence[Levels], hour: int, share_us: int) -> Levels:
    """The levels `share_us` after full hour number `hour` of a path, on the straight line."""
    return _between(path[hour], path[min(hour + 1, len(path) - 1)], share_us, HOUR_US)


def _between(before: Levels, after: Levels, share: int, whole: int) -> Levels:
    return {name: x + (after[name] - x) * share // whole for name, x in before.items()}


def mid_of(levels: Levels, symbol: str) -> int:
    """What the base is worth in the quote at these levels, in 10^-12."""
    base, quote = base_of(symbol), quote_of(symbol)
    return _worth(base, levels[base]) * SCALE // _worth(quote, levels[quote])


def _worth(name: str, level: int) -> int:
    grown = _EXACT_EXPONENTIAL.exp(Decimal(level).scaleb(-9, _EXACT_EXPONENTIAL))
    return int(_EXACT_EXPONENTIAL.multiply(ASSETS[name].usd, grown).scaleb(12, _EXACT_EXPONENTIAL))


def _shake(per_second: int, dice: SeededDice, stride_us: int) -> int:
    """A random walk's stride: its spread grows with the square root of time."""
    return per_second * isqrt(stride_us) * dice.normal() // (1_000 * NORMAL_ONE)


def _jump(phase: Phase, dice: SeededDice, stride_us: int) -> int:
    if not dice.chance(min(MILLION, phase.jumps_per_day * stride_us * MILLION // DAY_US)):
        return 0
    return phase.jump + phase.jump_sd * dice.normal() // NORMAL_ONE
