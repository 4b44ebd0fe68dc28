"""A venue's error out of a body: one way to read it, whatever else arrives."""

from typing import Any

import pytest

from venues import ccxt_binance, ccxt_coinbase, ccxt_gate, ccxt_kraken, ccxt_kucoin, ccxt_mexc
from venues.ccxt_words import coded, object_in, parsed

NOTHING = ("", "<html>", "{", "null", "[]", '"x"', "1", "[" * 100_000, '{"a":1}')
READERS = (ccxt_binance, ccxt_coinbase, ccxt_gate, ccxt_kraken, ccxt_kucoin, ccxt_mexc)


@pytest.mark.parametrize("body", NOTHING)
def test_what_is_no_error_of_the_venue_says_nothing(body: str) -> None:
    assert [reader.codes(body) for reader in READERS] == [()] * len(READERS)
    assert object_in(body) == (parsed(body) if body.startswith('{"a"') else {})


def test_words_are_the_first_that_are_there_and_only_words() -> None:
    def any_code(code: Any, _: str) -> bool:
        return code is not None

    assert coded('{"code":1,"msg":"no"}', any_code) == ("1 no",)
    assert coded('{"code":1,"msg":{"x":1}}', any_code) == ("1 ",)
    assert coded('{"c":"L","b":"late"}', any_code, code="c", words=("a", "b")) == ("L late",)
    assert coded('{"msg":"no"}', any_code) == ()


@pytest.mark.parametrize(
    ("reader", "body", "said"),
    [
        (ccxt_binance, '{"code":-2010,"msg":"no"}', ("-2010 no",)),
        (ccxt_binance, '{"code":0,"msg":"restricted"}', ("0 restricted",)),
        (ccxt_binance, '{"code":0}', ()),
        (ccxt_binance, '{"code":200,"msg":"fine"}', ()),
        (ccxt_binance, '{"code":true,"msg":"no"}', ()),
        (ccxt_mexc, '{"code":30004,"msg":"no"}', ("30004 no",)),
        (ccxt_mexc, '{"code":200,"msg":"fine"}', ()),
        (ccxt_kucoin, '{"code":"400100","msg":"no"}', ("400100 no",)),
        (ccxt_kucoin, '{"code":"200000","msg":"fine"}', ()),
        (ccxt_kucoin, '{"code":400100,"msg":"no"}', ()),
        (ccxt_gate, '{"label":"INVALID_KEY","message":"no"}', ("INVALID_KEY no",)),
        (ccxt_gate, '{"label":"INVALID_KEY","detail":"no"}', ("INVALID_KEY no",)),
        (ccxt_gate, '{"label":""}', ()),
        (ccxt_kraken, '{"error":["EAPI:Invalid key"]}', ("EAPI:Invalid key",)),
        (ccxt_coinbase, '{"error":"unauthorized","message":"no"}', ("unauthorized no",)),
    ],
)
def test_each_venue_says_what_is_an_error(reader: Any, body: str, said: tuple[str, ...]) -> None:
    assert reader.codes(body) == said
