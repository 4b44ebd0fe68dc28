"""The rows behind a table: filtered, sorted, with a cursor that stays on its row.

The one rule: a row is known by its key. However rows come and go, the cursor and the marks
stay with the rows they were put on, not with the places.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Rows(Generic[T]):
    """All rows, and the ones in view in their order."""

    def __init__(self, key: Callable[[T], str], words: Callable[[T], str]) -> None:
        self.key = key
        self.marks: set[str] = set()
        self.view: list[T] = []
        self.cursor = 0
        self.total = 0
        self.follow: bool = False
        self.newest_last: bool = False
        self._words = words
        self._all: Sequence[T] = ()
        self._wanted: tuple[str, ...] = ()
        self._sort: Callable[[T], Any] | None = None
        self._backwards = False
        self._known_words: dict[str, tuple[T, str]] = {}

    @property
    def current(self) -> T | None:
        """The row under the cursor."""
        return self.view[self.cursor] if self.view else None

    @property
    def marked(self) -> list[T]:
        """The marked rows in view, else the row under the cursor."""
        marked = [row for row in self.view if self.key(row) in self.marks]
        return marked or ([self.current] if self.current is not None else [])

    def put(self, rows: Sequence[T]) -> None:
        """Show these rows from now on."""
        self._all = rows
        self.total = len(rows)
        self._arrange()

    def search(self, text: str) -> None:
        """Keep only rows that hold every word of `text`, whatever the case."""
        self._wanted = tuple(text.lower().split())
        self._arrange()

    def sort_by(self, sort: Callable[[T], Any] | None, *, backwards: bool) -> None:
        """Sort by this from now on; None keeps the order in which rows are given."""
        self._sort = sort
        self._backwards = backwards
        self._arrange()

    def move_to(self, place: int) -> None:
        """Put the cursor on a place, as near as there are rows."""
        self.cursor = min(max(0, place), max(0, len(self.view) - 1))

    def toggle_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away."""
        if self.current is not None:
            self.marks ^= {self.key(self.current)}

    def _arrange(self) -> None:
        current = self.current
        here = None if current is None else self.key(current)
        view = self._matching() if self._wanted else list(self._all)
        if self._sort is not None:
            view.sort(key=self._sort, reverse=self._backwards)
        elif self._backwards:
            view.reverse()
        self.view = view
        if self.marks:
            self.marks &= {self.key(row) for row in self._all}
        if self.follow:
            self.move_to(len(view) if self.newest_last else 0)
        else:
            self._find(here)

    def _find(self, here: str | None) -> None:
        self.move_to(self.cursor)
        if here is not None and self.current is not None and self.key(self.current) == here:
            return
        for place, row in enumerate(self.view):
            if self.key(row) == here:
                self.cursor = place
                return

    def _matching(self) -> list[T]:
        known, self._known_words = self._known_words, {}
        found = []
        for row in self._all:
            key = self.key(row)
            seen = known.get(key)
            words = seen[1] if seen and seen[0] is row else self._words(row).lower()
            self._known_words[key] = (row, words)
            if all(word in words for word in self._wanted):
                found.append(row)
        return found
