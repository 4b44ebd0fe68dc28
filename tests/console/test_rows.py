"""Rows behind a table, its columns, its exports."""

import csv
import json
import stat
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.exports import as_json, csv_name, separated, write_csv
from tui.widgets.columns import GAP, Cell, Column, figures, layout
from tui.widgets.rows import Rows

D = Decimal


class Pair(NamedTuple):
    name: str
    size: Decimal | None


def rows() -> Rows[Pair]:
    return Rows(lambda pair: pair.name, lambda pair: f"{pair.name} {pair.size}")


def some(*names: str) -> list[Pair]:
    return [Pair(name, D(len(name))) for name in names]


def test_the_cursor_stays_on_its_row_when_rows_come_above_it() -> None:
    made = rows()
    made.put(some("b", "c"))
    made.move_to(1)
    made.put(some("a", "b", "c"))
    assert made.current == Pair("c", D(1))
    assert made.cursor == 2


def test_the_cursor_keeps_its_place_when_its_row_is_gone() -> None:
    made = rows()
    made.put(some("a", "b", "c"))
    made.move_to(1)
    made.put(some("a", "c"))
    assert made.current == Pair("c", D(1))
    made.put([])
    assert made.current is None
    assert made.cursor == 0


def test_every_word_of_a_filter_must_match_whatever_the_case() -> None:
    made = rows()
    made.put(some("kraken btc", "kraken eth", "gate btc"))
    made.search("KRAKEN btc")
    assert [pair.name for pair in made.view] == ["kraken btc"]
    assert made.total == 3
    made.search("")
    assert len(made.view) == 3


def test_a_row_that_changed_is_searched_anew() -> None:
    made = rows()
    made.put([Pair("a", D(1))])
    made.search("7")
    assert made.view == []
    made.put([Pair("a", D(7))])
    assert made.view == [Pair("a", D(7))]


def test_sorting_turns_around_and_ends_with_the_given_order() -> None:
    made = rows()
    made.put(some("bb", "a", "ccc"))
    made.sort_by(lambda pair: pair.size or 0, backwards=True)
    assert [pair.name for pair in made.view] == ["ccc", "bb", "a"]
    made.sort_by(None, backwards=False)
    assert [pair.name for pair in made.view] == ["bb", "a", "ccc"]
    made.sort_by(None, backwards=True)
    assert [pair.name for pair in made.view] == ["ccc", "a", "bb"]


def test_marks_stay_with_their_rows_and_go_with_them() -> None:
    made = rows()
    made.put(some("a", "b", "c"))
    made.toggle_mark()
    made.move_to(2)
    made.toggle_mark()
    assert [pair.name for pair in made.marked] == ["a", "c"]
    made.put(some("z", "c"))
    assert [pair.name for pair in made.marked] == ["c"]
    made.toggle_mark()
    assert made.marks <= {"c", "z"}


def test_without_marks_the_row_under_the_cursor_is_meant() -> None:
    made = rows()
    assert made.marked == []
    made.put(some("a", "b"))
    made.move_to(1)
    assert [pair.name for pair in made.marked] == ["b"]


@pytest.mark.parametrize(("newest_last", "place"), [(True, 3), (False, 0)])
def test_following_stays_with_the_newest_row(newest_last: bool, place: int) -> None:
    made = rows()
    made.newest_last = newest_last
    made.follow = True
    made.put(some("a", "b"))
    made.put(some("a", "b", "c", "d"))
    assert made.cursor == place


@given(
    st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True), min_size=1, max_size=8),
    st.integers(0, 7),
    st.sampled_from(["", "a", "b"]),
)
def test_the_cursor_is_always_on_a_row_or_there_is_none(
    steps: list[list[str]], place: int, text: str
) -> None:
    made = rows()
    made.search(text)
    for names in steps:
        made.put(some(*names))
        made.move_to(place)
        assert (made.current is None) is (not made.view)
        assert made.cursor < max(1, len(made.view))


COLUMNS: tuple[Column[Pair], ...] = (
    Column("NAME", 8, lambda pair: Cell(pair.name), sort=lambda pair: pair.name),
    Column("NOTE", 6, lambda _: "note", drop=2, grow=True),
    figures("SIZE", 5, lambda pair: pair.size, lambda pair: f"{pair.size:,.2f}", drop=1),
)


@given(st.integers(0, 60))
def test_columns_fit_the_room_and_the_first_one_always_stays(room: int) -> None:
    placed = layout(COLUMNS, room)
    assert placed[0].column == 0
    width = sum(one.width + GAP for one in placed) - GAP
    assert width <= max(room, COLUMNS[0].width)
    if any(one.column == 1 for one in placed):
        assert width == room


def test_columns_are_dropped_in_their_order() -> None:
    assert [one.column for one in layout(COLUMNS, 21)] == [0, 1, 2]
    assert [one.column for one in layout(COLUMNS, 20)] == [0, 2]
    assert [one.column for one in layout(COLUMNS, 13)] == [0]
    assert [one.column for one in layout(COLUMNS, 5, every=True)] == [0, 1, 2]


def test_figures_sort_by_value_with_the_unknown_below_all() -> None:
    sort = COLUMNS[2].sort
    assert sort is not None
    pairs = [Pair("a", D(10)), Pair("b", None), Pair("c", D(-3))]
    assert [pair.name for pair in sorted(pairs, key=sort)] == ["b", "c", "a"]


def test_exports_hold_exact_numbers() -> None:
    pair = Pair("x", D("1234.56789"))
    assert separated(COLUMNS, [pair]) == "x\tnote\t1234.56789"
    assert json.loads(as_json(COLUMNS, [pair])) == [
        {"name": "x", "note": "note", "size": "1234.56789"}
    ]


def test_a_csv_is_new_private_and_free_of_formulas(tmp_path: Path) -> None:
    path = tmp_path / "deep" / csv_name("Fills today", 1_795_176_007_120_000)
    hostile = [
        Pair('=HYPERLINK("http://x")', D(-5)),
        Pair("@sum(1)", None),
        Pair("\x1b]52;c;x\x07", D(1)),
        Pair("＝cmd", D(2)),  # noqa: RUF001 - some spreadsheets read this as an equals sign
    ]
    write_csv(path, COLUMNS, hostile)
    assert path.name == "fills-today-20261120T120007Z.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open(encoding="utf-8", newline="") as file:
        told = list(csv.reader(file))
    assert told[1] == ['\'=HYPERLINK("http://x")', "note", "-5"]
    assert told[2] == ["'@sum(1)", "note", ""]
    assert "\x1b" not in told[3][0]
    assert told[4][0] == "'＝cmd"  # noqa: RUF001 - as above
    assert separated(COLUMNS, hostile[1:2]).startswith("'@sum(1)"), "pasted, it runs as well"
    with pytest.raises(FileExistsError):
        write_csv(path, COLUMNS, hostile)
