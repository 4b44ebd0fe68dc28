"""Whatever a file holds: every row is read or named, none is lost, and none is read twice."""

import csv
import random
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.market import Movement
from domain.money import canonical, number
from domain.orders import Fill
from tests.venues.imports import samples
from venues.imports.reading import NotUnderstood, Read, read
from venues.imports.records import LONGEST_RECORD, Record, records, text_of

NAMES = sorted(samples.ALL)
NASTY = (
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "\x1b[2J\x1b]0;owned\x07",
    "\u202egnp.exe",
    '"',
    '""',
    "NaN",
    "1e999",
    "-0",
    "1_000",
    "\u0661\u0662",
    "\0",
    "a" * 300,
    "[red]x[/red]",
    "%s{0}",
    "",
)


def told(content: bytes, name: str) -> Read:
    return read(content, samples.account_of(name), None, samples.LATEST_US)


def split(name: str) -> tuple[list[str], list[str]]:
    """A sample's lines up to its header, and its rows (a row may be several lines)."""
    lines = samples.ALL[name][1].splitlines()
    first = next(n for n, line in enumerate(lines) if line.count(",") > 5)
    return lines[: first + 1], [record.raw for record in behind(name, samples.ALL[name][1])]


def behind(name: str, text: str) -> list[Record]:
    """The records behind the header of a sample, whatever has become of them."""
    lines = samples.ALL[name][1].splitlines()
    first = next(n for n, line in enumerate(lines) if line.count(",") > 5)
    (header,) = csv.reader([lines[first]])
    return list(records(text, width=len(header), behind=first + 1))


def rows_of(found: Read) -> int:
    return len(found.facts) + len(found.left_out) + len(found.bad)


def sound(found: Read) -> None:
    """What was read can be stored: exact numbers, each fact with a name and a line."""
    assert len(found.lines) == len(found.facts)
    for fact in found.facts:
        amounts = (
            (fact.quantity, fact.price, fact.fee)
            if isinstance(fact, Fill)
            else (fact.amount, fact.fee)
        )
        assert all(number(canonical(amount)) == amount for amount in amounts)
        assert fact.trade_id if isinstance(fact, Fill) else fact.reference
    for row in (*found.left_out, *found.bad):
        assert row.why
        assert row.why.isprintable()
        assert len(row.why) < 400


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.randoms(use_true_random=False), copies=st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_shuffled_and_repeated_rows_are_the_same_facts(
    name: str, seed: random.Random, copies: int
) -> None:
    header, rows = split(name)
    shuffled = rows * copies
    seed.shuffle(shuffled)
    plain = told("\n".join([*header, *(rows * copies)]).encode(), name)
    mixed = told("\n".join([*header, *shuffled]).encode(), name)
    assert Counter(fact.key for fact in plain.facts) == Counter(f.key for f in mixed.facts)
    assert set(plain.facts) == set(mixed.facts)
    assert rows_of(mixed) == len(shuffled)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_file_that_is_cut_anywhere_loses_no_row_that_it_still_has(
    name: str, data: st.DataObject
) -> None:
    content = samples.ALL[name][1].encode()
    header, _ = split(name)
    least = len("\n".join(header).encode())
    cut = data.draw(st.integers(least, len(content)))
    found = told(content[:cut], name)
    whole = told(content, name)
    sound(found)
    assert rows_of(found) == len(behind(name, text_of(content[:cut])))
    # What was read of whole rows is what it is in the whole file.
    assert found.facts[:-1] == whole.facts[: len(found.facts[:-1])]


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_garbled_cells_spoil_their_own_row_alone(name: str, data: st.DataObject) -> None:
    header, rows = split(name)
    place = data.draw(st.integers(0, len(rows) - 1))
    cells = rows[place].split(",")
    cell = data.draw(st.integers(0, len(cells) - 1))
    cells[cell] = data.draw(st.sampled_from(NASTY) | st.text(max_size=30))
    spoiled_lines = rows[place].count("\n")
    cells[cell] = re.sub(r"[\r\n]", " ", cells[cell])
    spoiled = ",".join(cells)
    whole = told("\n".join([*header, *rows]).encode(), name)
    text = "\n".join([*header, *rows[:place], spoiled, *rows[place + 1 :]])
    found = told(text.encode("utf-8", "surrogatepass"), name)
    sound(found)
    # A row of several lines that is spoiled is named line by line.
    assert len(rows) <= rows_of(found) <= len(rows) + spoiled_lines
    others = [
        fact
        for fact, line in zip(whole.facts, whole.lines, strict=True)
        if line != _line(header, rows, place)
    ]
    assert Counter(map(_content, others)) <= Counter(map(_content, found.facts))


def _line(header: list[str], rows: list[str], place: int) -> int:
    return 1 + sum(raw.count("\n") + 1 for raw in (*header, *rows[:place]))


