import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.text import LONGEST, clean

HOSTILE = [
    "\x1b]52;c;cm0gLXJm\x07",
    "\x9b2J",
    "\x1b[2J\x1b[1;1H",
    "abc\u202edcba",
    "a\u2028b\u2029c",
    "\ud800",
    "\u200b\u200d\ufeff",
    "x" * 1_000_000,
    "line\r\nLOG forged=true",
]


@given(st.text())
def test_only_printable_text_comes_out(text: str) -> None:
    shown = clean(text)
    assert len(shown) <= LONGEST
    categories = {unicodedata.category(character) for character in shown}
    assert not categories & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert clean(shown) == shown


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_holds_no_control_character_any_more(text: str) -> None:
    shown = clean(text)
    assert shown.isprintable()
    assert "\n" not in shown


def test_an_escape_is_shown_as_what_it_was() -> None:
    assert clean("\x1b[31mred") == "\\x1b[31mred"


def test_markup_stays_as_it_is_because_it_is_shown_literally() -> None:
    assert clean("[@click=app.quit]x[/]") == "[@click=app.quit]x[/]"


@pytest.mark.parametrize(
    ("raw", "shown"), [(None, ""), (7, "7"), (b"ab", "ab"), ({"a": 1}, "dict"), (1.5, "float")]
)
def test_what_is_no_text_has_a_short_name(raw: object, shown: str) -> None:
    assert clean(raw) == shown
