"""A hundred thousand orders through the real door and fold, and a venue that goes wrong.

Every order is a handful of things that happen to it, and of all orders together one of these
happens at a time, in a random order: an intent becomes durable, a request arrives or does not,
a fill happens, a message is told late. The one rule: what is counted here is counted from what
the venue did, never from what the desk believes.
"""

import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

from domain import bookings, events
from domain.board import AccountView, Board, Mode, Phase
from domain.instruments import Account
from domain.market import AssetBalance, Balances
from domain.money import ZERO
from domain.orders import Amendment, Draft, Fill, Final, Kind, Order, Side, VenueOrder
from domain.sightings import BalancesSeen
from domain.storage_ports import Appended
from domain.table import Table
from engine.desk import Desk
from engine.door import Door
from engine.stop import Stop
from risk.limits import Limits
from risk.proposal import GateSettings
from risk.scoped import ScopedLimits
from tests.risk.desks import NOW_US, D, balances, board, price
from tests.sim.loop import SeededDice

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
ACCOUNTS = (Account("kraken", "main"), Account("kucoin", "main"))
STRATEGIES = ("grid", "dca", "manual")
MARKS = {"BTC": 60_000, "ETH": 3_000}
SYMBOLS = ("BTC/USD", "ETH/USD")
FOREVER_US = 10**18
AGELESS = GateSettings(
    price_stale_us=FOREVER_US,
    mark_stale_us=FOREVER_US,
    balance_stale_us=FOREVER_US,
    markets_stale_us=FOREVER_US,
)
UNFELT = D(10**9)


@dataclass(slots=True, eq=False)
class Live:
    """An order as its venue has it, or may come to have it."""

    order: Order
    left: Decimal
    price: Decimal
    filled: Decimal = ZERO
    there: bool = False
    over: bool = False
    untold: int = 0


@dataclass(slots=True)
class Truth:
    """What is so within one scope (or on the whole desk), by count."""

    limits: Limits | ScopedLimits
    covers: Callable[[Order], bool]
    holds: Callable[[Account], bool] | None  # None: a position is what its own orders bought
    count: int = 0
    value: Decimal = ZERO
    coming: Counter[str] = field(default_factory=Counter)
    bought: Counter[str] = field(default_factory=Counter)
    executed: Decimal = ZERO
    passed: deque[int] = field(default_factory=deque)


class Clock:
    """The time of day, moved by the stampede alone."""

    def __init__(self) -> None:
        self.us = NOW_US

    def now_us(self) -> int:
        return self.us

    def monotonic_us(self) -> int:
        return self.us


