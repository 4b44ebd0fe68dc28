"""Frames that make a handler inside ccxt.pro raise, and with it kill its receive loop.

Each is something a venue could send by mistake: a row without its symbol, a number that is no
number, a list where an object should be. The one rule: every frame here is proven by a test to
stop the real class without a word.
"""

from tests.wire.kucoin.frames import ORDERS, SNAPSHOT, Row, message

_TRADE: Row = {"orderId": "6306cf6e27ecbe0001e1e03a", "type": "match", "tradeId": "1"}
_ORDER: Row = {"orderId": "6306cf6e27ecbe0001e1e03a", "type": "open"}

# name -> (side, frame)
POISONS: dict[str, tuple[str, Row]] = {
    "trade without symbol": ("private", message(ORDERS, "orderChange", _TRADE)),
    "size that is no number": (
        "private",
        message(
            ORDERS,
            "orderChange",
            {**_ORDER, "symbol": "BTC-USDT", "size": "x", "filledSize": "soon", "price": "now"},
        ),
    ),
    "price that is no number": (
        "public",
        message(f"{SNAPSHOT}:BTC-USDT", "trade.snapshot", {"data": {"open": "x", "last": "y"}}),
    ),
    "frame without a topic": (
        "public",
        {"type": "message", "subject": "trade.snapshot", "data": {}},
    ),
}
