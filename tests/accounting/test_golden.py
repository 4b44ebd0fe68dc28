"""The golden cases, each by its id: ours in the project, or the file QUARTERDECK_GOLDEN names."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.money import NotANumber, number
from tests.accounting.golden_figures import PROSE, lots_case
from tests.accounting.golden_other import OTHERS

HERE = Path(__file__).parent
OURS = HERE / "golden_cases.json"
SHARED = HERE.parents[2] / "shared" / "data" / "golden_cases.json"
NAMED = "QUARTERDECK_GOLDEN"
LONGEST_WORD = 20


def cases_in(path: Path) -> list[dict[str, Any]]:
    """The cases of a file; one that says `base` has that case's inputs besides its own."""
    told: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["cases"]
    by_id = {case["id"]: case for case in told}
    for case in told:
        parent = by_id.get(case["inputs"].get("base", ""))
        if parent is not None:
            case["inputs"] = {**parent["inputs"], **case["inputs"]}
    return told


def runner_for(case: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], list[str]]:
    """Which part of accounting a case asks, by the shape of what it gives and expects."""
    for is_for, run in OTHERS:
        if is_for(case["inputs"], case["expected"]):
            return run
    return lots_case


def by_id(path: Path) -> list[Any]:
    if not path.exists():
        return [pytest.param(None, id=f"no {path.name} beside the project")]
    return [pytest.param(case, id=case["id"]) for case in cases_in(path)]


@pytest.mark.parametrize("case", by_id(Path(os.environ.get(NAMED) or OURS)))
def test_a_golden_case_comes_out_to_the_last_digit(case: dict[str, Any]) -> None:
    assert runner_for(case)(case) == []


def bent(value: Any) -> Iterator[Any]:
    """A value with one number in it changed, once for each of them."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name not in (*PROSE, "step", "seq", "prev", "payload_utf8"):
                yield from ({**value, name: other} for other in bent(item))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from ([*value[:place], other, *value[place + 1 :]] for other in bent(item))
    elif value is None:
        yield "1"
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, str):
        try:
            yield str(number(value) + Decimal("1e-8"))
        except NotANumber:
            yield f"{value}?" if len(value) < LONGEST_WORD else f"9{value[1:]}"


@pytest.mark.parametrize("case", by_id(OURS))
def test_a_case_with_one_figure_changed_does_not_pass(case: dict[str, Any]) -> None:
    changed = list(bent(case["expected"]))
    run = runner_for(case)
    assert changed
    assert [expected for expected in changed if run({**case, "expected": expected}) == []] == []


@pytest.mark.parametrize("case", by_id(SHARED))
def test_a_shared_golden_case_comes_out_to_the_last_digit(case: dict[str, Any] | None) -> None:
    if case is None:
        pytest.skip("no golden cases beside the project; the project carries its own")
    assert runner_for(case)(case) == []
