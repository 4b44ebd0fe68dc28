"""What venues say when they say no, and what they cannot mean: judged, never read as nothing."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domain.errors import InDoubt, Unavailable
from domain.orders import Final
from domain.ports import Placement
from tests.venues.conformance.captured import Captured, Sent
from tests.venues.conformance.test_conformance import ACTS, THEIRS, TRADED, order, state
from venues import ccxt_quirks
from venues.ccxt_errors import VenueUnavailable
from venues.ccxt_sayings import Cause, Verdict

READS = ("balances", "open orders", "find by our id", "history")
NEVER = ("", "{", "null", '"x"', "{}", '{"data":{}}', '{"code":"200000","data":{}}', "<html>")


def refusing(status: int, body: str, *, method: str = "") -> Callable[[Captured], None]:
    def set_up(desk: Captured) -> None:
        def answer(sent: Sent) -> str | None:
            if method and sent.method != method:
                return None
            desk.session.status = status
            return body

        desk.session.answering = answer

    return set_up


async def ready(venue: str) -> Captured:
    desk = Captured(venue)
    await desk.market.instruments()
    return desk


@pytest.mark.parametrize("body", NEVER)
@pytest.mark.parametrize("act", READS)
@pytest.mark.parametrize("venue", TRADED)
async def test_an_answer_of_another_shape_is_never_nothing(venue: str, act: str, body: str) -> None:
    desk = await ready(venue)
    await desk.market.prices([order(desk).symbol])
    refusing(200, body)(desk)
    with pytest.raises(Unavailable):
        await ACTS[act](desk)


@pytest.mark.parametrize("body", NEVER)
@pytest.mark.parametrize("venue", TRADED)
async def test_a_strange_answer_to_an_order_is_in_doubt(venue: str, body: str) -> None:
    desk = await ready(venue)
    await desk.trader.place(order(desk))  # from now on the steps of the instrument are known
    refusing(200, body)(desk)
    _count_bytes(desk)
    with pytest.raises(InDoubt):
        await ACTS["place a limit order"](desk)


# Venue, HTTP status, body: what it means for the order, and why.
NO, DOUBT, AGAIN = Verdict.REJECTED, Verdict.IN_DOUBT, Verdict.DUPLICATE


def _binance(code: int, words: str) -> str:
    return json.dumps({"code": code, "msg": words})


def _code(code: int, words: str) -> str:
    return json.dumps({"code": code, "message": words})


def _coinbase(reason: str, preview: str = "") -> str:
    inner = {"error": reason, "message": "words", "preview_failure_reason": preview}
    return json.dumps({"success": False, "error_response": inner})


def _bitfinex(code: int, words: str) -> str:
    return json.dumps(["error", code, words])


def _notice(status: str, words: str, code: int | None = None) -> str:
    return json.dumps([1614240437592, "on-req", None, None, [None] * 32, code, status, words])


def _gemini(reason: str, words: str = "words") -> str:
    return json.dumps({"result": "error", "reason": reason, "message": words})


SAID: list[tuple[str, int, str, Verdict, Cause]] = [
    ("kucoin", 200, '{"code":"200004","msg":"Balance insufficient!"}', NO, Cause.FUNDS),
    ("kucoin", 401, '{"code":"400003","msg":"KC-API-KEY not exists"}', NO, Cause.KEY),
    ("kucoin", 401, '{"code":"400002","msg":"KC-API-TIMESTAMP Invalid"}', NO, Cause.CLOCK),
    ("kucoin", 403, '{"code":"400006","msg":"The requested ip is not"}', NO, Cause.ADDRESS),
    ("kucoin", 403, '{"code":"400007","msg":"Access denied"}', NO, Cause.PERMISSION),
    ("kucoin", 429, '{"code":"429000","msg":"Too Many Requests"}', DOUBT, Cause.RATE),
    ("kucoin", 200, '{"code":"400100","msg":"order not exist."}', NO, Cause.NOT_FOUND),
    ("kucoin", 200, '{"code":"102426","msg":"Duplicate clientOid"}', AGAIN, Cause.REQUEST),
    ("kucoin", 500, '{"code":"500000","msg":"Internal Server Error"}', DOUBT, Cause.MAINTENANCE),
    ("binance", 400, _binance(-2010, "Account has insufficient balance for"), NO, Cause.FUNDS),
    ("binance", 400, _binance(-2010, "Duplicate order sent."), AGAIN, Cause.REQUEST),
    ("binance", 400, _binance(-1013, "Filter failure: NOTIONAL"), NO, Cause.REQUEST),
    ("binance", 400, _binance(-1021, "Timestamp for this request is"), NO, Cause.CLOCK),
    ("binance", 401, _binance(-2015, "Invalid API-key, IP, or permissions"), NO, Cause.KEY),
    ("binance", 400, _binance(-2013, "Order does not exist."), NO, Cause.NOT_FOUND),
    ("binance", 400, _binance(-2011, "Unknown order sent."), NO, Cause.NOT_FOUND),
    ("binance", 429, _binance(-1003, "Too many requests"), DOUBT, Cause.RATE),
    ("binance", 400, _binance(-1006, "An unexpected response"), DOUBT, Cause.TIMEOUT),
    ("binance", 400, _binance(-1007, "Timeout waiting for response"), DOUBT, Cause.TIMEOUT),
    ("binance", 503, _binance(-1016, "This service is no longer"), DOUBT, Cause.MAINTENANCE),
    ("binanceus", 400, _binance(-2010, "Account has insufficient balance"), NO, Cause.FUNDS),
    ("gate", 400, '{"label":"BALANCE_NOT_ENOUGH","message":"Not enough"}', NO, Cause.FUNDS),
    ("gate", 401, '{"label":"INVALID_KEY","message":"Invalid key"}', NO, Cause.KEY),
    ("gate", 403, '{"label":"IP_FORBIDDEN","message":"x"}', NO, Cause.ADDRESS),
    ("gate", 403, '{"label":"REQUEST_EXPIRED","message":"gap"}', NO, Cause.CLOCK),
    ("gate", 404, '{"label":"ORDER_NOT_FOUND","message":"x"}', NO, Cause.NOT_FOUND),
    ("gate", 429, '{"label":"TOO_MANY_REQUESTS","message":"x"}', DOUBT, Cause.RATE),
    ("gate", 500, '{"label":"INTERNAL","message":"x"}', DOUBT, Cause.MAINTENANCE),
    ("mexc", 400, _binance(30004, "Insufficient position"), NO, Cause.FUNDS),
    ("mexc", 400, _binance(700002, "Signature for this request"), NO, Cause.KEY),
    ("mexc", 400, _binance(700003, "Timestamp for this request"), NO, Cause.CLOCK),
    ("mexc", 400, _binance(700006, "IP white list"), NO, Cause.ADDRESS),
    ("mexc", 400, _binance(-2011, "Unknown order sent"), NO, Cause.NOT_FOUND),
    ("mexc", 400, _binance(30016, "Trading disabled"), NO, Cause.MAINTENANCE),
    ("coinbase", 200, _coinbase("INSUFFICIENT_FUND"), NO, Cause.FUNDS),
    ("coinbase", 200, _coinbase("UNKNOWN_FAILURE_REASON"), DOUBT, Cause.OTHER),
    ("coinbase", 200, _coinbase("x", "PREVIEW_INSUFFICIENT_FUND"), NO, Cause.FUNDS),
    ("coinbase", 200, _coinbase("x", "PREVIEW_INVALID_LIMIT_PRICE"), NO, Cause.REQUEST),
    ("coinbase", 401, '{"error":"unauthorized","message":"x"}', NO, Cause.KEY),
    ("coinbase", 403, '{"error":"PERMISSION_DENIED","message":"x"}', NO, Cause.PERMISSION),
    ("coinbase", 429, '{"errors":[{"id":"rate_limit_exceeded"}]}', DOUBT, Cause.RATE),
    ("coinbase", 503, '{"error":"UNAVAILABLE","message":"x"}', DOUBT, Cause.MAINTENANCE),
    (
        "bitfinex",
        500,
        _bitfinex(10001, "Invalid order: not enough exchange balance for 0.01 BTCUST at 50001"),
        NO,
        Cause.FUNDS,
    ),
    ("bitfinex", 500, _bitfinex(10001, "Invalid order: minimum size"), NO, Cause.REQUEST),
    ("bitfinex", 500, _bitfinex(10001, "Order not found."), NO, Cause.NOT_FOUND),
    ("bitfinex", 500, _bitfinex(10001, "something new"), DOUBT, Cause.OTHER),
    ("bitfinex", 500, _bitfinex(10001, "api_key: permission invalid"), NO, Cause.PERMISSION),
    ("bitfinex", 500, _bitfinex(10020, "amount: invalid"), NO, Cause.REQUEST),
    ("bitfinex", 500, _bitfinex(10100, "apikey: digest invalid"), NO, Cause.KEY),
    ("bitfinex", 500, _bitfinex(10114, "nonce: small"), NO, Cause.NONCE),
    ("bitfinex", 500, _bitfinex(11010, "ratelimit: error"), DOUBT, Cause.RATE),
    ("bitfinex", 500, _bitfinex(20060, "maintenance"), DOUBT, Cause.MAINTENANCE),
    ("bitfinex", 503, '{"code":503,"error":"temporarily_unavailable"}', DOUBT, Cause.MAINTENANCE),
    ("bitfinex", 200, _notice("ERROR", "cid: invalid"), NO, Cause.REQUEST),
    (
        "bitfinex",
        200,
        _notice("ERROR", "Invalid order: not enough exchange balance for 1 BTCUST at 50001"),
        NO,
        Cause.FUNDS,
    ),
    ("bitfinex", 200, _notice("FAILURE", "something new"), DOUBT, Cause.OTHER),
    ("bitfinex", 200, _notice("ERROR", "nonce: small", 10114), NO, Cause.NONCE),
    ("gemini", 406, _gemini("InsufficientFunds"), NO, Cause.FUNDS),
    ("gemini", 400, _gemini("InvalidPrice"), NO, Cause.REQUEST),
    ("gemini", 400, _gemini("ClientOrderIdTooLong"), NO, Cause.REQUEST),
    ("gemini", 400, _gemini("InvalidNonce", "Nonce '1' has not increased"), NO, Cause.NONCE),
    ("gemini", 400, _gemini("InvalidSignature"), NO, Cause.KEY),
    ("gemini", 403, _gemini("MissingRole", "To access this endpoint"), NO, Cause.PERMISSION),
    ("gemini", 404, _gemini("OrderNotFound", "Order 1 not found"), NO, Cause.NOT_FOUND),
    ("gemini", 400, _gemini("MarketNotOpen"), NO, Cause.MAINTENANCE),
    ("gemini", 429, _gemini("RateLimit", "Requests were made too"), DOUBT, Cause.RATE),
    ("gemini", 502, _gemini("System", "We are experiencing"), DOUBT, Cause.MAINTENANCE),
    ("gemini", 503, _gemini("Maintenance"), DOUBT, Cause.MAINTENANCE),
    ("alpaca", 403, _code(40310000, "insufficient balance for USDT (reque"), NO, Cause.FUNDS),
    ("alpaca", 403, _code(40310000, "cost basis must be >= minimal amount"), NO, Cause.REQUEST),
    ("alpaca", 403, _code(40310000, "new orders are rejected by user"), NO, Cause.ACCOUNT),
    ("alpaca", 422, _code(42210000, "invalid crypto time_in_force"), NO, Cause.REQUEST),
    ("alpaca", 422, _code(40010001, "client_order_id must be unique"), AGAIN, Cause.REQUEST),
    ("alpaca", 422, _code(42210000, 'order is already in "filled"'), NO, Cause.NOT_FOUND),
    ("alpaca", 404, _code(40410000, "order is not found."), NO, Cause.NOT_FOUND),
    ("alpaca", 401, _code(40110000, "request is not authorized"), NO, Cause.KEY),
    ("alpaca", 401, '{"message": "unauthorized."}', NO, Cause.KEY),
    ("alpaca", 429, _code(42910000, "rate limit exceeded"), DOUBT, Cause.RATE),
    ("alpaca", 500, _code(50010000, "internal server error"), DOUBT, Cause.MAINTENANCE),
]


@pytest.mark.parametrize(("venue", "status", "body", "verdict", "cause"), SAID)
async def test_a_refusal_means_what_the_venue_meant(
    venue: str, status: int, body: str, verdict: Verdict, cause: Cause
) -> None:
    desk = await ready(venue)
    refusing(status, body)(desk)
    with pytest.raises(VenueUnavailable) as refused:
        await desk.reader.balances()
    assert refused.value.cause is cause
    desk.session.status = 200
    assert (await _placed(venue, status, body)) is verdict


async def _placed(venue: str, status: int, body: str) -> Verdict:
    desk = await ready(venue)
    await desk.trader.place(order(desk))
    refusing(status, body)(desk)
    _count_bytes(desk)
    try:
        placed = await desk.trader.place(order(desk))
    except InDoubt:
        row = ccxt_quirks.quirks_of(venue)
        codes = row.codes(body)
        duplicate = [s for s in row.sayings if codes and codes[0].startswith(s.begins)]
        is_duplicate = bool(duplicate) and duplicate[0].verdict is Verdict.DUPLICATE
        return Verdict.DUPLICATE if is_duplicate else Verdict.IN_DOUBT
    assert isinstance(placed, Placement)
    assert not placed.accepted
    return Verdict.REJECTED


def _count_bytes(desk: Captured) -> None:
    """As the tracing of a real session does: a request that was made has left."""
    from venues.ccxt_wire import CURRENT  # noqa: PLC0415 - only here

    before = desk.session.answering

    def answer(sent: Sent) -> str | None:
        call = CURRENT.get()
        if call is not None:
            call.sends += 1
        return before(sent)

    desk.session.answering = answer


@pytest.mark.parametrize("venue", sorted(ccxt_quirks._KNOWN))
def test_every_saying_can_be_reached(venue: str) -> None:
    begun = [row.begins for row in ccxt_quirks._KNOWN[venue].sayings]
    hidden = [
        later
        for n, later in enumerate(begun)
        if any(later.startswith(earlier) for earlier in begun[:n])
    ]
    assert hidden == []


@pytest.mark.parametrize("venue", ["coinbase"])
async def test_an_order_that_is_not_open_is_not_cancelled_by_a_guess(venue: str) -> None:
    desk = await ready(venue)
    nothing: dict[str, Any] = {"orders": [], "has_next": False, "cursor": ""}
    desk.session.answering = lambda sent: json.dumps(nothing) if sent.method == "GET" else None
    desk.forget()
    with pytest.raises(Unavailable, match="not among its open orders"):
        await desk.trader.cancel(state(desk, ""))
    assert [sent.method for sent in desk.session.sent] == ["GET"]


async def test_coinbases_no_to_a_cancel_is_told_in_its_word() -> None:
    desk = await ready("coinbase")
    row = {"success": False, "failure_reason": "UNKNOWN_CANCEL_ORDER", "order_id": "a"}
    refusing(200, json.dumps({"results": [row]}))(desk)
    _count_bytes(desk)
    answer = await desk.trader.cancel(state(desk, "a"))
    assert (answer.accepted, answer.code) == (False, "UNKNOWN_CANCEL_ORDER")


async def test_more_open_orders_than_a_page_are_not_taken_for_all() -> None:
    desk = await ready("gate")
    group = json.loads(desk.session.bodies["GET /api/v4/spot/open_orders"])
    group[0]["total"] = 2
    desk.session.answering = lambda _: json.dumps(group)
    with pytest.raises(Unavailable, match="2 rows in a group that shows 1"):
        await desk.reader.open_orders()


async def test_an_order_that_kucoin_answers_with_nothing_is_looked_for_in_its_lists() -> None:
    desk = await ready("kucoin")
    nothing = '{"code":"200000","data":null}'
    desk.session.answering = lambda sent: nothing if "client-order" in sent.path else None
    desk.forget()
    sought = await desk.reader.find(state(desk, ""))
    assert sought.found is not None
    assert sought.found.venue_order_id == "66a1b2c3d4e5f60007a1b2c3"
    assert any(sent.path.endswith("/active") for sent in desk.session.sent)


async def test_bitfinexs_no_to_a_cancel_is_heard_though_ccxt_does_not_look() -> None:
    desk = await ready("bitfinex")
    for words, accepted in (("Order not found.", False), ("Submitted for cancellation", True)):
        body = _notice("SUCCESS" if accepted else "ERROR", words).replace("on-req", "oc-req")
        refusing(200, body)(desk)
        _count_bytes(desk)
        answer = await desk.trader.cancel(state(desk, THEIRS["bitfinex"]))
        assert answer.accepted is accepted
    refusing(200, _notice("ERROR", "something new"))(desk)
    _count_bytes(desk)
    with pytest.raises(InDoubt):
        await desk.trader.cancel(state(desk, THEIRS["bitfinex"]))


LEFT_OPEN = {
    "alpaca": '[{"id":"a","status":200,"body":{}},{"id":"b","status":422,"body":{}}]',
    "bitfinex": _notice("ERROR", "nothing was cancelled"),
    "gemini": '{"result":"ok","details":{"cancelledOrders":[],"cancelRejects":[1]}}',
}


@pytest.mark.parametrize("venue", sorted(LEFT_OPEN))
@pytest.mark.parametrize("body", [*NEVER, "the venue's"])
async def test_a_cancel_of_all_that_left_an_order_open_is_no_yes(venue: str, body: str) -> None:
    desk = await ready(venue)
    refusing(200, LEFT_OPEN[venue] if body == "the venue's" else body)(desk)
    _count_bytes(desk)
    with pytest.raises(InDoubt):
        await desk.trader.cancel_all()


@pytest.mark.parametrize(("status", "body"), [(200, ""), (200, "{}"), (204, "[1]"), (502, "")])
async def test_alpacas_yes_to_a_cancel_is_silence_and_nothing_else(status: int, body: str) -> None:
    desk = await ready("alpaca")
    refusing(status, body)(desk)
    _count_bytes(desk)
    with pytest.raises(InDoubt):
        await desk.trader.cancel(state(desk, THEIRS["alpaca"]))
    refusing(204, "")(desk)
    assert (await desk.trader.cancel(state(desk, THEIRS["alpaca"]))).accepted


@pytest.mark.parametrize("venue", ["alpaca", "bitfinex", "gemini"])
async def test_an_order_that_no_list_shows_is_not_cancelled_by_a_guess(venue: str) -> None:
    desk = await ready(venue)
    refusing(200, "[]")(desk)
    desk.forget()
    with pytest.raises(Unavailable, match="not among its open orders"):
        await desk.trader.cancel(state(desk, ""))
    assert len(desk.lines) == 1


async def test_a_lost_order_of_gemini_is_found_by_its_trades_when_it_is_asked_in_vain() -> None:
    desk = await ready("gemini")
    await desk.market.prices(["BTC/USD"])

    def answering(sent: Sent) -> str | None:
        return "[]" if sent.path == "/v1/orders" or "client_order_id" in sent.params else None

    desk.session.answering = answering
    sought = await desk.reader.find(state(desk, ""))
    assert sought.found is not None
    assert sought.found.venue_order_id == THEIRS["gemini"]
    assert len(sought.fills) == 1


@pytest.mark.parametrize("status", ["POSTONLY CANCELED", "IOC CANCELED was: PARTIALLY FILLED"])
async def test_what_bitfinex_ended_by_itself_has_ended(status: str) -> None:
    desk = await ready("bitfinex")
    body = desk.session.bodies["POST /v2/auth/r/orders/hist"]
    desk.session.bodies["POST /v2/auth/r/orders/hist"] = body.replace(
        "CANCELED was: PARTIALLY FILLED", status
    )
    history = await desk.reader.history(desk.clock.at_us - 7_200_000_000)
    assert [order.final for order in history.orders] == [Final.FILLED, Final.CANCELED]


async def test_an_order_of_bitfinex_that_is_not_open_any_more_is_found_in_its_history() -> None:
    desk = await ready("bitfinex")
    desk.session.answering = lambda sent: "[]" if "r/orders/t" in sent.path else None
    placed = state(desk, "139472205826")
    other = replace(placed, order=replace(placed.order, client_id="QDT100000000000002"))
    sought = await desk.reader.find(other)
    assert sought.found is not None
    assert sought.found.final is Final.CANCELED
    assert [fill.trade_id for fill in sought.fills] == ["1284511024"]


async def test_a_price_that_bitfinex_would_cut_to_five_digits_is_refused() -> None:
    desk = await ready("bitfinex")
    desk.forget()
    placed = await desk.trader.place(order(desk, price=Decimal("50000.1")))
    assert (placed.accepted, placed.code) == (False, "PRECISION")
    assert desk.lines == []
