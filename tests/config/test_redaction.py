"""No spelling of a known secret, and nothing that looks like one, gets through."""

import base64
import json
import re
import time
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.redaction import HIDDEN, SENSITIVE_NAME, Redaction

SECRET = 'k/Q+z"9\\é==CANARY7'
PEM = """\
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIBcanarycanary01
AwEHoUQ=
-----END EC PRIVATE KEY-----"""


def knowing(*secrets: str) -> Redaction:
    redaction = Redaction()
    redaction.learn(*secrets)
    return redaction


SPELT = {
    "raw": SECRET,
    "json": json.dumps({"a": SECRET}),
    "json, not ascii": json.dumps({"a": SECRET}, ensure_ascii=False),
    "json in json": json.dumps(json.dumps({"a": SECRET})),
    "repr": repr({"a": SECRET}),
    "quoted in small hex": re.sub("%..", lambda found: found[0].lower(), quote(SECRET)),
    "quoted": quote(SECRET, safe=""),
    "quoted plus": quote_plus(SECRET),
    "a query": urlencode({"x": 1, "a": SECRET}),
    "hex": SECRET.encode().hex(),
    "HEX": SECRET.encode().hex().upper(),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 for urls": base64.urlsafe_b64encode(SECRET.encode()).decode(),
    "base64 after one byte": base64.b64encode(b"u" + SECRET.encode() + b":x").decode(),
    "base64 after two bytes": base64.b64encode(b"u:" + SECRET.encode() + b"!!").decode(),
}


@pytest.mark.parametrize("text", SPELT.values(), ids=SPELT.keys())
def test_a_known_secret_is_hidden_in_every_spelling(text: str) -> None:
    redaction = knowing(SECRET)
    told = f"before {text} after"
    assert redaction.holds(told)
    cleaned = redaction.clean(told)
    assert not redaction.holds(cleaned)
    assert HIDDEN in cleaned
    assert "CANARY" not in cleaned.upper()
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")


@given(
    st.text(min_size=8, max_size=40),
    st.binary(max_size=9),
    st.binary(max_size=9),
    st.sampled_from(["raw", "json", "hex", "base64", "quoted"]),
)
def test_any_secret_within_any_bytes_is_found(
    secret: str, before: bytes, after: bytes, how: str
) -> None:
    if secret.encode("utf-8", "surrogatepass").decode("utf-8", "ignore") != secret:
        return
    raw = before + secret.encode() + after
    spelt = {
        "raw": secret,
        "json": json.dumps([secret]),
        "hex": raw.hex(),
        "base64": base64.b64encode(raw).decode(),
        "quoted": quote(secret, safe=""),
    }[how]
    redaction = knowing(secret)
    assert redaction.holds(spelt)
    assert not redaction.holds(redaction.clean(spelt))


def test_each_line_of_a_key_of_several_lines_is_hidden() -> None:
    redaction = knowing(PEM)
    assert redaction.clean("x MHcCAQEEIBcanarycanary01 y") == f"x {HIDDEN} y"
    assert "canary" not in redaction.clean(json.dumps({"secret": PEM}))


def test_a_secret_within_another_is_hidden_with_it() -> None:
    redaction = knowing("abcdefgh", "abcdefghijkl")
    assert redaction.clean("abcdefghijkl") == HIDDEN


def test_what_is_too_short_to_be_a_secret_is_not_searched_for() -> None:
    redaction = knowing("", "abc")
    assert redaction.redactions() == frozenset()
    assert redaction.clean("abc") == "abc"
    assert not redaction.holds("abc")


def test_a_short_passphrase_is_hidden_but_proves_nothing() -> None:
    redaction = knowing("1234")
    assert redaction.clean("pass 1234.") == f"pass {HIDDEN}."
    assert not redaction.holds('{"ts": "1234"}')


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (
            "GET /v3/account?timestamp=1&signature=ab12 failed",
            "timestamp=1&signature=[hidden] failed",
        ),
        ("{'X-MBX-APIKEY': 'vmPUZE6m', 'a': 1}", "{'X-MBX-APIKEY': '[hidden]', 'a': 1}"),
        ('{"Authorization":"Bearer abc.def"}', '{"Authorization":"[hidden]"}'),
        ("Authorization: Basic dXNlcjpw\nHost: x", "Authorization: [hidden]\nHost: x"),
        ("{'KC-API-SIGN': b'abc='}", "{'KC-API-SIGN': b'[hidden]'}"),
        ("{'KC-API-PASSPHRASE': 'two words'}", "{'KC-API-PASSPHRASE': '[hidden]'}"),
        ("KEY: 1a2b, SIGN: 3c", "KEY: [hidden], SIGN: [hidden]"),
        ("api_secret=abc;x=1", "api_secret=[hidden];x=1"),
        ("apiKey%3Dabc%26x", "apiKey%3D[hidden]"),
        (r"{\"secret\": \"abc\"}", r"{\"secret\": \"[hidden]\"}"),
        ("https://me:pa55@proxy:1/", "https://[hidden]@proxy:1/"),
        ("otpauth://totp/Q:alice?secret=ABC&issuer=Q", "[hidden]"),
        (f"key {PEM} end", "key [hidden] end"),
        (PEM.replace("\n", "\\n"), "[hidden]"),
        ("-----BEGIN PRIVATE KEY-----\ncut off", "[hidden]"),
        ("jwt eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln", "jwt [hidden]"),
        ("AKIAIOSFODNN7EXAMPLE", "[hidden]"),
        ("https://hooks.slack.com/services/T0/B0/xyz", "https://hooks.slack.com/services/[hidden]"),
        ("bot 123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw_", "bot [hidden]"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, cleaned: str) -> None:
    assert Redaction().clean(text).endswith(cleaned)


@pytest.mark.parametrize(
    "text",
    [
        "order denied: max_order_value 612 is over 500",
        "the token bucket of kraken is empty",
        "sign of life: 3 s ago",
        "design: x, monkey: y, keyboard: z",
        "idempotency key fill:kraken:main:T1",
        "key: risk.kill",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert Redaction().clean(text) == text


def test_names_of_secret_fields_are_known() -> None:
    secret = ["apiKey", "API-Key", "KC-API-SIGN", "KEY", "client_secret", "api_passphrase", "token"]
    plain = ["key", "idempotency_key", "sign", "design", "monkey", "secret_name", "account"]
    assert all(SENSITIVE_NAME.search(name) for name in secret)
    assert not any(SENSITIVE_NAME.search(name) for name in plain)


@pytest.mark.parametrize(
    "part",
    ["a-", "secret", "-----BEGIN ", "eyJ", "://", "a:", "9", "token: ", "x@", "://a:", "=\\"],
)
def test_no_text_makes_cleaning_slow(part: str) -> None:
    began = time.perf_counter()
    knowing(SECRET).clean(part * (64_000 // len(part)))
    assert time.perf_counter() - began < 2
