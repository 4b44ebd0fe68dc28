"""The trading floor: what every part of the engine that deals with orders shares.

The one rule: the floor holds; it decides nothing.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from domain.errors import Refused
from domain.orders import OrderState
from domain.ports import Clock, Dice
from domain.storage_ports import HaltMarker
from engine.connections import Connections
from engine.desk import Desk
from engine.door import Door
from engine.settings import EngineSettings
from engine.stop import Stop
from engine.supervise import Crew

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What every part that deals with orders needs."""

    desk: Desk
    door: Door
    connections: Connections
    stop: Stop
    marker: HaltMarker
    clock: Clock
    dice: Dice
    settings: EngineSettings
    crew: Crew

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> "asyncio.Future[T]":
        """Run `work` in the crew; its answer or DeskError is in the future."""
        return self.crew.spawn(work, name)

    def run(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Future[None]":
        """Run `work` in the crew for its effect."""
        return self.crew.run(work, name)

    def state(self, client_id: str) -> OrderState:
        """An order on the board.

        Raises:
            Refused: when the board has no such order.
        """
        state = self.desk.board.orders.get(client_id)
        if state is None:
            raise Refused("order", f"there is no order {client_id}; see `quarterdeck orders`")
        return state

    def now_us(self) -> int:
        """Wall clock of this desk."""
        return self.clock.now_us()
