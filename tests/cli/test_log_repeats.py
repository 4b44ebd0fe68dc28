"""What says the same again is written once in ten seconds, and every one of them is counted."""

import logging
from itertools import pairwise
from pathlib import Path

import structlog
from hypothesis import given
from hypothesis import strategies as st

from cli.log_records import Entry
from cli.log_repeats import MOST_KINDS, SAME_WITHIN_US, Repeats
from tests.cli.log_desks import written

OWN = "engine.desk"


def test_the_same_again_is_held_back_and_counted_with_the_next(tmp_path: Path) -> None:
    with written(tmp_path) as desk:
        log = structlog.get_logger(OWN)
        for elapsed in range(5):
            log.warning("slow", elapsed_ms=elapsed)
        desk.clock.wait(10)
        log.warning("slow", elapsed_ms=9)
    first, second = desk.records()
    assert (first["elapsed_ms"], "repeated" in first) == (0, False)
    assert (second["elapsed_ms"], second["repeated"]) == (9, 4)


def test_what_was_held_back_is_told_when_other_records_come(tmp_path: Path) -> None:
    with written(tmp_path) as desk:
        for _ in range(3):
            logging.getLogger(OWN).warning("slow")
        desk.clock.wait(11)
        logging.getLogger(OWN).warning("other")
    told = [(record["event"], record.get("repeated")) for record in desk.records()]
    assert told == [("slow", None), ("slow", 2), ("other", None)]


def test_what_is_held_back_at_the_end_is_told(tmp_path: Path) -> None:
    with written(tmp_path) as desk:
        for _ in range(3):
            logging.getLogger(OWN).warning("slow")
    assert [record.get("repeated") for record in desk.records()] == [None, 2]


def test_the_same_words_about_something_else_are_not_the_same(tmp_path: Path) -> None:
    with written(tmp_path) as desk:
        log = structlog.get_logger(OWN)
        for account in ("kraken/main", "gate/main"):
            for operation in ("poll", "place"):
                log.info("done", account=account, operation=operation)
        logging.getLogger(OWN).info("done")
        logging.getLogger(OWN).warning("done")
        logging.getLogger("engine.other").info("done")
        for error in (ValueError(), KeyError(), ValueError()):
            logging.getLogger(OWN).error("failed", exc_info=error)
    assert len(desk.records()) == 4 + 3 + 2 + 1
    assert desk.records()[-1]["repeated"] == 1


def test_messages_of_one_template_are_the_same(tmp_path: Path) -> None:
    with written(tmp_path) as desk:
        for number in range(3):
            logging.getLogger("asyncio").warning("Executing %s took %.3f s", "task", number)
    assert len(desk.records()) == 2


def test_what_is_critical_is_never_held_back(tmp_path: Path) -> None:
    with written(tmp_path) as desk:
        for _ in range(4):
            structlog.get_logger(OWN).critical("killed")
    assert len(desk.records()) == 4


def entry(at_us: int) -> Entry:
    return Entry(at_us=at_us, level="INFO", logger=OWN, text="x")


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 15_000_000)), max_size=60))
def test_no_record_is_lost_without_a_count(told: list[tuple[int, int]]) -> None:
    repeats, now, out = Repeats(), 0, list[Entry]()
    made = 0

    def make() -> Entry:
        nonlocal made
        made += 1
        return entry(now)

    for key, gap in told:
        now += gap
        out += repeats.admitted(key, make, (now, now))
    out += repeats.rest()
    summaries = len(out) - made
    assert made + sum(one.repeated for one in out) == len(told)
    assert 0 <= summaries <= made
    assert repeats.rest() == []


def test_one_kind_is_written_at_most_once_in_ten_seconds() -> None:
    repeats, written_at = Repeats(), list[int]()
    for now in range(0, 60_000_000, 250_000):
        written_at += [now for _ in repeats.admitted(1, lambda: entry(0), (now, now))]
    gaps = [later - earlier for earlier, later in pairwise(written_at)]
    assert all(gap >= SAME_WITHIN_US for gap in gaps)
    assert len(written_at) == 6


def test_a_flood_of_different_records_stays_bounded() -> None:
    repeats, out = Repeats(), list[Entry]()
    for key in range(MOST_KINDS * 2):
        for _ in range(2):
            out += repeats.admitted(key, lambda: entry(0), (0, 0))
    assert len(repeats._windows) <= MOST_KINDS
    out += repeats.rest()
    assert len(out) == MOST_KINDS * 4
