"""The truth at a model venue: one account, its orders, trades, movements and balances.

The one rule: the truth never lies and never forgets. Whatever is told of it wrongly, late, twice
or not at all is the wire's doing (`tests.sim.wire`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from domain.instruments import Account, Instrument, base_of, quote_of
from domain.market import AssetBalance, Movement
from domain.money import ZERO
from domain.orders import Fill, Final, Kind, Order, Side, TimeInForce, VenueOrder
from domain.ports import Placement
from risk.exposure import changes_of
from tests.sim.loop import SeededDice, VirtualClock

D = Decimal
TICK, LOT, SPREAD = D("0.1"), D("0.001"), D("0.0005")
OPENING = {"USD": D(60_000), "BTC": D(2), "ETH": D(20)}
FIRST_PRICES = {"BTC/USD": D(2_000), "ETH/USD": D(200)}


@dataclass(slots=True)
class Resting:
    """One order at the venue. `told` is every state it was ever in, oldest first, with its time."""

    venue_order_id: str
    client_id: str
    symbol: str
    side: Side
    kind: Kind
    quantity: Decimal
    price: Decimal | None
    at_us: int
    filled: Decimal = ZERO
    final: Final | None = None
    told: list[tuple[int, VenueOrder]] = field(default_factory=list)

    @property
    def left(self) -> Decimal:
        """What can still trade."""
        return ZERO if self.final is not None else self.quantity - self.filled


class Truth:
    """What really happens. `clock` is the venue's own, which may be off everybody else's."""

    def __init__(self, account: Account, clock: VirtualClock, dice: SeededDice) -> None:
        self.account = account
        self.clock = clock
        self._dice = dice
        self.fee_rate = D(dice.between(0, 3)) / 1000
        self.fee_in_base = dice.chance(40)
        self.totals = dict(OPENING)
        self.prices = dict(FIRST_PRICES)
        self.orders: dict[str, Resting] = {}
        self.trades: list[Fill] = []
        self.movements: list[Movement] = []
        self.past_totals: list[tuple[int, dict[str, Decimal]]] = [(0, dict(OPENING))]
        self.on_trade: Callable[[Fill], None] = lambda fill: None
        self.on_order: Callable[[VenueOrder], None] = lambda report: None
        self._number = 0

    # What can be known of it

    def instruments(self) -> list[Instrument]:
        """Both pairs."""
        return [
            Instrument(
                self.account.venue,
                symbol,
                tick=TICK,
                lot=LOT,
                min_quantity=LOT,
                fee_rate=self.fee_rate,
            )
            for symbol in self.prices
        ]

    def bid(self, symbol: str) -> Decimal:
        """The best bid, a whole tick."""
        return self.prices[symbol] * (1 - SPREAD) // TICK * TICK

    def ask(self, symbol: str) -> Decimal:
        """The best ask, a whole tick."""
        return self.prices[symbol] * (1 + SPREAD) // TICK * TICK + TICK

    def working(self) -> list[Resting]:
        """Every order that is open."""
        return [order for order in self.orders.values() if order.final is None]

    def by_client_id(self, client_id: str) -> Resting | None:
        """The order that was made under this id."""
        return next((o for o in self.orders.values() if o.client_id == client_id), None)

    def balances(self, totals: dict[str, Decimal]) -> dict[str, AssetBalance]:
        """These totals, with what working orders hold now."""
        used = dict.fromkeys(totals, ZERO)
        for order in self.working():
            asset, amount = self._held(order)
            used[asset] += amount
        return {
            asset: AssetBalance(total=total, used=used[asset]) for asset, total in totals.items()
        }

    def _held(self, order: Resting) -> tuple[str, Decimal]:
        if order.side is Side.SELL:
            return base_of(order.symbol), order.left
        price = order.price or self.ask(order.symbol)
        return quote_of(order.symbol), order.left * price * (1 + self.fee_rate)

    # What is asked of it

    def place(self, order: Order) -> Placement:
        """Take an order in and match what crosses; or refuse it by a rule of the house."""
        refusal = self._refusal(order)
        if refusal:
            return Placement(accepted=False, code="EOrder", reason=refusal)
        made = self._made(order)
        if self._crosses(made):
            self._take(made, order.time_in_force)
        elif order.time_in_force is not TimeInForce.GTC:
            self._end(made, Final.CANCELED)
        return Placement(accepted=True, venue_order_id=made.venue_order_id)

    def _refusal(self, order: Order) -> str:
        crosses = order.price is None or self._would_cross(order.symbol, order.side, order.price)
        if order.post_only and crosses:
            return "post-only order would trade"
        price = order.price or self.ask(order.symbol)
        asset, need = base_of(order.symbol), order.quantity
        if order.side is Side.BUY:
            asset = quote_of(order.symbol)
            need = order.quantity * price * (1 + self.fee_rate)
        return "insufficient funds" if need > self._free(asset) else ""

    def _free(self, asset: str) -> Decimal:
        return self.balances(self.totals)[asset].free

    def _made(self, order: Order) -> Resting:
        self._number += 1
        made = Resting(
            venue_order_id=f"V{self._number}",
            client_id=order.client_id,
            symbol=order.symbol,
            side=order.side,
            kind=order.kind,
            quantity=order.quantity,
            price=order.price,
            at_us=self.clock.now_us(),
        )
        self.orders[made.venue_order_id] = made
        self._changed(made)
        return made

    def cancel(self, venue_order_id: str, client_id: str) -> Placement:
        """End an order; refused when it is over or was never here."""
        order = self.orders.get(venue_order_id) or self.by_client_id(client_id)
        if order is None or order.final is not None:
            return Placement(accepted=False, code="EOrder", reason="unknown order")
        if self._dice.chance(15):
            self._trade(order, self._part(order), order.price or self.prices[order.symbol])
        if order.final is None:
            self._end(order, Final.CANCELED)
        return Placement(accepted=True, venue_order_id=order.venue_order_id)

    def cancel_all(self) -> None:
        """End every order, whoever made it."""
        for order in self.working():
            self._end(order, Final.CANCELED)

    def amend(
        self, venue_order_id: str, client_id: str, quantity: Decimal, price: Decimal | None
    ) -> Placement:
        """New terms for a working order, or a refusal."""
        order = self.orders.get(venue_order_id) or self.by_client_id(client_id)
        if order is None or order.final is not None or quantity <= order.filled:
            return Placement(accepted=False, code="EOrder", reason="cannot be amended")
        old = order.quantity, order.price
        order.quantity, order.price = quantity, price
        if self._free(self._held(order)[0]) < ZERO:
            order.quantity, order.price = old
            return Placement(accepted=False, code="EOrder", reason="insufficient funds")
        self._changed(order)
        if self._crosses(order):
            self._take(order, TimeInForce.GTC)
        return Placement(accepted=True, venue_order_id=order.venue_order_id)

    def move(self, asset: str, amount: Decimal) -> None:
        """Money comes from outside, or goes."""
        self._number += 1
        self.movements.append(
            Movement(
                account=self.account,
                reference=f"M{self._number}",
                asset=asset,
                amount=amount,
                fee=ZERO,
                at_us=self.clock.now_us(),
            )
        )
        self._credit(((asset, amount),))

    # What happens by itself

    def tick(self) -> None:
        """The market moves a little, and trades with whoever is in its way."""
        for symbol, price in self.prices.items():
            first = FIRST_PRICES[symbol]
            moved = price * (1 + D(self._dice.between(-15, 15)) / 10_000)
            self.prices[symbol] = min(max(moved, first * D("0.97")), first * D("1.03")).quantize(
                TICK
            )
        for order in self.working():
            if self._crosses(order) or self._dice.chance(4):
                self._trade(order, self._part(order), order.price or self.prices[order.symbol])

    def _part(self, order: Resting) -> Decimal:
        """All of what is left, or some of it."""
        if self._dice.chance(50):
            return order.left
        return max(LOT, order.left * self._dice.between(1, 9) / 10 // LOT * LOT)

    def _crosses(self, order: Resting) -> bool:
        return order.price is None or self._would_cross(order.symbol, order.side, order.price)

    def _would_cross(self, symbol: str, side: Side, price: Decimal) -> bool:
        return price >= self.ask(symbol) if side is Side.BUY else price <= self.bid(symbol)

    def _take(self, order: Resting, time_in_force: TimeInForce) -> None:
        """An order meets the other side: all of it, or part when it may rest or be cut."""
        best = self.ask(order.symbol) if order.side is Side.BUY else self.bid(order.symbol)
        price = best if order.price is None else order.price
        whole = order.kind is Kind.MARKET or time_in_force is TimeInForce.FOK
        if whole or self._dice.chance(60):
            if order.left > LOT and self._dice.chance(50):
                self._trade(order, order.left // 2 // LOT * LOT or LOT, price)
            self._trade(order, order.left, price)
        else:
            self._trade(order, self._part(order), price)
        if order.final is None and time_in_force is TimeInForce.IOC:
            self._end(order, Final.CANCELED)

    def _trade(self, order: Resting, quantity: Decimal, price: Decimal) -> None:
        if quantity <= ZERO or order.final is not None:
            return
        self._number += 1
        cost = quantity * price
        in_base = self.fee_in_base and order.side is Side.BUY
        fill = Fill(
            account=self.account,
            symbol=order.symbol,
            trade_id=f"T{self._number}",
            side=order.side,
            quantity=quantity,
            price=price,
            fee=(quantity if in_base else cost) * self.fee_rate,
            fee_asset=base_of(order.symbol) if in_base else quote_of(order.symbol),
            at_us=self.clock.now_us(),
            venue_order_id=order.venue_order_id,
            client_id=order.client_id,
        )
        self.trades.append(fill)
        self._credit(changes_of(fill))
        order.filled += quantity
        self.on_trade(fill)
        if order.filled >= order.quantity:
            order.final = Final.FILLED
        self._changed(order)

    def _end(self, order: Resting, final: Final) -> None:
        order.final = final
        self._changed(order)

    def _credit(self, changes: tuple[tuple[str, Decimal], ...]) -> None:
        for asset, change in changes:
            self.totals[asset] += change
        self.past_totals.append((self.clock.now_us(), dict(self.totals)))

    def _changed(self, order: Resting) -> None:
        at_us = self.clock.now_us()
        report = VenueOrder(
            account=self.account,
            venue_order_id=order.venue_order_id,
            client_id=order.client_id,
            symbol=order.symbol,
            side=order.side,
            kind=order.kind,
            quantity=order.quantity,
            price=order.price,
            cumulative=order.filled,
            final=order.final,
            at_us=at_us,
        )
        order.told.append((at_us, report))
        self.on_order(report)
