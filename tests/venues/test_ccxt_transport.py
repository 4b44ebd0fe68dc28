"""The transport under ccxt: exact numbers, and nothing that ccxt would choke on."""

import asyncio
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Unavailable
from tests.venues.ccxt_offline import Offline
from tests.venues.test_ccxt_convert import run
from venues.ccxt_wire import Call, exact_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.50000000", "0.50000000"),
        ("123456789.12345678", "123456789.12345678"),
        ("1.0e-8", "1.0e-8"),
        ("7", 7),
        ("12345678901234567890123", 12345678901234567890123),
        ('"0.1"', "0.1"),
        ('["THVRQM-33E123-UCI7BS"]', ["THVRQM-33E123-UCI7BS"]),
    ],
)
def test_fractions_stay_the_text_that_was_sent(text: str, value: Any) -> None:
    assert exact_json(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "[Infinity]",
        '{"a":-Infinity}',
        "[1e999]",
        '["1e999999999"]',
        '{"price": -2.5E+100000}',
        "9" * 5_000,
        "[" * 100_000,
        "{" + '"a":{' * 50_000,
        "",
        "<html>",
        '{"a":1',
    ],
)
def test_what_is_no_number_of_this_world_is_no_json(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        exact_json(text)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=10, min_value=0, max_value=10**9))
def test_every_digit_survives(value: Any) -> None:
    text = f"{value:.10f}"
    assert exact_json(f'{{"qty":{text}}}') == {"qty": text}


@pytest.mark.parametrize("raw", ['"999999999"', "999999999", "-1", "1e9", '"many"'])
def test_a_billion_decimals_do_not_stop_the_process(raw: str) -> None:
    """ccxt.parse_precision writes a step out zero by zero."""
    pair = '{"altname":"A","base":"XXBT","quote":"ZUSD","pair_decimals":%s,"status":"online"}'
    body = '{"error":[],"result":{"XXBTZUSD":' + pair % raw + "}}"
    started = time.process_time()
    with pytest.raises(Unavailable, match="decimals"):
        run(Offline({"AssetPairs": body}).market.instruments())
    assert time.process_time() - started < 5


def test_headers_are_found_whatever_their_case() -> None:
    call = Call(headers={"retry-AFTER": "5"})
    assert (call.header("Retry-After"), call.header("Date")) == ("5", "")


def test_an_earlier_answer_is_forgotten_when_a_request_begins() -> None:
    call = Call(sends=1, answered=True, status=200, body="{}", rows=3, answer={})
    assert call.parsed
    call.begin(5)
    assert (call.answered, call.parsed, call.status, call.rows) == (False, False, 0, -1)
    assert call.sends == 1  # what left has left


def test_calls_of_different_tasks_do_not_mix() -> None:
    """Two requests at once: each judgement is made on its own answer."""

    async def both() -> list[Any]:
        desk = Offline({"OpenOrders": '{"error":["EGeneral:Permission denied"]}'})
        works: list[Any] = [desk.reader.open_orders(), desk.reader.balances()]
        return list(await asyncio.gather(*works, return_exceptions=True))

    refused, balances = run(both())
    assert "Permission denied" in str(refused)
    assert balances.assets
