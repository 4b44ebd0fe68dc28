"""What leaves the process to learn of a key, and what is made of the documented answers.

The answers are of the shapes that the venues document (see the rows); every endpoint is one
that changes nothing. A ccxt that renames one of its methods fails here.
"""

import json
from typing import Any

import pytest

from domain.errors import Unavailable
from domain.keys import KeyReport, Purpose, Right
from tests.venues.conformance.captured import Answering, Sent, Session, Still, keys_for
from venues.budget import Budget, Pace
from venues.ccxt_client import Client, config_of
from venues.ccxt_client import Purpose as ClientPurpose
from venues.ccxt_inspector import CcxtInspector
from venues.ccxt_permission_rows import ROWS, row_of
from venues.ccxt_quirks import quirks_of
from venues.ccxt_wire import Wire
from venues.keys import Keys, Secret
from venues.lazy_ccxt import exchange_class
from venues.nonce import Lane

READ, PLACE, CANCEL, WITHDRAW = Right.READ, Right.PLACE, Right.CANCEL, Right.WITHDRAW
NO = 403
KRAKEN: dict[str, Any] = {
    "error": [],
    "result": {
        "apiKeyName": "desk",
        "apiKey": "KEY",
        "nonce": "1772627060997",
        "nonceWindow": 0,
        "permissions": ["query-funds", "query-open-trades", "query-closed-trades", "modify-trades"],
        "iban": "AA88 N84G WOAK NMOI",
        "validUntil": "0",
        "queryFrom": "0",
        "queryTo": "0",
        "createdTime": "1772542900",
        "modifiedTime": "1772543095",
        "ipAllowlist": ["203.0.113.7", "198.51.100.0/24"],
        "lastUsed": "1772627061",
    },
}
KUCOIN = {
    "code": "200000",
    "data": {
        "uid": 165111215,
        "remark": "desk",
        "apiKey": "KEY",
        "apiVersion": 3,
        "permission": "General,Spot,InnerTransfer,Transfer",
        "ipWhitelist": "",
        "createdAt": 1729676378000,
        "isMaster": True,
    },
}
BINANCE = {
    "ipRestrict": True,
    "createTime": 1698645219000,
    "enableReading": True,
    "enableWithdrawals": False,
    "enableInternalTransfer": False,
    "enableMargin": False,
    "enableFutures": True,
    "permitsUniversalTransfer": False,
    "enableVanillaOptions": False,
    "enableFixApiTrade": False,
    "enableFixReadOnly": True,
    "enableSpotAndMarginTrading": True,
    "enablePortfolioMarginTrading": True,
}
BINANCE_ACCOUNT = {"uid": 354937868, "canTrade": True, "canWithdraw": True, "balances": []}
COINBASE = {
    "can_view": True,
    "can_trade": True,
    "can_transfer": False,
    "portfolio_uuid": "9e3a4c0e-1111-4a5b-8f1c-2f0d7e6b5a41",
    "portfolio_type": "DEFAULT",
}
GATE_ACCOUNT = {"user_id": 1667201533, "ip_whitelist": ["127.0.0.1"], "key": {"mode": 1}}
GATE_KEYS: list[dict[str, Any]] = [
    {
        "state": 1,
        "mode": 1,
        "name": "desk",
        "user_id": 1667201533,
        "perms": [{"name": "spot", "read_only": False}, {"name": "wallet", "read_only": True}],
        "ip_whitelist": ["127.0.0.1"],
        "key": "KE*****",
        "created_at": 1753030929,
    },
    {"key": "52fd0035f665*****", "perms": [{"name": "withdraw", "read_only": False}]},
]
BITFINEX = [
    ["account", 0, 0],
    ["history", 1, 0],
    ["orders", 1, 1],
    ["positions", 1, 0],
    ["funding", 0, 0],
    ["settings", 0, 0],
    ["wallets", 1, 0],
    ["withdraw", 0, 1],
    ["ui_withdraw", 0, 0],
]
GEMINI = {
    "isAuditor": False,
    "isFundManager": True,
    "isTrader": True,
    "counterparty_id": "EMONNYXH",
    "isAccountAdmin": False,
}
ALPACA = {
    "id": "e6fe16f3-64a4-4921-8928-cadf02f92f98",
    "account_number": "PA3717PJAYWN",
    "status": "ACTIVE",
    "currency": "USD",
    "cash": "0",
    "account_blocked": False,
    "trading_blocked": True,
    "transfers_blocked": False,
}

