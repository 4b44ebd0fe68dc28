"""Every error ccxt can raise, and every answer a venue can give, has one known verdict."""

import json
from typing import Any

import pytest

from tests.venues.ccxt_stub import ManualClock
from venues.ccxt_errors import CLASSES, VenueUnavailable, judge
from venues.ccxt_quirks import KRAKEN, quirks_of
from venues.ccxt_sayings import REMEDIES, Cause, Judgement, Verdict
from venues.ccxt_wire import Call
from venues.lazy_ccxt import exchange_class

exchange_class("kraken")
from ccxt.base import errors as ccxt_errors  # noqa: E402 - after its packages were stood in for

GENERIC = quirks_of("somewhere")
NO, DOUBT, DUPLICATE = Verdict.REJECTED, Verdict.IN_DOUBT, Verdict.DUPLICATE

# Semantics 1.4, written out again by hand: this table and the code's must agree.
EXPECTED: dict[str, Verdict] = {
    **dict.fromkeys(
        (
            "AccountNotEnabled",
            "AccountSuspended",
            "ArgumentsRequired",
            "AuthenticationError",
            "BadRequest",
            "BadSymbol",
            "ContractUnavailable",
            "InsufficientFunds",
            "InvalidNonce",
            "InvalidOrder",
            "ManualInteractionNeeded",
            "MarginModeAlreadySet",
            "MarketClosed",
            "NoChange",
            "NotSupported",
            "OperationRejected",
            "OrderImmediatelyFillable",
            "OrderNotCached",
            "OrderNotFillable",
            "OrderNotFound",
            "PermissionDenied",
            "RestrictedLocation",
        ),
        NO,
    ),
    **dict.fromkeys(
        (
            "AddressPending",
            "BadResponse",
            "BaseError",
            "CancelPending",
            "ChecksumError",
            "DDoSProtection",
            "ExchangeClosedByUser",
            "ExchangeError",
            "ExchangeNotAvailable",
            "InvalidAddress",
            "InvalidProxySettings",
            "NetworkError",
            "NullResponse",
            "OnMaintenance",
            "OperationFailed",
            "RateLimitExceeded",
            "RequestTimeout",
            "UnsubscribeError",
        ),
        DOUBT,
    ),
    "DuplicateOrderId": DUPLICATE,
}


def every_class() -> list[str]:
    return sorted(name for name in ccxt_errors.__all__ if name != "error_hierarchy")


def answered(body: Any, status: int = 200, **headers: str) -> Call:
    text = body if isinstance(body, str) else json.dumps(body)
    return Call(sends=1, answered=True, status=status, body=text, headers=headers)


def unanswered(sends: int = 1) -> Call:
    return Call(sends=sends)


def made(name: str) -> Exception:
    error: Exception = getattr(ccxt_errors, name)("venue words")
    return error


@pytest.mark.parametrize("name", every_class())
def test_every_class_of_ccxt_has_the_verdict_of_semantics_1_4(name: str) -> None:
    assert name in EXPECTED, f"ccxt has a new error class {name}: decide what it means"
    judgement = judge(made(name), answered({"code": "?"}), GENERIC, now_us=0)
    assert judgement.verdict is EXPECTED[name]
    assert name in CLASSES


@pytest.mark.parametrize("name", every_class())
def test_without_an_answer_nothing_is_definitive(name: str) -> None:
    assert judge(made(name), unanswered(), GENERIC, now_us=0).verdict is not NO


@pytest.mark.parametrize("name", every_class())
@pytest.mark.parametrize("status", [408, 418, 425, 429, 500, 502, 503, 520])
def test_a_gateway_speaks_for_nobody(name: str, status: int) -> None:
    call = answered({"message": "no"}, status)
    assert judge(made(name), call, GENERIC, now_us=0).verdict is not NO


