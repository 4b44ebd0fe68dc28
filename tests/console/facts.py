"""What happened on the desk of the console's tests: orders, fills, denials, alarms, a kill.

The one rule: every fact is dated back from `NOW_US`; no clock is read.
"""

from collections.abc import Iterator
from decimal import Decimal

from domain import bookings, controls, events
from domain.halts import GLOBAL, Evidence, Level
from domain.instruments import Account
from domain.orders import Amendment, Fill, Final, Kind, Order, Side, VenueOrder
from domain.verdicts import Verdict
from tests.console.views import ACCOUNTS, MINUTE, NOW_US, OPERATOR, PRICES, SECOND, VENUES

D = Decimal


def approved(
    client_id: str, venue: str, symbol: str, side: Side, quantity: str, limit: str | None, *,
    ago: int = MINUTE, strategy: str = "manual",
) -> events.OrderApproved:  # fmt: skip
    """The intent of an order, `ago` microseconds before now."""
    order = make_order(client_id, venue, symbol, side, quantity, limit, ago=ago, strategy=strategy)
    verdict = Verdict(approved=True, value=order.value)
    return events.OrderApproved(at_us=NOW_US - ago, actor=OPERATOR, order=order, verdict=verdict)


def make_order(
    client_id: str, venue: str, symbol: str, side: Side, quantity: str, limit: str | None, *,
    ago: int = MINUTE, strategy: str = "manual",
) -> Order:  # fmt: skip
    """An order valued at its limit or at the last price."""
    return Order(
        client_id=client_id,
        account=ACCOUNTS[venue],
        symbol=symbol,
        side=side,
        kind=Kind.MARKET if limit is None else Kind.LIMIT,
        quantity=D(quantity),
        price=None if limit is None else D(limit),
        reference=D(limit or PRICES[symbol][0]),
        base_rate=D(1),
        fee_rate=D("0.0026"),
        strategy=strategy,
        actor=OPERATOR,
        at_us=NOW_US - ago,
    )


def acked(client_id: str) -> events.OrderAcked:
    """The venue has the order."""
    return events.OrderAcked(
        at_us=NOW_US - 50 * SECOND, actor="engine", client_id=client_id,
        venue_order_id=f"V-{client_id[-6:]}",
    )  # fmt: skip


def filled(
    client_id: str, venue: str, symbol: str, side: Side, quantity: str, at_price: str, *, ago: int,
    trade: str,
) -> bookings.FillBooked:  # fmt: skip
    """An execution of an order."""
    fill = Fill(
        account=ACCOUNTS[venue], symbol=symbol, trade_id=trade, side=side, quantity=D(quantity),
        price=D(at_price), fee=D(quantity) * D(at_price) * D("0.0026"), fee_asset="USDT",
        at_us=NOW_US - ago, venue_order_id=f"V-{client_id[-6:]}", client_id=client_id,
        liquidity="maker" if side is Side.BUY else "taker",
    )  # fmt: skip
    return bookings.FillBooked(at_us=NOW_US - ago, actor="engine", fill=fill, source="stream")


def alarm(name: str, severity: str, text: str, *, ago: int = MINUTE) -> controls.AlarmRaised:
    """Something that needs a person."""
    return controls.AlarmRaised(
        at_us=NOW_US - ago, actor="engine", alarm=name, severity=severity, text=text
    )


def denied(
    client_id: str, venue: str, symbol: str, quantity: str, rule: str, reason: str, *, ago: int
) -> events.OrderDenied:
    """An order that the gate refused."""
    order = make_order(client_id, venue, symbol, Side.BUY, quantity, "62180", ago=ago)
    return events.OrderDenied(
        at_us=NOW_US - ago, actor=OPERATOR, order=order, rule=rule, reason=reason
    )


def day() -> list[events.Fact]:
    """Everything that happened on a busy day, oldest group first."""
    return [*_older_fills(), *_orders(), *_trouble()]


def _orders() -> list[events.Fact]:
    facts: list[events.Fact] = []
    for number, (venue, symbol, side, quantity, limit, ago) in enumerate(_WORKING):
        client_id = _client_id(number)
        facts += [approved(client_id, venue, symbol, side, quantity, limit, ago=ago),
                  events.OrderSent(at_us=NOW_US - ago, actor="engine", client_id=client_id),
                  acked(client_id)]  # fmt: skip
    partial = _client_id(1)
    facts.append(
        filled(
            partial, "kucoin", "ETH/USDT", Side.SELL, "0.4", "3121.10", ago=41 * SECOND, trade="U1"
        )
    )
    canceling = _client_id(3)
    facts.append(
        events.CancelRequested(
            at_us=NOW_US - 3 * SECOND, actor=OPERATOR, client_id=canceling, reason="asked for"
        )
    )
    amended = Amendment(client_id=_client_id(40), quantity=D(300), price=D("0.4402"), at_us=NOW_US)
    passed = Verdict(approved=True)
    facts.append(
        events.AmendRequested(
            at_us=NOW_US, actor=OPERATOR, client_id=_client_id(4), amendment=amended, verdict=passed
        )
    )
    return [*facts, *_unknown(_client_id(20))]


