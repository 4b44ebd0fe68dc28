"""What venues say when they say no, and what they cannot mean: judged, never read as nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from domain.errors import InDoubt, Unavailable
from domain.ports import Placement
from tests.venues.conformance.captured import Captured, Sent
from tests.venues.conformance.test_conformance import ACTS, TRADED, order, state
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
    refusing(200, body)(desk)
    _count_bytes(desk)
    with pytest.raises(InDoubt):
        await ACTS["place a limit order"](desk)


# Venue, HTTP status, body: what it means for the order, and why.
NO, DOUBT, AGAIN = Verdict.REJECTED, Verdict.IN_DOUBT, Verdict.DUPLICATE


def _binance(code: int, words: str) -> str:
    return json.dumps({"code": code, "msg": words})


def _coinbase(reason: str, preview: str = "") -> str:
    inner = {"error": reason, "message": "words", "preview_failure_reason": preview}
    return json.dumps({"success": False, "error_response": inner})


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
