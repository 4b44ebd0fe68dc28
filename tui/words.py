"""The words and tones of states: one place, so that a status looks the same on every screen.

The one rule: a tone always comes with a word or a sign; colour alone says nothing.
"""

from decimal import Decimal

from domain.orders import OrderState, Side, Status
from domain.verdicts import Usage
from tui.format import counted, percent, quantity, ratio_pct, short

_TONES = {
    Status.NEW: "dim",
    Status.SUBMITTED: "dim",
    Status.OPEN: "ok",
    Status.PARTIAL: "ok",
    Status.PENDING_CANCEL: "warn",
    Status.UNKNOWN: "halt",
    Status.SETTLING: "warn",
    Status.ANOMALY: "halt",
    Status.FILLED: "strong",
    Status.CANCELED: "dim",
    Status.EXPIRED: "dim",
    Status.REJECTED: "halt",
    Status.DENIED: "warn",
    Status.LOST: "halt",
}
_WORDS = {Status.UNKNOWN: "UNKNOWN?", Status.PENDING_CANCEL: "CANCELING"}


def status_word(state: OrderState) -> str:
    """`OPEN`, `PARTIAL 40%`, `CANCELED (0.4/1)`, `UNKNOWN?`."""
    status = state.status
    if status is Status.PARTIAL and state.quantity:
        return f"PARTIAL {percent(ratio_pct(state.filled, state.quantity), 0)}"
    if status in (Status.CANCELED, Status.EXPIRED) and state.filled:
        return f"{status.value} ({quantity(state.filled)}/{quantity(state.quantity)})"
    return _WORDS.get(status, status.value)


def status_tone(status: Status) -> str:
    """The tone of a status."""
    return _TONES[status]


def side_word(side: Side | str) -> str:
    """`BUY` or `SELL`."""
    return str(side).upper()


def side_tone(side: Side | str) -> str:
    """Purchases have the tone of gains, sales that of losses: the pair that can be told apart."""
    return "up" if str(side) == Side.BUY.value else "down"


def limit_name(rule: str, subject: str = "") -> str:
    """`max_order_value` as a person reads it: `Order value`; with its subject: `Position BTC`.

    The subject of a limit within a scope ends with the scope's name: `Position BTC kraken`.
    """
    words = rule.removeprefix("max_").replace("_pct", "").replace("_size", "").split("_")
    return " ".join(words).capitalize() + (f" {subject}" if subject else "")


def usage_figures(usage: Usage) -> str:
    """`31.2k/50k USD`."""
    return f"{short(usage.used + usage.reserved)}/{short(usage.limit)}"


def orders_and_value(count: int, value: Decimal) -> str:
    """`7 orders, 31.2k`."""
    return f"{counted(count, 'order')}, {short(value)}"
