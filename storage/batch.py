"""One batch of appends, planned: which rows are new, which are there already, what hashes follow.

The one rule: pure. It is planned on the event loop, in the order in which the facts were
appended, and then written by one statement or not at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from domain.errors import Refused
from domain.events import Fact
from domain.storage_ports import Appended
from storage.chain import ZERO_HASH, link
from storage.entries import Entry
from storage.sameness import SINGLE_USE, same_content

Row = tuple[int, int, str, str, str, str, str, bytes, bytes, bytes, bytes | None]
Answer = tuple[Appended, ...] | Refused


class Head(NamedTuple):
    """The newest row."""

    seq: int
    hash: bytes


EMPTY = Head(0, ZERO_HASH)


class Stored(NamedTuple):
    """A row that has a key already."""

    seq: int
    hash: str
    fact: Fact


@dataclass(frozen=True, slots=True)
class Plan:
    """`rows` to insert, `news` in the same order, an answer per group, and the head after it."""

    rows: list[Row]
    news: list[tuple[Appended, Fact]]
    answers: list[Answer]
    head: Head


def plan(groups: Sequence[Sequence[Entry]], head: Head, known: Mapping[str, Stored]) -> Plan:
    """Chain what is new behind `head`; `known` are the rows that have one of the keys already.

    A group is what one caller appended: all of it, or, when it holds a single-use fact whose key
    exists, none of it.
    """
    planned = Plan([], [], [], head)
    keys = dict(known)
    for group in groups:
        refusal = _refusal(group, keys)
        if refusal is not None:
            planned.answers.append(refusal)
            continue
        answer = []
        for entry in group:
            stored = keys.get(entry.key)
            if stored is None:
                head, appended = _chained(planned, entry, head)
                keys[entry.key] = Stored(appended.seq, appended.hash, entry.fact)
            else:
                same = same_content(stored.fact, entry.fact)
                appended = Appended(stored.seq, stored.hash, duplicate=same, conflict=not same)
            answer.append(appended)
        planned.answers.append(tuple(answer))
    return Plan(planned.rows, planned.news, planned.answers, head)


def sealed(planned: Plan, seal: bytes) -> Plan:
    """The plan with the seal of its newest row, which vouches for all before it."""
    return replace(planned, rows=[*planned.rows[:-1], (*planned.rows[-1][:-1], seal)])


def _chained(planned: Plan, entry: Entry, head: Head) -> tuple[Head, Appended]:
    seq = head.seq + 1
    row_hash = link(head.hash, seq, entry.payload)
    row = (
        seq,
        entry.at_us,
        entry.kind,
        entry.account,
        entry.symbol,
        entry.side,
        entry.key,
        entry.payload,
        head.hash,
        row_hash,
        None,
    )
    planned.rows.append(row)
    appended = Appended(seq, row_hash.hex())
    planned.news.append((appended, entry.fact))
    return Head(seq, row_hash), appended


def _refusal(group: Sequence[Entry], keys: Mapping[str, Stored]) -> Refused | None:
    used: set[str] = set()
    for entry in group:
        if isinstance(entry.fact, SINGLE_USE):
            if entry.key in keys or entry.key in used:
                return Refused(
                    "code", "this code was used already; wait for the next one and try again"
                )
            used.add(entry.key)
    return None
