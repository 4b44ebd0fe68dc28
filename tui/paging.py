"""Pages of history joined into one run of rows, the newest first, without a hole in it.

The one rule: what is shown as one table is contiguous. A newest page that does not reach the
rows already read starts the run anew; rows found by a search are kept apart from the run.
"""

from collections.abc import Iterable
from typing import Generic, TypeVar

Place = tuple[int, int]
T = TypeVar("T")


class Paged(Generic[T]):
    """Rows by their place in the order that is read: what it goes by, then the ledger number."""

    def __init__(self) -> None:
        self.older = False
        self._run: dict[Place, T] = {}
        self._found: dict[Place, T] = {}

    @property
    def oldest(self) -> int:
        """The ledger number of the last row of the run; 0 when there is none."""
        return self._last[1]

    @property
    def _last(self) -> Place:
        return min(self._run, default=(0, 0))

    def put(self, rows: Iterable[tuple[Place, T]], *, older: bool) -> None:
        """Add a page of the run; `older` says whether rows below it exist."""
        page = dict(rows)
        if not page:
            self.older = False  # whatever it says: below an empty page there is nothing to ask for
            return
        reaches = bool(page.keys() & self._run.keys()) or max(page) < self._last
        if self._run and not reaches:
            self._run = {}
        self._run |= page
        if min(page) == self._last:
            self.older = older

    def found(self, rows: Iterable[tuple[Place, T]]) -> None:
        """Keep what a search found, in place of what the search before it found."""
        self._found = dict(rows)

    def rows(self) -> list[T]:
        """The run and what was found, the newest first."""
        every = self._run | self._found
        return [every[number] for number in sorted(every, reverse=True)]
