"""Hostile values: whatever a record holds, one harmless line of valid JSON comes out."""

import logging
from decimal import Decimal
from pathlib import Path
from typing import Any, Never

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cli.log_desks import written

OWN = "venues.kraken"
QUICK = settings(
    max_examples=100,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class Hostile:
    def __repr__(self) -> str:
        raise ZeroDivisionError

    def __str__(self) -> str:
        raise ZeroDivisionError


class HostileError(Exception):
    def __str__(self) -> Never:
        raise RecursionError


def _cyclic() -> dict[str, Any]:
    told: dict[str, Any] = {}
    told["self"] = told
    return told


HOSTILE: list[tuple[object, str]] = [
    (Hostile(), "Hostile (cannot be shown: ZeroDivisionError)"),
    (10**6000, "integer of"),
    (2**53, "integer of 54 bits"),
    (Decimal("1E-8"), '"0.00000001"'),
    (Decimal("1E+999999"), "1E+999999"),
    (Decimal("NaN"), "NaN"),
    (float("nan"), '"nan"'),
    (float("inf"), '"inf"'),
    (b"\xff\x00", "ufffd"),
    ("\ud800", "ud800"),
    (_cyclic(), "u2026"),
    ([[[[[[[[1]]]]]]]], "u2026"),
    (list(range(10_000)), "49]"),
    ({n: n for n in range(10_000)}, '"49": 49}'),
    ([[n] * 40 for n in range(40)], "u2026"),
    ("x" * 1_000_000, "u2026"),
    (HostileError(), "HostileError (cannot be shown: RecursionError)"),
    (None, "null"),
    (True, "true"),
    ({1, 2}, "[1, 2]"),
    (structlog, "module"),
]


@pytest.mark.parametrize(("value", "words"), HOSTILE, ids=map(str, range(len(HOSTILE))))
def test_a_hostile_value_becomes_short_and_valid_json(
    tmp_path: Path, value: object, words: str
) -> None:
    with written(tmp_path) as desk:
        structlog.get_logger(OWN).info("x", value=value)
        logging.getLogger(OWN).info("y", extra={"value": value}, exc_info=HostileError())
    assert len(desk.records()) == 2
    assert words in desk.raw()
    assert len(desk.raw()) < 20_000


def test_fields_cannot_pose_as_ours(tmp_path: Path) -> None:
    with written(tmp_path) as desk:
        structlog.get_logger(OWN).info(
            "real", level="CRITICAL", ts="1970", logger="root", repeated=9
        )
    (record,) = desk.records()
    assert (record["level"], record["logger"], record["event"]) == ("INFO", OWN, "real")
    assert record["level_"] == "CRITICAL"
    assert "repeated" not in record


def test_a_message_with_wrong_arguments_is_still_told(tmp_path: Path) -> None:
    with written(tmp_path) as desk:
        logging.getLogger(OWN).info("%d left of %s", "many")  # noqa: PLE1206
        structlog.get_logger(OWN).info("%d left", "none")
    events = [record["event"] for record in desk.records()]
    assert all("left" in event and "cannot be shown: TypeError" in event for event in events)


def test_a_message_that_is_no_text_is_told_by_its_words(tmp_path: Path) -> None:
    with written(tmp_path) as desk:
        logging.getLogger(OWN).error(ValueError("as a message"))
        logging.getLogger(OWN).error(Hostile())
    first, second = desk.records()
    assert first["event"] == "as a message"
    assert second["event"] == "Hostile (cannot be shown: ZeroDivisionError)"


FORGED = '\n{"ts": "2025-01-01", "level": "INFO", "event": "released by admin"}\n'


@pytest.mark.parametrize("breaker", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_a_record_is_one_line_whatever_breaks_lines(tmp_path: Path, breaker: str) -> None:
    with written(tmp_path) as desk:
        logging.getLogger(f"venues.{breaker}x").error(
            "a%s",
            breaker + FORGED,
            extra={f"k{breaker}": breaker},
        )
    assert len(desk.raw().splitlines()) == 1
    assert "released by admin" in desk.records()[0]["event"]
    assert all(len(line.text.splitlines()) == 1 for line in desk.lines())


json_like = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@QUICK
@given(
    text=st.text(),
    fields=st.dictionaries(st.text(min_size=1), json_like, max_size=4),
    level=st.sampled_from([logging.INFO, logging.ERROR, 35]),
)
def test_records_and_lines_are_as_many_whatever_is_logged(
    tmp_path_factory: pytest.TempPathFactory, text: str, fields: dict[str, Any], level: int
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    with written(folder) as desk:
        structlog.get_logger(OWN).error(text, **{f"f_{n}": v for n, v in fields.items()})
        logging.getLogger(OWN).log(level, text, extra={"told": fields})
    raw = desk.raw()
    assert raw.isascii()
    assert len(raw.splitlines()) == len(desk.records()) == len(desk.lines()) >= 1
    for line in desk.lines():
        assert line.text.isprintable()
        assert line.extra.isprintable()
