"""Kraken's dialect as data: what its error texts mean, what its answers must look like.

Sources: docs.kraken.com/exchange/guides/general/errors, .../spot-rest-ratelimits, and the
class `ccxt.pro.kraken` 4.5.90. The one rule: an answer of another shape is garbled, never empty.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from venues.ccxt_sayings import Cause, Garbled, Saying, Verdict
from venues.ccxt_words import object_in

_NO, _DOUBT = Verdict.REJECTED, Verdict.IN_DOUBT
_LOCKOUT_S = 900  # EGeneral:Temporary lockout lasts a quarter of an hour
_BEFORE_LOCKOUT_S = 30  # and comes of asking again and again with a key that is refused

# The first row whose text begins the error decides (semantics 1.4). EService and internal
# errors come from behind the gateway, where an order may already have gone through.
SAYINGS = (
    Saying("EOrder:Unknown order", _NO, Cause.NOT_FOUND),
    Saying("EOrder:Invalid order:Duplicate", Verdict.DUPLICATE, Cause.REQUEST),
    Saying("EOrder:Duplicate", Verdict.DUPLICATE, Cause.REQUEST),
    Saying("EOrder:Invalid order", _NO, Cause.NOT_FOUND),  # also QueryOrders for an unknown id
    Saying("EGeneral:Invalid arguments:cl_ord_id:duplicate", Verdict.DUPLICATE, Cause.REQUEST),
    Saying("EOrder:Insufficient", _NO, Cause.FUNDS),
    Saying("EOrder:Rate limit exceeded", _NO, Cause.RATE, pause_s=5),
    Saying("EOrder:Domain rate limit exceeded", _NO, Cause.RATE, pause_s=5),
    Saying("EOrder:", _NO, Cause.REQUEST),
    Saying("EGeneral:Invalid arguments", _NO, Cause.REQUEST),
    Saying("EGeneral:Permission denied", _NO, Cause.PERMISSION),
    Saying("EGeneral:Temporary lockout", _DOUBT, Cause.RATE, pause_s=_LOCKOUT_S),
    Saying("EGeneral:Too many requests", _DOUBT, Cause.RATE, pause_s=5, for_all=True),
    Saying("EGeneral:Unknown method", _NO, Cause.REQUEST),
    Saying("EGeneral:", _DOUBT, Cause.MAINTENANCE),
    Saying("EAPI:Invalid key", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("EAPI:Invalid signature", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("EAPI:Invalid nonce", _NO, Cause.NONCE),
    Saying("EAPI:Rate limit exceeded", _DOUBT, Cause.RATE, pause_s=15),
    Saying("EAPI:Feature disabled", _NO, Cause.PERMISSION),
    Saying("EAPI:Bad request", _NO, Cause.REQUEST),
    Saying("EAuth:Rate limit exceeded", _DOUBT, Cause.RATE, pause_s=15),
    Saying("EAuth:Too many requests", _DOUBT, Cause.RATE, pause_s=15),
    Saying("EAuth:", _NO, Cause.ACCOUNT),
    Saying("EAccount:", _NO, Cause.PERMISSION),
    Saying("ESession:", _NO, Cause.KEY),
    Saying("ETrade:User Locked", _NO, Cause.ACCOUNT),
    Saying("ETrade:", _NO, Cause.REQUEST),
    Saying("EQuery:", _NO, Cause.REQUEST),
    Saying("EBM:", _NO, Cause.ACCOUNT),
    Saying("EFunding:", _NO, Cause.REQUEST),
    Saying("EService:Throttled", _DOUBT, Cause.RATE, pause_s=5),
    Saying("EService:Deadline elapsed", _DOUBT, Cause.TIMEOUT),
    Saying("EService:", _DOUBT, Cause.MAINTENANCE),
    Saying("EDatabase:", _DOUBT, Cause.MAINTENANCE),
)

# What each call counts against the key (an account of the lowest tier: 15 calls, 0.33 a
# second). Orders and cancels have a counter of their own at Kraken and weigh little here.
COSTS: Mapping[str, float] = {
    "TradesHistory": 2,
    "Ledgers": 2,
    "AddOrder": 0.05,
    "AmendOrder": 0.05,
    "CancelOrder": 0.05,
    "CancelOrderBatch": 0.5,
    "CancelAll": 0.5,
    "CancelAllOrdersAfter": 0.5,
}

# Where the rows of a list stand: inside `result`, or inside one field of it. They are the
# values of an object, but for the last two, which are lists.
_ROWS: Mapping[str, str] = {
    "Assets": "",
    "AssetPairs": "",
    "Ticker": "",
    "BalanceEx": "",
    "OpenOrders": "open",
    "ClosedOrders": "closed",
    "QueryOrders": "",
    "QueryTrades": "",
    "TradesHistory": "trades",
    "DepositStatus": "",
    "WithdrawStatus": "",
}
_DECIMALS = ("decimals", "pair_decimals", "lot_decimals", "cost_decimals")
_FEW = frozenset(map(str, range(31)))
_LISTS = frozenset({"DepositStatus", "WithdrawStatus"})


def codes(body: str) -> tuple[str, ...]:
    """The error texts of an answer; () when it is none of Kraken's own."""
    errors = object_in(body).get("error")
    if isinstance(errors, str):
        errors = [errors]
    if not isinstance(errors, list):
        return ()
    return tuple(error for error in errors if isinstance(error, str))