def _content(fact: Fill | Movement) -> tuple[object, ...]:
    """A fact without the number that tells equal rows apart."""
    name = fact.trade_id if isinstance(fact, Fill) else fact.reference
    return (type(fact), name.rpartition("-")[0] or name, fact.at_us)


@pytest.mark.parametrize("name", NAMES)
@given(content=st.binary(max_size=400))
@settings(max_examples=40, deadline=None)
def test_bytes_of_any_kind_behind_a_header_are_all_accounted_for(name: str, content: bytes) -> None:
    header, _ = split(name)
    whole = "\n".join(header).encode() + b"\n" + content
    found = told(whole, name)
    sound(found)
    assert rows_of(found) == len(behind(name, text_of(whole)))
    kept = "".join(cell for row in found.bad for cell in row.cells)
    if not found.facts and not found.left_out:
        wanted = re.sub(rb'[\s",]', b"", content)
        stripped = re.sub(rb'[\s",]', b"", kept.encode("utf-8", "surrogateescape"))
        assert stripped == wanted


@given(text=st.text(alphabet=st.sampled_from('ab,"\n\r x'), max_size=300), width=st.integers(0, 3))
@settings(max_examples=200, deadline=None)
def test_every_line_is_in_exactly_one_record(text: str, width: int) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    told_again = [record.raw for record in records(text, width=width)]
    assert "\n".join(told_again).split("\n") == (lines or [""])


@given(st.binary(max_size=300).filter(lambda content: not content.lstrip().startswith(b"{")))
@settings(max_examples=200, deadline=None)
def test_a_file_of_anything_else_is_refused_and_never_more(content: bytes) -> None:
    with pytest.raises(NotUnderstood, match="Understood are files"):
        told(content, "plain")


# Hostile files, one by one


@pytest.mark.parametrize("name", NAMES)
def test_a_byte_order_mark_and_windows_line_ends_change_nothing(name: str) -> None:
    text = samples.ALL[name][1]
    windows = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    assert told(windows, name) == told(text.encode(), name)
    assert told(text.replace("\n", "\r").encode(), name) == told(text.encode(), name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("row", "why"),
    [
        (b"x" * 1_000_000, "longer than"),
        (b'"' + b"x" * 1_000_000, "longer than"),
        (b'"never closed', "no CSV"),
        (b"a\0b", "NUL"),
        (b"\xff\xfe", "not UTF-8"),
        (b"one,two", "2 cells where the header has"),
        (b"," * 60 + b"x", "61 cells where the header has"),
    ],
)
def test_a_hostile_row_is_named_and_the_rows_around_it_are_read(
    name: str, row: bytes, why: str
) -> None:
    header, rows = split(name)
    place = len(rows) // 2
    before, behind = [*header, *rows[:place]], rows[place:]
    content = b"\n".join(["\n".join(before).encode(), row, *(r.encode() for r in behind)])
    found, whole = told(content, name), told("\n".join([*header, *rows]).encode(), name)
    assert found.facts == whole.facts
    spoiled = {bad.why for bad in found.bad} - {bad.why for bad in whole.bad}
    assert [why in told_why for told_why in spoiled] == [True]


def test_an_open_quote_takes_no_other_row_with_it() -> None:
    header, rows = split("plain")
    text = "\n".join([*header, '"open,', *rows, 'open too",'])
    found = told(text.encode(), "plain")
    assert len(found.facts) == len(rows)
    assert [bad.line for bad in found.bad] == [2, 7]


def test_a_note_of_several_lines_is_one_row_named_by_its_first() -> None:
    found = told(samples.COINBASE.encode(), "Coinbase account report")
    assert found.lines == (6, 7, 9, 10)


def test_escape_codes_are_shown_and_not_obeyed() -> None:
    text = samples.PLAIN.replace("deposit", "\x1b[2Jdeposit\u202e")
    (row,) = told(text.encode(), "plain").bad
    assert row.why == "kind is \\x1b[2Jdeposit: neither fill, deposit nor withdrawal"


def test_rows_of_json_are_one_object_each() -> None:
    lines = [
        '{"kind": "deposit", "time": "2020-01-01T00:00:00Z", "asset": "USD", "amount": 1e3}',
        '{"kind": "deposit", "kind": "withdrawal"}',
        '{"kind": {"deep": 1}}',
        "[" * 100_000,
        '{"kind": NaN}',
        '{"kind": true}',
        "null",
        "",
    ]
    found = told("\n".join(lines).encode() + b"\n", "plain")
    assert (len(found.facts), [row.line for row in found.bad]) == (1, [2, 3, 4, 5, 6, 7])
    assert [row.line for row in found.left_out] == [8]


def test_a_record_may_be_long_but_not_endless() -> None:
    note = "n" * (LONGEST_RECORD - 200)
    text = f"kind,time,asset,amount,note\ndeposit,2020-01-01T00:00:00Z,USD,5,{note}\n"
    assert len(told(text.encode(), "plain").facts) == 1
