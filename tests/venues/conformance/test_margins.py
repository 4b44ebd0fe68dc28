"""Futures wallets over the captured wire: the venue's own digits, apart from spot, never spent."""

import json
from decimal import Decimal
from typing import Any

import pytest

from domain.errors import Misconfigured
from domain.market import MarginBalance
from tests.venues.ccxt_stub import ManualClock
from tests.venues.conformance.captured import Captured, Sent, keys_for
from venues.ccxt_capabilities import capabilities
from venues.ccxt_margins import REFUSED_US
from venues.ccxt_quirks import known_venues, quirks_of
from venues.ccxt_venue import VenueSettings, open_venue
from venues.keys import AccountKeys

D = Decimal
# As the venues' own pages show their answers, with longer digits.
BINANCE = """{"totalWalletBalance":"126.72469206","totalUnrealizedProfit":"-3.10000001","assets":[
{"asset":"USDT","walletBalance":"123.724692060000001","unrealizedProfit":"-3.10000001",
"marginBalance":"120.62469205","maintMargin":"0.0","initialMargin":"0.0","availableBalance":"1.0",
"maxWithdrawAmount":"1.0","updateTime":1625474304765},
{"asset":"BNB","walletBalance":"0.00000000","unrealizedProfit":"0.00000000","marginBalance":"0",
"updateTime":0},
{"asset":"BTC","walletBalance":"0.0","unrealizedProfit":"0.00000007","marginBalance":"0.00000007",
"updateTime":0}],"positions":[]}"""
COIN = """{"assets":[{"asset":"BTC","walletBalance":"0.00241628","unrealizedProfit":"0.00001000",
"marginBalance":"0.00242628"}],"canTrade":true,"positions":[]}"""
GATE = """{"user":1666,"currency":"USDT","total":"9707.803567115145","unrealised_pnl":"3371.248828",
"position_margin":"38.712189181","order_margin":"0","available":"9669.091377933","point":"0",
"in_dual_mode":false,"history":{"dnw":"10000","pnl":"68.36"}}"""
MEXC = """{"success":true,"code":0,"data":[
{"currency":"USDT","positionMargin":0,"frozenBalance":0,"availableBalance":100.25,
"cashBalance":100.25,"equity":110.5000000001,"unrealized":10.25,"bonus":0},
{"currency":"BSV","positionMargin":0,"equity":0,"unrealized":0,"cashBalance":0}]}"""
KUCOIN = """{"code":"200000","data":{"accountEquity":48.921913718,"unrealisedPNL":-1.59475,
"marginBalance":50.516663718,"positionMargin":0,"orderMargin":0,"frozenFunds":0,
"availableBalance":48.9,"currency":"%s","riskRatio":0}}"""
ANSWERS: dict[str, dict[str, str]] = {
    "binance": {"/fapi/v3/account": BINANCE, "/dapi/v1/account": COIN},
    "gate": {"/api/v4/futures/usdt/accounts": GATE},
    "mexc": {"/api/v1/private/account/assets": MEXC},
    "kucoin": {"/api/v1/account-overview": KUCOIN},
}
TOLD: dict[str, dict[str, dict[str, tuple[str, str]]]] = {
    "binance": {
        "futures": {"USDT": ("123.724692060000001", "-3.10000001"), "BTC": ("0", "0.00000007")},
        "coin-futures": {"BTC": ("0.00241628", "0.00001")},
    },
    "gate": {"futures": {"USDT": ("9707.803567115145", "3371.248828")}},
    "mexc": {"futures": {"USDT": ("100.2500000001", "10.25")}},
    "kucoin": {"futures": dict.fromkeys(("USDT", "USDC", "BTC"), ("50.516663718", "-1.59475"))},
}


def desk_of(venue: str, *wallets: str, **answers: str) -> Captured:
    desk = Captured(venue, wallets=wallets)
    known = {**ANSWERS[venue], **answers}

    def answering(sent: Sent) -> str | None:
        body = known.get(sent.path)
        return body % sent.params["currency"] if body and "%s" in body else body

    desk.session.answering = answering
    return desk


