"""Charts and bars as text."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.lines import Lines, line_width
from tui.options import Graph
from tui.widgets.bars import bar, tone_of
from tui.widgets.plot import Frame, Series, chart, rise

D = Decimal


def frame(**changes: object) -> Frame:
    told = {"from_us": 0, "until_us": 100, "label": lambda value: f"{value:,.0f}"} | changes
    return Frame(**told)  # type: ignore[arg-type]


def text(lines: Lines) -> list[str]:
    return ["".join(part.text for part in line) for line in lines]


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right() -> None:
    points = [(x, D(x)) for x in range(0, 101, 5)]
    rows = text(chart([Series(points, "a")], frame(), 24, 6, Graph.BRAILLE))
    assert len(rows) == 6
    assert rows[0].startswith("100 ┤")
    assert rows[-1].startswith("  0 ┤")
    assert rows[0].rstrip()[-1] > "⠀"
    assert rows[-1].split("┤")[1][0] > "⠀"


@pytest.mark.parametrize("graph", list(Graph))
@given(
    st.lists(st.decimals(-(10**9), 10**9, places=3), min_size=1, max_size=60),
    st.integers(4, 90),
    st.integers(2, 20),
)
def test_every_chart_keeps_to_its_box(
    graph: Graph, values: list[Decimal], width: int, height: int
) -> None:
    points = [(place, value) for place, value in enumerate(values)]
    lines = chart([Series(points, "a")], frame(until_us=60), width, height, graph)
    assert len(lines) in (0, height)
    assert all(line_width(line) <= width for line in lines)


def test_ascii_charts_have_no_character_beyond_ascii_but_the_axis() -> None:
    points = [(x, D(x * x)) for x in range(0, 101, 4)]
    rows = text(chart([Series(points, "a")], frame(), 40, 8, Graph.ASCII))
    assert all(row.split("┤")[-1].split("│")[-1].isascii() for row in rows)


def test_a_limit_is_drawn_where_it_is_in_sight_and_only_there() -> None:
    points = [(0, D(0)), (100, D(20))]
    near = chart([Series(points, "a")], frame(ceiling=D(15)), 30, 8, Graph.BRAILLE)
    far = chart([Series(points, "a")], frame(ceiling=D(150)), 30, 8, Graph.BRAILLE)
    assert any(part.tone == "limit-line" for line in near for part in line)
    assert not any(part.tone == "limit-line" for line in far for part in line)


def test_a_gap_carries_the_last_value_on_and_is_never_zero() -> None:
    points = [(0, D(50)), (90, D(60))]
    rows = text(chart([Series(points, "a")], frame(), 24, 4, Graph.BRAILLE))
    assert rows[-1].startswith(" 50 ┤") or rows[-1].startswith("50 ┤")


def test_two_series_keep_their_tones() -> None:
    one = Series([(0, D(1)), (100, D(1))], "series-a")
    two = Series([(0, D(9)), (100, D(9))], "series-b")
    lines = chart([one, two], frame(), 30, 6, Graph.BRAILLE)
    tones = {part.tone for line in lines for part in line}
    assert {"series-a", "series-b"} <= tones


def test_nothing_in_sight_draws_nothing() -> None:
    assert chart([Series([(500, D(1))], "a")], frame(), 30, 6, Graph.BRAILLE) == []
    assert chart([Series([], "a")], frame(), 30, 6, Graph.BRAILLE) == []
    assert chart([Series([(0, D(1))], "a")], frame(), 3, 6, Graph.BRAILLE) == []


def test_rise_is_the_last_less_the_first() -> None:
    assert rise([(0, D(5)), (1, D(9)), (2, D(7))]) == 2
    assert rise([(0, D(5))]) == 0


@given(st.decimals(0, 1000, places=3), st.decimals("0.001", 1000, places=3), st.integers(1, 40))
def test_a_bar_is_full_at_the_limit_only_and_empty_at_zero_only(
    used: Decimal, limit: Decimal, width: int
) -> None:
    full, rest = bar(used, limit, width)
    assert len(full.text) + len(rest.text) == width
    assert (full.text == "━" * width) is (used >= limit)
    assert (full.text == "") is (used == 0)


def test_a_bar_gets_louder_as_it_fills() -> None:
    tones = [tone_of(D(used), D(100)) for used in (0, 74, 75, 94, 95, 100, 200)]
    assert tones == ["bar", "bar", "bar-warn", "bar-warn", "bar-full", "bar-full", "bar-full"]
    assert tone_of(D(0), D(0)) == "bar-full"
