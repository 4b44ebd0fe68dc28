"""A hostile or mistaken file is refused with its line; a good one is read as texts alone."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.document import DEEPEST, MOST_VALUES, read_document
from config.reading import LARGEST_BYTES


def read(text: str | bytes) -> Any:
    raw = text if isinstance(text, bytes) else text.encode()
    return read_document(raw, "c.yaml")


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", {}),
        ("# nothing but a comment\n", {}),
        ("---\n", {}),
        ("a: on\nb: yes\nc: Off", {"a": "on", "b": "yes", "c": "Off"}),
        ("a: 12:30:45", {"a": "12:30:45"}),
        ("a: 010\nb: 0x1F\nc: 1_000", {"a": "010", "b": "0x1F", "c": "1_000"}),
        ("a: 1e3\nb: .nan\nc: -.inf", {"a": "1e3", "b": ".nan", "c": "-.inf"}),
        ("a: 0.1000000000000000055511151231257827", {"a": "0.1000000000000000055511151231257827"}),
        ("a: 2024-01-31", {"a": "2024-01-31"}),
        ("a:\nb: ~\nc: null", {"a": None, "b": None, "c": None}),
        ("a: ''\nb: 'null'\nc: \"~\"", {"a": "", "b": "null", "c": "~"}),
        ("a: [1, x: 2]", {"a": ["1", {"x": "2"}]}),
        ("on: 1\n12: 2\nnull: 3\n1.5: 4", {"on": "1", "12": "2", "null": "3", "1.5": "4"}),
        ("a: |\n  two\n  lines\n", {"a": "two\nlines\n"}),
        ("\ufeffa: 1", {"a": "1"}),
        ("a: é", {"a": "é"}),
        ("<<: {a: 1}", {"<<": {"a": "1"}}),
    ],
)
def test_every_scalar_is_the_text_that_stands_there(text: str, data: Any) -> None:
    document = read(text)
    assert document.data == data
    assert not document.mistakes


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3", 3, "stands here twice; the first is in line 1"),
        ("a: {x: 1,\n  x: 2}", 2, "stands here twice"),
        ("x:\n  a: 1\n  b: 2\n  a: 3", 4, "stands here twice"),
        ("a: 1\n'a': 3", 2, "stands here twice"),
        ("a: &x 1", 1, "anchors and aliases"),
        ("b: 1\na: *x", 2, "anchors and aliases"),
        ("base: &b {a: 1}\nother:\n  <<: *b", 1, "anchors and aliases"),
        ("a: !!python/object/apply:os.system [id]", 1, "tags"),
        ("a: !!float 1", 1, "tags"),
        ("a: !!binary aGk=", 1, "tags"),
        ("!!map\na: 1", 1, "tags"),
        ("!x a: 1", 1, "tags"),
        ("a: 1\n---\nb: 2", 2, "a second document"),
        ("- a\n- b", 1, "begins with a block"),
        ("just text", 1, "begins with a block"),
        ("? [a, b]\n: 1", 1, "a plain word"),
        ("? {a: b}\n: 1", 1, "a plain word"),
        ("a: 1\n\tb: 2", 2, "a tab stands here"),
        ("a: b: c", 1, "a ':' too many"),
        ("a: 1\n b: 2", 2, "check the indentation"),
        ("a: 'open\nb: 2\n", 3, "it began in line 1"),
        ("a: [1, 2\nb: 3", 2, "it began in line 1"),
        ("a: @b", 1, "cannot start any token"),
        ("a: 1\n%YAML 9.9\n", 2, "incompatible YAML"),
        ("%YAML 9.9\n---\na: 1", 1, "incompatible YAML document"),
        ("a: \x00", 1, "U+0000"),
        ("ok: 1\na: \x1b[2J", 2, "U+001B"),
        (b"ok: 1\na: \xff\xfe", 2, "not UTF-8"),
        ("a: 1".encode("utf-16"), 1, "not UTF-8"),
        (b"\x89PNG\r\n\x1a\n", 1, "not UTF-8"),
        ("a: \ud800".encode("utf-8", "surrogatepass"), 1, "not UTF-8"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str | bytes, line: int, words: str) -> None:
    (first, *_) = read(text).mistakes
    assert first.where == f"c.yaml line {line}"
    assert words in first.text


def test_the_first_of_two_equal_keys_counts_and_nothing_of_the_second_is_complained_of() -> None:
    document = read("a:\n  b: {c: 1}\na:\n  b: {c: 2, c: 3}\n  b: 4\n")
    assert document.data == {"a": {"b": {"c": "1"}}}
    assert [str(mistake) for mistake in document.mistakes] == [
        "c.yaml line 3, a: stands here twice; the first is in line 1"
    ]


def test_all_that_can_be_told_in_one_reading_is_told() -> None:
    document = read("a: &x 1\nb: *x\nc: !!str 1\nc: 2\n")
    assert [mistake.where for mistake in document.mistakes] == [
        f"c.yaml line {line}" for line in (1, 2, 3, 4)
    ]
    assert document.whole


def test_a_file_that_cannot_be_read_on_is_not_whole() -> None:
    document = read("a: 1\nb: [")
    assert not document.whole
    assert document.data["a"] == "1"


def test_a_message_holds_nothing_of_the_line_that_is_wrong() -> None:
    for text in ("key: 'CANARY-SECRET\n", "CANARY-SECRET: x: y", "a: @CANARY-SECRET"):
        assert "CANARY" not in " ".join(map(str, read(text).mistakes))


def test_lines_are_known_for_every_setting_and_for_what_stands_around_it() -> None:
    document = read("a:\n  b: 1\n  list:\n    - x\n    - y\n")
    assert document.where(("a", "b")) == "c.yaml line 2"
    assert document.where(("a", "list", "1")) == "c.yaml line 5"
    assert document.where(("a", "missing")) == "c.yaml line 1"
    assert document.where(("elsewhere",)) == "c.yaml"


# Bombs: each ends with a refusal, soon.

_LINES = "".join(f"k{n}: 1\n" for n in range(MOST_VALUES))
_LAUGHS = "a: &a [x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(12)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: " + "[" * 500_000, "nested deeper"),
        ("a:\n" + "".join(f"{' ' * n}a:\n" for n in range(1, 60)), "nested deeper"),
        ("a: [" + "1," * 400_000, f"more than {MOST_VALUES:,} values"),
        (_LINES, f"more than {MOST_VALUES:,} values"),
        ("a: " + "x" * LARGEST_BYTES, "larger than 1,000,000 bytes"),
        ("#" * (LARGEST_BYTES + 1), "larger than"),
        (_LAUGHS, "anchors and aliases"),
        ("a: &a [*a]", "anchors and aliases"),
    ],
)
def test_a_bomb_is_refused_soon(text: str, words: str) -> None:
    began = time.perf_counter()
    document = read(text)
    assert words in " ".join(map(str, document.mistakes))
    assert time.perf_counter() - began < 5


def test_the_deepest_allowed_nesting_is_read() -> None:
    text = "".join(f"{' ' * n}a:\n" for n in range(DEEPEST - 2)) + " " * DEEPEST + "b: 1"
    assert not read(text).mistakes


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_is_raised(raw: bytes) -> None:
    document = read(raw)
    assert document.whole or document.mistakes


_FRAGMENTS = st.sampled_from(
    [*"abc:-?[]{},&*!|>'\"%@#\n\t ", "a: ", "\n  ", "- ", "&x ", "*x", "!!str ", "---\n", "~", "0"]
)


@given(st.lists(_FRAGMENTS, max_size=40).map("".join))
def test_anything_like_yaml_is_read_as_texts_blocks_and_lists_or_refused(text: str) -> None:
    document = read(text)
    assert document.whole or document.mistakes
    _only_plain(document.data)


def _only_plain(data: Any) -> None:
    assert data is None or type(data) in (str, list, dict)
    if isinstance(data, dict):
        assert all(type(key) is str for key in data)
    for inner in (
        data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    ):
        _only_plain(inner)
