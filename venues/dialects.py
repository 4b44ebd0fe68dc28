"""How simulated venues speak: their order and trade ids, and their words for a refusal.

The one rule: a refusal keeps the venue's own code and wording where they are known, because
that is what an operator of the real venue sees. Codes are those that ccxt 4.5.90 lists for
each venue; what a venue has no words for is refused in `_PLAIN` ones.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from domain.money import canonical
from domain.ports import Placement
from venues.demo_dice import mixed

_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Objection(StrEnum):
    """Why a venue refuses a request."""

    SYMBOL = "symbol"
    TICK = "tick"
    LOT = "lot"
    QUANTITY = "quantity"
    VALUE = "value"
    FUNDS = "funds"
    CLOSED = "closed"
    MOST_QUANTITY = "most quantity"
    MOST_VALUE = "most value"
    POST_ONLY = "post only"
    UNKNOWN_ORDER = "unknown order"
    AMENDMENT = "amendment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A venue's way with ids and words.

    `order_id` and `trade_id` make an id out of a running number and a time (microseconds);
    `words` maps an objection to a code and a sentence with `{limit}` and `{asset}` in it.
    """

    order_id: Callable[[int, int], str]
    trade_id: Callable[[int, int], str]
    words: Mapping[Objection, tuple[str, str]]

    def refusal(
        self, objection: Objection, *, limit: Decimal | None = None, asset: str = ""
    ) -> Placement:
        """The venue's answer that it will not."""
        code, words = self.words.get(objection) or _PLAIN[objection]
        shown = "" if limit is None else canonical(limit)
        reason = words.format(limit=shown, asset=asset)
        return Placement(accepted=False, code=code, reason=reason)


def _kraken_id(letter: str) -> Callable[[int, int], str]:
    def make(number: int, at_us: int) -> str:
        # The scrambled running number is unique; the rest of the 15 characters is decoration.
        text = _base36(mixed(number), 13) + _base36(mixed(number ^ at_us) % 36**2, 2)
        return f"{letter}{text[:5]}-{text[5:10]}-{text[10:]}"

    return make


def _base36(value: int, length: int) -> str:
    digits = []
    for _ in range(length):
        value, digit = divmod(value, 36)
        digits.append(_BASE36[digit])
    return "".join(digits)


def _kucoin_order(number: int, at_us: int) -> str:
    return f"{at_us // 1_000_000:08x}{mixed(number) & 0xFFFFFFFF:08x}{number:08x}"


def _rising(first: int, stride: int, *, before: str = "", after: str = "") -> Callable[..., str]:
    def make(number: int, _at_us: int) -> str:
        return f"{before}{first + number * stride}{after}"

    return make


