"""What leaves for the venue, to the byte, and what each of its answers is taken for."""

import asyncio
import base64
import hashlib
import hmac
import json
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from typing import Any

import aiohttp
import pytest

from domain.errors import InDoubt, Unavailable
from domain.instruments import Account
from domain.orders import Amendment, Kind, Order, OrderState, Side, TimeInForce
from domain.ports import Placement
from tests.venues.ccxt_stub import ACCOUNTS, READ, TRADE, Asked, Opened, Reply, error, opened
from venues.budget import PATIENCE_S, Priority
from venues.keys import AccountKeys

D = Decimal
CLIENT_ID = "QDA10123456789ABCD"
LIMIT = Order(
    client_id=CLIENT_ID,
    account=Account("kraken", "main"),
    symbol="BTC/USD",
    side=Side.BUY,
    kind=Kind.LIMIT,
    quantity=D("1.25000000"),
    price=D("27500.0"),
    at_us=1_799_999_999_000_000,
)
MARKET = replace(LIMIT, kind=Kind.MARKET, price=None, side=Side.SELL, quantity=D("0.00012345"))
SENT = OrderState(order=LIMIT, quantity=LIMIT.quantity, price=LIMIT.price, sent=True)
ACKED = replace(SENT, acked=True, venue_order_id="OU22CG-KLAF2-FWUDD7")
AMENDMENT = Amendment(client_id="QDA1X", quantity=D("1.5"), price=D("27600.1"), at_us=0)


def signed(asked: Asked) -> str:
    """Kraken's signature over what came: path + SHA256(nonce + body), keyed with the secret."""
    digest = hashlib.sha256((asked.fields["nonce"] + asked.body).encode()).digest()
    secret = base64.b64decode(TRADE.secret.reveal())
    mac = hmac.new(secret, asked.path.encode() + digest, hashlib.sha512)
    return base64.b64encode(mac.digest()).decode()


async def sent_by(desk: Opened, path: str) -> str:
    """The one request to an endpoint, without its nonce, after checking how it was signed."""
    (asked,) = [asked for asked in desk.stub.asked if asked.path == f"/0/private/{path}"]
    assert asked.headers["API-Key"] == TRADE.key.reveal()
    assert asked.headers["API-Sign"] == signed(asked)
    nonce, _, rest = asked.body.partition("&")
    assert nonce == f"nonce={asked.fields['nonce']}"
    return rest


WANTED = f"pair=XXBTZUSD&type=buy&ordertype=limit&volume=1.25&cl_ord_id={CLIENT_ID}&price=27500"
SOLD = f"pair=XXBTZUSD&type=sell&ordertype=market&volume=0.00012345&cl_ord_id={CLIENT_ID}"
CREATES = {
    "limit": (LIMIT, f"{WANTED}&oflags=fciq"),
    "market": (MARKET, f"{SOLD}&oflags=fciq"),
    "ioc": (
        replace(LIMIT, time_in_force=TimeInForce.IOC),
        f"{WANTED}&timeinforce=IOC&oflags=fciq",
    ),
    "fok": (
        replace(LIMIT, time_in_force=TimeInForce.FOK),
        f"{WANTED}&timeinforce=FOK&oflags=fciq",
    ),
    "post-only": (replace(LIMIT, post_only=True), f"{WANTED}&oflags=fciq%2Cpost"),
}


@pytest.mark.parametrize(("order", "body"), CREATES.values(), ids=CREATES.keys())
async def test_a_create_is_exactly_this_request(order: Order, body: str) -> None:
    async with opened() as desk:
        placement = await desk.trader.place(order)
        assert placement == Placement(accepted=True, venue_order_id="OU22CG-KLAF2-FWUDD7")
        assert await sent_by(desk, "AddOrder") == body


async def test_an_amendment_keeps_the_venues_id() -> None:
    async with opened() as desk:
        placement = await desk.trader.amend(ACKED, AMENDMENT)
        assert placement == Placement(accepted=True, venue_order_id=ACKED.venue_order_id)
        assert await sent_by(desk, "AmendOrder") == (
            f"txid={ACKED.venue_order_id}&order_qty=1.5&limit_price=27600.1"
        )


