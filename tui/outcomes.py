"""How an ask that failed is told: the five families, in the words of architecture.md.

The one rule: a person always reads what happened, what did not, and what to do. What is not
one of the five is told by its type alone, because a foreign message may hold a secret.
"""

from dataclasses import dataclass
from typing import Any

from domain.asks import (
    ApproveLimits,
    Arm,
    Ask,
    CancelAll,
    CancelLimits,
    CancelOrder,
    MarkLost,
    ModifyOrder,
    Release,
    SetLimits,
    SubmitOrder,
    Trip,
)
from domain.errors import Corrupt, InDoubt, Misconfigured, Refused, Unavailable
from domain.text import clean

# What may have happened though nobody answered; everything else only reads, or is harmless.
ACTS = (
    SubmitOrder, ModifyOrder, CancelOrder, CancelAll, MarkLost, Release, Arm, Trip,
    SetLimits, ApproveLimits, CancelLimits,
)  # fmt: skip

_ENGINE = "engine"  # who is not available while it starts, or when it is gone


@dataclass(frozen=True, slots=True)
class Failure:
    """An ask that was not answered as hoped; `tone` is `warn`, `halt` or `stale`."""

    family: str
    text: str
    tone: str

    @property
    def grave(self) -> bool:
        """Whether it needs the whole screen rather than a toast."""
        return self.family == Corrupt.__name__


def failure(error: BaseException, ask: Ask[Any]) -> Failure:
    """What to tell of an error that came back from the desk."""
    match error:
        case Refused():
            told = _told("Refused", f"Refused by {error.rule}: {error.reason}", "warn")
        case TimeoutError():
            told = unanswered(ask)
        case Unavailable():
            told = _told("Unavailable", _not_there(error))
        case InDoubt():
            text = f"Unconfirmed: {error.reference} is being looked up ({error.why})"
            told = _told("InDoubt", text)
        case Misconfigured():
            told = _told("Misconfigured", f"Set-up: {error.where}: {error.hint}", "warn")
        case Corrupt():
            told = _told("Corrupt", f"Stopped: {error.what}", "halt")
        case _:
            text = f"The desk failed with {type(error).__name__}; the log has the details"
            told = _told("Fault", text, "halt")
    return told


def _not_there(error: Unavailable) -> str:
    remedy = f": {error.remedy}" if error.remedy else ""
    if error.who == _ENGINE:
        return f"The engine does not answer ({error.why}){remedy}"
    return f"Reconnecting: {error.who} is not available ({error.why}){remedy}"


def unanswered(ask: Ask[Any]) -> Failure:
    """What to tell when the desk did not answer in time."""
    if isinstance(ask, ACTS):
        name = type(ask).__name__
        text = f"Unconfirmed: no answer to {name} in time; see the screen for what became of it"
        return _told("InDoubt", text)
    return _told("Unavailable", "Reconnecting: the engine did not answer in time")


def _told(family: str, text: str, tone: str = "stale") -> Failure:
    return Failure(family, clean(text, longest=600), tone)