Case = tuple[dict[str, Any], list[str], KeyReport]
CASES: dict[str, Case] = {
    "kraken": (
        {"/0/private/GetApiKeyInfo": KRAKEN},
        ["POST /0/private/GetApiKeyInfo"],
        KeyReport(
            fingerprint="",
            rights=(READ, PLACE),
            words=("modify-trades", "query-closed-trades", "query-funds", "query-open-trades"),
            lacks=("Cancel & close orders",),
            bound=True,
            addresses=("198.51.100.0/24", "203.0.113.7"),
            uid="AA88 N84G WOAK NMOI",
            created_us=1_772_542_900_000_000,
        ),
    ),
    "kucoin": (
        {"/api/v1/user/api-key": KUCOIN},
        ["GET /api/v1/user/api-key"],
        KeyReport(
            fingerprint="",
            rights=(READ, PLACE, CANCEL, Right.TRANSFER, WITHDRAW),
            words=("General", "InnerTransfer", "Spot", "Transfer"),
            bound=False,
            uid="165111215",
            created_us=1_729_676_378_000_000,
        ),
    ),
    "binance": (
        {"/sapi/v1/account/apiRestrictions": BINANCE, "/api/v3/account": BINANCE_ACCOUNT},
        [
            "GET /sapi/v1/account/apiRestrictions recvWindow=5000",
            "GET /api/v3/account recvWindow=5000",
        ],
        KeyReport(
            fingerprint="",
            rights=(READ, PLACE, CANCEL, Right.LEVERAGE),
            words=(
                "enableFixReadOnly",
                "enableFutures",
                "enablePortfolioMarginTrading",
                "enableReading",
                "enableSpotAndMarginTrading",
            ),
            bound=True,
            uid="354937868",
            created_us=1_698_645_219_000_000,
        ),
    ),
    "coinbase": (
        {"/api/v3/brokerage/key_permissions": COINBASE},
        ["GET /api/v3/brokerage/key_permissions"],
        KeyReport(
            fingerprint="",
            rights=(READ, PLACE, CANCEL),
            words=("can_trade", "can_view"),
            uid="9e3a4c0e-1111-4a5b-8f1c-2f0d7e6b5a41",
        ),
    ),
    "gate": (
        {"/api/v4/account/detail": GATE_ACCOUNT, "/api/v4/account/main_keys": GATE_KEYS},
        ["GET /api/v4/account/detail", "GET /api/v4/account/main_keys"],
        KeyReport(
            fingerprint="",
            rights=(READ, PLACE, CANCEL),
            words=("spot", "wallet:read"),
            bound=True,
            addresses=("127.0.0.1",),
            uid="1667201533",
            created_us=1_753_030_929_000_000,
        ),
    ),
    "bitfinex": (
        {"/v2/auth/r/permissions": BITFINEX, "/v2/auth/r/info/user": [1234567, "a@b.c", "desk"]},
        ["POST /v2/auth/r/permissions", "POST /v2/auth/r/info/user"],
        KeyReport(
            fingerprint="",
            rights=(READ, PLACE, CANCEL, WITHDRAW),
            words=(
                "history:read",
                "orders:read",
                "orders:write",
                "positions:read",
                "wallets:read",
                "withdraw:write",
            ),
            uid="1234567",
        ),
    ),
    "gemini": (
        {"/v1/roles": GEMINI},
        ["POST /v1/roles request=/v1/roles"],
        KeyReport(
            fingerprint="",
            rights=(READ, PLACE, CANCEL, WITHDRAW),
            words=("isFundManager", "isTrader"),
            uid="EMONNYXH",
        ),
    ),
    "alpaca": (
        {"/v2/account": ALPACA},
        ["GET /v2/account"],
        KeyReport(
            fingerprint="",
            uid="PA3717PJAYWN",
            lacks=("trading_blocked",),
            problem="its keys cannot be limited: each can do everything that the account can",
        ),
    ),
    "mexc": (
        {"/api/v3/uid": {"uid": "209302839"}},
        ["GET /api/v3/uid recvWindow=5000"],
        KeyReport(
            fingerprint="",
            uid="209302839",
            problem="its API does not tell what a key may do",
        ),
    ),
}
CASES["binanceus"] = CASES["binance"]


