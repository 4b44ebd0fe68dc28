"""What each of the ten venues says when a person must act, in its own words: cause and remedy.

The answers are those of the venues' documents and of the comments in ccxt 4.5.90's classes. The
class that ccxt would make of them is left out on purpose: here it is always the vaguest one, so
that each cause comes from the venue's own words.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.venues.test_ccxt_errors import answered, made
from venues.ccxt_binance import BINANCE, BINANCEUS
from venues.ccxt_errors import VenueUnavailable, judge
from venues.ccxt_kucoin import KUCOIN
from venues.ccxt_quirks import _KNOWN, quirks_of
from venues.ccxt_sayings import Cause, Verdict
from venues.ccxt_wire import Call

KEY, ADDRESS, PERMISSION = Cause.KEY, Cause.ADDRESS, Cause.PERMISSION
CLOCK, RATE, CLOSED, ACCOUNT = Cause.CLOCK, Cause.RATE, Cause.MAINTENANCE, Cause.ACCOUNT
FUNDS, GONE, NONCE = Cause.FUNDS, Cause.NOT_FOUND, Cause.NONCE
NOW_US = 1_800_000_000_000_000
Body = Mapping[str, Any] | list[Any]


def code(number: int, words: str) -> Body:
    return {"code": number, "msg": words}


def kucoin(number: str, words: str) -> Body:
    return {"code": number, "msg": words}


def gate(label: str, words: str = "words") -> Body:
    return {"label": label, "message": words}


def gemini(reason: str, words: str = "words") -> Body:
    return {"result": "error", "reason": reason, "message": words}


def kraken(text: str) -> Body:
    return {"error": [text]}


def alpaca(number: int, words: str) -> Body:
    return {"code": number, "message": words}


RESTRICTED = "Service unavailable from a restricted location according to 'b. Eligibility'"
BANNED = "Way too much request weight used; IP banned until 1800000090000. Please use the websocket"
SAID: list[tuple[str, int, Body, Cause]] = [
    ("kraken", 200, kraken("EAPI:Invalid key"), KEY),
    ("kraken", 200, kraken("EAPI:Invalid signature"), KEY),
    ("kraken", 200, kraken("EGeneral:Permission denied"), PERMISSION),
    ("kraken", 200, kraken("EAPI:Invalid nonce"), NONCE),
    ("kraken", 200, kraken("EAPI:Rate limit exceeded"), RATE),
    ("kraken", 200, kraken("EGeneral:Temporary lockout"), RATE),
    ("kraken", 200, kraken("EService:Unavailable"), CLOSED),
    ("kraken", 200, kraken("EService:Market in cancel_only mode"), CLOSED),
    ("binance", 400, code(-2014, "API-key format invalid."), KEY),
    ("binance", 400, code(-2008, "Invalid Api-Key ID."), KEY),
    ("binance", 401, code(-2015, "Invalid API-key, IP, or permissions for action."), KEY),
    ("binance", 451, code(0, RESTRICTED), ADDRESS),
    ("binance", 401, code(-1002, "You are not authorized to execute this request."), PERMISSION),
    ("binance", 400, code(-1021, "Timestamp for this request is outside of the window."), CLOCK),
    ("binance", 418, code(-1003, BANNED), RATE),
    ("binance", 400, code(-1015, "Too many new orders; current limit is 50"), RATE),
    ("binance", 503, code(-1008, "Server is currently overloaded"), RATE),
    ("binance", 503, code(-1016, "This service is no longer available."), CLOSED),
    ("binance", 400, code(-3000, "Internal server error"), CLOSED),
    ("binance", 400, code(-3022, "You account's trading is banned."), ACCOUNT),
    ("binanceus", 401, code(-2015, "Invalid API-key, IP, or permissions for action."), KEY),
    ("binanceus", 429, code(-1003, "Too many requests"), RATE),
    ("binanceus", 400, code(-1021, "Timestamp for this request is outside of the window."), CLOCK),
    ("binanceus", 503, code(-1016, "This service is no longer available."), CLOSED),
    ("kucoin", 401, kucoin("400003", "KC-API-KEY not exists"), KEY),
    ("kucoin", 401, kucoin("400004", "KC-API-PASSPHRASE error"), KEY),
    ("kucoin", 401, kucoin("400005", "Signature error"), KEY),
    ("kucoin", 403, kucoin("400006", "The requested ip is not in the api whitelist"), ADDRESS),
    ("kucoin", 403, kucoin("400007", "Access denied --> Require more permission."), PERMISSION),
    ("kucoin", 401, kucoin("400002", "KC-API-TIMESTAMP Invalid"), CLOCK),
    ("kucoin", 429, kucoin("429000", "Too many requests. System-level rate limit exceeded."), RATE),
    ("kucoin", 503, kucoin("503", "We're temporarily offline for maintenance."), CLOSED),
    ("kucoin", 200, kucoin("200001", "Order creation for this pair suspended"), CLOSED),
    ("kucoin", 400, kucoin("400500", "Your located country/region is currently not"), ACCOUNT),
    ("kucoin", 200, kucoin("411100", "User are frozen"), ACCOUNT),
    ("kucoin", 404, kucoin("order_not_exist", "order_not_exist"), GONE),
    ("gate", 401, gate("INVALID_KEY"), KEY),
    ("gate", 401, gate("INVALID_SIGNATURE"), KEY),
    ("gate", 401, gate("AUTHENTICATION_FAILED"), KEY),
    ("gate", 403, gate("IP_FORBIDDEN"), ADDRESS),
    ("gate", 403, gate("READ_ONLY"), PERMISSION),
    ("gate", 403, gate("FORBIDDEN"), PERMISSION),
    ("gate", 403, gate("REQUEST_EXPIRED"), CLOCK),
    ("gate", 429, gate("TOO_MANY_REQUESTS"), RATE),
    ("gate", 500, gate("INTERNAL"), CLOSED),
    ("gate", 403, gate("ACCOUNT_LOCKED"), ACCOUNT),
    ("gate", 404, gate("CLIENT_ID_NOT_FOUND"), GONE),
    ("mexc", 400, code(10072, "invalid access key"), KEY),
    ("mexc", 400, code(700002, "Signature for this request is not valid."), KEY),
    ("mexc", 400, code(602, "Signature verification failed"), KEY),
    ("mexc", 400, code(402, "API Key expired, please apply again"), KEY),
    ("mexc", 400, code(700006, "IP [1.2.3.4] not in the ip white list"), ADDRESS),
    ("mexc", 400, code(406, "Accessing IP is not in the whitelist"), ADDRESS),
    ("mexc", 400, code(700007, "No permission to access the endpoint"), PERMISSION),
    ("mexc", 400, code(702, "Please enable API Key write access"), PERMISSION),
    ("mexc", 400, code(700003, "Timestamp for this request is outside of the recvWindow."), CLOCK),
    ("mexc", 400, code(10073, "invalid Request-Time"), CLOCK),
    ("mexc", 429, code(429, "Too Many Requests"), RATE),
    ("mexc", 400, code(510, "Requests are too frequent, please try again later"), RATE),
    ("mexc", 503, code(503, "service not available, please try again"), CLOSED),
    ("mexc", 200, code(801, "System under maintenance"), CLOSED),
    ("mexc", 400, code(30018, "account may not place orders"), ACCOUNT),
    ("coinbase", 401, {"error": "unauthorized", "message": "x"}, KEY),
    ("coinbase", 401, {"errors": [{"id": "revoked_token", "message": "x"}]}, KEY),
    ("coinbase", 403, {"error": "PERMISSION_DENIED", "message": "x"}, PERMISSION),
    ("coinbase", 403, {"errors": [{"id": "invalid_scope", "message": "x"}]}, PERMISSION),
    ("coinbase", 401,
     {"errors": [{"id": "authentication_error", "message": "request timestamp expired"}]}, CLOCK),
    ("coinbase", 429, {"errors": [{"id": "rate_limit_exceeded", "message": "x"}]}, RATE),
    ("coinbase", 429, {"error": "resource_exhausted", "message": "x"}, RATE),
    ("coinbase", 500, {"errors": [{"id": "internal_server_error", "message": "x"}]}, CLOSED),
    ("coinbase", 402, {"errors": [{"id": "two_factor_required", "message": "x"}]}, ACCOUNT),
    ("bitfinex", 500, ["error", 10100, "apikey: invalid"], KEY),
    ("bitfinex", 500, ["error", 10001, "api_key: permission invalid"], PERMISSION),
    ("bitfinex", 500, ["error", 10114, "nonce: small"], NONCE),
    ("bitfinex", 429, ["error", 11010, "ratelimit: error"], RATE),
    ("bitfinex", 429, {"error": "ERR_RATE_LIMIT"}, RATE),
    ("bitfinex", 500, ["error", 20060, "maintenance"], CLOSED),
    ("bitfinex", 503, {"code": 503, "error": "temporarily_unavailable"}, CLOSED),
    ("bitfinex", 500, ["error", 10001, "Invalid order: not enough exchange balance for 1"], FUNDS),
    ("gemini", 400, gemini("InvalidSignature"), KEY),
    ("gemini", 400, gemini("InvalidApiKey"), KEY),
    ("gemini", 403, gemini("MissingRole"), PERMISSION),
    ("gemini", 400, gemini("InvalidNonce", "Nonce '1' has not increased"), NONCE),
    ("gemini", 429, gemini("RateLimit"), RATE),
    ("gemini", 503, gemini("Maintenance"), CLOSED),
    ("gemini", 500, gemini("System"), CLOSED),
    ("alpaca", 403, {"message": "forbidden."}, KEY),
    ("alpaca", 401, alpaca(40110000, "request is not authorized"), KEY),
    ("alpaca", 403, alpaca(40310000, "new orders are rejected by user request"), ACCOUNT),
    ("alpaca", 403, alpaca(40310000, "insufficient balance for USDT (requested: 2)"), FUNDS),
    ("alpaca", 429, alpaca(42910000, "rate limit exceeded"), RATE),
    ("alpaca", 500, alpaca(50010000, "internal server error occurred"), CLOSED),
]  # fmt: skip
# What a person can do something about, and every venue can meet.
EVERYWHERE = {KEY, PERMISSION, RATE, CLOSED}


@pytest.mark.parametrize(("venue", "status", "body", "cause"), SAID)
def test_a_venues_own_words_name_the_cause(
    venue: str, status: int, body: Body, cause: Cause
) -> None:
    call = answered(json.dumps(body), status)
    judgement = judge(made("BaseError"), call, quirks_of(venue), now_us=NOW_US)
    assert judgement.cause is cause
    told = VenueUnavailable(f"{venue}/main", judgement, key=f"exchanges.{venue}.accounts.main.read")
    assert told.why
    assert bool(told.remedy) is (cause not in (FUNDS, GONE))
    assert "{" not in told.remedy


def test_every_venue_has_words_for_what_a_person_must_mend() -> None:
    causes: dict[str, set[Cause]] = {venue: set() for venue in _KNOWN}
    for venue, _, _, cause in SAID:
        causes[venue].add(cause)
    lacking = {venue: EVERYWHERE - told for venue, told in causes.items() if EVERYWHERE - told}
    # Binance.US and Alpaca do not tell a missing permission from a wrong key.
    assert lacking == {"binanceus": {PERMISSION}, "alpaca": {PERMISSION}}


@pytest.mark.parametrize("venue", sorted(_KNOWN))
@pytest.mark.parametrize(
    ("status", "cause", "pause_us"),
    [
        (403, ADDRESS, 30_000_000),
        (451, ADDRESS, 30_000_000),
        (418, RATE, 5_000_000),
        (429, RATE, 5_000_000),
        (502, CLOSED, 0),
        (503, CLOSED, 0),
        (520, CLOSED, 0),
    ],
)
def test_a_page_of_the_gateway_is_told_by_its_status_and_means_every_key(
    venue: str, status: int, cause: Cause, pause_us: int
) -> None:
    page = answered("<html><body>error</body></html>", status)
    judgement = judge(made("ExchangeNotAvailable"), page, quirks_of(venue), now_us=NOW_US)
    assert (judgement.cause, judgement.pause_us) == (cause, pause_us)
    assert judgement.verdict is Verdict.IN_DOUBT
    assert judgement.for_all is (pause_us > 0)
    assert str(status) in judgement.words


# For how long


def test_binances_ban_ends_when_it_says() -> None:
    call = answered(json.dumps(code(-1003, BANNED)), 418, **{"Retry-After": "17"})
    judgement = judge(made("DDoSProtection"), call, BINANCE, now_us=NOW_US)
    assert (judgement.pause_us, judgement.for_all) == (90_000_000, True)


@pytest.mark.parametrize(
    ("asked", "pause_us"),
    [("Fri, 15 Jan 2027 08:01:00 GMT", 60_000_000), ("Fri, 15 Jan 2026 08:01:00 GMT", 5_000_000)],
)
def test_a_retry_after_that_is_a_moment_is_waited_for(asked: str, pause_us: int) -> None:
    call = answered("slow down", 429, **{"Retry-After": asked})
    judgement = judge(made("RateLimitExceeded"), call, BINANCE, now_us=NOW_US)
    assert judgement.pause_us == pause_us


def test_kucoins_pool_is_waited_for_until_it_is_full_again() -> None:
    headers = {
        "gw-ratelimit-limit": "4000",
        "gw-ratelimit-remaining": "0",
        "gw-ratelimit-reset": "12000",
    }
    call = answered('{"code":"429000","msg":"Too many requests"}', 429, **headers)
    judgement = judge(made("RateLimitExceeded"), call, KUCOIN, now_us=NOW_US)
    assert (judgement.pause_us, judgement.for_all) == (12_000_000, False)


@pytest.mark.parametrize(("row", "limit"), [(BINANCE, 6_000), (BINANCEUS, 1_200)])
def test_binance_tells_the_weight_that_is_used_in_the_minute_of_the_clock(
    row: Any, limit: int
) -> None:
    call = Call(headers={"x-mbx-used-weight-1m": "1000"})
    allowance = row.allowance(call.header, NOW_US + 45_000_000)
    assert (allowance.left, allowance.limit) == (limit - 1_000, limit)
    assert allowance.resets_in_us == 15_000_000


@pytest.mark.parametrize("row", [BINANCE, KUCOIN])
@pytest.mark.parametrize("text", ["", "-1", "1e9", "many", "9" * 40])
def test_headers_that_make_no_sense_tell_nothing(row: Any, text: str) -> None:
    names = ("x-mbx-used-weight-1m", "gw-ratelimit-limit", "gw-ratelimit-remaining")
    call = Call(headers=dict.fromkeys((*names, "gw-ratelimit-reset"), text))
    assert row.allowance(call.header, NOW_US) is None


def test_a_remedy_names_the_setting_even_where_no_key_is_used() -> None:
    page = answered("<html></html>", 403)
    judgement = judge(made("ExchangeNotAvailable"), page, BINANCE, now_us=NOW_US)
    assert "exchanges.binance" in VenueUnavailable("binance", judgement, key="").remedy
