"""Balances against the facts: what does not add up is asked after, then opened as a break.

The one rule: only two successful comparisons in a row, with nothing moving, make a break; and
only an explanation by facts, or a person, closes one.
"""

from collections.abc import Awaitable, Callable, Container, Sequence
from decimal import Decimal

from domain import controls
from domain.instruments import Account
from domain.market import Balances, Movement
from domain.money import ZERO, canonical
from engine.books import Books, matters
from engine.floor import Floor

SECOND_US = 1_000_000
QUIET_US = 10 * SECOND_US  # balances are compared only when nothing traded for this long
CONFIRMED = 2  # mismatches in a row that make a break
MOST_PENDING = 8  # movements on their way that are tried in every combination


class Balancing:
    """Compares one account's balances with its books.

    `look_back` reads history again: a deposit or a fill behind our back explains most.
    """

    def __init__(
        self,
        account: Account,
        floor: Floor,
        books: Books,
        look_back: Callable[[], Awaitable[object]],
        look_again: Callable[[], None],
    ) -> None:
        self._account = account
        self._floor = floor
        self._books = books
        self._look_back = look_back
        self._look_again = look_again
        self._unexplained: dict[str, int] = {}
        self.pending: Sequence[Movement] = ()  # what the venue says is on its way

    def quiet(self, balances: Balances, touched_us: int) -> bool:
        """Whether nothing moved for long enough before these balances were asked for."""
        if self._account not in self._books.opened:
            return False
        moved_us = max(self._books.booked_us.get(self._account, 0), touched_us)
        return balances.asked_us - moved_us > QUIET_US

    async def compare(self, balances: Balances) -> None:
        """Open a break for what is unexplained twice; close those that are explained."""
        found = self.significant(balances)
        for asset in self._unexplained.keys() - found.keys():
            del self._unexplained[asset]
        for asset, value in found.items():
            times = self._unexplained[asset] = self._unexplained.get(asset, 0) + 1
            if times == 1:
                await self._look_back()
                self._look_again()
            elif times >= CONFIRMED and not self._standing(asset):
                await self._open(asset, balances, value)
        await self._close(found.keys())

    def significant(self, balances: Balances) -> dict[str, Decimal | None]:
        """Assets that do not add up by more than dust, with the value of the difference."""
        board, found = self._floor.desk.board, {}
        rounding = self._floor.connections.of(self._account).traits.rounding
        for asset, difference in self._books.differences(balances, rounding).items():
            important, value = matters(asset, difference, board)
            if important and not self._in_transit(asset, difference):
                found[asset] = value
        return found

    def _in_transit(self, asset: str, difference: Decimal) -> bool:
        """Whether some of what is on its way has left, or has come, and explains all of it."""
        board, sums = self._floor.desk.board, {ZERO}
        on_the_way = [moved for moved in self.pending if moved.asset == asset]
        for moved in on_the_way[:MOST_PENDING]:
            change = moved.amount - moved.fee
            sums |= {known + change for known in sums}
        return any(known and not matters(asset, difference - known, board)[0] for known in sums)

    async def open_all(self, balances: Balances) -> None:
        """Open a break for everything that does not add up (start-up has searched already)."""
        for asset, value in self.significant(balances).items():
            if not self._standing(asset):
                await self._open(asset, balances, value)

    async def close_all(self) -> None:
        """Everything adds up."""
        await self._close(())

    def _standing(self, asset: str) -> bool:
        prefix = f"BALANCE_UNEXPLAINED:{self._account}:{asset}:"
        breaks = self._floor.desk.board.breaks
        return any(known.break_id.startswith(prefix) for known in breaks)

    async def _open(self, asset: str, balances: Balances, value: Decimal | None) -> None:
        ours = self._books.held(self._account).get(asset, ZERO)
        theirs = balances.assets.get(asset)
        total = theirs.total if theirs is not None else ZERO
        await self._floor.desk.record(
            controls.BreakOpened(
                at_us=self._floor.now_us(),
                actor="engine",
                break_id=f"BALANCE_UNEXPLAINED:{self._account}:{asset}:{balances.asked_us}",
                kind="BALANCE_UNEXPLAINED",
                account=self._account,
                detail=f"{asset}: the facts give {canonical(ours)}, "
                f"{self._account.venue} says {canonical(total)}",
                value=value,
            )
        )

    async def _close(self, unexplained: Container[str]) -> None:
        prefix = f"BALANCE_UNEXPLAINED:{self._account}:"
        for known in self._floor.desk.board.breaks:
            asset = known.break_id.removeprefix(prefix).partition(":")[0]
            if known.break_id.startswith(prefix) and asset not in unexplained:
                await self._floor.desk.record(
                    controls.BreakClosed(
                        at_us=self._floor.now_us(),
                        actor="engine",
                        break_id=known.break_id,
                        reason="the facts explain the balance again",
                    )
                )