class Asking:
    """An inspector over a captured wire, which answers from a table by path."""

    def __init__(
        self, venue: str, answers: dict[str, Any], purpose: Purpose = Purpose.TRADE
    ) -> None:
        self._answers = answers
        self.session = Scripted(self._answer)
        keys = keys_for(venue)
        self.fingerprint = keys.fingerprint
        self.inspector = CcxtInspector(self._client(venue, keys), keys, purpose, row_of(venue))

    @property
    def lines(self) -> list[str]:
        return [str(sent) for sent in self.session.sent]

    def _answer(self, sent: Sent) -> str | None:
        answer = self._answers.get(sent.path)
        if isinstance(answer, int):
            self.session.status, answer = answer, {"label": "FORBIDDEN", "message": "no"}
        return None if answer is None else json.dumps(answer)

    def _client(self, venue: str, keys: Keys) -> Client:
        quirks, clock = quirks_of(venue), Still()
        here = {"session": self.session, "ssl_context": False}
        api = exchange_class(venue)({**config_of(quirks, keys), **here})
        lane = Lane(venue, clock, single=quirks.nonce)
        wire = Wire(quirks, Budget(venue, Pace(1_000, 1_000.0), clock), lane, clock, lambda _: None)
        wire.attach(api)
        api.__class__.__del__ = lambda _: None  # nothing of these is open
        return Client(api, wire, quirks, ClientPurpose(who=f"{venue}/main", keys=keys), clock)


class Scripted(Session):
    """It has no payloads of its own."""

    def __init__(self, answering: Answering) -> None:
        self.sent, self.bodies, self.status = [], {}, 200
        self.answering = answering


def test_every_venue_that_is_tried_has_a_row_and_a_case() -> None:
    from config.names import KNOWN_VENUES  # noqa: PLC0415

    assert ROWS.keys() == set(KNOWN_VENUES) == CASES.keys()
    assert row_of("bybit").questions == ()


@pytest.mark.parametrize("venue", CASES)
async def test_the_documented_answer_becomes_rights_and_the_account_s_own_id(venue: str) -> None:
    answers, lines, expected = CASES[venue]
    asking = Asking(venue, answers)
    report = await asking.inspector.inspect()
    assert asking.lines == lines
    assert report.fingerprint == asking.fingerprint
    told = {name: getattr(report, name) for name in KeyReport.__slots__}
    wanted = {name: getattr(expected, name) for name in KeyReport.__slots__}
    assert told | {"fingerprint": ""} == wanted


@pytest.mark.parametrize("venue", CASES)
@pytest.mark.parametrize("garbage", [{}, [], {"result": 7, "data": 7}, [[7]], [{"key": 7}]])
async def test_an_answer_of_another_shape_tells_no_rights(venue: str, garbage: Any) -> None:
    answers, _, _ = CASES[venue]
    envelopes: dict[str, dict[str, Any]] = {
        "kucoin": {"code": "200000"},
        "kraken": {"error": [], "result": {}},
    }
    if isinstance(garbage, dict):
        garbage = {**envelopes.get(venue, {}), **garbage}
    spoiled = dict.fromkeys(answers, garbage)
    try:
        report = await Asking(venue, spoiled).inspector.inspect()
    except Unavailable:
        return  # not even the venue's envelope: the account is asked again
    assert report.rights is None
    assert report.uid == ""
    assert report.problem or not row_of(venue).rights


async def test_what_a_venue_refuses_to_tell_of_a_key_is_no_error() -> None:
    asking = Asking("gate", {**CASES["gate"][0], "/api/v4/account/main_keys": NO})
    report = await asking.inspector.inspect()
    assert (report.rights, report.uid, report.bound) == (None, "1667201533", True)
    assert "FORBIDDEN" in report.problem


async def test_two_keys_that_look_alike_are_told_of_neither() -> None:
    twins = [{**GATE_KEYS[0]}, {**GATE_KEYS[0], "perms": [{"name": "withdraw"}]}]
    asking = Asking("gate", {**CASES["gate"][0], "/api/v4/account/main_keys": twins})
    report = await asking.inspector.inspect()
    assert report.rights is None
    assert report.problem == "it tells the rights of main account keys only"


async def test_a_word_that_is_in_no_table_is_told_and_nothing_is_said_to_be_missing() -> None:
    changed = {**KRAKEN, "result": {**KRAKEN["result"], "permissions": ["trade-everything"]}}
    report = await Asking("kraken", {"/0/private/GetApiKeyInfo": changed}).inspector.inspect()
    assert (report.rights, report.unknown, report.lacks) == ((), ("trade-everything",), ())


async def test_a_key_that_sees_some_days_only_lacks_a_whole_view() -> None:
    changed = {**KRAKEN, "result": {**KRAKEN["result"], "queryFrom": "1772542900"}}
    report = await Asking(
        "kraken", {"/0/private/GetApiKeyInfo": changed}, Purpose.READ
    ).inspector.inspect()
    assert report.lacks == ("a view without query dates", "WebSocket interface")


def test_a_forgotten_key_is_nowhere() -> None:
    keys = Keys(key=Secret("KEY"), secret=Secret("secret"), passphrase=Secret("word"))
    keys.forget()
    assert not any((keys.key, keys.secret, keys.passphrase))