class Stampede:
    """The desk, its venue, the truth, and everything that has yet to happen."""

    def __init__(
        self, limits: Limits, seed: int, door: type[Door] = Door, *, changes: float = 0.27
    ) -> None:
        self.chance = random.Random(seed)
        self.changes = changes  # how much of what happens to a resting order is a change
        self.clock = Clock()
        self.desk = Desk(_board(), self.clock)
        self.desk.attach(cast("Any", object()))
        self.stop = Stop()
        self.door = door(
            self.desk, self.stop, self.clock, SeededDice(seed), limits, AGELESS, time_zone="UTC"
        )
        self.door.replayed()
        self.held = {(a, x): D(n) for a in ACCOUNTS for x, n in _OPENING.items()}
        self.truths = [Truth(limits, lambda _: True, lambda _: True)]
        self.truths += [_truth(scoped) for scoped in limits.by_scope]
        self.ahead: list[Callable[[], None]] = []
        self.live: dict[str, Live] = {}
        self.denied: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.breaches: list[str] = []
        self.day = self.clock.us // DAY_US
        self._seq = 0
        for account in ACCOUNTS:
            self._balance(account)

    def run(self, orders: int, together: int = 60) -> None:
        """Submit so many, with up to so many things still to happen at any time."""
        for number in range(orders):
            self._time_passes(number)
            self.submit()
            while len(self.ahead) > self.chance.randrange(together):
                self._next()
        while self.ahead:
            self._next()

    def _next(self) -> None:
        place = self.chance.randrange(len(self.ahead))
        self.ahead[place], self.ahead[-1] = self.ahead[-1], self.ahead[place]
        self.ahead.pop()()

    def _time_passes(self, number: int) -> None:
        self.clock.us += self.chance.randrange(300_000)
        if number % 700 == 699:
            self.clock.us += DAY_US
        if self.clock.us // DAY_US != self.day:
            self.day = self.clock.us // DAY_US
            for truth in self.truths:
                truth.executed = ZERO
        if not number % 25:
            self._balance(self.chance.choice(ACCOUNTS))

    def _balance(self, account: Account) -> None:
        held = {x: AssetBalance(total=self.held[account, x], used=ZERO) for x in _OPENING}
        now = self.clock.us
        told = Balances(account=account, assets=held, asked_us=now, at_us=now)
        self.desk.see(BalancesSeen(balances=told))

    def fact(self, fact: events.Fact) -> None:
        """It is durable."""
        self._seq += 1
        self.desk.committed([(Appended(self._seq, ""), fact)])

    def made(self, kind: type[events.Fact], live: Live, **told: Any) -> None:
        """A fact of an order."""
        name = live.order.client_id
        self.fact(kind(at_us=self.clock.us, actor="stampede", client_id=name, **told))  # type: ignore[call-arg]

    # Orders

    def submit(self) -> None:
        """One more wish, of random size, at the door."""
        draft = self._draft()
        approval = self.door.approve(draft, "stampede")
        if not approval.verdict.approved:
            failed = next(r for r in approval.verdict.results if not r.passed)
            self.denied[failed.name] += 1
            return
        order = approval.order
        live = self.live[order.client_id] = Live(order, order.quantity, order.price or ZERO)
        self._shift(live, 1)
        self._must_hold(live, new=True)
        approved = events.OrderApproved(
            at_us=self.clock.us, actor="stampede", order=order, verdict=approval.verdict
        )
        self.ahead.append(lambda: self._durable(live, approved))

    def _draft(self) -> Draft:
        chance = self.chance
        symbol = chance.choice(SYMBOLS)
        mark = MARKS[symbol[:3]]
        return Draft(
            account=chance.choice(ACCOUNTS),
            symbol=symbol,
            side=Side.BUY if chance.random() < 0.7 else Side.SELL,
            kind=Kind.LIMIT,
            quantity=self._size(symbol),
            price=D(mark * (990 + chance.randrange(20))) / 1_000,
            strategy=chance.choice(STRATEGIES),
        )

    def _size(self, symbol: str) -> Decimal:
        """From 60 to 12,000 USD; prices are within 1 % of the mark."""
        least, most = (1, 200) if symbol == "BTC/USD" else (20, 4_000)
        return D(self.chance.randrange(least, most)) / 1_000

    def _durable(self, live: Live, approved: events.OrderApproved) -> None:
        if self.chance.random() < 0.02:
            self._ended(live, "not written")
            self.door.withdraw(live.order.client_id)
            return
        self.fact(approved)
        self.made(events.OrderSent, live)
        self.ahead.append(lambda: self._arrives(live))

    def _arrives(self, live: Live) -> None:
        fate = self.chance.random()
        if fate < 0.08:
            self._ended(live, "rejected")
            self.made(events.OrderRejected, live, code="EOrder", reason="no")
        elif fate < 0.12:
            self.made(events.OrderInDoubt, live, reason="timeout")
            self.ahead.append(lambda: self._proven_absent(live))
        elif fate < 0.2:
            self.made(events.OrderInDoubt, live, reason="timeout")
            self.ahead.append(lambda: self._rests(live, told=False))
        else:
            self._rests(live, told=True)

    def _proven_absent(self, live: Live) -> None:
        self._ended(live, "lost")
        self.made(events.OrderAbsent, live, reason="two searches")

    def _rests(self, live: Live, *, told: bool) -> None:
        live.there = True
        self.done["rested"] += 1
        if told and self.chance.random() < 0.8:
            self.made(events.OrderAcked, live, venue_order_id=f"V{live.order.client_id}")
        else:
            self.ahead.append(lambda: self._reported(live))
        self.ahead.append(lambda: self._happens(live))

    def _happens(self, live: Live) -> None:
        """A fill of some of it, a change, or a cancel; then something else, until it is over."""
        if live.over:
            return
        fate = self.chance.random()
        if fate < 0.45:
            self._fills(live, live.left if fate < 0.3 else _part(live.left))
        elif fate < 0.45 + self.changes:
            self._amend(live)
        else:
            self.made(events.CancelRequested, live, reason="asked")
            self._over(live, Final.CANCELED)
            return
        if not live.over:
            self.ahead.append(lambda: self._happens(live))

    def _fills(self, live: Live, quantity: Decimal) -> None:
        order = live.order
        self._shift(live, -1)
        live.left -= quantity
        live.filled += quantity
        self._shift(live, 1)
        self._move(order, quantity, live.price)
        self.done["filled"] += 1
        fill = Fill(
            account=order.account,
            symbol=order.symbol,
            trade_id=f"T{self.done['filled']}",
            side=order.side,
            quantity=quantity,
            price=live.price,
            fee=ZERO,
            fee_asset="USD",
            at_us=self.clock.us,
            client_id=order.client_id,
        )
        live.untold += 1
        self.ahead.append(lambda: self._told(live, fill))
        if not live.left:
            self._over(live, Final.FILLED)

    def _told(self, live: Live, fill: Fill) -> None:
        live.untold -= 1
        self.fact(
            bookings.FillBooked(
                at_us=self.clock.us, actor="venue", fill=fill, source="s", base_rate=D(1)
            )
        )

    def _over(self, live: Live, final: Final) -> None:
        self._ended(live, final.value)
        self.ahead.append(lambda: self._reported(live, final))
        self.ahead.append(lambda: self._settled(live))

    def _reported(self, live: Live, final: Final | None = None) -> None:
        order = live.order
        report = VenueOrder(
            account=order.account,
            venue_order_id=f"V{order.client_id}",
            client_id=order.client_id,
            cumulative=live.filled,
            final=final,
            at_us=self.clock.us,
        )
        self.made(events.OrderReported, live, report=report, source="list")

    def _settled(self, live: Live) -> None:
        state = self.desk.board.orders.get(live.order.client_id)
        if state is None:
            return
        if live.untold or state.venue_final is None or state.amendment is not None:
            self.ahead.append(lambda: self._settled(live))
            return
        self.made(events.OrderSettled, live)

    # Changes

    def _amend(self, live: Live) -> None:
        state = self.desk.board.orders[live.order.client_id]
        if state.amendment is not None or not state.acked:
            return
        rest = self._size(live.order.symbol)
        mark = MARKS[live.order.symbol[:3]]
        amendment = Amendment(
            client_id="QDchange",
            quantity=live.filled + rest,
            price=D(mark * (990 + self.chance.randrange(20))) / 1_000,
            at_us=self.clock.us,
        )
        verdict = self.door.approve_amendment(state, amendment)
        if not verdict.approved:
            self.done["change denied"] += 1
            return
        # It must hold now, with the new terms: later, sales of what is held, which may always
        # leave, can have used the room.
        before = (live.left, live.price)
        self._turn(live, rest, amendment.price or ZERO)
        self._must_hold(live, new=False)
        self._turn(live, *before)
        self.made(events.AmendRequested, live, amendment=amendment, verdict=verdict)
        self.ahead.append(lambda: self._changes(live, amendment))

    def _changes(self, live: Live, amendment: Amendment) -> None:
        rest = amendment.quantity - live.filled
        if live.over or rest <= 0 or self.chance.random() < 0.2:
            self.made(events.AmendRefused, live, reason="no")
            return
        self._turn(live, rest, amendment.price or ZERO)
        self.done["changed"] += 1
        if self.chance.random() < 0.3:
            self.made(events.AmendInDoubt, live, reason="timeout")
        self.ahead.append(lambda: self._confirmed(live, amendment))

    def _confirmed(self, live: Live, amendment: Amendment) -> None:
        if live.untold:  # the fills at the old price are told before the new terms
            self.ahead.append(lambda: self._confirmed(live, amendment))
            return
        terms = {"quantity": amendment.quantity, "price": amendment.price}
        self.made(events.AmendConfirmed, live, **terms)

    # Counting

    def _ended(self, live: Live, how: str) -> None:
        self._shift(live, -1)
        live.over = True
        self.done[how] += 1

    def _shift(self, live: Live, sign: int) -> None:
        order = live.order
        for truth in self.truths:
            if truth.covers(order):
                truth.count += sign
                truth.value += sign * live.left * live.price
                if order.side is Side.BUY:
                    truth.coming[order.base] += sign * live.left  # type: ignore[assignment]

    def _move(self, order: Order, quantity: Decimal, paid: Decimal) -> None:
        sign = 1 if order.side is Side.BUY else -1
        self.held[order.account, order.base] += sign * quantity
        self.held[order.account, "USD"] -= sign * quantity * paid
        for asset in (order.base, "USD"):
            if self.held[order.account, asset] < 0:
                self.breaches.append(f"{order.account} holds less than no {asset}")
        for truth in self.truths:
            if truth.covers(order):
                truth.executed += quantity * paid
                truth.bought[order.base] += sign * quantity  # type: ignore[assignment]

    def _turn(self, live: Live, left: Decimal, paid: Decimal) -> None:
        self._shift(live, -1)
        live.left, live.price = left, paid
        self._shift(live, 1)

    def _must_hold(self, live: Live, *, new: bool) -> None:
        """No limit is passed if everything that is, or may come to be, at a venue fills now."""
        order = live.order
        for truth in self.truths:
            if truth.covers(order):
                self.breaches += [
                    f"{rule}: {order.symbol} {order.side} {live.left} at {order.account}"
                    for rule in _passed(truth, live, self.held)
                ]
                if new:
                    self._paced(truth)

    def _paced(self, truth: Truth) -> None:
        truth.passed.append(self.clock.us)
        while truth.passed[0] <= self.clock.us - SECOND_US:
            truth.passed.popleft()
        most = truth.limits.max_orders_per_second
        if most is not None and len(truth.passed) > most:
            self.breaches.append("max_orders_per_second")


