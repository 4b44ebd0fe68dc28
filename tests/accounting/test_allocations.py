"""Versions: N+1, one asset or all, the difference, the pin of a filed year, and the proof."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from accounting.allocations import (
    Allocation,
    compute,
    difference,
    listed,
    version_for,
)
from accounting.book import replay
from accounting.validation import validate
from domain.codec import decode, encode
from domain.errors import Refused
from tests.accounting.ledger_of import MADE, D, buy, by_account, sell, version

TRADES = [
    buy("A", "2024-01-01", "1", "10"),
    buy("E", "2024-01-02", "1", "5", base="ETH"),
    sell("S", "2024-02-01", "0.5", "9"),
    sell("T", "2024-02-02", "2", "8", base="ETH"),
]
SOUND = version(TRADES)


def test_the_next_version_has_the_next_number_and_leaves_the_old_one_alone() -> None:
    """R-B6."""
    after = compute(replay(TRADES[:2], by_account()), MADE, SOUND)
    assert (SOUND.number, after.number) == (1, 2)
    assert len(SOUND.slices) == 3
    assert after.slices == ()


def test_a_version_of_one_asset_keeps_the_rows_of_the_others() -> None:
    more = [
        *TRADES,
        buy("B", "2024-01-03", "1", "20", base="ETH"),
        buy("C", "2024-03-01", "1", "7"),
    ]
    after = compute(replay(more, by_account()), MADE, SOUND, ["ETH"])
    assert after.assets == ("ETH",)
    assert [row.key for row in after.acquired] == ["A", "E", "B"]
    assert after.unmatched == ()
    assert {row.key for row in after.open} == {"A"}
    assert validate(after) == []


def test_the_difference_names_the_slices_that_came_and_went() -> None:
    more = [*TRADES, buy("B", "2024-01-03", "1", "2", base="ETH")]
    after = compute(replay(more, by_account()), MADE, SOUND)
    told = difference(SOUND, after)
    assert [(row.lot, row.flag) for row in told.removed] == [("", "UNMATCHED")]
    assert [(row.lot, row.gain) for row in told.added] == [("B", D(2))]
    assert told.realised == D(2)


def test_the_list_tells_each_version_and_the_years_filed_with_it() -> None:
    after = compute(replay(TRADES, by_account()), MADE, SOUND)
    told = listed([after, SOUND], {2024: 1, 2023: 1})
    assert [(row.number, row.slices, row.unmatched, row.filed) for row in told] == [
        (1, 3, 1, (2023, 2024)),
        (2, 3, 1, ()),
    ]


def test_a_filed_year_reads_the_version_it_was_filed_with() -> None:
    after = compute(replay(TRADES, by_account()), MADE, SOUND)
    assert version_for(2024, [SOUND, after], {2024: 1}) is SOUND
    assert version_for(2025, [SOUND, after], {2024: 1}) is after
    with pytest.raises(Refused, match="version 7 for 2024 is not there"):
        version_for(2024, [SOUND, after], {2024: 7})
    with pytest.raises(Refused, match="compute one first"):
        version_for(2024, [], {})


def test_a_version_survives_the_ledger() -> None:
    assert decode(Allocation, encode(SOUND)) == SOUND


def test_a_version_tells_what_the_gain_would_be_if_unknown_basis_were_zero() -> None:
    """It is told beside the gain and never instead of it."""
    assert (SOUND.realised, SOUND.if_zero_basis) == (D(3), D(7))


Bend = Callable[[Allocation], Allocation]


def _slice(place: int, **changes: object) -> Bend:
    def bent(made: Allocation) -> Allocation:
        rows = list(made.slices)
        rows[place] = rows[place]._replace(**changes)  # type: ignore[arg-type]
        return replace(made, slices=tuple(rows))

    return bent


BENT: list[tuple[str, Bend]] = [
    ("over-allocated", _slice(0, quantity=D(3))),
    ("quantity", _slice(0, quantity=D("0.4"))),
    ("basis", _slice(0, basis=D(4))),
    ("proceeds", _slice(0, proceeds=D(4))),
    ("covered", lambda made: replace(made, slices=made.slices[1:])),
    ("covered", lambda made: replace(made, sold=made.sold[1:])),
    ("dates", _slice(0, acquired_us=2**60)),
    ("listed", _slice(2, flag="")),
    ("listed", _slice(2, basis=D(0))),
    ("listed", _slice(0, basis=None)),
    ("quantity", lambda made: replace(made, open=())),
    (
        "over-allocated",
        lambda made: replace(made, open=(made.open[0]._replace(quantity=D(-1)),)),
    ),
    ("basis", lambda made: replace(made, open=(made.open[0]._replace(basis=D(-1)),))),
]


@pytest.mark.parametrize(("check", "bend"), BENT)
def test_the_proof_finds_a_version_that_was_bent(check: str, bend: Bend) -> None:
    assert validate(SOUND) == []
    assert check in {finding.check for finding in validate(bend(SOUND))}


def test_more_unmatched_sales_than_before_need_a_person() -> None:
    more = [*TRADES, sell("U", "2024-03-01", "9", "1", base="SOL")]
    after = compute(replay(more, by_account()), MADE, SOUND)
    assert validate(after) == []
    (finding,) = validate(after, SOUND)
    assert (finding.check, finding.detail) == ("unmatched", "2 sales are unmatched, 1 were before")
    assert validate(SOUND, SOUND) == []
