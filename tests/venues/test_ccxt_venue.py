"""Opening a venue: what it needs, what it imports, and what it never shows."""

import asyncio
import copy
import json
import pickle
import subprocess
import sys
import traceback
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from domain.errors import Misconfigured
from tests.venues.ccxt_stub import ACCOUNTS, READ, TRADE, ManualClock, error, opened
from venues import ccxt_quirks, lazy_ccxt
from venues.ccxt_errors import CLASSES
from venues.ccxt_quirks import KRAKEN, quirks_of
from venues.ccxt_sayings import Verdict
from venues.ccxt_venue import VenueSettings, open_venue
from venues.keys import AccountKeys, Keys, Secret

ROOT = Path(__file__).parents[2]


def in_a_fresh_process(program: str) -> str:
    """What a new interpreter prints; nothing that this one has imported is there."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# Importing


def test_importing_our_files_imports_nothing_of_ccxt() -> None:
    names = sorted(p.stem for p in (ROOT / "venues").glob("*.py") if p.stem != "__init__")
    program = "\n".join(f"import venues.{name}" for name in names)
    program += "\nimport sys; print([m for m in sys.modules if m.partition('.')[0] == 'ccxt'])"
    assert in_a_fresh_process(program).strip() == "[]"


def test_one_exchange_is_imported_without_the_hundred_others() -> None:
    program = """
import sys
from decimal import getcontext
from venues.lazy_ccxt import exchange_class
before = getcontext().copy()
kraken = exchange_class("kraken")
loaded = [m for m in sys.modules if m.startswith("ccxt.pro.")]
import ccxt.pro, ccxt.async_support
from ccxt import NetworkError
from ccxt.base.errors import NetworkError as same
print(loaded, kraken.__module__, ccxt.pro.kraken is kraken, NetworkError is same)
print(ccxt.async_support.kraken.__name__, issubclass(kraken, ccxt.async_support.kraken))
print(str(before) == str(getcontext()), hasattr(ccxt.pro, "nowhere"))
"""
    assert in_a_fresh_process(program).split("\n")[:3] == [
        "['ccxt.pro.kraken'] ccxt.pro.kraken True True",
        "kraken True",
        "True False",
    ]


@pytest.mark.slow
def test_the_whole_package_is_used_where_somebody_has_imported_it() -> None:
    program = """
import ccxt
from venues.lazy_ccxt import exchange_class
print(exchange_class("kraken").__module__, len(ccxt.exchanges) > 50)
"""
    assert in_a_fresh_process(program).strip() == "ccxt.pro.kraken True"


def test_ccxt_never_logs_a_request() -> None:
    program = """
