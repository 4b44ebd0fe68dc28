"""Records that say the same again and again: written once in ten seconds, and counted.

The one rule: nothing is lost without a count, and what is kept is bounded.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from cli.log_records import Entry

SAME_WITHIN_US = 10_000_000
MOST_KINDS = 1_000


@dataclass(slots=True)
class _Window:
    first: Entry
    begun_us: int
    held: int = 0
    newest_us: int = 0

    def summary(self) -> list[Entry]:
        """The first record again, for those that were held back after it."""
        again = replace(self.first, at_us=self.newest_us, repeated=self.held)
        return [again] if self.held else []


class Repeats:
    """Holds back records that say the same again within ten seconds, and counts them.

    What was held back is told with the next record of its kind or, when none comes, by a
    summary once the window is over.
    """

    def __init__(self) -> None:
        self._windows: OrderedDict[int, _Window] = OrderedDict()

    def admitted(self, key: int, make: Callable[[], Entry], now: tuple[int, int]) -> list[Entry]:
        """The records to write now, oldest first; `make` is called when this one is among them.

        `now` is wall clock and monotonic clock, in microseconds.
        """
        at_us, monotonic_us = now
        window = self._windows.get(key)
        if window is not None and monotonic_us - window.begun_us < SAME_WITHIN_US:
            window.held += 1
            window.newest_us = at_us
            return []
        held = self._windows.pop(key).held if window else 0
        told = self._ended(monotonic_us)
        entry = replace(make(), repeated=held)
        self._windows[key] = _Window(entry, monotonic_us)
        return [*told, entry]

    def rest(self) -> list[Entry]:
        """Everything that is held back, when there is no later."""
        windows = list(self._windows.values())
        self._windows.clear()
        return [entry for window in windows for entry in window.summary()]

    def _ended(self, monotonic_us: int) -> list[Entry]:
        told: list[Entry] = []
        while self._windows:
            window = next(iter(self._windows.values()))
            over = monotonic_us - window.begun_us >= SAME_WITHIN_US
            if not over and len(self._windows) < MOST_KINDS:
                break
            self._windows.popitem(last=False)
            told += window.summary()
        return told