def silent_until_us(code: str) -> int:
    """When calls are welcome again: `EService:Throttled: <unix seconds>`; 0 if not told."""
    told = code.partition("Throttled:")[2].strip()
    return int(told) * 1_000_000 if told.isdecimal() and len(told) <= len("1700000000") else 0


def rows(path: str, answer: Any) -> int:
    """How many rows an answer to `path` holds; -1 where it is no list.

    Raises:
        Garbled: saying what is wrong, when Kraken cannot have meant this.
    """
    if not isinstance(answer, dict):
        raise Garbled("not a JSON object")
    if answer.get("error") != []:
        raise Garbled("no empty list of errors")
    if "result" not in answer:
        raise Garbled("no result")
    if path not in _ROWS and path != "Trades":
        return -1
    if path == "Trades":
        return _printed(answer["result"])
    listed = _listed(path, answer["result"])
    if listed is None:
        raise Garbled(f"no {_ROWS[path] or 'rows'} in its result")
    if not all(isinstance(row, dict) for row in listed):
        raise Garbled("a row that is no object")
    if not all(_has_few_decimals(row) for row in listed):
        raise Garbled("a row with a strange number of decimals")
    return len(listed)


def _printed(result: Any) -> int:
    """How many public trades: one list of lists, under the name of its pair, beside `last`."""
    lists = (
        [rows for rows in result.values() if isinstance(rows, list)]
        if isinstance(result, dict)
        else []
    )
    if len(lists) != 1 or not isinstance(result.get("last"), str):
        raise Garbled("no one list of trades in its result")
    if not all(isinstance(row, list) for row in lists[0]):
        raise Garbled("a row that is no list")
    return len(lists[0])


def _has_few_decimals(row: Mapping[str, Any]) -> bool:
    """Ccxt writes a step out zero by zero: a billion decimals would stop the whole process."""
    return all(str(row[field]) in _FEW for field in _DECIMALS if field in row)


def _listed(path: str, result: Any) -> list[Any] | None:
    field = _ROWS[path]
    if field:
        result = result.get(field) if isinstance(result, dict) else None
    if path in _LISTS:
        return result if isinstance(result, list) else None
    return list(result.values()) if isinstance(result, dict) else None


def split_pair(name: str, quotes: Iterable[str]) -> tuple[str, str] | None:
    """Base and quote of a pair that is listed no more (`FOOUSD`), in Kraken's asset names."""
    for quote in sorted(quotes, key=len, reverse=True):
        if name.endswith(quote) and len(name) > len(quote):
            return name.removesuffix(quote), quote
    return None


def count(answer: Any) -> int | None:
    """How many rows there are on all pages together, where the answer says so."""
    told = answer["result"].get("count") if isinstance(answer["result"], dict) else None
    if isinstance(told, str) and told.isdecimal():
        told = int(told)
    return told if type(told) is int else None
