"""The fold's half for control facts: limits, arming, halts, codes, breaks, alarms.

The one rule: a halt on the board only goes up, until `HaltReleased` says otherwise.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from domain import controls, drills
from domain.board import Alarm, Board, Break, Phase
from domain.halts import Evidence, Halt, HaltState, Level
from domain.instruments import Account
from domain.keys import KeyView, key_of

NEWEST_ALARMS = 50

# Limits and arming


def _limits_approved(board: Board, fact: controls.LimitsApproved) -> Board:
    return board.but(limits=fact.values, limits_version=fact.version, limits_pending={})


def _limits_proposed(board: Board, fact: controls.LimitsProposed) -> Board:
    return board.but(limits_pending=fact.values)


def _limits_withdrawn(board: Board, _: controls.LimitsWithdrawn) -> Board:
    return board.but(limits_pending={})


def _armed(board: Board, _: controls.Armed) -> Board:
    # The phase is the process's own: one that reads its past, or drains, is not opened by it.
    phase = Phase.ARMED if board.phase is Phase.READY else board.phase
    return board.but(armed=True, phase=phase)


def _disarmed(board: Board, _: controls.Disarmed) -> Board:
    phase = Phase.READY if board.phase is Phase.ARMED else board.phase
    return board.but(armed=False, phase=phase)


# Kill switch


def _tripped(board: Board, fact: controls.HaltTripped) -> Board:
    standing = next((halt for halt in board.halts if halt.scope == fact.scope), None)
    if standing is None:
        halt = Halt(
            halt_id=fact.halt_id,
            level=fact.level,
            reason=fact.reason,
            actor=fact.actor,
            at_us=fact.at_us,
            state=_begun(fact.level),
            scope=fact.scope,
        )
        return board.but(halts=(*board.halts, halt), last_halt=halt)
    higher = fact.level > standing.level or standing.state is HaltState.RESUMING
    level = max(standing.level, fact.level)
    again = replace(
        standing,
        level=level,
        trips=standing.trips + 1,
        state=_begun(level) if higher else standing.state,
        evidence=() if higher else standing.evidence,
        verified=standing.verified and not higher,
    )
    return _with_halt(board, again)


def _begun(level: Level) -> HaltState:
    """Levels 1 and 2 hold at once; what level 1 cancels is a job beside (semantics 3.2)."""
    return HaltState.HALTED if level <= Level.HALT else HaltState.HALTING


def _with_halt(board: Board, changed: Halt) -> Board:
    halts = tuple(changed if h.halt_id == changed.halt_id else h for h in board.halts)
    last = changed if board.last_halt and board.last_halt.halt_id == changed.halt_id else None
    return board.but(halts=halts, last_halt=last or board.last_halt)


def _halt(board: Board, halt_id: str, **changes: Any) -> Board:
    for halt in board.halts:
        if halt.halt_id == halt_id:
            return _with_halt(board, replace(halt, **changes))
    return board


def _evidenced(board: Board, fact: controls.HaltEvidenced) -> Board:
    for halt in board.halts:
        if halt.halt_id == fact.halt_id:
            kept = tuple(e for e in halt.evidence if e.account != fact.evidence.account)
            evidence = tuple(sorted((*kept, fact.evidence), key=_by_account))
            return _with_halt(board, replace(halt, evidence=evidence))
    return board


def _by_account(evidence: Evidence) -> Account:
    return evidence.account


def _working(board: Board, halt_id: str, **changes: Any) -> Board:
    """What a cancel-all tells; a halt that was released meanwhile hears it no more."""
    released = any(h.halt_id == halt_id and h.state is HaltState.RESUMING for h in board.halts)
    return board if released else _halt(board, halt_id, **changes)


def _verified(board: Board, fact: controls.HaltVerified) -> Board:
    if any(h.halt_id == fact.halt_id and h.level > fact.level for h in board.halts):
        return board  # raised while it was being proven: what that cancels is not proven yet
    return _working(board, fact.halt_id, state=HaltState.HALTED, verified=True)


def _unverified(board: Board, fact: controls.HaltUnverified) -> Board:
    return _working(board, fact.halt_id, state=HaltState.HALTED_UNVERIFIED)


def _reopened(board: Board, fact: controls.HaltReopened) -> Board:
    return _working(board, fact.halt_id, state=HaltState.HALTING, evidence=(), verified=False)


def _flattened(board: Board, fact: controls.HaltFlattened) -> Board:
    told = fact.flattening
    for halt in board.halts:
        if halt.halt_id == fact.halt_id:
            kept = [known for known in halt.flattened if known.account != told.account]
            flattened = tuple(sorted((*kept, told), key=lambda known: known.account))
            return _with_halt(board, replace(halt, flattened=flattened))
    return board


def _released(board: Board, fact: controls.HaltReleased) -> Board:
    if any(h.halt_id == fact.halt_id and h.trips > fact.trips for h in board.halts):
        return board  # tripped again while it was being released
    return _halt(board, fact.halt_id, state=HaltState.RESUMING, resumed_us=fact.at_us)


def _resumed(board: Board, fact: controls.HaltResumed) -> Board:
    def over(halt: Halt) -> bool:
        return halt.halt_id == fact.halt_id and (not fact.trips or halt.trips <= fact.trips)

    return board.but(halts=tuple(halt for halt in board.halts if not over(halt)))


def _drilled(board: Board, fact: drills.DrillCompleted) -> Board:
    return board.but(drilled_us=fact.at_us) if fact.proven else board


# Keys and accounts


def _audited(board: Board, fact: controls.KeyAudited) -> Board:
    view = KeyView(
        account=fact.account,
        purpose=fact.purpose,
        report=fact.report,
        findings=fact.findings,
        at_us=fact.at_us,
    )
    return board.but(keys=board.keys.put(key_of(fact.account, fact.purpose), view))


def _bound(board: Board, fact: controls.AccountBound) -> Board:
    return board.but(uids=board.uids.put(fact.account, fact.uid))


# Attention


def _enrolled(board: Board, fact: controls.CodeEnrolled) -> Board:
    return board.but(enrolled=tuple(sorted({*board.enrolled, fact.operator})))


def _break_opened(board: Board, fact: controls.BreakOpened) -> Board:
    opened = Break(
        break_id=fact.break_id,
        kind=fact.kind,
        account=fact.account,
        detail=fact.detail,
        at_us=fact.at_us,
        value=fact.value,
    )
    kept = tuple(known for known in board.breaks if known.break_id != fact.break_id)
    return board.but(breaks=(*kept, opened))


def _break_closed(board: Board, fact: controls.BreakClosed) -> Board:
    kept = tuple(known for known in board.breaks if known.break_id != fact.break_id)
    return board.but(breaks=kept)


def _alarm_raised(board: Board, fact: controls.AlarmRaised) -> Board:
    same = next((alarm for alarm in board.alarms if alarm.alarm == fact.alarm), None)
    alarm = Alarm(
        alarm=fact.alarm,
        severity=fact.severity,
        text=fact.text,
        at_us=fact.at_us,
        count=1 if same is None else same.count + 1,
    )
    others = tuple(known for known in board.alarms if known.alarm != fact.alarm)
    return board.but(alarms=(alarm, *others)[:NEWEST_ALARMS])


def _alarm_acknowledged(board: Board, fact: controls.AlarmAcknowledged) -> Board:
    alarms = tuple(
        replace(a, acknowledged=True) if fact.alarm in ("", a.alarm) else a for a in board.alarms
    )
    return board.but(alarms=alarms)


CONTROLS: dict[type, Callable[[Board, Any], Board]] = {
    controls.LimitsApproved: _limits_approved,
    controls.LimitsProposed: _limits_proposed,
    controls.LimitsWithdrawn: _limits_withdrawn,
    controls.Armed: _armed,
    controls.Disarmed: _disarmed,
    controls.HaltTripped: _tripped,
    controls.HaltEvidenced: _evidenced,
    controls.HaltVerified: _verified,
    controls.HaltUnverified: _unverified,
    controls.HaltReopened: _reopened,
    controls.HaltFlattened: _flattened,
    controls.HaltReleased: _released,
    controls.HaltResumed: _resumed,
    drills.DrillCompleted: _drilled,
    controls.CodeEnrolled: _enrolled,
    controls.KeyAudited: _audited,
    controls.AccountBound: _bound,
    controls.BreakOpened: _break_opened,
    controls.BreakClosed: _break_closed,
    controls.AlarmRaised: _alarm_raised,
    controls.AlarmAcknowledged: _alarm_acknowledged,
}