_OPENING = {"USD": 5_000_000, "BTC": 1, "ETH": 10}


def _board() -> Board:
    shown = tuple(
        price(symbol, str(MARKS[symbol[:3]]), venue=account.venue)
        for account in ACCOUNTS
        for symbol in SYMBOLS
    )
    made = board(balances(USD="0"), shown, Mode.DEMO)
    views = {a: AccountView(account=a, balances=balances(a), reconciled_us=1) for a in ACCOUNTS}
    return made.but(accounts=Table(views), phase=Phase.READY, install_tag="S1")


def _truth(scoped: ScopedLimits) -> Truth:
    scope = scoped.scope

    def covers(order: Order) -> bool:
        return scope.covers(order.account, order.symbol, order.strategy)

    strategy = str(scope).startswith("STRATEGY:")
    return Truth(scoped, covers, None if strategy else scope.touches)


def _part(quantity: Decimal) -> Decimal:
    return max((quantity / 2).quantize(D("0.001")), D("0.001"))


def _passed(truth: Truth, live: Live, held: dict[tuple[Account, str], Decimal]) -> list[str]:
    """The limits of one scope that are passed now. A sale of what is held may always leave."""
    limits, order, found = truth.limits, live.order, []
    if limits.max_order_value is not None and live.left * live.price > limits.max_order_value:
        found.append("max_order_value")
    if limits.max_open_orders is not None and truth.count > limits.max_open_orders:
        found.append("max_open_orders")
    if order.side is Side.SELL:
        return found
    volume = limits.max_daily_volume
    if volume is not None and truth.executed + truth.value > volume:
        found.append("max_daily_volume")
    sizes = limits.max_position_size
    most = sizes.get(order.base, sizes.get("default"))
    if truth.holds is None:
        position = max(D(truth.bought[order.base]), ZERO)
    else:
        position = sum((held[a, order.base] for a in ACCOUNTS if truth.holds(a)), ZERO)
    coming = D(truth.coming[order.base])
    if most is not None and (position + coming) * MARKS[order.base] > most:
        found.append("max_position_size")
    return found
