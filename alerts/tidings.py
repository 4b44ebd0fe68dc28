"""What of the desk's facts is told to people, in words of our own.

The one rule: no address, tag, link or code leaves with it. A request is named by its id and its
amount; whoever wants to know more looks at the desk.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from domain import controls
from domain import withdrawal_facts as facts
from domain.board import Board
from domain.days import iso
from domain.events import Fact
from domain.halts import Level
from domain.money import canonical
from domain.rulings import Action
from domain.text import clean
from domain.withdrawals import Request, State, VenueStatus

KILL, WITHDRAWALS, ALARMS, ARMING = "kill", "withdrawals", "alarms", "arming"
EVENTS = (KILL, WITHDRAWALS, ALARMS, ARMING)
LONGEST = 240
CRITICAL = "critical"
ALWAYS_TOLD = frozenset({"limits differ"})  # only a warning, and yet somebody changed the file
OWN_ALARM = "webhook "  # how the alarms begin that a webhook itself raises
_ABOUT_MONEY = "withdrawal "  # how those begin whose text may hold an address
_LONG_WORD = re.compile(r"[A-Za-z0-9]{24,}")
_LONGEST_RAW = 2_000
SHORTEST_HIDDEN = 4


@dataclass(frozen=True, slots=True)
class Tiding:
    """One thing to tell: which kind of event, when (UTC microseconds), the ledger's row, words.

    `row` 0: the ledger does not have it.
    """

    event: str
    at_us: int
    row: int
    text: str


def tiding(fact: Fact, board: Board, row: int) -> Tiding | None:
    """What a fact amounts to for somebody who is not looking; None: nothing. `board` has it."""
    known = _TOLD.get(type(fact))
    if known is None:
        return None
    event, tell = known
    text: str = tell(fact, board)
    return Tiding(event, fact.at_us, row, text) if text else None


def safe(text: str, *hidden: str) -> str:
    """Foreign text on one line, short, without what is `hidden` and without any long word.

    An address, a transaction or a token is a word of 24 letters or more; nothing that a person
    needs in a chat is. A tag of one or two digits is no secret, and half of every number.
    """
    shown = clean(text, longest=_LONGEST_RAW)
    for word in map(clean, hidden):
        if len(word) >= SHORTEST_HIDDEN:
            shown = shown.replace(word, "[hidden]")
    return clean(_LONG_WORD.sub("[hidden]", shown), longest=LONGEST)


# Kill switch


def _tripped(fact: controls.HaltTripped, _: Board) -> str:
    killed = "KILL SWITCH TRIPPED" if fact.level >= Level.HALT_CANCEL else "HALTED"
    by = safe(fact.actor)
    return f"{killed}: {fact.level.name} over {safe(fact.scope)} by {by}: {safe(fact.reason)}"


def _verified(fact: controls.HaltVerified, board: Board) -> str:
    return f"KILL VERIFIED{_over(fact.halt_id, board)}: proven in {fact.verified_ms} ms"


def _unverified(fact: controls.HaltUnverified, board: Board) -> str:
    return f"KILL NOT VERIFIED{_over(fact.halt_id, board)}: {safe(fact.reason)}; it goes on"


def _reopened(fact: controls.HaltReopened, board: Board) -> str:
    return f"KILL NOT VERIFIED ANY MORE{_over(fact.halt_id, board)}: {safe(fact.reason)}"


def _released(fact: controls.HaltReleased, board: Board) -> str:
    by = safe(fact.actor)
    return f"kill switch released{_over(fact.halt_id, board)} by {by}: {safe(fact.reason)}"


def _resumed(fact: controls.HaltResumed, _: Board) -> str:
    return f"trading goes on after halt {safe(fact.halt_id)}"


def _over(halt_id: str, board: Board) -> str:
    known = (board.last_halt, *board.halts)
    scope = next((h.scope for h in known if h is not None and h.halt_id == halt_id), "")
    return f" over {safe(scope)}" if scope else ""


def unwritten(reason: str) -> str:
    """Of a halt that stands although the ledger could not take it."""
    return f"KILL SWITCH TRIPPED, and the ledger has not taken it: {safe(reason)}"


# Withdrawals


def _requested(fact: facts.WithdrawalRequested, board: Board) -> str:
    request = board.withdrawals.get(fact.request_id)
    if request is None or request.ruling.action is Action.AUTO:
        return ""  # told when it is sent
    if request.ruling.action is Action.BLOCK:
        return _of(fact, board, f"was blocked by {safe(request.ruling.rule)}", request.problem)
    return _waits(request, board)


def _judged(fact: facts.WithdrawalJudged, board: Board) -> str:
    request = board.withdrawals.get(fact.request_id)
    return _waits(request, board) if request and request.state is State.PENDING else ""


def _waits(request: Request, board: Board) -> str:
    value = request.value
    about = "" if value is None else f" (about {value:,.2f} {board.base_currency})"
    by, until = safe(request.terms.requester), iso(request.expires_us)[:16].replace("T", " ")
    asked = f"asked for by {by}, good until {until} UTC"
    return f"{_named(request)}{about} waits for approval, {asked}"


def _sent(fact: facts.WithdrawalSubmitted, board: Board) -> str:
    return _of(fact, board, "was sent")


def _doubted(fact: facts.WithdrawalInDoubt, board: Board) -> str:
    return _of(fact, board, "IS IN DOUBT, it may have been sent", fact.reason)


def _frozen(fact: facts.WithdrawalFrozen, board: Board) -> str:
    return _of(fact, board, "is frozen", fact.reason)


def _failed(fact: facts.WithdrawalFailed, board: Board) -> str:
    return _of(fact, board, "was not sent", fact.reason or fact.code)


def _lost(fact: facts.WithdrawalUnresolved, board: Board) -> str:
    return _of(fact, board, "IS NOT FOUND at the venue; somebody must look there")


def _reported(fact: facts.WithdrawalReported, board: Board) -> str:
    failed = fact.row.status is VenueStatus.FAILED
    return _of(fact, board, "FAILED at the venue") if failed else ""


def _of(
    fact: facts.WithdrawalRequested | facts.WithdrawalFact, board: Board, what: str, why: str = ""
) -> str:
    request = board.withdrawals.get(fact.request_id)
    if request is None:
        return f"withdrawal {safe(fact.request_id)} {what}"
    terms = request.terms
    told = safe(why, terms.address, terms.tag, terms.destination_name)
    return f"{_named(request)} {what}" + (f": {told}" if told else "")


def _named(request: Request) -> str:
    terms = request.terms
    what = f"{canonical(terms.amount)} {safe(terms.asset)} from {terms.account}"
    return f"withdrawal {request.request_id} of {what}"


# Alarms and arming


def _alarm(fact: controls.AlarmRaised, board: Board) -> str:
    urgent = fact.severity == CRITICAL or fact.alarm in ALWAYS_TOLD
    if not urgent or fact.alarm.startswith(OWN_ALARM):
        return ""
    hidden = [part for r in board.withdrawals.values() for part in (r.terms.address, r.terms.tag)]
    text = fact.text
    if fact.alarm.startswith(_ABOUT_MONEY):
        text = text.partition(": ")[0]  # what follows may be another address than ours
    return f"ALARM: {safe(text, *hidden)}"


def _armed(fact: controls.Armed, board: Board) -> str:
    return (
        f"{board.mode.value} ARMED by {safe(fact.actor)}: orders may leave ({safe(fact.account)})"
    )


def _disarmed(fact: controls.Disarmed, board: Board) -> str:
    return f"{board.mode.value} disarmed by {safe(fact.actor)}: {safe(fact.reason)}"


_TOLD: dict[type[Fact], tuple[str, Callable[[Any, Board], str]]] = {
    controls.HaltTripped: (KILL, _tripped),
    controls.HaltVerified: (KILL, _verified),
    controls.HaltUnverified: (KILL, _unverified),
    controls.HaltReopened: (KILL, _reopened),
    controls.HaltReleased: (KILL, _released),
    controls.HaltResumed: (KILL, _resumed),
    facts.WithdrawalRequested: (WITHDRAWALS, _requested),
    facts.WithdrawalJudged: (WITHDRAWALS, _judged),
    facts.WithdrawalSubmitted: (WITHDRAWALS, _sent),
    facts.WithdrawalInDoubt: (WITHDRAWALS, _doubted),
    facts.WithdrawalFrozen: (WITHDRAWALS, _frozen),
    facts.WithdrawalFailed: (WITHDRAWALS, _failed),
    facts.WithdrawalUnresolved: (WITHDRAWALS, _lost),
    facts.WithdrawalReported: (WITHDRAWALS, _reported),
    controls.AlarmRaised: (ALARMS, _alarm),
    controls.Armed: (ARMING, _armed),
    controls.Disarmed: (ARMING, _disarmed),
}
