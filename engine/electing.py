"""Elections and claims: how lots are matched, and what movements were, said by a person.

The one rule: nothing said is ever changed. It is written down with who said it, in the same
transaction as the code that allowed it, and what it can mean is checked before.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from accounting.elections import Policy
from accounting.ledger_entries import Row
from accounting.snapshots import moment_of
from domain import bookings, elections, versions
from domain.asks import Done
from domain.errors import Refused
from domain.events import Fact
from domain.market import Movement
from domain.money import MONEY, ZERO, canonical
from domain.sentences import elected, sentence
from engine.elected import election_of
from engine.floor import Floor
from engine.livebook import LiveBook, openings_of
from engine.lots import Lots
from engine.operators import Operator, Role
from engine.secondfactor import SecondFactor
from engine.valuing import bounded

COMING_IN = ("income", "staking", "airdrop", "interest", "funding")
GOING_OUT = ("payment", "gift", "loss", "funding")
NAMES = 200  # accounts or coins in one election
LONGEST = 200  # characters of a reason
LONGEST_NAME = 60
LATEST_US = 4_102_444_800_000_000  # 2100-01-01


class Electing:
    """Answers Elect, ReadElections, SupplyBasis, MatchTransfer, ClassMovement, WithdrawClaims."""

    def __init__(self, floor: Floor, lots: Lots, codes: SecondFactor) -> None:
        self._floor = floor
        self._lots = lots
        self._codes = codes
        desk = floor.desk
        desk.answer(versions.Elect, self.elect, Role.ADMIN)
        desk.answer(versions.ReadElections, self.read, Role.VIEWER)
        desk.answer(versions.SupplyBasis, self.supply, Role.ADMIN)
        desk.answer(versions.MatchTransfer, self.match, Role.ADMIN)
        desk.answer(versions.ClassMovement, self.class_, Role.ADMIN)
        desk.answer(versions.WithdrawClaims, self.withdraw, Role.ADMIN)

    async def elect(self, ask: versions.Elect, caller: Operator) -> Done:
        """Match lots by other rules from a moment on.

        Raises:
            Refused: a rule that does not exist, an election of nothing, a wrong code.
        """
        now_us = self._floor.now_us()
        fact = elections.LotsElected(
            at_us=now_us,
            actor=caller.name,
            effective_us=self._midnight(ask.effective_on) if ask.effective_on else now_us,
            asset=ask.asset,
            method=ask.method,
            scope=ask.scope,
            accounts=ask.accounts,
            transfer_fee=ask.transfer_fee,
            swap_fee=ask.swap_fee,
            fees_apart=ask.fees_apart,
            pegged=ask.pegged,
        )
        _meant(fact)
        strange = [name for name in fact.accounts if name not in self._floor.desk.board.accounts]
        if strange:
            known = ", ".join(sorted(self._floor.desk.board.accounts))
            raise Refused("election", f"there is no account {strange[0]}; configured: {known}")
        done = await self._written(fact, ask.code, caller)
        if fact.retroactive:
            past = "that is in the past: versions made before stay as they are"
            return Done(detail=f"{done.detail}; {past}")
        return done

    async def read(self, ask: versions.ReadElections, _: Operator) -> versions.ElectionPage:
        """Every election by the date from which it holds, and what holds today."""
        now_us, limit = self._floor.now_us(), bounded(ask.limit)
        rows, policy = await self._lots.ask(
            lambda live: (list(live.rows), live.elections.at(now_us))
        )
        made = [fact for _, fact in rows if isinstance(fact, elections.LotsElected)]
        made.sort(key=lambda fact: (fact.effective_us, fact.at_us))
        return versions.ElectionPage(
            elections=tuple(
                versions.Elected(
                    at_us=fact.at_us,
                    actor=fact.actor,
                    effective_us=fact.effective_us,
                    retroactive=fact.retroactive,
                    says=elected(fact),
                )
                for fact in made[:limit]
            ),
            now=_in_words(policy),
            more=len(made) > limit,
        )

    async def supply(self, ask: versions.SupplyBasis, caller: Operator) -> Done:
        """What units that came from outside cost."""
        if ask.value < ZERO or (ask.quantity is not None and ask.quantity <= ZERO):
            raise Refused("basis", "a cost is not below zero, and a quantity is above it")
        fact = elections.BasisSupplied(
            at_us=self._floor.now_us(),
            actor=caller.name,
            reference=ask.reference,
            value=ask.value,
            acquired_us=self._midnight(ask.acquired_on),
            quantity=ask.quantity,
        )
        came, at_us = await self._came(ask.reference)
        if not 0 <= fact.acquired_us <= at_us:
            raise Refused("basis", "units are acquired before they come in, and after 1970")
        if ask.quantity is not None and ask.quantity > came:
            raise Refused("basis", f"only {canonical(came)} came with {ask.reference}")
        return await self._written(fact, ask.code, caller)

    async def match(self, ask: versions.MatchTransfer, caller: Operator) -> Done:
        """Two movements are one transfer."""
        left, came = await self._movement(ask.departure), await self._movement(ask.arrival)
        if left.amount >= ZERO or came.amount <= ZERO:
            raise Refused(
                "transfer", "a transfer is a withdrawal and then a deposit, by their keys"
            )
        if left.asset != came.asset or left.account == came.account:
            raise Refused("transfer", "both are of one asset, and of two accounts")
        if ask.rate is not None and ask.rate < ZERO:
            raise Refused("transfer", "a rate is not below zero")
        fact = elections.TransferMatched(
            at_us=self._floor.now_us(),
            actor=caller.name,
            departure=ask.departure,
            arrival=ask.arrival,
            rate=ask.rate,
        )
        return await self._written(fact, ask.code, caller)

    async def class_(self, ask: versions.ClassMovement, caller: Operator) -> Done:
        """What a movement was."""
        movement = await self._movement(ask.reference)
        kinds = COMING_IN if movement.amount > ZERO else GOING_OUT
        if ask.kind not in kinds:
            what = "deposit" if movement.amount > ZERO else "withdrawal"
            raise Refused("kind", f"a {what} is one of {', '.join(kinds)}, not {ask.kind[:20]!r}")
        if ask.value is not None and ask.value < ZERO:
            raise Refused("kind", "its worth is not below zero")
        fact = elections.MovementClassed(
            at_us=self._floor.now_us(),
            actor=caller.name,
            reference=ask.reference,
            kind=ask.kind,
            value=ask.value,
        )
        return await self._written(fact, ask.code, caller)

    async def withdraw(self, ask: versions.WithdrawClaims, caller: Operator) -> Done:
        """Take back what was said of a movement or an opening balance."""
        if not ask.reason.strip() or len(ask.reason) > LONGEST:
            raise Refused("reason", f"say why, in at most {LONGEST} characters")
        said = await self._lots.ask(lambda live: ask.reference in live.claimed)
        if not said:
            raise Refused("claim", f"nothing was said of {ask.reference}")
        fact = elections.ClaimsWithdrawn(
            at_us=self._floor.now_us(),
            actor=caller.name,
            reference=ask.reference,
            reason=ask.reason,
        )
        return await self._written(fact, ask.code, caller)

    def _midnight(self, day: str) -> int:
        """When a date began, in the desk's time zone."""
        try:
            return moment_of(date.fromisoformat(day), "00:00", self._floor.settings.time_zone)
        except (ValueError, OverflowError):
            raise Refused("date", f"write a date like 2025-01-31, not {day[:20]!r}") from None

    async def _written(self, fact: Fact, code: str, caller: Operator) -> Done:
        spent = await self._codes.allow(caller.name, code, "accounting")
        await self._floor.desk.record(spent, fact)
        return Done(detail=f"it is written down: {sentence(fact)}")

    async def _movement(self, key: str) -> Movement:
        found = await self._lots.ask(lambda live: _movement_of(live, key))
        if found is None:
            raise Refused("movement", f"the book has no deposit or withdrawal {key}")
        return found

    async def _came(self, reference: str) -> tuple[Decimal, int]:
        """(units that came, when) of a deposit or an opening balance."""
        opened = await self._lots.ask(lambda live: _opening_of(live.rows, reference))
        if opened is not None:
            return opened
        movement = await self._movement(reference)
        if movement.amount <= ZERO:
            raise Refused("basis", f"{reference} went out; a basis is of what came in")
        return MONEY.subtract(movement.amount, movement.fee), movement.at_us


