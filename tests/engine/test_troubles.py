"""A trouble that lasts is told once and counted, and its end is told; pulses tell theirs."""

import logging

import pytest

from domain.board import Health
from engine.pulse import FORGIVEN, Pulse
from engine.troubles import Troubles

SECOND = 1_000_000
log = logging.getLogger("engine.test_troubles")


@pytest.fixture
def troubles(caplog: pytest.LogCaptureFixture) -> Troubles:
    caplog.set_level(logging.INFO, "engine")
    return Troubles(log)


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def test_the_same_trouble_is_one_line_however_often_it_is_met(
    troubles: Troubles, caplog: pytest.LogCaptureFixture
) -> None:
    for second in range(600):
        troubles.met("kraken at start", f"no answer in {second} s", "check the network")
    assert lines(caplog) == [("WARNING", "kraken at start: no answer in 0 s; check the network")]


def test_its_end_is_a_line_with_the_count_and_the_newest_words(
    troubles: Troubles, caplog: pytest.LogCaptureFixture
) -> None:
    for second in range(600):
        troubles.met("kraken at start", f"no answer in {second} s")
    troubles.over("kraken at start")
    troubles.over("kraken at start")
    assert lines(caplog)[1:] == [
        ("INFO", "kraken at start: well again, after: no answer in 599 s (600 times)")
    ]


def test_another_trouble_of_the_same_thing_is_another_line(
    troubles: Troubles, caplog: pytest.LogCaptureFixture
) -> None:
    troubles.met("history", "HTTP 503")
    troubles.met("history", "HTTP 503")
    troubles.met("history", "EAPI:Invalid key")
    troubles.met("orders", "EAPI:Invalid key")
    assert [text for _, text in lines(caplog)] == [
        "history: HTTP 503",
        "history: no longer: HTTP 503 (2 times)",
        "history: EAPI:Invalid key",
        "orders: EAPI:Invalid key",
    ]


def test_what_was_never_wrong_is_not_told_to_be_well_again(
    troubles: Troubles, caplog: pytest.LogCaptureFixture
) -> None:
    troubles.over("history")
    assert lines(caplog) == []


# The pulse


def pulse() -> Pulse:
    return Pulse(
        venue="kraken", kind="account", account="kraken/main", silent_us=15 * SECOND, expected_us=1
    )


def test_a_poll_that_fails_beside_a_healthy_stream_is_shown_until_one_of_its_kind_succeeds() -> (
    None
):
    known = pulse()
    known.came_alive(SECOND)
    known.message_us = SECOND
    known.unanswered("history", "EService:Unavailable", "wait for the venue")
    known.answered("orders")
    shown = known.feed(SECOND)
    assert (shown.health, shown.problem) == (Health.OK, "history: EService:Unavailable")
    assert shown.remedy == "wait for the venue"
    known.answered("history")
    assert known.feed(SECOND).problem == ""


def test_the_streams_own_trouble_comes_before_that_of_a_poll() -> None:
    known = pulse()
    known.unanswered("history", "EService:Unavailable")
    known.broke("the connection failed", "check the network")
    assert known.feed(SECOND).problem == "the connection failed"


def test_a_stream_that_dies_now_and_then_is_dialled_at_once_each_time() -> None:
    known, waits = pulse(), list[int]()
    for minute in range(20):
        known.came_alive(minute * 60 * SECOND)
        known.broke("cut")
        waits.append(known.dials(minute * 60 * SECOND + SECOND))
    assert waits == [1] * 20


def test_a_stream_that_lives_shortly_again_and_again_is_dialled_less_and_less_often() -> None:
    known, waits = pulse(), list[int]()
    for number in range(FORGIVEN + 4):
        at_us = number * 5 * SECOND
        known.came_alive(at_us)
        known.broke("cut")
        waits.append(known.dials(at_us + SECOND))
    assert waits == [1] * FORGIVEN + [2, 3, 4, 5]


def test_dials_that_fail_and_lives_that_are_short_add_up() -> None:
    known = pulse()
    for number in range(FORGIVEN + 1):
        known.came_alive(number * SECOND)
    for _ in range(3):
        known.broke("refused")
    assert known.dials(10 * SECOND) == 4
