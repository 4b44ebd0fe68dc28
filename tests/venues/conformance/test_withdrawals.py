"""A withdrawal is one request, as approved to the byte, and whatever is not a verdict is doubt."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from domain.errors import InDoubt, Misconfigured, Unavailable
from domain.withdrawals import Withdrawer
from tests.venues.conformance.captured import Captured, LoadedKey, Sent
from tests.venues.conformance.test_conformance import NETWORKS, withdrawal
from tests.venues.conformance.test_refusals import _count_bytes
from venues.ccxt_client import Client
from venues.ccxt_fields import Malformed
from venues.ccxt_quirks import quirks_of
from venues.ccxt_withdraw_client import WithdrawClients
from venues.ccxt_withdrawals import FORMS, _bitfinex_id
from venues.keys import Keys

EVERY = sorted(FORMS)
TAGS = ("", "12345", "memo+1 &/é", "a=b;c%20d?#", "<b>\"'\\")
# Which of their fields hold what: network, address, tag, amount.
FIELDS: Mapping[str, tuple[str, str, str, str]] = {
    "binance": ("network", "address", "addressTag", "amount"),
    "binanceus": ("network", "address", "addressTag", "amount"),
    "bitfinex": ("method", "address", "payment_id", "amount"),
    "coinbase": ("network", "to", "destination_tag", "amount"),
    "gate": ("chain", "address", "memo", "amount"),
    "gemini": ("", "address", "memo", "amount"),
    "kucoin": ("chain", "toAddress", "memo", "amount"),
    "mexc": ("netWork", "address", "memo", "amount"),
}


def submitted(desk: Captured) -> list[Sent]:
    """The requests that move money."""
    return [sent for sent in desk.session.sent if is_submit(sent)]


def is_submit(sent: Sent) -> bool:
    path = sent.path.lower()
    known = "withdraw" in path and not path.endswith("withdrawaddresses")
    return sent.method == "POST" and (known or path.endswith("/transactions"))


async def ready(venue: str) -> Captured:
    desk = Captured(venue)
    await desk.market.instruments()
    desk.forget()
    return desk


def the_withdrawer_is_one(desk: Captured) -> Withdrawer:
    return desk.withdrawer  # the type checker proves the fit


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("venue", sorted(FIELDS))
async def test_network_address_tag_and_amount_arrive_to_the_byte(venue: str, tag: str) -> None:
    desk = await ready(venue)
    request = withdrawal(desk, address=f"bc1q?{tag}", tag=tag)
    assert (await desk.withdrawer.withdraw(request)).accepted
    (sent,) = submitted(desk)
    named = FIELDS[venue]
    wanted = (request.network, request.address, tag, "0.12345678901")
    assert tuple(sent.params.get(name, "") for name in named) == wanted
    known = {*named, "currency", "coin", "wallet", "type", "withdrawType", "request", "recvWindow"}
    told = {value for name, value in sent.params.items() if name not in known}
    assert {value.replace("-", "") for value in told} <= {request.reference}, "nothing else"


async def test_kraken_sends_to_the_address_that_it_has_saved_and_to_no_other() -> None:
    desk = await ready("kraken")
    other: Mapping[str, Any] = {
        "address": "bc1qother", "network": "Lightning", "tag": "x", "saved_as": "hot",
    }  # fmt: skip
    for name, value in other.items():
        answer = await desk.withdrawer.withdraw(withdrawal(desk, **{name: value}))
        assert (answer.accepted, answer.code) == (False, "NOT_SUPPORTED"), name
    body = desk.session.bodies["POST /0/private/WithdrawAddresses"]
    desk.session.bodies["POST /0/private/WithdrawAddresses"] = body.replace("true", "false")
    assert not (await desk.withdrawer.withdraw(withdrawal(desk))).accepted
    assert submitted(desk) == []


@pytest.mark.parametrize("venue", EVERY)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, "<html>"),
        (504, '{"message":"gateway"}'),
        (200, ""),
        (200, "{"),
        (200, "null"),
        (200, "{}"),
        (200, '{"id":null,"data":{},"result":{}}'),
        (429, "slow down"),
    ],
)
async def test_what_is_no_verdict_is_doubt_and_nothing_is_sent_again(
    venue: str, status: int, body: str
) -> None:
    desk = await ready(venue)

    def answering(sent: Sent) -> str | None:
        if not is_submit(sent):
            return None
        desk.session.status = status
        return body

    desk.session.answering = answering
    _count_bytes(desk)
    with pytest.raises(InDoubt) as doubt:
        await desk.withdrawer.withdraw(withdrawal(desk))
    assert doubt.value.reference == "0af1b2c3d4e5f60718293a4b5c6d7e8f"
    assert len(submitted(desk)) == 1


NO = {
    "binance": '{"code":-4026,"msg":"The user has insufficient balance available."}',
    "gate": '{"label":"BALANCE_NOT_ENOUGH","message":"Not enough balance"}',
    "kraken": '{"error":["EAPI:Invalid key"]}',
    "kucoin": '{"code":"260100","msg":"account.noWithdraw"}',
    "mexc": '{"code":30004,"msg":"Insufficient position"}',
}


@pytest.mark.parametrize("venue", sorted(NO))
async def test_the_venues_own_no_is_a_refusal(venue: str) -> None:
    desk = await ready(venue)
    desk.session.answering = lambda sent: NO[venue] if is_submit(sent) else None
    _count_bytes(desk)
    answer = await desk.withdrawer.withdraw(withdrawal(desk))
    assert not answer.accepted
    assert answer.code
    assert answer.venue_id == ""


@pytest.mark.parametrize("venue", EVERY)
async def test_what_a_venue_cannot_be_told_is_refused_here(venue: str) -> None:
    desk = await ready(venue)
    network = "" if NETWORKS.get(venue, "BTC") else "solana"
    wrong: list[Mapping[str, Any]] = [
        {"reference": "0AF1b2c3d4e5f60718293a4b5c6d7e8f"},
        {"reference": "short"},
        {"amount": withdrawal(desk).amount * 0},
        {"address": ""},
        {"asset": "NOSUCHCOIN"},
        {"saved_as": ""} if venue == "kraken" else {"network": network},
    ]
    for terms in wrong:
        answer = await desk.withdrawer.withdraw(withdrawal(desk, **terms))
        assert (answer.accepted, answer.code) == (False, "NOT_SUPPORTED"), terms
        assert answer.reason
    assert submitted(desk) == []


async def test_a_venue_without_the_endpoint_is_not_asked() -> None:
    desk = Captured("alpaca")
    answer = await desk.withdrawer.withdraw(withdrawal(desk))
    assert "at the venue itself" in answer.reason
    assert desk.session.sent == []
    for venue in (*EVERY, "alpaca"):
        assert quirks_of(venue).withdraws == (venue in FORMS)


async def test_a_list_that_cannot_be_read_first_is_unavailable_and_nothing_was_asked() -> None:
    for venue in ("kraken", "coinbase"):
        desk = await ready(venue)
        desk.session.answering = lambda sent: None if is_submit(sent) else "<html>"
        with pytest.raises(Unavailable):
            await desk.withdrawer.withdraw(withdrawal(desk))
        assert submitted(desk) == []


async def test_without_a_key_nothing_is_asked() -> None:
    desk = await ready("binance")
    clients = WithdrawClients(desk.account, clients=None, load=lambda: None)  # type: ignore[arg-type]
    desk.withdrawer._clients = clients
    with pytest.raises(Misconfigured, match="no key to withdraw with"):
        await desk.withdrawer.withdraw(withdrawal(desk))
    assert desk.session.sent == []


async def test_the_key_is_loaded_for_each_withdrawal_anew() -> None:
    desk = await ready("gate")
    loaded: list[Keys] = []
    before: LoadedKey = desk.withdrawer._clients  # type: ignore[assignment]

    def load() -> tuple[Client, Keys]:
        found = before.make()
        loaded.append(found[1])
        return found

    desk.withdrawer._clients = LoadedKey(load)  # type: ignore[assignment]
    assert loaded == []
    for count in (1, 2):
        await desk.withdrawer.withdraw(withdrawal(desk))
        assert len(loaded) == count


def test_bitfinexs_notification_without_success_is_no_verdict() -> None:
    good = json.loads('[1,"acc_wd-req",null,null,[13,null,"bitcoin"],null,"SUCCESS","done"]')
    assert _bitfinex_id(good) == "13"
    answers: list[Any] = [
        {},
        [],
        good[:6],
        [*good[:6], "ERROR", "x"],
        [*good[:4], [0], None, "SUCCESS"],
    ]
    for wrong in answers:
        with pytest.raises(Malformed):
            _bitfinex_id(wrong)
