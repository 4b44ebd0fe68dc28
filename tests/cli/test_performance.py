"""pull, history, returns and benchmark as a person types them, over days of a demo desk."""

import json
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cli.clock import SystemClock
from cli.commands.performance import pull
from domain.days import to_us
from domain.performance import Pulled, PulledAccount
from tests.cli.typed import Run, parsed

At = Callable[[str], None]
D = Decimal


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Set the machine's clock; it goes on from there."""
    real = SystemClock().now_us

    def set_clock(told: str) -> None:
        ahead_us = to_us(datetime.fromisoformat(told).replace(tzinfo=UTC)) - real()
        monkeypatch.setattr(SystemClock, "now_us", lambda _: real() + ahead_us)

    return set_clock


@pytest.mark.timeout(120)
def test_three_days_of_pulls_have_a_history_returns_and_a_benchmark(run: Run, at: At) -> None:
    at("2026-11-20T09:00:00")
    pulled = parsed(run("pull", json_=True))
    assert (pulled["newest"], pulled["doubts"]) == ("2026-11-20", [])
    assert len(pulled["accounts"]) == 5
    for words in (("returns",), ("benchmark",)):
        status, told = run(*words)
        assert status == 0, told
        assert "needs two snapshots; there is that of 2026-11-20" in told
        assert "the next snapshot is due 2026-11-21 00:05:00 UTC" in told
    at("2026-11-21T00:05:30")
    assert parsed(run("pull", json_=True))["newest"] == "2026-11-21"
    at("2026-11-22T00:06:00")
    status, told = run("pull")
    assert status == 0, told
    assert "2026-11-22" in told
    assert "kraken/treasury: read" in told

    page = parsed(run("history", json_=True))
    assert [row["local_date"] for row in page["snapshots"]] == [
        "2026-11-22",
        "2026-11-21",
        "2026-11-20",
    ]
    assert [row["late"] for row in page["snapshots"]] == [False, False, True]
    newest = page["snapshots"][0]
    assert D(newest["nav"]) == sum(map(D, newest["values"].values())) > 100_000

    told = parsed(run("returns", json_=True))
    days = told["days"]
    assert [day["local_date"] for day in days] == ["2026-11-21", "2026-11-20"]
    assert [day["closing"] for day in days] == [row["nav"] for row in page["snapshots"][:2]]
    linked = (1 + D(days[0]["fraction"])) * (1 + D(days[1]["fraction"])) - 1
    assert abs(linked - D(told["twr"])) < D("1e-20")
    assert told["xirr"] is not None
    latest = parsed(run("returns", "--limit", "1", json_=True))
    assert abs(D(latest["twr"]) - D(days[0]["fraction"])) < D("1e-20")

    compared = parsed(run("benchmark", json_=True))
    assert compared["weights"] == {"BTC": "0.5", "ETH": "0.5"}
    better = D(compared["twr"]) - D(compared["benchmark_twr"])
    assert abs(better - D(compared["outperformance"])) < D("1e-20")
    _shown(run)


def _shown(run: Run) -> None:
    """The same for a person."""
    status, told = run("history", "--limit", "2", "--account", "kraken")
    assert status == 0, told
    assert "2 of 3, in USD" in told
    status, told = run("returns")
    assert status == 0, told
    for name in ("TWR", "XIRR", "modified Dietz", "all accounts, 2026-11-20 to 2026-11-22"):
        assert name in told
    status, told = run("benchmark", "--account", "kraken/main")
    assert status == 0, told
    assert "kraken/main beside 50 % BTC, 50 % ETH:" in told
    assert "outperformance" in told


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("history", "--account", "kraken/nope"), 77, "there is no account kraken/nope (known: "),
        (("returns", "--limit", "0"), 64, "whole number over 0"),
        (("benchmark", "--limit", "x"), 64, "whole number over 0"),
        (("pull", "now"), 64, "unrecognized arguments"),
    ],
)
def test_a_mistake_is_answered_with_what_is_known(
    run: Run, words: tuple[str, ...], status: int, told: str
) -> None:
    answer = run(*words)
    assert answer[0] == status, answer[1]
    assert told in answer[1]


def test_a_snapshot_that_is_switched_off_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERDECK_REPORTS__SNAPSHOT_AT", "off")
    status, told = run("pull")
    assert status == 0, told
    assert "no snapshots are taken (reports.snapshot_at: off)" in told


class Answering:
    """A desk that answers a pull with what it was given."""

    def __init__(self, told: Pulled) -> None:
        self._told = told

    async def ask(self, _: object) -> Any:
        return self._told


@pytest.mark.parametrize("json_", [False, True])
@pytest.mark.parametrize(
    ("changes", "status", "told"),
    [
        ({}, 0, "snapshot of 2026-11-21 taken\n"),
        ({"breaks": 2}, 1, "open breaks: 2"),
        (
            {"accounts": (PulledAccount(account="mexc/main", problem="down", remedy="wait"),)},
            3,
            "mexc/main: NOT READ: down; wait",
        ),
        (
            {"taken": "", "doubts": ("BTC: no price",), "breaks": 2},
            3,
            "the snapshot waits: BTC: no price\nto take it without: quarterdeck pull --partial",
        ),
        ({"doubts": ("BTC: no price",)}, 3, "taken, without: BTC: no price"),
    ],
)
async def test_the_status_of_a_pull_says_what_came_of_it(
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any],
    status: int,
    told: str,
    json_: bool,
) -> None:
    whole = Pulled(
        accounts=(PulledAccount(account="kraken/main"),),
        breaks=0,
        taken="2026-11-21",
        newest="2026-11-21",
        newest_us=1,
        next_us=2,
    )
    desk: Any = Answering(replace(whole, **changes))
    assert await pull(desk, Namespace(partial=False, json=json_)) == status
    shown = capsys.readouterr().out
    assert json_ or told in shown
    assert not json_ or json.loads(shown)["newest"] == "2026-11-21"