def _movement_of(live: LiveBook, key: str) -> Movement | None:
    for _, fact in live.rows:
        if isinstance(fact, bookings.MovementBooked) and fact.key() == key:
            return fact.movement
    return None


def _opening_of(rows: Sequence[Row], reference: str) -> tuple[Decimal, int] | None:
    for _, fact in rows:
        if isinstance(fact, bookings.OpeningBalance):
            for asset, held in fact.assets.items():
                if reference == f"opening:{fact.account}:{asset}":
                    return held, openings_of(rows)[fact.account]
    return None


def _meant(fact: elections.LotsElected) -> None:
    """Refuse what cannot be meant, with what could."""
    try:
        election_of(fact)
    except ValueError as error:
        raise Refused("election", f"{error}; see `quarterdeck elect --help`") from None
    if not elected(fact):
        raise Refused("election", "it elects nothing; see `quarterdeck elect --help`")
    if fact.asset and not fact.method:
        raise Refused("election", f"name the method for {fact.asset}")
    if fact.accounts and fact.scope != "per account":
        raise Refused("election", "accounts are in an order for `per account` only")
    if len(fact.accounts) > NAMES or len(fact.pegged or ()) > NAMES:
        raise Refused("election", f"over {NAMES} names")
    if any(len(name) > LONGEST_NAME for name in (fact.asset, *fact.accounts, *(fact.pegged or ()))):
        raise Refused("election", f"a name has at most {LONGEST_NAME} characters")
    if not 0 <= fact.effective_us <= LATEST_US:
        raise Refused("election", "it holds from a moment between 1970 and 2100")


def _in_words(policy: Policy) -> str:
    others = ", ".join(f"{asset} {method}" for asset, method in sorted(policy.methods.items()))
    told = (
        f"{policy.method.value} ({others})" if others else policy.method.value,
        f"lots {policy.scope.value}",
        policy.transfer_fee.value,
        policy.swap_fee.value,
        "fees apart" if policy.fees_apart else "fees in basis and proceeds",
        f"pegged: {', '.join(sorted(policy.pegged)) or 'none'}",
    )
    return "; ".join(told)