@pytest.mark.parametrize("name", every_class())
@pytest.mark.parametrize("body", ["", "<html>blocked</html>", '{"error":["EOrder:Inv', "nope"])
def test_an_answer_that_is_no_json_is_no_verdict(name: str, body: str) -> None:
    assert judge(made(name), answered(body), KRAKEN, now_us=0).verdict is not NO


@pytest.mark.parametrize("error", [KeyError("spot"), TypeError("x"), AttributeError("y")])
def test_what_a_parser_raises_is_in_doubt(error: Exception) -> None:
    judgement = judge(error, answered({"error": [], "result": {}}), KRAKEN, now_us=0)
    assert judgement.verdict is DOUBT
    assert judgement.code == type(error).__name__


# (the error Kraken sends, the class ccxt makes of it) -> what it means
KRAKEN_SAYS = [
    ("EOrder:Insufficient funds", "InsufficientFunds", NO, Cause.FUNDS),
    ("EOrder:Invalid price", "ExchangeError", NO, Cause.REQUEST),
    ("EOrder:Cost minimum not met", "ExchangeError", NO, Cause.REQUEST),
    ("EOrder:Order minimum not met", "InvalidOrder", NO, Cause.REQUEST),
    ("EOrder:Post only order", "ExchangeError", NO, Cause.REQUEST),
    ("EOrder:Tick size check failed", "ExchangeError", NO, Cause.REQUEST),
    ("EOrder:Orders limit exceeded", "ExchangeError", NO, Cause.REQUEST),
    ("EOrder:Rate limit exceeded", "DDoSProtection", NO, Cause.RATE),
    ("EOrder:Unknown order", "InvalidOrder", NO, Cause.NOT_FOUND),
    ("EOrder:Duplicate order", "ExchangeError", DUPLICATE, Cause.REQUEST),
    ("EGeneral:Invalid arguments:volume", "InvalidOrder", NO, Cause.REQUEST),
    ("EGeneral:Permission denied", "PermissionDenied", NO, Cause.PERMISSION),
    ("EGeneral:Internal error", "ExchangeNotAvailable", DOUBT, Cause.MAINTENANCE),
    ("EGeneral:Internal error[:1002]", "ExchangeError", DOUBT, Cause.MAINTENANCE),
    ("EGeneral:Temporary lockout", "DDoSProtection", DOUBT, Cause.RATE),
    ("EAPI:Invalid key", "AuthenticationError", NO, Cause.KEY),
    ("EAPI:Invalid signature", "ExchangeError", NO, Cause.KEY),
    ("EAPI:Invalid nonce", "InvalidNonce", NO, Cause.NONCE),
    ("EAPI:Rate limit exceeded", "DDoSProtection", DOUBT, Cause.RATE),
    ("EQuery:Unknown asset pair", "ExchangeError", NO, Cause.REQUEST),
    ("EAccount:Invalid permissions:USDT trading restricted", "ExchangeError", NO, Cause.PERMISSION),
    ("EAuth:Account temporary disabled", "ExchangeError", NO, Cause.ACCOUNT),
    ("ETrade:User Locked", "AccountSuspended", NO, Cause.ACCOUNT),
    ("EService:Unavailable", "ExchangeNotAvailable", DOUBT, Cause.MAINTENANCE),
    ("EService:Busy", "ExchangeNotAvailable", DOUBT, Cause.MAINTENANCE),
    ("EService:Timeout", "ExchangeError", DOUBT, Cause.MAINTENANCE),
    ("EService:Deadline elapsed", "ExchangeError", DOUBT, Cause.TIMEOUT),
    ("EService:Market in cancel_only mode", "OnMaintenance", DOUBT, Cause.MAINTENANCE),
    ("EService:Throttled: 1800000030", "ExchangeError", DOUBT, Cause.RATE),
    ("ESomething:Never seen before", "ExchangeError", DOUBT, Cause.OTHER),
]


