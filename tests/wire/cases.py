"""A spoiled reply and what it becomes inside ccxt: the same table for every venue's tests."""

from dataclasses import dataclass, field

LIVE, GONE = True, False
HOSTILE = "\x1b]52;c;aGk=\x07[/][@click=app.quit]\u202etfil\u202c\x00"


@dataclass(frozen=True)
class Case:
    """A fault, the class of exception it becomes (None: none), and whether the order lives."""

    kind: str
    error: type[BaseException] | None
    alive: bool
    how: dict[str, object] = field(default_factory=dict)


def named(case: Case) -> str:
    """What a test that runs over cases calls each."""
    return f"{case.kind}-{case.how.get('status') or case.how.get('text') or ''}-{case.alive}"
