"""The market scenarios of the demo desk (R-D8): bull, bear, crash, sideways, volatile.

The one rule: a scenario is a list of phases and nothing else knows what kind of market it is.
In each phase every asset is pulled towards a goal while it shakes, so even a demo that runs
for months stays at believable prices. Logarithms are in billionths (`nano`): 10,000,000 is
about one percent.
"""

from dataclasses import dataclass

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

_FOREVER_US = 10**18


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What the market does until `until_us` after the scenario began.

    `goal` is where it is pulled to, in nano-log against where the scenario began; `pull` how
    much of the way it goes an hour, in millionths; `shake_pct` the volatility against a calm
    day's. Jumps of `jump` (mean) ± `jump_sd` nano-log strike `jumps_per_day` times.
    """

    until_us: int = _FOREVER_US
    goal: int = 0
    pull: int = 0
    shake_pct: int = 100
    jumps_per_day: int = 0
    jump: int = 0
    jump_sd: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A name, one sentence for people, what the past month brought (nano-log), its phases."""

    name: str
    summary: str
    past_month: int
    phases: tuple[Phase, ...]

    def phase(self, elapsed_us: int) -> Phase:
        """The phase that rules `elapsed_us` after the beginning."""
        return next(phase for phase in self.phases if elapsed_us < phase.until_us)


_CRASH = (
    Phase(until_us=MINUTE_US),
    # Nine tenths of the fall happen within the 45 s: 240 times the whole way an hour.
    Phase(
        until_us=105 * SECOND_US,
        goal=-220_000_000,
        pull=240_000_000,
        shake_pct=700,
    ),
    Phase(
        until_us=25 * MINUTE_US,
        goal=-190_000_000,
        pull=600_000,
        shake_pct=450,
        jumps_per_day=1_440,
        jump=-4_000_000,
        jump_sd=6_000_000,
    ),
    Phase(goal=-150_000_000, pull=30_000, shake_pct=200, jumps_per_day=24, jump_sd=4_000_000),
)

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            name="sideways",
            summary="prices swing around where they are",
            past_month=10_000_000,
            phases=(Phase(pull=800_000, shake_pct=80),),
        ),
        Scenario(
            name="bull",
            summary="a steady climb, about 1.5 % an hour at first",
            past_month=180_000_000,
            phases=(Phase(goal=400_000_000, pull=40_000),),
        ),
        Scenario(
            name="bear",
            summary="a steady decline, about 1.5 % an hour at first",
            past_month=-160_000_000,
            phases=(Phase(goal=-400_000_000, pull=40_000, shake_pct=120),),
        ),
        Scenario(
            name="crash",
            summary="one calm minute, then a fifth lost within a minute, then aftershocks",
            past_month=60_000_000,
            phases=_CRASH,
        ),
        Scenario(
            name="volatile",
            summary="three times the usual swings, and jumps both ways",
            past_month=0,
            phases=(Phase(pull=60_000, shake_pct=300, jumps_per_day=480, jump_sd=4_000_000),),
        ),
    )
}
