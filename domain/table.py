"""An immutable map that is cheap to change: the board's large slices are made of it.

A dictionary copied whole costs O(n) a change; here the entries are spread over small buckets
and a change copies one bucket and the list of buckets. Old versions stay valid, so a screen
in another thread reads a board that nobody can change under it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_FULL = 32  # entries a bucket holds on average before the table spreads wider
_SPREAD = 4


class Table(Mapping[K, V], Generic[K, V]):
    """A mapping whose `put` and `drop` answer a new table and leave the old one as it was."""

    __slots__ = ("_buckets", "_size")

    def __init__(self, entries: Mapping[K, V] | None = None) -> None:
        self._buckets: tuple[dict[K, V], ...] = ({},)
        self._size = 0
        if entries:
            self._buckets = _spread(entries.items(), _buckets_for(len(entries)))
            self._size = len(entries)

    def put(self, key: K, value: V) -> "Table[K, V]":
        """A table that also holds `key: value`; O(√n) for realistic sizes."""
        buckets = self._buckets
        place = hash(key) & (len(buckets) - 1)
        bucket = buckets[place].copy()
        size = self._size + (key not in bucket)
        bucket[key] = value
        if size > _FULL * len(buckets):
            wide = len(buckets) * _SPREAD
            return _made(_spread([*self.items(), (key, value)], wide), size)
        return _made((*buckets[:place], bucket, *buckets[place + 1 :]), size)

    def drop(self, key: K) -> "Table[K, V]":
        """A table without `key`; the same table if it was not there."""
        buckets = self._buckets
        place = hash(key) & (len(buckets) - 1)
        if key not in buckets[place]:
            return self
        bucket = buckets[place].copy()
        del bucket[key]
        return _made((*buckets[:place], bucket, *buckets[place + 1 :]), self._size - 1)

    def changed_since(self, old: "Table[K, V]") -> tuple[dict[K, V], list[K]]:
        """What to put and what to drop to turn `old` into this table."""
        if len(old._buckets) == len(self._buckets):
            pairs = zip(old._buckets, self._buckets, strict=True)
        else:
            pairs = zip([dict(old)], [dict(self)], strict=True)
        put: dict[K, V] = {}
        dropped: list[K] = []
        for before, after in pairs:
            if before is after:
                continue
            put.update((k, v) for k, v in after.items() if k not in before or before[k] is not v)
            dropped.extend(k for k in before if k not in after)
        return put, dropped

    def __getitem__(self, key: K) -> V:
        return self._buckets[hash(key) & (len(self._buckets) - 1)][key]

    def __iter__(self) -> Iterator[K]:
        for bucket in self._buckets:
            yield from bucket

    def __len__(self) -> int:
        return self._size

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, Mapping):
            return dict(self) == dict(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset(self))

    def __repr__(self) -> str:
        return f"Table({dict(self)!r})"


def _made(buckets: tuple[dict[K, V], ...], size: int) -> Table[K, V]:
    table: Table[K, V] = Table.__new__(Table)
    table._buckets = buckets
    table._size = size
    return table


def _buckets_for(size: int) -> int:
    count = 1
    while size > _FULL * count:
        count *= _SPREAD
    return count


def _spread(entries: Iterable[tuple[K, V]], count: int) -> tuple[dict[K, V], ...]:
    buckets: tuple[dict[K, V], ...] = tuple({} for _ in range(count))
    for key, value in entries:
        buckets[hash(key) & (count - 1)][key] = value
    return buckets
