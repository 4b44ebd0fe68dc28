"""The five families of error, named by what is done about them.

    DeskError
    ├── Refused(rule, reason)          a rule said no: record the denial, never retry
    ├── Unavailable(who, why)          nothing happened there: back off and retry
    ├── InDoubt(reference, why)        it may have happened: record, look up, reconcile
    ├── Misconfigured(where, hint)     the operator must mend it: refuse to start, say how
    └── Corrupt(what)                  a fact contradicts a fact: stop, keep the evidence

The operation decides the family, not the foreign exception: a timeout on a read is
`Unavailable`, the same timeout on a create is `InDoubt`. A message says what happened, the
number, and what to do.
"""


class DeskError(Exception):
    """Any error that Quarterdeck names; `exit_status` follows sysexits(3) and decisions.md."""

    exit_status = 70


class Refused(DeskError):
    """A rule said no. `rule` is the setting's or rule's name, `reason` has the numbers."""

    exit_status = 77

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(f"Refused by {rule}: {reason}")
        self.rule = rule
        self.reason = reason


class Unavailable(DeskError):
    """Nothing happened at `who`; asking again after `retry_after_us` is harmless.

    `remedy` says what a person can do about it, where anything can be done.
    """

    exit_status = 69

    def __init__(self, who: str, why: str, *, retry_after_us: int = 0, remedy: str = "") -> None:
        super().__init__(f"{who} is not available: {why}")
        self.who = who
        self.why = why
        self.retry_after_us = retry_after_us
        self.remedy = remedy


class InDoubt(DeskError):
    """It may have happened: `reference` (a client order id) must be looked up, never resent."""

    exit_status = 75

    def __init__(self, reference: str, why: str) -> None:
        super().__init__(f"outcome of {reference} is not known yet: {why}")
        self.reference = reference
        self.why = why


class Misconfigured(DeskError):
    """A setting is wrong: `where` names file, line and key; `hint` says what to write."""

    exit_status = 78

    def __init__(self, where: str, hint: str) -> None:
        super().__init__(f"{where}: {hint}")
        self.where = where
        self.hint = hint


class Corrupt(DeskError):
    """A fact contradicts a fact; nothing may go on until a person has looked at `what`."""

    exit_status = 70

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


FAMILIES: tuple[type[DeskError], ...] = (Refused, Unavailable, InDoubt, Misconfigured, Corrupt)


def causes(error: BaseException | None) -> list[BaseException]:
    """An error and whatever stands behind it, the outermost first."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
