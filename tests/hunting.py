"""How planted bugs are looked for: the same examples in every run, and no shrinking of finds."""

from hypothesis import HealthCheck, Phase, settings


def hunt(examples: int, *phases: Phase, steps: int = 50) -> settings:
    """So many examples of (for a state machine) so many steps; without phases: only looked for."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=True,
        database=None,
        deadline=None,
        phases=phases or (Phase.generate,),
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
