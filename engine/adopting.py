"""A balance that no fact explains is taken into the books, because a person says so.

The one rule (semantics 6): one signed opening adjustment with its reason and, if it is known,
its cost. It is of exactly what venue and facts differ by while nothing moves, and needs a break
that stands and a second factor.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from accounting.snapshots import moment_of
from domain import controls
from domain.adjustments import BalanceAdopted
from domain.asks_adjusting import AdoptBalance, Adopted
from domain.board import Break
from domain.errors import Refused
from domain.events import Fact
from domain.market import Balances
from domain.money import MONEY, ZERO, canonical
from engine.accounts import AccountWatch
from engine.books import Books
from engine.floor import Floor
from engine.operators import Operator, Role
from engine.secondfactor import SecondFactor

LONGEST = 200  # characters of a reason


class Adopting:
    """Answers AdoptBalance."""

    def __init__(
        self, floor: Floor, watches: Sequence[AccountWatch], books: Books, codes: SecondFactor
    ) -> None:
        self._floor = floor
        self._watches = {watch.account: watch for watch in watches}
        self._books = books
        self._codes = codes
        floor.desk.answer(AdoptBalance, self.adopt, Role.ADMIN)

    async def adopt(self, ask: AdoptBalance, caller: Operator) -> Adopted:
        """Book the difference and close its break.

        Raises:
            Refused: no such break, something moves, or what was said cannot be meant.
            Unavailable: the venue did not tell its balances, or the ledger took nothing.
        """
        watch = self._watches.get(ask.account)
        if watch is None:
            known = ", ".join(sorted(self._watches)) or "none"
            raise Refused("adopt", f"there is no account {ask.account}; configured: {known}")
        breaks = self._breaks(ask)
        acquired_us = self._checked(ask)
        balances = await watch.check_balances(compare=False)
        if not watch.is_quiet(balances):
            raise Refused("adopt", f"{ask.account} moved in the last seconds; try again in ten")
        told = self._difference(ask, balances)
        self._meant(ask, told.amount, balances)
        if ask.dry_run:
            return told
        fact = BalanceAdopted(
            at_us=self._floor.now_us(),
            actor=caller.name,
            account=ask.account,
            asset=ask.asset,
            amount=told.amount,
            reason=ask.reason,
            value=ask.value,
            acquired_us=acquired_us,
            wallet=ask.wallet,
        )
        spent = await self._codes.allow(caller.name, ask.code, "accounting")
        await self._floor.desk.record(spent, fact, *self._closed(breaks, ask, caller))
        return told

    def _breaks(self, ask: AdoptBalance) -> list[Break]:
        prefix = f"BALANCE_UNEXPLAINED:{ask.account}:{ask.asset}:"
        board = self._floor.desk.board
        found = [known for known in board.breaks if known.break_id.startswith(prefix)]
        if not found:
            raise Refused(
                "adopt",
                f"no BALANCE_UNEXPLAINED break of {ask.asset} at {ask.account} is open "
                "(see `quarterdeck breaks`); only what is compared twice is adopted",
            )
        return found

    def _checked(self, ask: AdoptBalance) -> int:
        """When the units were acquired; what else was said can be meant."""
        if not ask.reason.strip() or len(ask.reason) > LONGEST:
            raise Refused("reason", f"say why, in at most {LONGEST} characters")
        if (ask.value is None) != (not ask.acquired_on):
            raise Refused("basis", "a cost and the date of acquisition go together")
        if ask.value is not None and (ask.value < ZERO or ask.wallet):
            raise Refused("basis", "a cost is not below zero, and is of what came from outside")
        if not ask.acquired_on:
            return 0
        try:
            day = date.fromisoformat(ask.acquired_on)
            at_us = moment_of(day, "00:00", self._floor.settings.time_zone)
        except (ValueError, OverflowError):
            told = f"write a date like 2025-01-31, not {ask.acquired_on[:20]!r}"
            raise Refused("date", told) from None
        if not 0 <= at_us <= self._floor.now_us():
            raise Refused("date", "units are acquired after 1970, and not in the future")
        return at_us

    def _difference(self, ask: AdoptBalance, balances: Balances) -> Adopted:
        ours = self._books.held(ask.account).get(ask.asset, ZERO)
        known = balances.assets.get(ask.asset)
        theirs = ZERO if known is None else known.total
        amount = MONEY.subtract(theirs, ours)
        if not amount:
            raise Refused("adopt", f"the facts explain the {canonical(ours)} {ask.asset} again")
        moved = "taken out of" if amount < ZERO else "taken into"
        return Adopted(
            asset=ask.asset,
            ours=ours,
            theirs=theirs,
            amount=amount,
            detail=f"{canonical(abs(amount))} {ask.asset} {moved} the books of {ask.account}",
        )

    def _meant(self, ask: AdoptBalance, amount: Decimal, balances: Balances) -> None:
        if ask.value is not None and amount < ZERO:
            raise Refused("basis", f"{canonical(-amount)} {ask.asset} are gone: they need no cost")
        if ask.wallet and ask.wallet not in balances.margins:
            known = ", ".join(balances.margins) or "none"
            raise Refused("wallet", f"{ask.account} has no wallet {ask.wallet} (read: {known})")

    def _closed(self, breaks: list[Break], ask: AdoptBalance, caller: Operator) -> list[Fact]:
        return [
            controls.BreakClosed(
                at_us=self._floor.now_us(),
                actor=caller.name,
                break_id=known.break_id,
                reason=f"adopted: {ask.reason}",
            )
            for known in breaks
        ]
