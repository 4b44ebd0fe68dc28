"""What the pits of a paper venue must know again after a restart, besides orders and money.

The one rule: where an order stands and which trades have counted are written together, so that
after a crash the trades since then are asked for again and count once. They are written with
whatever else is, and by themselves every few seconds: a trade that filled nobody is not worth
a line of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from domain.market import Depth
from domain.ports import Clock
from venues.paper_pit import Cursor, PaperPit
from venues.paper_queue import Place
from venues.paper_state import Saved

TAKEN_FOR_US = 600_000_000  # so long what was taken of a live book outlasts a restart
EVERY_US = 5_000_000


@dataclass(frozen=True, slots=True)
class Notes:
    """What the state file is told: `taken` of live books, places of orders, cursors."""

    taken: tuple[Depth, ...] = ()
    places: tuple[Place, ...] = ()
    cursors: tuple[Cursor, ...] = ()


@dataclass(slots=True)
class PitMemory:
    """Remembers for the pits, and knows what the state file has been told."""

    pits: Mapping[str, PaperPit]
    clock: Clock
    _taken: dict[str, Depth] = field(default_factory=dict, init=False)
    _places: dict[str, Place] = field(default_factory=dict, init=False)
    _cursors: dict[str, Cursor] = field(default_factory=dict, init=False)
    _written_us: int = field(default=0, init=False)

    def take_up(self, saved: Saved) -> None:
        """Know what a state file tells."""
        since_us = self.clock.now_us() - TAKEN_FOR_US
        self._taken = {s: taken for s, taken in saved.taken.items() if taken.at_us > since_us}
        self._places = saved.places
        self._cursors = dict(saved.cursors)

    def remind(self, pit: PaperPit, order_ids: frozenset[str]) -> None:
        """Tell a new pit what was; `order_ids` are the orders that work in it."""
        symbol = pit.instrument.symbol
        if symbol in self._taken:
            pit.remember(self._taken[symbol])
        pit.cursor = self._cursors.get(symbol)
        for order_id in order_ids & self._places.keys():
            pit.queues.restore(self._places[order_id])

    def news(self, *, along: bool) -> Notes:
        """What the file is to be told now; `along` with a line that is written anyway."""
        pits = self.pits.values()
        is_due = self.clock.monotonic_us() - self._written_us >= EVERY_US
        if not (along or is_due or any(pit.took for pit in pits)):
            return Notes()
        self._written_us = self.clock.monotonic_us()
        places = tuple(place for pit in pits for place in pit.queues.take_news())
        return Notes(tuple(self._newly_taken()), places, self._moved())

    def whole(self) -> Notes:
        """All of it."""
        pits = self.pits.values()
        places = tuple(place for pit in pits for place in pit.queues.places.values())
        self._moved()
        return Notes(tuple(self._taken.values()), places, tuple(self._cursors.values()))

    def _newly_taken(self) -> Iterator[Depth]:
        for symbol, pit in self.pits.items():
            if pit.took or pit.faded:
                pit.took = pit.faded = False
                self._taken[symbol] = pit.remembered(self.clock.now_us())
                yield self._taken[symbol]

    def _moved(self) -> tuple[Cursor, ...]:
        """The cursors that the file has not been told."""
        now = {pit.instrument.symbol: pit.cursor for pit in self.pits.values() if pit.cursor}
        moved = {symbol: at for symbol, at in now.items() if self._cursors.get(symbol) != at}
        self._cursors.update(moved)
        return tuple(moved.values())
