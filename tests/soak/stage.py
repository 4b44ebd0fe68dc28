"""What an act of chaos can lay hands on, and the words that each venue family uses.

The one rule: an act leaves no fault behind; `calm` is called after each.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

from tests.soak.diary import Diary
from tests.soak.home import Home, Stall
from tests.soak.seat import Codes, Seat
from tests.soak.trader import Trader
from tests.wire.kraken.poison import POISONS as KRAKEN_POISONS
from tests.wire.kucoin.frames import BALANCE, ORDERS, ORDERS_V2
from tests.wire.kucoin.poison import POISONS as KUCOIN_POISONS


@dataclass(frozen=True, slots=True)
class Words:
    """A family's names of endpoints, channels and errors."""

    create: str
    cancel: str
    amend: str
    orders: str
    fills: str
    balances: str
    token: str
    channels: tuple[str, ...]
    busy: str
    limited: str
    poor: str
    poisons: tuple[str, ...]
    market: tuple[str, str, str, str]  # symbol, quantity, a price far below, the asset of cash


WORDS = {
    "kraken": Words(
        create="AddOrder",
        cancel="CancelOrder",
        amend="AmendOrder",
        orders="OpenOrders",
        fills="TradesHistory",
        balances="BalanceEx",
        token="GetWebSocketsToken",
        channels=("executions", "balances"),
        busy="EService:Unavailable",
        limited="EAPI:Rate limit exceeded",
        poor="EOrder:Insufficient funds",
        poisons=tuple(KRAKEN_POISONS),
        market=("ETH/USD", "0.01", "2000", "USD"),
    ),
    "kucoin": Words(
        create="POST hf/orders",
        cancel="DELETE hf/orders/{orderId}",
        amend="POST hf/orders",  # a change is a cancel and a new order there
        orders="GET hf/orders/active",
        fills="GET hf/fills",
        balances="GET accounts",
        token="POST bullet-private",
        channels=(ORDERS, ORDERS_V2, BALANCE),
        busy="500000 Internal Server Error",
        limited="429000 Too many requests in a short period of time",
        poor="200004 Balance insufficient!",
        poisons=tuple(KUCOIN_POISONS),
        market=("ETH/USDT", "0.01", "2000", "USDT"),
    ),
}


@dataclass(slots=True)
class Stage:
    """Everything of a run. `asked_to_halt` says that a halt is an act's doing; `trips` counts
    what tripped by itself, by trigger; `patience_s` is how long a halt may stand that is released.
    """

    home: Home
    seat: Seat
    trader: Trader
    codes: Codes
    diary: Diary
    dice: Random
    patience_s: float = 240
    asked_to_halt: bool = False
    trips: Counter[str] = field(default_factory=Counter)
    disarmed: asyncio.Event = field(default_factory=asyncio.Event)

    async def hold(self, least_s: float, most_s: float) -> None:
        """Let the act last for a drawn while."""
        await asyncio.sleep(self.dice.uniform(least_s, most_s))

    async def calm(self) -> None:
        """Every venue behaves again."""
        for stall in self.home.stalls:
            await stall.ask("calm")
            await stall.ask("skew", seconds=0)


VenueAct = Callable[[Stage, Stall, Words], Awaitable[str]]
DeskAct = Callable[[Stage], Awaitable[str]]
