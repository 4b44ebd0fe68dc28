"""venues: the table of all, one with its reasons, and names that are no more."""

import json

import pytest

from cli.main import main
from config.names import KNOWN_VENUES


def test_every_venue_has_a_row_and_every_no_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["venues"]) == 0
    told = capsys.readouterr().out
    assert all(f"\n{venue}" in told for venue in KNOWN_VENUES)
    assert main(["venues", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["venue"] for row in rows} == set(KNOWN_VENUES)
    for row in rows:
        reasons = [known for known in row.values() if isinstance(known, dict)]
        assert reasons
        assert all(known["how"] for known in reasons if not known["can"]), row["venue"]


def test_one_venue_is_told_with_what_is_done_instead(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["venues", "Coinbase"]) == 0
    told = capsys.readouterr().out
    assert "- cancel all      open orders are listed and cancelled one by one" in told
    assert "✓ key audit       its API tells what a key may do" in told


def test_the_table_fits_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["venues"]) == 0
    assert all(len(line) <= 80 for line in capsys.readouterr().out.splitlines())


@pytest.mark.slow
@pytest.mark.parametrize(("name", "words"), [("gateio", "gate"), ("nonsense", "spelling")])
def test_a_name_that_is_none_is_explained(
    name: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["venues", name]) == 78
    assert words in capsys.readouterr().err