import logging
logging.basicConfig(level=logging.DEBUG)
from venues.lazy_ccxt import exchange_class
print(logging.getLogger("ccxt.base.exchange").isEnabledFor(logging.DEBUG), exchange_class("kraken"))
print(logging.getLogger("ccxt.base.exchange").isEnabledFor(logging.DEBUG))
"""
    assert in_a_fresh_process(program).strip().endswith("False")


def test_another_version_of_ccxt_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazy_ccxt, "PINNED", "4.5.91")
    with pytest.raises(Misconfigured, match=r"install ccxt==4\.5\.91"):
        lazy_ccxt.exchange_class("kraken")


def test_a_venue_that_ccxt_does_not_know_is_the_operators_to_mend() -> None:
    with pytest.raises(Misconfigured, match="check the spelling") as wrong:
        lazy_ccxt.exchange_class("krakn")
    assert wrong.value.where == "exchanges.krakn"


# Opening


async def test_a_sandbox_that_does_not_exist_never_becomes_the_real_venue() -> None:
    opening = open_venue(
        "kraken",
        ACCOUNTS,
        clock=ManualClock(),
        settings=VenueSettings(sandbox=True),
        on_problem=print,
    )
    with pytest.raises(Misconfigured) as refused:
        async with opening:
            raise AssertionError("it opened")
    assert refused.value.where == "exchanges.kraken.sandbox"


def test_an_unknown_venue_is_watched_and_never_traded() -> None:
    quirks = quirks_of("somewhere")
    assert not quirks.trades
    assert not quirks.traits.cancel_all
    assert not quirks.traits.account_stream
    assert quirks.traits.venue == "somewhere"


async def test_a_venue_whose_row_was_not_tested_gets_no_trader() -> None:
    async with opened(quirks={"trades": False}) as desk:
        assert list(desk.venue.readers) == ["kraken/main"]
        assert dict(desk.venue.traders) == {}


async def test_accounts_have_clients_of_their_own_and_equal_keys_share_a_lane() -> None:
    shared = AccountKeys(read=READ, trade=READ)
    async with opened({"a": shared, "b": AccountKeys(read=TRADE)}) as desk:
        readers = {str(name): reader for name, reader in desk.venue.readers.items()}
        trader = desk.trader
        lanes = [part._client.wire._lane for part in (*readers.values(), trader)]
        assert len({id(part._client.api) for part in (*readers.values(), trader)}) == 3
    assert lanes[0] is lanes[2]
    assert lanes[0] is not lanes[1]


async def test_nothing_is_sent_by_opening() -> None:
    async with opened() as desk:
        await asyncio.sleep(0)
        assert desk.stub.asked == []


async def test_vitals_tell_what_is_left_of_the_tightest_budget() -> None:
    async with opened(quirks={"pace": KRAKEN.pace}) as desk:
        await desk.reader.balances()
        await desk.reader.open_orders()
        vitals = desk.venue.vitals()
        assert (vitals.budget_left, vitals.budget) == (13, 15)
        assert vitals.latency_us > 0
        assert vitals.banned_for_us == 0
        desk.stub.answer("BalanceEx", error("EAPI:Rate limit exceeded"))
        with pytest.raises(Exception, match="Rate limit"):
            await desk.reader.balances()
        assert desk.venue.vitals().banned_for_us > 14_000_000


def test_the_rate_limit_of_the_operator_is_applied() -> None:
    async def pace() -> tuple[float, int]:
        """The pace, and the calls left after one (counting in it must work too)."""
        slow = Decimal("0.1")  # as the configuration gives it
        async with opened(quirks={"pace": KRAKEN.pace}, rate_limit=slow) as desk:
            await desk.reader.balances()
            budget = desk.reader._client.wire.budget
            return budget._pace.per_s, budget.left

    per_s, left = asyncio.run(pace())
    assert per_s == 0.1
    assert left == 14


# Keys are shown nowhere

CANARIES = ("READ-KEY", "cmVhZC1zZWNyZXQ=", "TRADE-KEY", "dHJhZGUtc2VjcmV0")


def shown(text: str) -> Iterator[str]:
    return (canary for canary in CANARIES if canary in text)


def test_a_secret_shows_dots() -> None:
    secret = Secret("cmVhZC1zZWNyZXQ=")
    for text in (repr(secret), str(secret), f"{secret}", repr(ACCOUNTS), repr([secret])):
        assert not list(shown(text))
    assert (secret.reveal(), bool(secret), bool(Secret(""))) == ("cmVhZC1zZWNyZXQ=", True, False)


def test_a_secret_is_not_written_anywhere() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret("x"))
    with pytest.raises(TypeError):
        copy.deepcopy(Secret("x"))
    with pytest.raises(TypeError):
        json.dumps({"key": Secret("x")})


def test_keys_are_told_apart_without_being_told() -> None:
    other = Keys(key=Secret("OTHER"), secret=Secret("x"))
    assert READ.fingerprint != other.fingerprint
    assert READ.fingerprint == Keys(key=Secret("READ-KEY"), secret=Secret("z")).fingerprint
    assert not list(shown(READ.fingerprint))


async def test_no_error_of_the_adapter_shows_a_key() -> None:
    async with opened() as desk:
        desk.stub.answer("OpenOrders", "<html>")
        desk.stub.answer("BalanceEx", error("EAPI:Invalid key"))
        for ask in (desk.reader.open_orders, desk.reader.balances):
            with pytest.raises(Exception, match="not available") as failed:
                await ask()
            text = "".join(traceback.format_exception(failed.value))
            assert not list(shown(text + repr(desk.venue) + repr(desk.reader.__dict__)))


# The tables


def test_every_saying_can_be_reached() -> None:
    begun = [row.begins for row in KRAKEN.sayings]
    hidden = [
        later
        for n, later in enumerate(begun)
        if any(later.startswith(earlier) for earlier in begun[:n])
    ]
    assert hidden == []


def test_the_words_of_the_semantics_page_are_in_the_table() -> None:
    verdicts = {row.begins: row.verdict for row in KRAKEN.sayings}
    assert verdicts["EOrder:"] is Verdict.REJECTED
    assert verdicts["EGeneral:Invalid arguments"] is Verdict.REJECTED
    assert verdicts["EAPI:Invalid key"] is Verdict.REJECTED
    assert verdicts["EAPI:Invalid signature"] is Verdict.REJECTED
    assert verdicts["EService:"] is Verdict.IN_DOUBT
    assert verdicts["EGeneral:"] is Verdict.IN_DOUBT
    assert len(CLASSES) > 40


def test_no_venue_is_traded_without_knowing_how_its_orders_are_found() -> None:
    for quirks in ccxt_quirks._KNOWN.values():
        if quirks.trades:
            assert quirks.client_id_field or quirks.numbered
            assert quirks.sayings