async def test_an_order_whose_id_is_not_known_is_amended_by_ours() -> None:
    state = replace(SENT, order=replace(LIMIT, post_only=True))
    async with opened() as desk:
        await desk.trader.amend(state, AMENDMENT)
        assert await sent_by(desk, "AmendOrder") == (
            f"cl_ord_id={CLIENT_ID}&post_only=true&order_qty=1.5&limit_price=27600.1"
        )


async def test_cancels_name_the_venues_id_or_else_ours() -> None:
    async with opened() as desk:
        assert (await desk.trader.cancel(ACKED)).accepted
        assert await sent_by(desk, "CancelOrder") == f"txid={ACKED.venue_order_id}"
    async with opened() as desk:
        assert (await desk.trader.cancel(SENT)).accepted
        assert await sent_by(desk, "CancelOrder") == f"cl_ord_id={CLIENT_ID}"


async def test_several_orders_are_cancelled_by_one_call_that_names_each() -> None:
    async with opened() as desk:
        await desk.trader.cancel_many(["OAAAAA-BBBBB-CCCCCC", "ODDDDD-EEEEE-FFFFFF"])
        (asked,) = [one for one in desk.stub.asked if one.path.endswith("CancelOrderBatch")]
        assert json.loads(asked.body)["orders"] == ["OAAAAA-BBBBB-CCCCCC", "ODDDDD-EEEEE-FFFFFF"]


async def test_more_orders_than_the_venue_takes_at_once_are_not_sent() -> None:
    async with opened() as desk:
        for names in ([], ["O"] * 51):
            with pytest.raises(Unavailable, match="50 orders at once"):
                await desk.trader.cancel_many(names)
        assert not [one for one in desk.stub.asked if one.path.endswith("CancelOrderBatch")]


async def test_a_cancel_asks_nothing_else_of_the_venue_first() -> None:
    async with opened() as desk:
        await desk.trader.cancel(ACKED)
        await desk.trader.cancel_all()
        await desk.trader.dead_man(60)
        paths = [asked.path.rpartition("/")[2] for asked in desk.stub.asked]
    assert paths == ["CancelOrder", "CancelAll", "CancelAllOrdersAfter"]


async def test_the_dead_mans_switch_is_set_in_seconds_and_taken_away_with_zero() -> None:
    async with opened() as desk:
        await desk.trader.dead_man(60)
        await desk.trader.dead_man(0)
        timeouts = [fields["timeout"] for fields in desk.stub.bodies("CancelAllOrdersAfter")]
    assert timeouts == ["60", "0"]


# Refused here, before anything leaves


@pytest.mark.parametrize(
    ("order", "code", "word"),
    [
        (replace(LIMIT, symbol="NO/PE"), "NOT_SUPPORTED", "lists no NO/PE"),
        (replace(LIMIT, client_id="Q" * 19), "NOT_SUPPORTED", "over 18 characters"),
        (replace(LIMIT, price=None), "NOT_SUPPORTED", "price"),
        (replace(MARKET, price=D(1)), "NOT_SUPPORTED", "price"),
        (replace(MARKET, post_only=True), "NOT_SUPPORTED", "post-only"),
        (
            replace(LIMIT, post_only=True, time_in_force=TimeInForce.IOC),
            "NOT_SUPPORTED",
            "post-only excludes IOC",
        ),
        (replace(LIMIT, quantity=D("0.123456789")), "PRECISION", "cut to 0.12345678"),
        (replace(LIMIT, quantity=D("0.000000001")), "PRECISION", ""),
        (replace(LIMIT, price=D("27500.05")), "PRECISION", "27500.05"),
    ],
)
async def test_what_the_venue_could_not_take_as_it_is_never_leaves(
    order: Order, code: str, word: str
) -> None:
    async with opened() as desk:
        placement = await desk.trader.place(order)
        assert not placement.accepted
        assert placement.code == code
        assert word in placement.reason
        assert desk.stub.bodies("AddOrder") == []


async def test_an_amendment_is_never_rounded_either() -> None:
    async with opened() as desk:
        placement = await desk.trader.amend(ACKED, replace(AMENDMENT, price=D("27600.123")))
        assert (placement.accepted, placement.code) == (False, "PRECISION")
        assert desk.stub.bodies("AmendOrder") == []


