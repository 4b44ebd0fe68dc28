"""Withdrawals of a simulated account: the money leaves its balance, and nothing leaves the desk.

The one rule: every id begins with PAPER-, so that nobody looks for it on a chain.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from domain.errors import InDoubt, Unavailable
from domain.instruments import Account
from domain.market import Movement
from domain.money import MONEY, ZERO, canonical, exactly
from domain.withdrawals import Submission, VenueStatus, VenueWithdrawal, Withdrawal
from venues.simulated import Link

PREFIX = "PAPER-"
# What a venue may take for sending: fixed, as venues do it.
FEES: Mapping[str, Decimal] = {
    "USD": Decimal(4),
    "USDT": Decimal("2.5"),
    "USDC": Decimal("2.5"),
    "BTC": Decimal("0.00015"),
    "ETH": Decimal("0.0025"),
    "SOL": Decimal("0.02"),
}


class TillWithdrawer:
    """The ports Withdrawer and WithdrawalLister of one simulated account."""

    def __init__(self, link: Link, account: Account) -> None:
        self._link = link
        self._account = account

    async def withdraw(self, request: Withdrawal) -> Submission:
        """Take amount and fee out of the account.

        Raises:
            InDoubt: it may have happened; Unavailable: it has not.
        """
        reference = request.reference
        await self._link.way.there(reference)
        with exactly():
            answer = self._taken(request, self._link.clock.now_us())
        try:
            self._link.keep()
        except Unavailable as error:
            raise InDoubt(reference, error.why) from error
        await self._link.way.back(reference)
        return answer

    def _taken(self, request: Withdrawal, at_us: int) -> Submission:
        till, asset = self._link.exchange.till, request.asset
        fee = FEES.get(asset, ZERO)
        free = till.free(self._account.name, asset)
        if request.amount <= ZERO or MONEY.add(request.amount, fee) > free:
            wanted = f"{canonical(request.amount)} {asset} and a fee of {canonical(fee)}"
            reason = f"{wanted} is more than the {canonical(free)} there"
            return Submission(accepted=False, code="INSUFFICIENT_FUNDS", reason=reason)
        venue_id = f"{PREFIX}{till.number():06d}"
        till.transfer(
            Movement(
                account=self._account,
                reference=venue_id,
                asset=asset,
                amount=MONEY.minus(request.amount),
                fee=fee,
                at_us=at_us,
            )
        )
        self._link.exchange.tell_movement(self._account.name, asset, at_us)
        return Submission(accepted=True, venue_id=venue_id)

    async def withdrawals(self, since_us: int) -> Sequence[VenueWithdrawal]:
        """What has left the account since then; all of it is done at once."""
        await self._link.way.there()
        self._link.keep()
        rows = [
            VenueWithdrawal(
                account=self._account,
                venue_id=moved.reference,
                asset=moved.asset,
                amount=MONEY.minus(moved.amount),
                at_us=moved.at_us,
                status=VenueStatus.DONE,
                fee=moved.fee,
            )
            for moved in self._link.exchange.till.movements
            if moved.account == self._account and moved.amount < ZERO and moved.at_us >= since_us
        ]
        await self._link.way.back()
        return rows