@pytest.mark.parametrize(("text", "name", "verdict", "cause"), KRAKEN_SAYS)
def test_krakens_own_words_come_before_ccxts_class(
    text: str, name: str, verdict: Verdict, cause: Cause
) -> None:
    judgement = judge(made(name), answered({"error": [text]}), KRAKEN, now_us=0)
    assert (judgement.verdict, judgement.cause) == (verdict, cause)
    assert judgement.code == text


def test_a_misleading_class_does_not_overrule_the_words() -> None:
    busy = answered({"error": ["EService:Busy"]})
    assert judge(made("InvalidOrder"), busy, KRAKEN, now_us=0).verdict is DOUBT


def test_hostile_words_are_made_harmless() -> None:
    call = answered(
        {"error": ["EOrder:\x1b]52;c;cHduZWQ=\x07 [@click=app.quit]x[/] \u202e" + "a" * 9999]}
    )
    judgement = judge(made("ExchangeError"), call, KRAKEN, now_us=0)
    assert "\x1b" not in judgement.words + judgement.code
    assert "\u202e" not in judgement.words
    assert len(judgement.words) <= 300


def test_a_retry_after_is_honoured() -> None:
    call = answered("slow down", 429, **{"retry-after": "17"})
    judgement = judge(made("RateLimitExceeded"), call, KRAKEN, now_us=0)
    assert (judgement.cause, judgement.pause_us) == (Cause.RATE, 17_000_000)


@pytest.mark.parametrize("asked", ["", "-5", "1e9", "soon", "99999999999999", "Wed, 21 Oct 2026"])
def test_a_strange_retry_after_is_a_short_pause(asked: str) -> None:
    call = answered("slow down", 429, **{"Retry-After": asked})
    assert judge(made("RateLimitExceeded"), call, KRAKEN, now_us=0).pause_us == 5_000_000


def test_krakens_throttle_names_the_second_when_it_ends() -> None:
    clock = ManualClock(1_800_000_000_000_000)
    call = answered({"error": ["EService:Throttled: 1800000030"]})
    judgement = judge(made("ExchangeError"), call, KRAKEN, now_us=clock.at_us)
    assert judgement.pause_us == 30_000_000


def test_a_refused_key_is_not_tried_until_the_account_is_locked() -> None:
    call = answered({"error": ["EAPI:Invalid key"]})
    judgement = judge(made("AuthenticationError"), call, KRAKEN, now_us=0)
    assert judgement.pause_us == 30_000_000


def test_a_lockout_is_waited_out() -> None:
    call = answered({"error": ["EGeneral:Temporary lockout"]})
    assert judge(made("DDoSProtection"), call, KRAKEN, now_us=0).pause_us == 900_000_000


def test_a_person_is_told_which_key_and_what_to_do() -> None:
    judgement = Judgement(
        verdict=NO, cause=Cause.PERMISSION, code="EGeneral", words="EGeneral:Permission denied"
    )
    key = "exchanges.kraken.accounts.main.read"
    error = VenueUnavailable("kraken/main", judgement, key=key)
    assert str(error) == "kraken/main is not available: EGeneral:Permission denied"
    assert key in error.remedy


def test_every_cause_that_a_person_can_mend_has_a_remedy() -> None:
    mendable = set(Cause) - {
        Cause.REQUEST,
        Cause.FUNDS,
        Cause.NOT_FOUND,
        Cause.CLOSED,
        Cause.OTHER,
    }
    assert all(REMEDIES.get(cause) for cause in mendable)


def test_a_timeout_and_a_cut_line_are_told_apart() -> None:
    slow = judge(made("RequestTimeout"), unanswered(), KRAKEN, now_us=0)
    cut = judge(made("ExchangeNotAvailable"), unanswered(), KRAKEN, now_us=0)
    assert (slow.cause, slow.words) == (Cause.TIMEOUT, "no answer in time")
    assert (cut.cause, cut.words) == (Cause.NETWORK, "the connection failed")
