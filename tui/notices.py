"""What the console notices by itself: new alarms, repeated toasts, an engine that went silent.

The one rule: time comes in; nothing here looks at a clock.
"""

from collections.abc import Iterator

from domain.board import Board

_QUIET_US = 60_000_000
_MOST_KEPT = 500
_ASLEEP_US = 1_000_000
_SEVERITY = {"critical": "error", "warning": "warning"}


class Quiet:
    """Lets the same thing be said once in 60 s."""

    def __init__(self) -> None:
        self._said_us: dict[str, int] = {}

    def may_say(self, key: str, now_us: int) -> bool:
        """Whether `key` was not said in the last 60 s (monotonic microseconds)."""
        said_us = self._said_us.get(key)
        if said_us is not None and now_us - said_us < _QUIET_US:
            return False
        if len(self._said_us) > _MOST_KEPT:
            self._said_us.clear()
        self._said_us[key] = now_us
        return True


class AlarmWatch:
    """Tells each alarm once when it is raised, and again when it is raised again."""

    def __init__(self, board: Board) -> None:
        self._known = {(a.alarm, a.count) for a in board.alarms}
        self._alarms = board.alarms

    def fresh(self, board: Board) -> Iterator[tuple[str, str, str]]:
        """(severity of the toast, text, key) of every alarm that is new."""
        if board.alarms is self._alarms:
            return
        self._alarms = board.alarms
        known, self._known = self._known, {(a.alarm, a.count) for a in board.alarms}
        for alarm in board.alarms:
            if not alarm.acknowledged and (alarm.alarm, alarm.count) not in known:
                severity = _SEVERITY.get(alarm.severity, "information")
                yield severity, alarm.text, f"alarm:{alarm.alarm}"


class Pulse:
    """Watches whether the engine's board moves (monotonic microseconds)."""

    def __init__(self, silent_ms: int) -> None:
        self._silent_us = silent_ms * 1_000
        self._beat = (-1, -1)
        self._moved_us = 0
        self._asked_us = 0

    def silent(self, board: Board, now_us: int) -> bool:
        """Whether neither version nor time of the board has moved for too long.

        When the console itself slept (a suspended terminal, a closed lid) the wait starts anew:
        it cannot tell who was silent.
        """
        beat = (board.version, board.now_us)
        slept = now_us - self._asked_us > max(_ASLEEP_US, self._silent_us // 2)
        self._asked_us = now_us
        if beat != self._beat or slept:
            self._beat = beat
            self._moved_us = now_us
        return now_us - self._moved_us > self._silent_us
