"""ccxt's errors read again: the venue's own words first, then ccxt's class, then doubt.

ccxt's classes mislead (venues.md, traps 1, 2 and 10): a truncated reply is an ExchangeError, a
revoked key a DDoSProtection. The one rule: a verdict is definitive only when the venue's own
answer to this very request was here and could be parsed.
"""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from types import MappingProxyType

from domain.errors import Unavailable
from domain.text import clean
from venues.ccxt_row import Quirks
from venues.ccxt_sayings import (
    REMEDIES,
    STATUS_PAGES,
    Cause,
    Garbled,
    Judgement,
    Saying,
    Verdict,
)
from venues.ccxt_wire import Call, Redirected

_NO, _DOUBT = Verdict.REJECTED, Verdict.IN_DOUBT
_US = 1_000_000
_FIRST_PAUSE_US = 5 * _US  # after a rate limit that does not say for how long
_LONGEST_PAUSE_US = 24 * 3600 * _US
_DAY_DIGITS = 5  # seconds of a day
_REQUEST_TIMEOUT = 408
# A gateway answers these in the venue's name, perhaps after the order went through.
_TOO_MANY = frozenset({418, 425, 429})
_NOT_FROM_HERE = frozenset({403, 451})  # a firewall's page: this address, or its country
_BLOCKED_PAUSE_US = 30 * _US
_SERVER_TROUBLE = 500
_HTTP_DATE = re.compile(r"\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT")

# Semantics 1.4 by ccxt 4.5.90's class names. A class is looked up along its own ancestry, so
# the most specific row wins; tests fail when ccxt grows a class that is not here.
CLASSES: Mapping[str, tuple[Verdict, Cause]] = MappingProxyType(
    {
        "DuplicateOrderId": (Verdict.DUPLICATE, Cause.REQUEST),
        "InsufficientFunds": (_NO, Cause.FUNDS),
        "OrderNotFound": (_NO, Cause.NOT_FOUND),
        "OrderNotCached": (_NO, Cause.NOT_FOUND),
        "OrderImmediatelyFillable": (_NO, Cause.REQUEST),
        "OrderNotFillable": (_NO, Cause.REQUEST),
        "ContractUnavailable": (_NO, Cause.REQUEST),
        "InvalidOrder": (_NO, Cause.REQUEST),
        "BadSymbol": (_NO, Cause.REQUEST),
        "BadRequest": (_NO, Cause.REQUEST),
        "ArgumentsRequired": (_NO, Cause.REQUEST),
        "NotSupported": (_NO, Cause.REQUEST),
        "AccountNotEnabled": (_NO, Cause.PERMISSION),
        "PermissionDenied": (_NO, Cause.PERMISSION),
        "AccountSuspended": (_NO, Cause.ACCOUNT),
        "AuthenticationError": (_NO, Cause.KEY),
        "MarginModeAlreadySet": (_NO, Cause.REQUEST),
        "NoChange": (_NO, Cause.REQUEST),
        "MarketClosed": (_NO, Cause.MAINTENANCE),
        "ManualInteractionNeeded": (_NO, Cause.ACCOUNT),
        "RestrictedLocation": (_NO, Cause.ACCOUNT),
        "OperationRejected": (_NO, Cause.REQUEST),
        "ChecksumError": (_DOUBT, Cause.GARBLED),
        "InvalidNonce": (_NO, Cause.NONCE),
        "RateLimitExceeded": (_DOUBT, Cause.RATE),
        "DDoSProtection": (_DOUBT, Cause.RATE),
        "OnMaintenance": (_DOUBT, Cause.MAINTENANCE),
        "ExchangeNotAvailable": (_DOUBT, Cause.NETWORK),
        "RequestTimeout": (_DOUBT, Cause.TIMEOUT),
        "NetworkError": (_DOUBT, Cause.NETWORK),
        "NullResponse": (_DOUBT, Cause.GARBLED),
        "BadResponse": (_DOUBT, Cause.GARBLED),
        "CancelPending": (_DOUBT, Cause.OTHER),
        "OperationFailed": (_DOUBT, Cause.OTHER),
        "AddressPending": (_DOUBT, Cause.REQUEST),
        "InvalidAddress": (_DOUBT, Cause.REQUEST),
        "InvalidProxySettings": (_DOUBT, Cause.NETWORK),
        "ExchangeClosedByUser": (_DOUBT, Cause.CLOSED),
        "ExchangeError": (_DOUBT, Cause.OTHER),
        "UnsubscribeError": (_DOUBT, Cause.OTHER),
        "BaseError": (_DOUBT, Cause.OTHER),
        "TimeoutError": (_DOUBT, Cause.TIMEOUT),
        "Garbled": (_DOUBT, Cause.GARBLED),
        "Absent": (_NO, Cause.NOT_FOUND),
        "Redirected": (_DOUBT, Cause.GARBLED),
    }
)
_UNANSWERED = {
    Cause.TIMEOUT: "no answer in time",
    Cause.NETWORK: "the connection failed",
    Cause.CLOSED: "the connection was closed here",
}


