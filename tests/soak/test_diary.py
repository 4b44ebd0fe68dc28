"""The diary: each violation with its time and the act before it, and each only once."""

import io
import math

from tests.soak.diary import SECOND_US, Diary


def test_a_violation_belongs_to_the_act_before_its_moment() -> None:
    diary = Diary(io.StringIO())
    diary.violation("too early")
    diary.act("cut streams", "kraken")
    diary.violation("now")
    diary.violation("at a time that a fact tells", diary.began_us - 5 * SECOND_US)
    told = [(each.what, each.after.partition(" at ")[0]) for each in diary.violations]
    assert told == [
        ("too early", "nothing yet"),
        ("now", "cut streams (kraken)"),
        ("at a time that a fact tells", "nothing yet"),
    ]


def test_the_same_words_are_said_once() -> None:
    diary = Diary(io.StringIO())
    for _ in range(3):
        diary.violation("again and again")
    assert len(diary.violations) == 1


def test_what_happened_is_printed_at_once() -> None:
    out = io.StringIO()
    diary = Diary(out)
    diary.act("frozen")
    assert "act: frozen" in out.getvalue()
    diary.violation("lost")
    assert "VIOLATION: lost" in out.getvalue()
    assert "after: frozen at 0.0 s" in out.getvalue()


def test_a_remark_is_not_repeated_before_the_next_act() -> None:
    out = io.StringIO()
    diary = Diary(out)
    for _ in range(3):
        diary.remark("not yet")
        diary.remark("nor this")
    assert out.getvalue().count("not yet") == 1
    diary.act("frozen")
    diary.remark("not yet")
    assert out.getvalue().count("not yet") == 2


def test_it_knows_for_how_long_an_act_is_past() -> None:
    diary = Diary(io.StringIO())
    assert diary.since("frozen") == math.inf
    diary.act("frozen")
    assert 0 <= diary.since("frozen") < 60
    diary.began_s -= 60
    assert diary.since("frozen") >= 60
