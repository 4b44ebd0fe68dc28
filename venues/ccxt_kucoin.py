"""KuCoin's dialect: its error codes, the shapes of its answers, and its row.

Sources: www.kucoin.com/docs-new (spot "HF" endpoints, which are the only ones that are not
abandoned), and the class `ccxt.pro.kucoin` 4.5.90. The one rule: `code` decides, not HTTP.
"""

from collections.abc import Callable, Mapping
from typing import Any

from domain.ports import VenueTraits
from domain.text import clean
from venues.budget import Allowance, Pace
from venues.ccxt_news import Confirmed, Denied, Lost, News
from venues.ccxt_row import DAY_US, MarginWallet, Paging, Quirks, TapeRow
from venues.ccxt_sayings import Cause, Saying, Verdict
from venues.ccxt_shapes import Shape
from venues.ccxt_words import coded

_NO, _DOUBT = Verdict.REJECTED, Verdict.IN_DOUBT
GOOD = "200000"
_BEFORE_LOCKOUT_S = 30
_WEIGHT_DIGITS = 9

# The first row whose text begins the error decides; an error reads "<code> <msg>".
SAYINGS = (
    Saying("400001", _NO, Cause.KEY),  # a header is missing
    Saying("400002", _NO, Cause.CLOCK),
    Saying("400003", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("400004", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("400005", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("400006", _NO, Cause.ADDRESS, pause_s=_BEFORE_LOCKOUT_S),
    Saying("400007", _NO, Cause.PERMISSION),
    Saying("400008", _NO, Cause.REQUEST),
    Saying("400100 order not exist", _NO, Cause.NOT_FOUND),
    Saying("400100 Order not exist", _NO, Cause.NOT_FOUND),
    Saying("400100 The order does not exist", _NO, Cause.NOT_FOUND),
    Saying("400100 order_not_exist", _NO, Cause.NOT_FOUND),
    Saying("400100 clientOid is invalid", _NO, Cause.REQUEST),
    Saying("400100 clientOid", Verdict.DUPLICATE, Cause.REQUEST),
    # The endpoint of before high-frequency accounts says it so; `ccxt` passes both on.
    Saying("400100 validation.createOrder.clientOidDuplicated", Verdict.DUPLICATE, Cause.REQUEST),
    Saying("400100 The order cannot be canceled", _NO, Cause.NOT_FOUND),
    Saying("400100 Balance insufficient", _NO, Cause.FUNDS),
    Saying("400100 account.available.amount", _NO, Cause.FUNDS),
    Saying("400100", _NO, Cause.REQUEST),
    Saying("400200", _NO, Cause.REQUEST),
    Saying("400303", _NO, Cause.ACCOUNT),  # restricted where the caller is
    Saying("400330", _NO, Cause.REQUEST),
    Saying("400350", _NO, Cause.REQUEST),
    Saying("400370", _NO, Cause.REQUEST),
    Saying("400400", _NO, Cause.REQUEST),
    Saying("400401", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("400500", _NO, Cause.ACCOUNT),  # not for residents of the account's country
    Saying("400600", _NO, Cause.REQUEST),
    Saying("400760", _NO, Cause.REQUEST),
    Saying("401000", _NO, Cause.REQUEST),
    Saying("404000", _NO, Cause.REQUEST),
    Saying("408000", _DOUBT, Cause.TIMEOUT),
    Saying("411100", _NO, Cause.ACCOUNT),
    Saying("102411", Verdict.DUPLICATE, Cause.REQUEST),  # this clientOid exists
    Saying("102426", Verdict.DUPLICATE, Cause.REQUEST),
    Saying("100001", _NO, Cause.NOT_FOUND),
    Saying("112010", _NO, Cause.PERMISSION),
    Saying("130201", _NO, Cause.ACCOUNT),
    Saying("200001", _NO, Cause.MAINTENANCE),  # no orders of this pair for now
    Saying("200009", _NO, Cause.ACCOUNT),
    Saying("200002", _DOUBT, Cause.RATE, pause_s=3),
    Saying("200003", _DOUBT, Cause.RATE, pause_s=3),
    Saying("200004", _NO, Cause.FUNDS),
    Saying("200005", _NO, Cause.FUNDS),
    Saying("230003", _NO, Cause.FUNDS),
    Saying("230005", _DOUBT, Cause.MAINTENANCE),
    Saying("260000", _NO, Cause.REQUEST),
    Saying("260100", _NO, Cause.REQUEST),
    Saying("300000", _DOUBT, Cause.MAINTENANCE),
    Saying("415000", _NO, Cause.REQUEST),
    Saying("429000", _DOUBT, Cause.RATE, pause_s=30),
    Saying("500000", _DOUBT, Cause.MAINTENANCE),
    Saying("600100", _NO, Cause.REQUEST),
    Saying("600101", _NO, Cause.REQUEST),
    Saying("900001", _NO, Cause.REQUEST),
    Saying("900014", _NO, Cause.REQUEST),
    Saying("order_not_exist", _NO, Cause.NOT_FOUND),
    # The gateway speaks in HTTP's numbers.
    Saying("401 ", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("403 ", _NO, Cause.PERMISSION),
    Saying("429 ", _DOUBT, Cause.RATE, pause_s=30),
    Saying("500 ", _DOUBT, Cause.MAINTENANCE),
    Saying("503 ", _DOUBT, Cause.MAINTENANCE),
)

SHAPES: Mapping[str, Shape] = {
    "GET currencies": Shape(at="data", rows=True, counted=False),
    "GET symbols": Shape(at="data", rows=True, counted=False),
    "GET market/histories": Shape(at="data", rows=True, needs=("sequence", "price", "size")),
    "GET market/allTickers": Shape(at="data.ticker", rows=True, counted=False),
    "GET accounts": Shape(at="data", rows=True, needs=("currency", "balance", "holds")),
    "GET hf/orders/active": Shape(at="data", rows=True, needs=("id", "symbol")),
    "GET hf/orders/done": Shape(at="data.items", rows=True, needs=("id", "symbol")),
    "GET hf/fills": Shape(at="data.items", rows=True, needs=("tradeId", "orderId")),
    "GET deposits": Shape(at="data.items", rows=True, needs=("currency", "amount")),
    "GET withdrawals": Shape(at="data.items", rows=True, needs=("currency", "amount")),
    "GET hf/orders/{orderId}": Shape(at="data", absent=True, needs=("id", "symbol")),
    "GET hf/orders/client-order/{clientOid}": Shape(at="data", absent=True, needs=("id", "symbol")),
    "GET hf/orders/active/symbols": Shape(at="data", needs=("symbols",)),
    "GET futures:account-overview": Shape(
        at="data", needs=("currency", "accountEquity", "unrealisedPNL")
    ),
    "POST hf/orders": Shape(at="data", needs=("orderId",)),
    "DELETE hf/orders/{orderId}": Shape(at="data", needs=("orderId",)),
    "DELETE hf/orders/client-order/{clientOid}": Shape(at="data", needs=("clientOid",)),
}

# It is asked coin by coin, and tells equity: the wallet and what open positions have gained.
MARGINS: Mapping[str, MarginWallet] = {
    "futures": MarginWallet(
        method="futuresprivate_get_account_overview",
        calls=({"currency": "USDT"}, {"currency": "USDC"}, {"currency": "XBT"}),
        at="data",
        asset="currency",
        equity="accountEquity",
        unrealised="unrealisedPNL",
    )
}

# Weights of the spot pool, as calls of weight 2: 4,000 of weight in 30 s at the lowest tier.
_COSTS: Mapping[str, float] = {
    "hf/orders": 0.5,
    "hf/orders/{orderId}": 0.5,
    "hf/orders/client-order/{clientOid}": 0.5,
    "hf/orders/cancelAll": 15,
    "accounts": 2.5,
    "deposits": 2.5,
    "withdrawals": 10,
    "market/allTickers": 7.5,
    "symbols": 2,
}


def codes(body: str) -> tuple[str, ...]:
    """The error of an answer, "<code> <msg>"; () when it is none of KuCoin's own."""
    return coded(body, lambda code, _: isinstance(code, str) and code != GOOD)


def answer(message: Any) -> News | None:
    """What a frame says of a subscription: an `ack` is a yes, an `error` a no or an end.

    The welcome comes before anything was asked for. An old token is nobody's mistake: the next
    socket gets a new one.
    """
    told = message if isinstance(message, dict) else {}
    kind = told.get("type")
    if kind == "ack":
        return Confirmed("*")
    if kind != "error":
        return None
    words = clean(told.get("data")) or "no reason given"
    if words.startswith("token"):
        return Lost(f"the socket was refused: {words}")
    return Denied(f"{clean(told.get('code'), longest=10)} {words}")


def allowance(header: Callable[[str], str], _: int) -> Allowance | None:
    """What is left of the weight of the pool that an answer came out of."""
    names = ("gw-ratelimit-remaining", "gw-ratelimit-limit", "gw-ratelimit-reset")
    told = [header(name) for name in names]
    if not all(text.isdecimal() and len(text) <= _WEIGHT_DIGITS for text in told):
        return None
    left, limit, resets_ms = map(int, told)
    return Allowance(left, limit, resets_ms * 1_000)


def _further(page: Any) -> Mapping[str, Any]:
    """Rows before the last of this page: one order can be filled a hundred times at once."""
    return {"lastId": page["data"].get("lastId")}


_WEEK = 7 * DAY_US

KUCOIN = Quirks(
    traits=VenueTraits(
        venue="kucoin", amends=False, recv_window_us=5_000_000, heartbeat_us=18_000_000
    ),
    trades=True,
    pace=Pace(200, 50.0),
    public_pace=Pace(100, 30.0),
    costs=_COSTS,
    options={
        "hf": True,
        "uta": False,
        "fetchMarkets": {"types": ["spot"]},
    },
    # Its streams tell fills without fees, and the balances of one wallet of the two.
    watches=("watchOrders",),
    answer=answer,
    tape=TapeRow(page=100, number_field="sequence"),
    book_levels=50,  # states of 50 levels, so that no change can be missed
    sayings=SAYINGS,
    codes=codes,
    allowance=allowance,
    shapes=SHAPES,
    margins=MARGINS,
    longest_client_id=40,
    client_id_field="clientOid",
    # Without it an order can trade with our own, and both fills would have one id.
    order_params={"stp": "CN"},
    asks_by_client_id=True,
    by_symbol=frozenset(
        {"fetch_order", "fetch_open_orders", "fetch_closed_orders", "fetch_my_trades"}
    ),
    open_symbols="private_get_hf_orders_active_symbols",
    # Deposits arrive in the main account; money there is ours, and no order can use it.
    wallets=({}, {"type": "main"}),
    # ccxt writes the limit of orders as `pageSize`, which this endpoint does not know: of a
    # page that it cut to 20 rows nobody would ask for more.
    order_pages=Paging(limit=100, window_us=_WEEK, further=_further, extra={"limit": 100}),
    trade_pages=Paging(limit=100, window_us=_WEEK, further=_further),
    movement_pages={
        "fetch_deposits": Paging(limit=500, window_us=_WEEK),
        "fetch_withdrawals": Paging(limit=500, window_us=_WEEK),
    },
)
