"""A trader: places, cancels and changes orders through the desk's socket, as a client would.

The one rule: what was acknowledged is remembered, because it must be in the ledger whatever
happened to the engine afterwards.
"""

import asyncio
from collections import Counter
from decimal import Decimal
from random import Random

from domain import asks
from domain.board import Board, at
from domain.errors import DeskError, InDoubt, Refused, Unavailable
from domain.halts import Level
from domain.instruments import Account, Instrument
from domain.market import Price
from domain.money import round_down
from domain.orders import Draft, Kind, OrderState, Side, Status, TimeInForce
from tests.soak.home import SYMBOLS
from tests.soak.seat import Seat

AT_ONCE = 12
WORKING = (Status.OPEN, Status.PARTIAL)
MOST_OPEN = 24
TRADED = 4  # so many of a venue's symbols are traded, the first ones


class Trader:
    """Trades for ever; `wage` is the mean pause between two asks, in seconds."""

    def __init__(self, seat: Seat, accounts: list[Account], dice: Random, *, wage: float) -> None:
        self._seat = seat
        self._accounts = accounts
        self._dice = dice
        self._wage = wage
        self._busy: set[asyncio.Task[None]] = set()
        self.answers: Counter[str] = Counter()
        self.acknowledged: list[str] = []
        self.working = True

    async def run(self) -> None:
        """Ask, pause, ask, until cancelled."""
        while True:
            await asyncio.sleep(self._wage * self._dice.uniform(0.3, 1.7))
            board = self._seat.board
            if not self.working or board is None or not self._seat.ready or not board.armed:
                continue
            if board.level >= Level.HALT and self._dice.random() < 0.9:
                continue  # now and then it tries all the same
            if len(self._busy) < AT_ONCE:
                task = asyncio.ensure_future(self._act(board))
                self._busy.add(task)
                task.add_done_callback(self._busy.discard)

    async def rest(self) -> None:
        """Ask nothing more, and wait for what was asked."""
        self.working = False
        if self._busy:
            await asyncio.wait(list(self._busy), timeout=60)

    async def _act(self, board: Board) -> None:
        try:
            self.answers[await self._one(board)] += 1
        except Refused as error:
            self.answers[f"refused: {error.rule}"] += 1
        except Unavailable as error:
            self.answers["unavailable" if error.who == "engine" else "venue unavailable"] += 1
        except InDoubt:
            self.answers["in doubt"] += 1
        except DeskError as error:
            self.answers[type(error).__name__] += 1

    async def _one(self, board: Board) -> str:
        working = [s for s in board.orders.values() if s.status in WORKING and not s.foreign]
        luck = self._dice.random()
        if working and (luck < 0.3 or len(working) > MOST_OPEN):
            cancel = asks.CancelOrder(client_id=self._dice.choice(working).client_id)
            return f"cancel: {(await self._seat.ask(cancel)).status.value}"
        if working and luck < 0.42:
            change = self._change(board, self._dice.choice(working))
            return "nothing" if change is None else await self._changed(change)
        draft = self._draft(board)
        if draft is None:
            return "no price"
        answer = await self._seat.ask(asks.SubmitOrder(draft=draft))
        self.acknowledged.append(answer.client_id)
        return f"place: {answer.status.value}"

    async def _changed(self, change: asks.ModifyOrder) -> str:
        return f"modify: {(await self._seat.ask(change)).status.value}"

    def _change(self, board: Board, state: OrderState) -> asks.ModifyOrder | None:
        key = at(state.order.account.venue, state.order.symbol)
        instrument, price = board.instruments.get(key), board.prices.get(key)
        if instrument is None or price is None or state.order.kind is Kind.MARKET:
            return None
        limit = self._limit(instrument, price, state.order.side)
        return asks.ModifyOrder(client_id=state.client_id, price=limit)

    def _draft(self, board: Board) -> Draft | None:
        account = self._dice.choice(self._accounts)
        symbol = self._dice.choice(SYMBOLS[account.venue][:TRADED])
        instrument = board.instruments.get(at(account.venue, symbol))
        price = board.prices.get(at(account.venue, symbol))
        if instrument is None or price is None or price.mid is None:
            return None
        side = self._dice.choice(list(Side))
        kind = Kind.MARKET if self._dice.random() < 0.15 else Kind.LIMIT
        immediate = kind is Kind.LIMIT and self._dice.random() < 0.1
        worth = Decimal(self._dice.randint(20, 400))
        quantity = max(
            instrument.whole_lots(worth / price.mid), (instrument.min_quantity or Decimal(0)) * 2
        )
        return Draft(
            account=account,
            symbol=symbol,
            side=side,
            kind=kind,
            quantity=quantity,
            price=None if kind is Kind.MARKET else self._limit(instrument, price, side),
            time_in_force=TimeInForce.IOC if immediate else TimeInForce.GTC,
            post_only=kind is Kind.LIMIT and not immediate and self._dice.random() < 0.2,
        )

    def _limit(self, instrument: Instrument, price: Price, side: Side) -> Decimal:
        """From a little through the market to well away from it."""
        assert price.mid is not None
        away = Decimal(self._dice.randint(-10, 60)) / 10_000  # of the price, off the middle
        raw = price.mid * (1 - away if side is Side.BUY else 1 + away)
        return round_down(raw, instrument.tick or Decimal("0.01"))
