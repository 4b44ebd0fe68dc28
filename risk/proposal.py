"""An order made ready for judgement: its instrument, prices and legs worked out once.

The one rule: a market order is always valued, at the worse side of the market plus the
collar; without a fresh price there is no value, and the order is denied NO_PRICE.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from domain.board import Board, at
from domain.halts import level_over
from domain.instruments import Account, Instrument
from domain.market import Price
from domain.money import ONE, ZERO
from domain.orders import Draft, Kind, Side
from domain.scopes import Scope
from risk.exposure import Cell, Exposure
from risk.limits import Limits
from risk.pace import Pace, Terms
from risk.scoped import ScopedLimits
from risk.turnover import Turnover

FALLBACK_FEE = Decimal("0.005")
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """What the gate knows besides limits. Ages in microseconds; `cash` needs no position limit.

    `fee_rates` is the taker's fee by venue (0.0026: 0.26 %), for venues that do not tell theirs.
    """

    base_currency: str = "USD"
    cash: frozenset[str] = frozenset({"USD", "USDT", "USDC"})
    price_stale_us: int = 5_000_000
    mark_stale_us: int = 15_000_000
    balance_stale_us: int = 90_000_000
    markets_stale_us: int = 86_400_000_000
    stream_silent_us: int = 15_000_000
    break_value: Decimal = Decimal(100)
    skew_limits_us: Mapping[str, int] = field(default_factory=dict)
    fee_rates: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class View:
    """All that the gate looks at; the desk's door keeps one and renews `board` and `now_us`.

    `level` is the halt level over everything this instant, `levels` those over narrower
    scopes; a trip raises them before the board knows. `drawdown_pct` and `daily_loss` come from
    the equity watch, None: not known. `covering` answers the limited scopes that an order is in.
    """

    board: Board
    limits: Limits
    settings: GateSettings = field(default_factory=GateSettings)
    exposure: Exposure = field(default_factory=Exposure)
    pace: Pace = field(default_factory=Pace)
    turnover: Turnover = field(default_factory=Turnover)
    level: int = 0
    levels: Mapping[Scope, int] = field(default_factory=dict)
    now_us: int = 0
    drawdown_pct: Decimal | None = None
    daily_loss: Decimal | None = None
    covering: "Callable[[Cell], tuple[Lens, ...]] | None" = None

    def over(self, order: "Proposal") -> int:
        """The strictest halt level over one order."""
        narrower = level_over(self.levels, order.account, order.symbol, order.strategy)
        return max(self.level, narrower)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """A scope with limits of its own: the same rules look through it at the scope's own sums.

    `rules` are those that the scope has a limit for, `name` the scope as it is written.
    """

    scoped: ScopedLimits
    name: str
    rules: frozenset[str]
    view: View

    @property
    def scope(self) -> Scope:
        """What it covers."""
        return self.scoped.scope


@dataclass(slots=True, kw_only=True)
class Proposal:
    """One order under judgement. `quantity` is what could still fill, `total` the whole order.

    They differ only when a partly filled order is amended (`amends`). `flattens` is said by the
    engine alone, of the sales that a halt at FLATTEN consists of.
    `reference` is in quote per base, `base_rate` one quote unit in the base currency; both are
    None when no fresh price was to be had (`unpriced` says which).
    """

    account: Account
    symbol: str
    base: str
    quote: str
    side: Side
    kind: Kind
    quantity: Decimal
    price: Decimal | None
    strategy: str
    instrument: Instrument | None
    market: Price | None
    reference: Decimal | None
    base_rate: Decimal | None
    fee_rate: Decimal
    total: Decimal
    unpriced: str = ""
    reducing: bool = False
    flattens: bool = False
    amends: bool = False
    value: Decimal = ZERO

    @property
    def terms(self) -> Terms:
        """What makes two orders identical."""
        return (self.account, self.symbol, self.side, self.quantity, self.price)

    @property
    def cell(self) -> Cell:
        """What tells which scopes cover the order."""
        return (self.account, self.symbol, self.strategy)

    @property
    def outgoing_asset(self) -> str:
        """What the order spends."""
        return self.quote if self.side is Side.BUY else self.base

    @property
    def incoming_asset(self) -> str:
        """What the order acquires."""
        return self.base if self.side is Side.BUY else self.quote

    def outgoing(self, quantity: Decimal) -> Decimal:
        """How much of `outgoing_asset` a quantity could spend, the fee included."""
        if self.side is Side.SELL:
            return quantity
        return quantity * (self.reference or ZERO) * (ONE + self.fee_rate)

    def incoming(self, quantity: Decimal) -> Decimal:
        """How much of `incoming_asset` a quantity could bring."""
        return quantity if self.side is Side.BUY else quantity * (self.reference or ZERO)


def propose(
    draft: Draft, view: View, *, filled: Decimal | None = None, flattens: bool = False
) -> Proposal:
    """The draft with everything that the rules need, looked up once.

    `filled` says that the draft amends an order of which that much has traded already.
    """
    board, symbol = view.board, draft.symbol
    base, _, quote = symbol.partition("/")
    key = at(draft.account.venue, symbol)
    instrument = board.instruments.get(key)
    market = board.prices.get(key)
    reference, unpriced = _reference(draft, market, view)
    base_rate = _base_rate(quote, view)
    if base_rate is None and not unpriced:
        unpriced = f"no mark for {quote} younger than {view.settings.mark_stale_us // 10**6} s"
    proposal = Proposal(
        account=draft.account,
        symbol=symbol,
        base=base,
        quote=quote,
        side=draft.side,
        kind=draft.kind,
        quantity=draft.quantity - (filled or ZERO),
        total=draft.quantity,
        amends=filled is not None,
        flattens=flattens,
        price=draft.price,
        strategy=draft.strategy,
        instrument=instrument,
        market=market,
        reference=reference,
        base_rate=base_rate,
        fee_rate=_fee_rate(instrument, draft.account.venue, view),
        unpriced=unpriced,
    )
    if reference is not None and base_rate is not None:
        proposal.value = proposal.quantity * reference * base_rate
    proposal.reducing = _reduces(proposal, view)
    return proposal


def _fee_rate(instrument: Instrument | None, venue: str, view: View) -> Decimal:
    """The venue's own, else the operator's, else a cautious guess."""
    if instrument is not None and instrument.fee_rate is not None:
        return instrument.fee_rate
    return view.settings.fee_rates.get(venue, FALLBACK_FEE)


def _reference(draft: Draft, market: Price | None, view: View) -> tuple[Decimal | None, str]:
    if draft.kind is Kind.LIMIT:
        if draft.price is None:
            return None, "a limit order needs a price"
        return draft.price, ""
    stale_us = view.settings.price_stale_us
    if market is None or view.now_us - market.at_us > stale_us:
        return None, f"no price of {draft.symbol} younger than {stale_us // 10**6} s"
    best = market.ask if draft.side is Side.BUY else market.bid
    known = [price for price in (best, market.last) if price is not None]
    if not known:
        return None, f"{draft.account.venue} shows no price of {draft.symbol}"
    return max(known) * (ONE + view.limits.price_collar_pct / HUNDRED), ""


def _base_rate(quote: str, view: View) -> Decimal | None:
    if quote == view.settings.base_currency:
        return ONE
    mark = view.board.marks.get(quote)
    if mark is None or view.now_us - mark.at_us > view.settings.mark_stale_us:
        return None
    return mark.value


def _reduces(proposal: Proposal, view: View) -> bool:
    """A sale into cash of what the account provably holds and has not promised elsewhere."""
    if proposal.side is not Side.SELL or proposal.quote not in view.settings.cash:
        return False
    available = view.exposure.available(proposal.account, proposal.base)
    return available is not None and available >= proposal.quantity