# The venue's answers


@pytest.mark.parametrize(
    "text",
    [
        "EOrder:Insufficient funds",
        "EOrder:Cost minimum not met",
        "EGeneral:Invalid arguments:volume",
        "EGeneral:Permission denied",
        "EAPI:Invalid key",
        "EAPI:Invalid nonce",
        "EQuery:Unknown asset pair",
    ],
)
async def test_the_venues_own_no_is_a_rejection(text: str) -> None:
    async with opened() as desk:
        desk.stub.answer("AddOrder", error(text))
        placement = await desk.trader.place(LIMIT)
    assert placement == Placement(accepted=False, code=text, reason=text)


DOUBTFUL: dict[str, Reply] = {
    "connection cut": Reply("", then="cut"),
    "hang": Reply("", then="hang"),
    "half a reply": Reply('{"error":[],"result":{"txid":["OU22CG-KLAF2-FWUDD7"]}}', then="half"),
    "html with 200": Reply("<html>maintenance</html>", kind="text/html"),
    "html with 502": Reply("<html>bad gateway</html>", status=502, kind="text/html"),
    "json with 520": Reply('{"error":["EOrder:Cost minimum not met"', status=520),
    "empty": Reply(""),
    "empty object": Reply("{}"),
    "an array": Reply("[1,2]"),
    "null": Reply("null"),
    "no id": Reply('{"error":[],"result":{"descr":{"order":"x"}}}'),
    "empty id": Reply('{"error":[],"result":{"txid":[""]}}'),
    "hostile id": Reply('{"error":[],"result":{"txid":["\\u001b[2J"]}}'),
    "result is text": Reply('{"error":[],"result":"ok"}'),
    "description is a number": Reply('{"error":[],"result":{"descr":5,"txid":null}}'),
    "rate limited by a gateway": Reply("slow down", status=429, kind="text/plain"),
    "forbidden by a gateway": Reply("<html>", status=403, kind="text/html"),
    "unavailable": error("EService:Unavailable"),
    "deadline": error("EService:Deadline elapsed"),
    "internal": error("EGeneral:Internal error"),
    "duplicate": error("EOrder:Duplicate order"),
    "unheard of": error("EWhat:Is this"),
}


@pytest.mark.parametrize("reply", DOUBTFUL.values(), ids=DOUBTFUL.keys())
async def test_everything_else_is_in_doubt_and_is_sent_once(reply: Reply) -> None:
    async with opened(timeout_ms=300) as desk:
        desk.stub.answer("AddOrder", reply)
        with pytest.raises(InDoubt) as doubt:
            await desk.trader.place(LIMIT)
        assert doubt.value.reference == CLIENT_ID
        assert len(desk.stub.bodies("AddOrder")) == 1


async def test_a_redirection_is_not_followed_with_a_second_create() -> None:
    async with opened() as desk:
        desk.stub.answer("AddOrder", Reply("", status=307, headers={"Location": "/0/Elsewhere"}))
        with pytest.raises(InDoubt, match="redirection"):
            await desk.trader.place(LIMIT)
        assert desk.stub.bodies("Elsewhere") == []


async def test_a_rejection_that_came_earlier_is_not_this_requests_answer() -> None:
    """ccxt looks at the last response it ever had; this one has none (kraken.cancel_order)."""
    async with opened(timeout_ms=300) as desk:
        desk.stub.answer("CancelOrder", error("EOrder:Unknown order"), Reply("", then="cut"))
        refused = await desk.trader.cancel(ACKED)
        assert (refused.accepted, refused.code) == (False, "EOrder:Unknown order")
        with pytest.raises(InDoubt):
            await desk.trader.cancel(ACKED)


async def test_nothing_was_sent_when_no_connection_could_be_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened() as desk:
        await desk.venue.market.instruments()
        monkeypatch.setattr(aiohttp.TCPConnector, "connect", _refused)
        with pytest.raises(Unavailable):
            await desk.trader.place(LIMIT)
        assert desk.stub.bodies("AddOrder") == []


