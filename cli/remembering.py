"""A fresh demo desk learns what its units had cost, so that its first figures are whole.

The one rule: only a demo book, only once, and as facts with their source: a real book learns
costs from its owner alone (`quarterdeck claim`, `import-prices`).
"""

import asyncio
from itertools import chain
from typing import TYPE_CHECKING

from domain.ports import Clock
from engine.desk import Desk
from engine.engine import Engine

if TYPE_CHECKING:  # only the demo loads its market
    from venues.demo_story import Story


class Remembering:
    """Tells the demo's story when the engine is ready; `done` is set afterwards."""

    def __init__(self, desk: Desk, engine: Engine, story: "Story", clock: Clock) -> None:
        self._desk = desk
        self._engine = engine
        self._story = story
        self._clock = clock
        self.done = asyncio.Event()

    async def run(self) -> None:
        """Once, as soon as the opening balances are in the book."""
        await self._engine.ready.wait()
        parts = self._engine.parts
        if parts is not None:
            known = await parts.lots.ask(lambda live: [fact for _, fact in live.rows])
            if all(fact.actor != self._story.actor for fact in known):
                at_us = self._clock.now_us()
                costs = chain.from_iterable(self._story.costs(fact, at_us) for fact in known)
                await self._desk.record(*self._story.prices(at_us), *costs)
        self.done.set()