_KRAKEN = Dialect(
    order_id=_kraken_id("O"),
    trade_id=_kraken_id("T"),
    words={
        Objection.SYMBOL: ("EQuery:Unknown asset pair", "Unknown asset pair {asset}"),
        Objection.TICK: ("EOrder:Tick size check failed", "Price is not a multiple of {limit}"),
        Objection.LOT: ("EGeneral:Invalid arguments:volume", "Volume is not a multiple of {limit}"),
        Objection.QUANTITY: ("EOrder:Order minimum not met", "Order minimum not met: {limit}"),
        Objection.VALUE: ("EOrder:Cost minimum not met", "Cost minimum not met: {limit} {asset}"),
        Objection.FUNDS: ("EOrder:Insufficient funds", "Insufficient funds: {limit} {asset} free"),
        Objection.POST_ONLY: ("EOrder:Post only order", "Post only order would take liquidity"),
        Objection.UNKNOWN_ORDER: ("EOrder:Unknown order", "Unknown order"),
        Objection.AMENDMENT: ("EGeneral:Invalid arguments", "Amendment is not possible"),
    },
)
_KUCOIN = Dialect(
    order_id=_kucoin_order,
    trade_id=_rising(17_193_812_374_000, 3),
    words={
        Objection.SYMBOL: ("900001", "symbol not exists: {asset}"),
        Objection.TICK: ("600100", "Order price increment invalid."),
        Objection.LOT: ("600100", "Order size increment invalid."),
        Objection.QUANTITY: ("400100", "Order size below the minimum requirement."),
        Objection.VALUE: ("600101", "The order funds should more then {limit} {asset}."),
        Objection.FUNDS: ("200004", "Balance insufficient!"),
        Objection.POST_ONLY: ("300000", "Post only order would be filled at once."),
        Objection.UNKNOWN_ORDER: ("400100", "order_not_exist_or_not_allow_to_cancel"),
        Objection.AMENDMENT: ("404000", "URL Not Found"),
    },
)
_GATE = Dialect(
    order_id=_rising(1_036_458_120_000, 7),
    trade_id=_rising(58_200_415_000, 1),
    words={
        Objection.SYMBOL: ("INVALID_CURRENCY_PAIR", "Invalid currency pair {asset}"),
        Objection.TICK: ("INVALID_PRECISION", "Price precision must be a multiple of {limit}"),
        Objection.LOT: ("INVALID_PRECISION", "Amount precision must be a multiple of {limit}"),
        Objection.QUANTITY: ("AMOUNT_TOO_LITTLE", "Your order amount is too small: {limit}"),
        Objection.VALUE: (
            "INVALID_PARAM_VALUE",
            "Your order size is too small. The minimum is {limit} {asset}",
        ),
        Objection.FUNDS: ("BALANCE_NOT_ENOUGH", "Not enough balance: {limit} {asset}"),
        Objection.POST_ONLY: (
            "POC_FILL_IMMEDIATELY",
            "Order would match and take immediately so its cancelled",
        ),
        Objection.UNKNOWN_ORDER: ("ORDER_NOT_FOUND", "Order not found"),
        Objection.AMENDMENT: ("INVALID_PARAM_VALUE", "No change is possible"),
    },
)
_MEXC = Dialect(
    order_id=_rising(413_321_238_354_677, 64, before="C02__", after="043"),
    trade_id=_rising(505_979_017_439_002, 16, after="X1"),
    words={
        Objection.SYMBOL: ("10007", "bad symbol"),
        Objection.TICK: ("30010", "no valid trade price"),
        Objection.LOT: ("10096", "amount decimal places is too long"),
        Objection.QUANTITY: (
            "30002",
            "The minimum transaction volume cannot be less than: {limit}",
        ),
        Objection.VALUE: (
            "30002",
            "The minimum transaction volume cannot be less than: {limit}{asset}",
        ),
        Objection.FUNDS: ("30004", "Insufficient position"),
        Objection.POST_ONLY: ("30041", "current order type can not place order"),
        Objection.UNKNOWN_ORDER: ("-2011", "Unknown order sent."),
        Objection.AMENDMENT: ("730003", "Unsupported operation"),
    },
)

_PLAIN: Mapping[Objection, tuple[str, str]] = {
    Objection.SYMBOL: ("UNKNOWN_SYMBOL", "{asset} is not listed here"),
    Objection.CLOSED: ("MARKET_CLOSED", "{asset} is not traded now"),
    Objection.TICK: ("INVALID_PRICE", "Price is not a multiple of {limit}"),
    Objection.LOT: ("INVALID_QUANTITY", "Quantity is not a multiple of {limit}"),
    Objection.QUANTITY: ("QUANTITY_TOO_SMALL", "Quantity is below the minimum of {limit}"),
    Objection.MOST_QUANTITY: ("QUANTITY_TOO_LARGE", "Quantity is above the maximum of {limit}"),
    Objection.VALUE: ("VALUE_TOO_SMALL", "Order value is below the minimum: {limit} {asset}"),
    Objection.MOST_VALUE: (
        "VALUE_TOO_LARGE",
        "Order value is above the maximum: {limit} {asset}",
    ),
    Objection.FUNDS: ("INSUFFICIENT_FUNDS", "Insufficient funds: {limit} {asset} free"),
    Objection.POST_ONLY: ("POST_ONLY", "Post only order would take liquidity"),
    Objection.UNKNOWN_ORDER: ("ORDER_NOT_FOUND", "There is no such open order"),
    Objection.AMENDMENT: ("NOT_CHANGED", "The order cannot be changed like that"),
}
DIALECTS: Mapping[str, Dialect] = {
    "kraken": _KRAKEN,
    "kucoin": _KUCOIN,
    "gate": _GATE,
    "mexc": _MEXC,
}


def paper_dialect(venue: str) -> Dialect:
    """The venue's own words where they are known, and ids that nobody takes for real ones."""
    known = DIALECTS.get(venue)
    return Dialect(
        order_id=lambda number, at_us: f"PAPER-O{at_us // 1_000:X}-{number}",
        trade_id=lambda number, at_us: f"PAPER-T{at_us // 1_000:X}-{number}",
        words=known.words if known else {},
    )
