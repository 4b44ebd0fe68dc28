"""Frames that make a handler inside ccxt.pro raise, and with it kill its receive loop.

Each is something a venue could send by mistake: a row without its symbol, a number that is no
number, an update about a pair that the client does not know. The one rule: every frame here is
proven by a test to stop the real class without a word.
"""

from tests.wire.kraken.frames import Row, frame

_TRADE: Row = {"order_id": "OPOISO-NPOIS-ONPOIS", "exec_type": "trade", "exec_id": "TPOISON"}
_ORDER: Row = {"order_id": "OPOISO-NPOIS-ONPOIS", "exec_type": "new", "order_status": "new"}
_NEW_PAIR: Row = {"symbol": "POISON/USD", "bids": [], "asks": [], "price": 1, "qty": 1}

# name -> (side, frame)
POISONS: dict[str, tuple[str, Row]] = {
    "trade without symbol": ("private", frame("executions", "update", [_TRADE])),
    "price that is no number": (
        "private",
        frame("executions", "update", [{**_ORDER, "limit_price": "soon", "order_qty": "x"}]),
    ),
    "book of an unknown pair": ("public", frame("book", "update", [_NEW_PAIR])),
    "trade of an unknown pair": ("public", frame("trade", "update", [_NEW_PAIR])),
    "no trades": ("public", frame("trade", "update", [])),
}
