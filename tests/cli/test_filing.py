"""`quarterdeck tax file`: a year reads one allocation version for good."""

import json

import pytest

from tests.cli.typed import Run

pytestmark = pytest.mark.timeout(60)


def test_a_year_is_filed_once_with_a_code_and_reads_its_version(run: Run) -> None:
    """accounting.md: a filed year pins its version, later ones only report the difference."""
    status, told = run("tax", "file")
    assert (status, "say which year" in told) == (64, True)
    status, told = run("tax", "file", "--year", "2026")
    assert (status, "there is no version; make one: quarterdeck allocations" in told) == (77, True)
    assert run("allocations", "compute")[0] == 0
    for words, why in (
        (("--year", "2026", "--code", "000000"), "second_factor"),
        (("--year", "26"), "26 is no year"),
        (("--year", "2026", "--allocation", "9"), "there is no version 9"),
    ):
        status, told = run("tax", "file", *words)
        assert (status, why in told) == (77, True), told
    status, told = run("tax", "file", "--year", "2026")
    assert (status, "it is written down: 2026 with version 1" in told) == (0, True), told
    status, told = run("tax", "file", "--year", "2026", "--code", "000000")
    assert (status, "2026 was filed with version 1 already" in told) == (77, True), told
    document = json.loads(run("tax", "--year", "2026", "--json")[1])
    assert (document["allocation"], document["filed"]) == (1, True)
    listed = json.loads(run("allocations", "list", "--json")[1])
    assert [made["filed"] for made in listed["versions"]] == [[2026]]
