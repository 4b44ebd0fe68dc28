"""What working orders could still do: running sums of every reservation.

Each order's claim is a pure function of its facts (`claim_of`), and the sums change by the
difference between its old claim and its new one, so a judgement costs the same with ten
thousand open orders as with none. The one rule: the sums always equal the claims added up
from scratch; nothing is ever adjusted by hand.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from domain.instruments import Account
from domain.market import Balances
from domain.money import ONE, ZERO
from domain.orders import Fill, OrderState, Side, Status

BALANCE_LAG_US = 2_000_000  # a venue's balances may trail its own fills by this much
SURELY_INSIDE_US = 60_000_000  # no venue's balances lag behind its trades for a minute
Place = tuple[Account, str, Side]  # account, symbol and side: where an UNKNOWN order stands
Cell = tuple[Account, str, str]  # account, symbol and strategy: what a scope can tell apart


@dataclass(frozen=True, slots=True)
class Claim:
    """The worst that one order can still do.

    `incoming` and `outgoing` are in units of their assets (the outgoing one with its fee),
    `value` is the open notional in the base currency. `unknown` is where the order stands if
    nobody can say whether its venue has it.
    """

    account: Account
    incoming_asset: str
    incoming: Decimal
    outgoing_asset: str
    outgoing: Decimal
    value: Decimal
    cell: Cell
    acked_us: int = 0
    unknown: Place | None = None


def claim_of(state: OrderState) -> Claim | None:
    """What the order still reserves, or None when nothing more can come of it."""
    remaining = state.reserved_quantity
    if not remaining:
        return None
    order = state.order
    price = state.dearest_price if state.dearest_price is not None else order.reference
    paid = remaining * price
    if order.side is Side.BUY:
        legs = (order.base, remaining, order.quote, paid * (ONE + order.fee_rate))
    else:
        legs = (order.quote, paid, order.base, remaining)
    acked = state.acked_us if state.acked else 0
    doubted = state.outcome_unknown and state.status is Status.UNKNOWN
    place = (order.account, order.symbol, order.side) if doubted else None
    cell = (order.account, order.symbol, order.strategy)
    return Claim(order.account, *legs, paid * order.base_rate, cell, acked, place)


@dataclass(slots=True)
class _Holdings:
    """One account's last whole balance, and the fills that it may not contain yet.

    `totals` are the positions that it counts with: the balance's, or what is assumed until then.
    """

    balances: Balances | None = None
    totals: Mapping[str, Decimal] = field(default_factory=dict)
    drift: list[tuple[int, str, Decimal]] = field(default_factory=list)
    losses: dict[str, Decimal] = field(default_factory=dict)


class Exposure:
    """Running sums of claims, balances and fills; changed only behind the desk's one door."""

    def __init__(self) -> None:
        self.claims: dict[str, Claim] = {}
        self.incoming: dict[str, Decimal] = {}
        self.outgoing: dict[str, Decimal] = {}
        self.value = ZERO
        self._held: dict[tuple[Account, str], Decimal] = {}
        self._outside: dict[tuple[Account, str], Decimal] = {}
        self._outside_ids: dict[Account, set[str]] = {}
        self._unknown: dict[Place, dict[str, None]] = {}
        self._promised: dict[tuple[Account, str], Decimal] = {}
        self._accounts: dict[Account, _Holdings] = {}
        self._totals: dict[str, Decimal] = {}
        self._gains: dict[str, Decimal] = {}
        self._losses: dict[str, Decimal] = {}
        self._lifted: tuple[tuple[Account, str], Decimal] | None = None

    @property
    def count(self) -> int:
        """How many orders could still trade."""
        return len(self.claims)

    def claim(self, client_id: str, claim: Claim | None) -> None:
        """Replace what an order claims; None releases it."""
        self._lifted = None
        old = self.claims.pop(client_id, None)
        if old is not None:
            self._shift(old, client_id, sign=-1)
        if claim is not None:
            self.claims[client_id] = claim
            self._shift(claim, client_id, sign=1)

    def lift(self, client_id: str) -> None:
        """Release an order until the next claim, and what its venue holds for it as well.

        So are new terms of it judged: the venue frees the old ones when it takes them.
        """
        claim = self.claims.get(client_id)
        inside = claim is not None and client_id not in self._outside_ids[claim.account]
        self.claim(client_id, None)
        if claim is not None and inside:
            self._lifted = ((claim.account, claim.outgoing_asset), claim.outgoing)

    def _shift(self, claim: Claim, client_id: str, *, sign: int) -> None:
        incoming = claim.incoming if sign > 0 else -claim.incoming
        outgoing = claim.outgoing if sign > 0 else -claim.outgoing
        self.value += claim.value if sign > 0 else -claim.value
        _add(self.incoming, claim.incoming_asset, incoming)
        _add(self.outgoing, claim.outgoing_asset, outgoing)
        key = (claim.account, claim.outgoing_asset)
        _add(self._held, key, outgoing)
        if claim.unknown is not None:
            self._doubt(claim.unknown, client_id, standing=sign > 0)
        outside = self._outside_ids.setdefault(claim.account, set())
        if sign > 0 and not self._inside(claim):
            outside.add(client_id)
            _add(self._outside, key, outgoing)
        elif client_id in outside:
            outside.discard(client_id)
            _add(self._outside, key, outgoing)

    def _doubt(self, place: Place, client_id: str, *, standing: bool) -> None:
        if standing:
            self._unknown.setdefault(place, {})[client_id] = None
            return
        known = self._unknown[place]
        del known[client_id]
        if not known:
            del self._unknown[place]

    def _inside(self, claim: Claim) -> bool:
        """Whether the venue's last `used` already holds this order."""
        known = self._accounts.get(claim.account)
        if known is None or known.balances is None or not claim.acked_us:
            return False
        return claim.acked_us + BALANCE_LAG_US <= known.balances.asked_us

    # Balances and fills

    def balances_seen(self, balances: Balances) -> None:
        """A whole balance arrived: it replaces the old one and absorbs the fills before it."""
        holdings = self._accounts.setdefault(balances.account, _Holdings())
        self._count(holdings, {asset: held.total for asset, held in balances.assets.items()})
        holdings.balances = balances
        self._absorb(holdings, balances.asked_us - BALANCE_LAG_US)
        for client_id in list(self._outside_ids.get(balances.account, ())):
            claim = self.claims[client_id]
            if self._inside(claim):
                self._outside_ids[balances.account].discard(client_id)
                _add(self._outside, (claim.account, claim.outgoing_asset), -claim.outgoing)

    def assume(self, account: Account, totals: Mapping[str, Decimal]) -> None:
        """Count what the books say of an account until its venue tells: a position, not to spend.

        A venue that is down at the start holds what it held; unknown is not nothing.
        """
        holdings = self._accounts.setdefault(account, _Holdings())
        if holdings.balances is None:
            self._count(holdings, totals)

    def _count(self, holdings: _Holdings, totals: Mapping[str, Decimal]) -> None:
        for asset, old in holdings.totals.items():
            _add(self._totals, asset, -old)
        for asset, new in totals.items():
            _add(self._totals, asset, new)
        holdings.totals = totals

    def _absorb(self, holdings: _Holdings, before_us: int) -> None:
        kept = []
        for booked_us, asset, change in holdings.drift:
            if booked_us > before_us:
                kept.append((booked_us, asset, change))
            else:
                self._drift(holdings, asset, change, sign=-1)
        holdings.drift = kept

    def _drift(self, holdings: _Holdings, asset: str, change: Decimal, *, sign: int) -> None:
        """A gain only counts upwards and a loss only downwards, until a balance contains it."""
        signed = change if sign > 0 else -change
        if change > ZERO:
            _add(self._gains, asset, signed)
        else:
            _add(self._losses, asset, signed)
            _add(holdings.losses, asset, signed)

    def filled(self, fill: Fill, booked_us: int) -> None:
        """A fill was booked that the last balance may or may not contain.

        One that is a minute older than the balance (history, read late) is certainly inside.
        """
        holdings = self._accounts.setdefault(fill.account, _Holdings())
        known = holdings.balances
        if known is not None and fill.at_us + SURELY_INSIDE_US <= known.asked_us:
            return
        for asset, change in changes_of(fill):
            if change:
                holdings.drift.append((booked_us, asset, change))
                self._drift(holdings, asset, change, sign=1)

    def take_over(self, other: "Exposure", wanted: Callable[[Account], bool]) -> None:
        """Begin with the balances of another's accounts, and the fills that they may lack."""
        for account, known in other._accounts.items():  # noqa: SLF001 - of the same class
            if not wanted(account):
                continue
            if known.balances is not None:
                self.balances_seen(known.balances)
            else:
                self.assume(account, known.totals)
            holdings = self._accounts.setdefault(account, _Holdings())
            for booked_us, asset, change in known.drift:
                holdings.drift.append((booked_us, asset, change))
                self._drift(holdings, asset, change, sign=1)

    def promise(self, account: Account, asset: str, change: Decimal) -> None:
        """Withdrawals set aside so much more of an asset (or less): no order may spend it."""
        _add(self._promised, (account, asset), change)

    # What the gate reads

    def most(self, asset: str) -> Decimal:
        """The largest position of an asset over all venues that could be true now."""
        return self._totals.get(asset, ZERO) + self._gains.get(asset, ZERO)

    def least(self, asset: str) -> Decimal:
        """The smallest position of an asset over all venues that could be true now."""
        return self._totals.get(asset, ZERO) + self._losses.get(asset, ZERO)

    def unknown(self, account: Account, symbol: str, side: Side) -> tuple[str, ...]:
        """The orders there of which nobody can say whether their venue has them, oldest first."""
        return tuple(self._unknown.get((account, symbol, side), ()))

    def held(self, account: Account, asset: str) -> Decimal:
        """What our and foreign working orders of an account could take of an asset."""
        return self._held.get((account, asset), ZERO)

    def available(self, account: Account, asset: str) -> Decimal | None:
        """What an account can still spend, at worst; None while its balance is not known.

        The total less the larger of what the venue holds plus what it cannot hold yet, and of
        all reservations together (semantics 2.2, BALANCE).
        """
        holdings = self._accounts.get(account)
        if holdings is None or holdings.balances is None:
            return None
        balance = holdings.balances.assets.get(asset)
        total = balance.total if balance is not None else ZERO
        used = (balance.used if balance is not None else None) or ZERO
        if self._lifted is not None and self._lifted[0] == (account, asset):
            used = max(used - self._lifted[1], ZERO)
        taken = max(used + self._outside.get((account, asset), ZERO), self.held(account, asset))
        promised = self._promised.get((account, asset), ZERO)
        return total + holdings.losses.get(asset, ZERO) - taken - promised

    def balances(self, account: Account) -> Balances | None:
        """The last whole balance of an account."""
        holdings = self._accounts.get(account)
        return None if holdings is None else holdings.balances


def changes_of(fill: Fill) -> tuple[tuple[str, Decimal], ...]:
    """What a fill does to the account's balances: (asset, change) for each leg."""
    base, _, quote = fill.symbol.partition("/")
    sign = ONE if fill.side is Side.BUY else -ONE
    return (
        (base, sign * fill.quantity),
        (quote, -sign * fill.cost),
        (fill.fee_asset, -fill.fee),
    )


def _add(sums: dict, key: object, change: Decimal) -> None:  # type: ignore[type-arg]
    total = sums.get(key, ZERO) + change
    if total:
        sums[key] = total
    else:
        sums.pop(key, None)
