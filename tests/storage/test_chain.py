import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.chain import ZERO_HASH, canonical, link

VECTORS = Path(__file__).parent / "data" / "chain_vectors.json"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "golden_cases.json"


def vectors() -> list[Any]:
    found = json.loads(VECTORS.read_text("utf-8"))["vectors"]
    if SHARED.exists():
        cases = json.loads(SHARED.read_text("utf-8"))["cases"]
        found += next(case for case in cases if case["id"] == "G28")["expected"]["vectors"]
    return list(found)


@pytest.mark.parametrize("vector", vectors())
def test_the_golden_vectors_have_these_bytes_and_hashes(vector: Any) -> None:
    payload = canonical(json.loads(vector["payload_utf8"]))
    assert payload == vector["payload_utf8"].encode()
    assert len(payload) == vector["payload_bytes"]
    previous = bytes.fromhex(vector["prev"])
    assert link(previous, vector["seq"], payload).hex() == vector["hash"]


def test_the_vectors_are_one_chain() -> None:
    previous = ZERO_HASH.hex()
    for vector in json.loads(VECTORS.read_text("utf-8"))["vectors"]:
        assert vector["prev"] == previous
        previous = vector["hash"]


def test_every_part_of_a_row_changes_its_hash() -> None:
    payload = b'{"v":1}'
    hashes = {
        link(ZERO_HASH, 1, payload),
        link(ZERO_HASH, 2, payload),
        link(b"\1" * 32, 1, payload),
        link(ZERO_HASH, 1, payload + b" "),
    }
    assert len(hashes) == 4


@pytest.mark.parametrize("value", [1.5, math.nan, math.inf, b"bytes", object(), (1, 2), {1: "x"}])
def test_what_has_no_exact_json_is_an_error(value: object) -> None:
    with pytest.raises(TypeError):
        canonical({"x": [value]})


@pytest.mark.parametrize("value", [2**53, -(2**53), 10**30])
def test_an_integer_that_json_readers_would_round_is_an_error(value: int) -> None:
    with pytest.raises(ValueError, match="2\\^53"):
        canonical({"x": value})


def test_text_that_is_not_unicode_is_an_error() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        canonical({"x": "\ud800"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), JSON))
def test_canonical_bytes_say_the_same_and_have_one_spelling(payload: dict[str, Any]) -> None:
    spelled = canonical(payload)
    read = json.loads(spelled)
    assert read == payload
    assert canonical(dict(reversed(list(read.items())))) == spelled
    assert b": " not in canonical({"a": 1, "b": [1, 2]})