def _unknown(client_id: str) -> Iterator[events.Fact]:
    side, strategy = Side.BUY, "dca"
    yield approved(
        client_id, "mexc", "BTC/USDT", side, "0.0150", "61900.0", ago=38 * SECOND, strategy=strategy
    )
    yield events.OrderInDoubt(
        at_us=NOW_US - 28 * SECOND,
        actor="engine",
        client_id=client_id,
        reason="no answer from mexc in 10 s",
    )


def _older_fills() -> list[events.Fact]:
    facts: list[events.Fact] = []
    for number, (venue, symbol, side, quantity, at_price, ago) in enumerate(_DONE):
        client_id = _client_id(60 + number)
        trade = f"K{88100 + number}"
        facts += [
            approved(client_id, venue, symbol, side, quantity, at_price, ago=ago + SECOND),
            acked(client_id),
            filled(client_id, venue, symbol, side, quantity, at_price, ago=ago, trade=trade),
        ]
    canceled = _client_id(90)
    report = VenueOrder(account=ACCOUNTS["kraken"], venue_order_id="V-90", final=Final.CANCELED)
    gone = events.OrderReported(
        at_us=NOW_US - 90 * MINUTE,
        actor="engine",
        client_id=canceled,
        report=report,
        source="stream",
    )
    facts += [
        approved(canceled, "kraken", "ETH/USDT", Side.BUY, "2", "3050", ago=95 * MINUTE),
        acked(canceled),
        gone,
    ]
    return facts


def _trouble() -> list[events.Fact]:
    return [
        denied(_client_id(70), "kraken", "BTC/USDT", "0.1190", *_TOO_MUCH, ago=184 * SECOND),
        denied(_client_id(71), "mexc", "BTC/USDT", "0.0500", *_TOO_FAR, ago=21 * MINUTE),
        alarm("unknown:mexc", "warning", "an order at mexc is UNKNOWN since 28 s", ago=20 * SECOND),
        alarm("disk", "critical", _DISK, ago=2 * MINUTE),
    ]


def trip_facts() -> list[events.Fact]:
    """The kill switch was engaged four seconds ago."""
    return [
        controls.HaltTripped(
            at_us=NOW_US - 4 * SECOND,
            actor=OPERATOR,
            halt_id="h1",
            level=Level.HALT_CANCEL,
            reason="kill switch pressed in the console",
            scope=GLOBAL,
        )
    ]


def evidence(
    *, account: Account, before: int = -1, cancelled: int = 0, left: int = -1, unknown: int = 0,
    attempts: int = 1, verified_ms: int = -1, error: str = "",
) -> controls.HaltEvidenced:  # fmt: skip
    """What the kill switch has seen and done at one account."""
    seen = Evidence(
        account=account, open_before=before, cancelled=cancelled, still_open=left, unknown=unknown,
        attempts=attempts, first_cancel_ms=180, verified_ms=verified_ms, error=error,
    )  # fmt: skip
    return controls.HaltEvidenced(at_us=NOW_US, actor="engine", halt_id="h1", evidence=seen)


_WORKING = (
    ("kraken", "BTC/USDT", Side.BUY, "0.0500", "62000.0", 4 * SECOND),
    ("kucoin", "ETH/USDT", Side.SELL, "1.0000", "3121.10", 117 * SECOND),
    ("kraken", "ETH/USDT", Side.BUY, "2.5000", "3050.00", 340 * SECOND),
    ("gate", "SOL/USDT", Side.SELL, "40.000", "146.50", 12 * MINUTE),
    ("gate", "ADA/USDT", Side.BUY, "2500.0", "0.4402", 31 * MINUTE),
    ("kucoin", "SOL/USDT", Side.BUY, "25.000", "136.00", 52 * MINUTE),
    ("kraken", "BTC/USDT", Side.SELL, "0.1000", "64800.0", 88 * MINUTE),
)
_DONE = tuple(
    (
        VENUES[(number * 3) % 4] if number % 5 else "kraken",
        ("BTC/USDT", "ETH/USDT", "SOL/USDT")[number % 3] if number % 5 else "BTC/USDT",
        Side.BUY if number % 3 != 1 else Side.SELL,
        ("0.0210", "0.8000", "12.500")[number % 3] if number % 5 else "0.0105",
        ("62050.0", "3118.40", "141.90")[number % 3] if number % 5 else "61990.5",
        (number * 163 + 9) * SECOND,
    )
    for number in range(48)
)


_TOO_MUCH = (
    "max_order_value",
    "order value 7,399.42 USD is over 5,000.00 USD (risk.max_order_value)",
)
_TOO_FAR = ("price_collar_pct", "62180 is 6.1 % from the middle 58600; 5 % is allowed")
_DISK = "0.8 GB left for the ledger; trading halts at 0.2 GB"


def _client_id(number: int) -> str:
    return f"QDA7{number:02d}KX9T3VQ2M7WZ"[:18]