@pytest.mark.parametrize("venue", TOLD)
async def test_the_margin_balance_is_the_venues_own_to_the_last_digit(venue: str) -> None:
    balances = await desk_of(venue, *TOLD[venue]).reader.balances()
    assert balances.unread == {}
    assert balances.margins == {
        wallet: {
            asset: MarginBalance(wallet=D(lies), unrealised=D(gained))
            for asset, (lies, gained) in assets.items()
        }
        for wallet, assets in TOLD[venue].items()
    }


@pytest.mark.parametrize("venue", TOLD)
async def test_futures_change_nothing_of_what_spot_orders_can_use(venue: str) -> None:
    alone = await Captured(venue).reader.balances()
    beside = await desk_of(venue, *TOLD[venue]).reader.balances()
    assert beside.assets == alone.assets
    assert alone.margins == {}


BROKEN: dict[str, str] = {
    "html": "<html>maintenance</html>",
    "null": "null",
    "empty": "{}",
    "a list": "[]",
    "rows that are text": '{"assets":["x"]}',
    "no profit": '{"assets":[{"asset":"USDT","walletBalance":"1"}]}',
    "no number": '{"assets":[{"asset":"USDT","walletBalance":"1","unrealizedProfit":"NaN"}]}',
    "an asset twice": json.dumps(
        {"assets": [{"asset": "USDT", "walletBalance": "1", "unrealizedProfit": "0"}] * 2}
    ),
    "no assets": '{"assets":null}',
}


@pytest.mark.parametrize("how", BROKEN)
async def test_a_wallet_that_cannot_be_read_is_named_and_hides_no_other(how: str) -> None:
    answers: dict[str, Any] = {"/fapi/v3/account": BROKEN[how]}
    desk = desk_of("binance", "futures", "coin-futures", **answers)
    balances = await desk.reader.balances()
    assert set(balances.unread) == {"futures"}
    assert balances.unread["futures"]
    assert set(balances.margins) == {"coin-futures"}
    assert balances.assets


async def test_a_key_that_may_not_read_futures_reads_spot_all_the_same() -> None:
    desk = desk_of("binance", "futures")
    asked = 0

    def answering(sent: Sent) -> str | None:
        nonlocal asked
        refused = sent.path.startswith("/fapi")
        asked += refused
        desk.session.status = 401 if refused else 200
        words = '{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}'
        return words if refused else None

    desk.session.answering = answering
    for _ in range(3):
        balances = await desk.reader.balances()
        assert "-2015" in balances.unread["futures"]
        assert balances.assets
    assert asked == 1, "it is not asked again and again for what it was refused"
    desk.clock.at_us += REFUSED_US
    await desk.reader.balances()
    assert asked == 2


@pytest.mark.parametrize("venue", known_venues())
async def test_a_wallet_that_a_venue_has_not_is_refused_with_those_it_has(venue: str) -> None:
    named = next((n for n in ("futures", "coin-futures") if n not in quirks_of(venue).margins), "")
    told = capabilities(venue).futures
    assert told.can == bool(quirks_of(venue).margins)
    assert told.can or "not read:" in told.how
    if not named:
        return
    settings = VenueSettings(wallets={"main": (named,)})
    keys = {"main": AccountKeys(read=keys_for(venue))}
    opening = open_venue(
        venue, keys, clock=ManualClock(), settings=settings, on_problem=lambda _: None
    )
    with pytest.raises(Misconfigured) as refused:
        await opening.__aenter__()
    assert refused.value.where == f"exchanges.{venue}.accounts.main.wallets"
    assert "it can be: spot" in refused.value.hint


@pytest.mark.parametrize(("moves", "known"), [(0, True), (1, True), (2, True), (99, False)])
async def test_money_that_moves_while_it_is_read_is_counted_once_or_not_at_all(
    moves: int, *, known: bool
) -> None:
    desk = desk_of("gate", "futures")
    asked = 0

    def answering(sent: Sent) -> str | None:
        nonlocal asked
        if sent.path != "/api/v4/futures/usdt/accounts":
            return None
        asked += 1
        return GATE.replace("9707.803567115145", str(5 + min(asked - 1, moves)))

    desk.session.answering = answering
    balances = await desk.reader.balances()
    if known:
        assert balances.margins["futures"]["USDT"].wallet == D(5 + moves)
        assert balances.unread == {}
    else:
        assert balances.margins == {}
        assert balances.unread == {"futures": "money moves while it is read"}
    assert asked <= 4