class Failed(Exception):
    """A call failed and was judged; the operation decides which family it becomes."""

    def __init__(self, judgement: Judgement, call: Call) -> None:
        super().__init__(judgement.words)
        self.judgement = judgement
        self.call = call


class VenueUnavailable(Unavailable):
    """Unavailable, with what a person can do about it in `remedy` ("" when nothing)."""

    def __init__(self, who: str, judgement: Judgement, *, key: str) -> None:
        super().__init__(who, judgement.words, retry_after_us=judgement.pause_us)
        self.cause = judgement.cause
        venue = who.partition("/")[0]
        told, page = REMEDIES.get(judgement.cause, ""), STATUS_PAGES.get(venue, "")
        self.remedy = told.format(
            key=key or f"exchanges.{venue}", venue=venue, page=f" ({page})" if page else ""
        )


def judge(error: BaseException, call: Call, quirks: Quirks, *, now_us: int) -> Judgement:
    """What `error` means for the request that met it."""
    codes = quirks.codes(call.body) if call.answered else ()
    asked_us = _asked_pause_us(call, codes, quirks, now_us)
    for code in codes:
        saying = saying_of(code, quirks)
        if saying is not None:
            if saying.cause is Cause.RATE:
                asked_us = asked_us or _reset_us(call, quirks, now_us)
            return _by_saying(saying, code, asked_us)
    verdict, cause = _by_class(error)
    if not call.parsed or _from_a_gateway(call.status):
        verdict = _DOUBT
    if call.answered:
        cause = _by_status(call, cause)
    return Judgement(
        verdict=verdict,
        cause=cause,
        code=clean(codes[0], longest=100) if codes else type(error).__name__,
        words=_words(error, call, codes),
        pause_us=asked_us or _usual_pause_us(cause),
        # What speaks before the venue does counts the requests of an address, not of a key.
        for_all=cause in (Cause.RATE, Cause.ADDRESS) and call.answered and not codes,
        told_pause=asked_us > 0,
    )


def saying_of(code: str, quirks: Quirks) -> Saying | None:
    """The row of the venue's table that explains an error text."""
    return next((row for row in quirks.sayings if code.startswith(row.begins)), None)


def _by_saying(saying: Saying, code: str, asked_us: int) -> Judgement:
    return Judgement(
        verdict=saying.verdict,
        cause=saying.cause,
        code=clean(code, longest=100),
        words=clean(code),
        pause_us=asked_us or saying.pause_s * _US,
        for_all=saying.for_all,
        told_pause=asked_us > 0,
    )


def _by_status(call: Call, cause: Cause) -> Cause:
    """The cause, where the status says more than the class that ccxt makes of it."""
    if call.status in _TOO_MANY:
        return Cause.RATE
    if call.parsed:
        return cause
    if call.status in _NOT_FROM_HERE:
        return Cause.ADDRESS
    if call.status >= _SERVER_TROUBLE:
        return Cause.MAINTENANCE  # it answers, so the network is not to blame
    return cause


def _usual_pause_us(cause: Cause) -> int:
    if cause is Cause.ADDRESS:
        return _BLOCKED_PAUSE_US
    return _FIRST_PAUSE_US if cause is Cause.RATE else 0


def _by_class(error: BaseException) -> tuple[Verdict, Cause]:
    for ancestor in type(error).__mro__:
        if ancestor.__name__ in CLASSES:
            return CLASSES[ancestor.__name__]
    return _DOUBT, Cause.OTHER  # KeyError, TypeError: out of a parser, after the answer came


def _from_a_gateway(status: int) -> bool:
    return status in _TOO_MANY or status == _REQUEST_TIMEOUT or status >= _SERVER_TROUBLE


def _asked_pause_us(call: Call, codes: tuple[str, ...], quirks: Quirks, now_us: int) -> int:
    pause_us = _retry_after_us(call.header("Retry-After").strip(), now_us)
    for code in codes:
        pause_us = max(pause_us, quirks.silent_until_us(code) - now_us)
    return min(pause_us, _LONGEST_PAUSE_US)


def _reset_us(call: Call, quirks: Quirks, now_us: int) -> int:
    """When the limit that was just met starts again, where the headers tell it; else 0."""
    allowance = quirks.allowance(call.header, now_us)
    return 0 if allowance is None else allowance.resets_in_us


def _retry_after_us(asked: str, now_us: int) -> int:
    """Retry-After as seconds or as a moment (RFC 9110 section 10.2.3); 0 for neither."""
    if asked.isdecimal() and asked.isascii() and len(asked) <= _DAY_DIGITS:
        return int(asked) * _US
    if not _HTTP_DATE.fullmatch(asked):
        return 0
    try:
        moment = parsedate_to_datetime(asked)
    except ValueError:
        return 0
    return max(0, int(moment.timestamp()) * _US - now_us)


def _words(error: BaseException, call: Call, codes: tuple[str, ...]) -> str:
    if codes:
        return clean("; ".join(codes))
    if isinstance(error, Garbled | Redirected):
        return clean(str(error))
    if not call.answered:
        return _UNANSWERED.get(_by_class(error)[1], "no answer came")
    return f"HTTP {call.status}, {type(error).__name__}"
