"""Lines of toned text: nothing but literal, printable text, always as wide as said."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from tui.lines import FILL, Part, fit, joined, line_width, part_at, plain, strip_of, wrapped

BASE = Style()
TONES = {"dim": Style(dim=True)}
HOSTILE = (
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b[2J\x1b[1;1H",
    "\x9b31m",
    "[/]",
    "[@click=app.kill]free money[/]",
    "\u202eevil\u202c",
    "line\none\r\ntwo\ttab",
    "\x00\x08\x7f",
    "日本語のテキスト",
    "e\u0301" * 40,
    "\U000e0001\ufeff\u200b",
)
texts = st.text(max_size=60) | st.sampled_from(HOSTILE)


@given(texts)
@example(HOSTILE[0])
def test_plain_text_has_no_character_that_a_terminal_obeys(text: str) -> None:
    assert all(unicodedata.category(c)[0] != "C" for c in plain(text))
    assert "\n" not in plain(text)


@given(texts, st.integers(0, 40), st.booleans())
def test_text_fits_its_column_to_the_cell(text: str, width: int, right: bool) -> None:
    assert cell_len(fit(plain(text), width, right=right)) == width


def test_what_is_cut_says_so() -> None:
    assert fit("1,234,567.89", 8) == "1,234,5…"
    assert fit("42", 5, right=True) == "   42"


@given(st.lists(texts, max_size=6), st.integers(1, 80))
def test_a_strip_is_exactly_as_wide_as_asked_and_holds_no_control(
    words: list[str], width: int
) -> None:
    line = [Part(word, "dim" if place % 2 else "") for place, word in enumerate(words)]
    line.insert(len(line) // 2, FILL)
    strip = strip_of(line, width, BASE, TONES)
    text = strip.text
    assert cell_len(text) == width
    assert all(unicodedata.category(c)[0] != "C" for c in text)
    assert all(segment.style is None or not segment.style.meta for segment in strip)


def test_markup_is_shown_as_it_is_written() -> None:
    strip = strip_of([Part("[b]x[/b] [@click=app.kill]y[/]")], 40, BASE, TONES)
    assert strip.text.rstrip() == "[b]x[/b] [@click=app.kill]y[/]"


def test_a_fill_pushes_to_the_right_edge() -> None:
    strip = strip_of([Part("left"), FILL, Part("right")], 20, BASE, TONES)
    assert strip.text == "left           right"


def test_the_part_under_a_click_is_found_behind_a_fill() -> None:
    line = [Part("left", "", "one"), FILL, Part("right", "", "two")]
    found = [part_at(line, x, 20) for x in (0, 3, 10, 15, 19, 25)]
    assert [part.act if part else None for part in found] == [
        "one",
        "one",
        "two",
        "two",
        "two",
        None,
    ]


@given(st.text(max_size=200), st.integers(2, 40))
def test_wrapping_keeps_every_word_within_the_width(text: str, width: int) -> None:
    rows = wrapped(text, width)
    assert all(cell_len(row) <= width for row in rows)
    flat = "".join("".join(rows).split())
    wanted = "".join(plain(paragraph) for paragraph in text.split("\n"))
    assert flat == "".join(wanted.split())


def test_wrapping_breaks_at_spaces() -> None:
    assert wrapped("the quick brown fox", 9) == ["the quick", "brown fox"]


def test_groups_are_joined_with_gaps() -> None:
    line = joined([[Part("a")], [Part("b"), Part("c")]], " | ")
    assert "".join(part.text for part in line) == "a | bc"
    assert line_width(line) == 6
