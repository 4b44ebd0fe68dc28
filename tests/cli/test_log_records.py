"""Canary secrets and hostile values: whatever a record holds, one harmless line comes out."""

import base64
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog

from cli.log_records import LONGEST_TEXT
from config.redaction import HIDDEN
from tests.cli.log_desks import Written, written
from venues.keys import Keys, Secret

OWN = "venues.kraken"
KEY = "canaryKEY+0123456789/abc"
SECRET = 'canary"SECRET\\=xyz/é'
PASSPHRASE = "canary pass phrase"
LONG = "canary" + "0123456789" * 100
CANARIES = (KEY, SECRET, PASSPHRASE, LONG)


def spelt(canary: str) -> list[str]:
    raw = canary.encode()
    return [
        canary,
        json.dumps(canary)[1:-1],
        json.dumps(json.dumps(canary))[3:-3],
        quote(canary, safe=""),
        raw.hex(),
        base64.b64encode(raw).decode(),
        base64.b64encode(raw).decode().rstrip("="),
        base64.b64encode(b"user:" + raw).decode()[8:-4],
    ]


def shows_nothing(desk: Written) -> None:
    everything = [desk.raw(), *(line.text + line.extra + line.logger for line in desk.lines())]
    for text in everything:
        assert "canary" not in text
        for canary in CANARIES:
            assert not [form for form in spelt(canary) if form in text]


@dataclass
class Client:
    """Like an exchange object: secrets in its fields, in its `repr`, and in its dict."""

    apiKey: str = KEY  # noqa: N815 -- as ccxt calls it
    headers: dict[str, str] = field(default_factory=lambda: {"API-Sign": SECRET})


def _raised(error: Exception) -> Exception:
    local = CANARIES
    try:
        assert local
        raise error  # noqa: TRY301
    except Exception as raised:  # noqa: BLE001
        return raised


def _chained() -> Exception:
    error = _raised(ValueError(f"outer {SECRET}"))
    error.__cause__ = _raised(RuntimeError(f"inner {KEY}"))
    error.add_note(f"note {PASSPHRASE}")
    return error


LEAKS: dict[str, Callable[[logging.Logger], Any]] = {
    "in the message": lambda log: log.error(f"key is {KEY}"),  # noqa: G004
    "as an argument": lambda log: log.error("key is %s, %r", KEY, SECRET),
    "in a mapping of arguments": lambda log: log.error("key %(k)s", {"k": KEY}),
    "in wrong arguments": lambda log: log.error("%d %d", KEY),  # noqa: PLE1206
    "in an extra field": lambda log: log.error("x", extra={"note": f"a {SECRET} b"}),
    "as the name of a field": lambda log: log.error("x", extra={"fields": {KEY: 1}}),
    "deep in a field": lambda log: log.error("x", extra={"f": {"a": [{"b": (SECRET, {KEY})}]}}),
    "as bytes": lambda log: log.error("x", extra={"f": SECRET.encode()}),
    "in the repr of an object": lambda log: log.error("%s", Client(), extra={"client": Client()}),
    "in a url": lambda log: log.error(f"GET https://x/?k={quote(KEY)}&s={quote(SECRET, safe='')}"),  # noqa: G004
    "as json": lambda log: log.error(json.dumps({"a": SECRET, "b": json.dumps([KEY, SECRET])})),
    "as base64 of a pair": lambda log: log.error(
        base64.b64encode(f"u:{SECRET}:x".encode()).decode()
    ),
    "as hex": lambda log: log.error(SECRET.encode().hex()),
    "in an exception": lambda log: log.error("x", exc_info=_raised(OSError(5, KEY, SECRET))),
    "in a chain of exceptions": lambda log: log.error("x", exc_info=_chained()),
    "in a group of exceptions": lambda log: log.error(
        "x", exc_info=_raised(ExceptionGroup(KEY, [ValueError(SECRET), _chained()]))
    ),
    "in a venue's error": lambda log: log.error(
        "x", exc_info=_raised(PermissionError(f'kraken {{"secret":"{KEY}"}} {SECRET}'))
    ),
    "as an exception in a field": lambda log: log.error("x", extra={"e": ValueError(SECRET)}),
    "in the logger's name": lambda log: logging.getLogger(f"venues.{KEY}").error("x"),
    "in the stack": lambda log: log.error("x", extra={}, stack_info=True),
    "in a structured field": lambda _: structlog.get_logger(OWN).error("x", key=KEY, s=SECRET),
    "in structured arguments": lambda _: structlog.get_logger(OWN).error("k %s", KEY),
    "at the cut": lambda log: log.error("%s", "y" * (LONGEST_TEXT - 10) + SECRET),
    "at the far cut": lambda log: log.error("%s", "z" * (64_000 - 10) + SECRET),
    "many times before the far cut": lambda log: log.error(KEY * 4_000),
    "so long that what is cut comes near": lambda log: log.error(LONG * 100),
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS.keys())
def test_a_known_secret_reaches_neither_file_nor_screen(
    tmp_path: Path, leak: Callable[[logging.Logger], Any]
) -> None:
    with written(tmp_path) as desk:
        desk.redaction.learn(*CANARIES)
        leak(logging.getLogger(OWN))
        shows_nothing(desk)
        assert len(desk.records()) == 1


def test_the_canaries_would_be_seen_without_redaction(tmp_path: Path) -> None:
    with written(tmp_path) as desk:
        logging.getLogger(OWN).error("key is %s", KEY)
        with pytest.raises(AssertionError):
            shows_nothing(desk)


@pytest.mark.parametrize(
    ("message", "fields", "hidden"),
    [
        ("GET /api?timestamp=1&signature=unknown0canary&x=1", {}, "unknown0canary"),
        ("headers {'X-MBX-APIKEY': 'unknown0canary'}", {}, "unknown0canary"),
        ("x", {"headers": {"Authorization": "Bearer unknown0canary"}}, "unknown0canary"),
        ("x", {"apiKey": "unknown0canary"}, "unknown0canary"),
        ("x", {"api_secret": ["unknown0canary"]}, "unknown0canary"),
        ("proxy https://me:unknown0canary@proxy:1/", {}, "unknown0canary"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_though_nobody_knows_it(
    tmp_path: Path, message: str, fields: dict[str, Any], hidden: str
) -> None:
    with written(tmp_path) as desk:
        logging.getLogger(OWN).error(message, extra=fields)
    assert hidden not in desk.raw() + str(desk.lines())
    assert HIDDEN in desk.raw()


def test_wrapped_secrets_show_nothing_even_when_nobody_learnt_them(tmp_path: Path) -> None:
    keys = Keys(key=Secret("unlearnt-canary"), secret=Secret("unlearnt-canary"))
    with written(tmp_path) as desk:
        structlog.get_logger(OWN).info("x", keys=keys, one=keys.key, some=[keys.secret])
        logging.getLogger(OWN).info("y %s %r", keys, keys.key)
    assert "unlearnt" not in desk.raw()


def test_a_line_that_still_holds_a_secret_is_withheld(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with written(tmp_path) as desk:
        desk.redaction.learn(KEY)
        with monkeypatch.context() as patch:
            patch.setattr(desk.redaction, "clean", lambda text: text)  # a redaction with a hole
            logging.getLogger(OWN).error("key is %s", KEY)
        shows_nothing(desk)
    (record,) = desk.records()
    assert record["event"] == "withheld: it holds a secret"
