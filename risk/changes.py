"""What of a wish for other limits may apply at once, and what has to wait.

The one rule: nothing here makes a limit looser. What applies at once is never looser than what
was in force; whatever would be waits as a whole set of limits that a code can put in force.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.money import canonical, number
from risk.limits import looser, strictest
from risk.scoped import AT, DEFAULT, POSITION

Values = Mapping[str, str]
OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """`at_once` is in force from now on; `asked` waits as a whole, for the sake of `waiting`."""

    at_once: Values
    asked: Values
    waiting: tuple[str, ...]


def weigh(in_force: Values, wanted: Values, pending: Values, again: Iterable[str]) -> Weighed:
    """`wanted` against `in_force`; of `pending` the names in `again` are still asked for."""
    at_once = strictest(in_force, wanted)
    asked = overlaid(at_once, pending, again)
    asked = overlaid(asked, wanted, looser(in_force, wanted))
    waiting = looser(at_once, asked)
    return Weighed(at_once=at_once, asked=asked if waiting else {}, waiting=waiting)


def still_asked(in_force: Values, pending: Values, but: Iterable[str] = ()) -> tuple[str, ...]:
    """The names that wait already, without those of a newer wish."""
    newer = set(but)
    return tuple(n for n in looser(in_force, pending) if n not in newer) if pending else ()


def overlaid(values: Values, told: Values, names: Iterable[str]) -> dict[str, str]:
    """`values` with these names as `told` has them: another value, or none."""
    made = dict(values)
    for name in names:
        if name in told:
            made[name] = told[name]
        else:
            made.pop(name, None)
    return made


def changed(in_force: Values, changes: Values) -> dict[str, str]:
    """The limits in force with these changes; `off` takes one away. Names may leave out `default`.

    Raises:
        NotANumber: for a value that is no number.
    """
    wanted = dict(in_force)
    for told, text in changes.items():
        name = full_name(told)
        if text.strip() == OFF:
            wanted.pop(name, None)
        else:
            wanted[name] = canonical(number(text.strip()))
    return wanted


def full_name(told: str) -> str:
    """The name as the ledger has it: a position limit without an asset is that of all others."""
    setting, at, scope = told.strip().partition(AT)
    return f"{POSITION}.{DEFAULT}{at}{scope}" if setting == POSITION else f"{setting}{at}{scope}"


def differences(in_force: Values, told: Values) -> tuple[str, ...]:
    """Each setting in which two sets differ, with both values."""
    names = sorted(in_force.keys() | told.keys())
    return tuple(
        f"{name} is {in_force.get(name, OFF)} in the ledger and {told.get(name, OFF)} in the file"
        for name in names
        if in_force.get(name) != told.get(name)
    )