async def _refused(*_: Any, **__: Any) -> Any:
    raise aiohttp.ClientConnectionError("refused")


async def test_nothing_was_sent_when_the_budget_was_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PATIENCE_S, Priority.ORDER, 0.05)
    async with opened() as desk:
        await desk.venue.market.instruments()
        desk.stub.answer("AddOrder", error("EOrder:Rate limit exceeded"))
        limited = await desk.trader.place(LIMIT)
        assert limited.code == "EOrder:Rate limit exceeded"
        with pytest.raises(Unavailable) as held:
            await desk.trader.place(replace(LIMIT, client_id="QDA1SECOND"))
        assert held.value.retry_after_us > 0
        assert len(desk.stub.bodies("AddOrder")) == 1
        await desk.trader.cancel_all()  # the kill path is not held back


async def test_a_cancelled_task_has_sent_once_and_says_nothing() -> None:
    async with opened() as desk:
        await desk.venue.market.instruments()
        desk.stub.answer("AddOrder", Reply("", then="hang"))
        task = asyncio.ensure_future(desk.trader.place(LIMIT))
        await desk.stub.hanging.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(desk.stub.bodies("AddOrder")) == 1


async def test_an_amendment_without_its_id_is_in_doubt() -> None:
    async with opened() as desk:
        desk.stub.answer("AmendOrder", '{"error":[],"result":{}}')
        with pytest.raises(InDoubt) as doubt:
            await desk.trader.amend(ACKED, AMENDMENT)
        assert doubt.value.reference == CLIENT_ID


async def test_cancel_all_that_was_refused_has_done_nothing_and_one_that_hung_may_have() -> None:
    async with opened(timeout_ms=300) as desk:
        desk.stub.answer("CancelAll", error("EGeneral:Permission denied"), Reply("", then="hang"))
        with pytest.raises(Unavailable, match="Permission denied"):
            await desk.trader.cancel_all()
        with pytest.raises(InDoubt):
            await desk.trader.cancel_all()


# What the client is and is not


async def test_the_trading_client_neither_retries_nor_waits_in_ccxts_own_queue() -> None:
    async with opened() as desk:
        parts: tuple[Any, ...] = (desk.trader, desk.reader, desk.venue.market)
        for part in parts:
            api = part._client.api
            assert api.options["maxRetriesOnFailure"] == 0
            assert api.enableRateLimit is False
            assert api.number is str
            assert not api.verbose


async def test_an_operators_option_cannot_make_ccxt_retry() -> None:
    async with opened(timeout_ms=300) as desk:
        desk.stub.answer("AddOrder", error("EService:Unavailable"))
        with pytest.raises(InDoubt):
            await desk.trader.place(LIMIT)
        assert len(desk.stub.bodies("AddOrder")) == 1


async def test_a_reader_refuses_to_act() -> None:
    async with opened() as desk:
        client = desk.reader._client
        assert client.api.apiKey != TRADE.key.reveal()
        with pytest.raises(AssertionError, match="no read"):
            await client.read("create_order", "BTC/USD", "market", "buy", 1)
        assert not [name for name in dir(desk.reader) if "place" in name or "cancel" in name]


async def test_who_only_observes_has_no_trader_and_no_trade_key_in_any_client() -> None:
    async with opened(orders=False) as desk:
        assert dict(desk.venue.traders) == {}
        assert desk.reader._client.api.apiKey == READ.key.reveal()


async def test_an_account_without_a_trade_key_is_only_watched() -> None:
    accounts = {"main": AccountKeys(read=ACCOUNTS["main"].read)}
    async with opened(accounts) as desk:
        assert list(desk.venue.readers) == ["kraken/main"]
        assert dict(desk.venue.traders) == {}


async def test_ccxts_decimal_context_stays_its_own() -> None:
    with localcontext(Context(prec=28, rounding=ROUND_HALF_EVEN)) as ours:
        before = ours.copy()
        async with opened() as desk:
            await desk.trader.place(LIMIT)
            await desk.trader.place(replace(LIMIT, quantity=D("0.123456789")))
        assert (ours.rounding, ours.prec) == (before.rounding, before.prec)
        assert ours.traps == before.traps
