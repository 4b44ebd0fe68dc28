"""Figures as a person asks for them: pnl, nav, accounts, lots, explain, allocations, elect."""

from decimal import Decimal
from typing import Any

import pytest

from tests.cli.typed import Run, parsed

D = Decimal


def told(answer: tuple[int, str]) -> str:
    assert answer[0] == 0, answer[1]
    return answer[1]


def sol(answer: Any) -> tuple[Decimal, Decimal]:
    """(realised since ever, quantity) of SOL in a P&L document."""
    (row,) = [row for row in answer["assets"] if row["asset"] == "SOL"]
    (ever,) = [part for part in row["realised"] if part["window"] == "all"]
    return D(ever["gain"]), D(row["quantity"])


@pytest.mark.timeout(120)
def test_a_gain_from_the_first_command_to_the_venues_trade_id(run: Run) -> None:
    assert "no version yet" in told(run("allocations", "list"))
    said = told(run("elect", "--method", "LIFO", "--pegged", "usdt,usdc", "--from", "2020-01-01"))
    assert "LIFO for every asset, pegged: USDT, USDC, from 2020-01-01" in said
    assert "that is in the past: versions made before stay as they are" in said
    first = parsed(run("allocations", "compute", json_=True))
    before, _ = sol(parsed(run("pnl", json_=True)))
    assert "FILLED" in told(run("order", "buy", "SOL/USD", "4", "--venue", "kraken"))
    assert "FILLED" in told(run("order", "sell", "SOL/USD", "1", "--venue", "kraken"))
    pnl = parsed(run("pnl", "--asset", "sol", json_=True))
    gain, quantity = sol(pnl)
    assert gain != before

    why = parsed(run("explain", "realised", "sol", "--window", "all", json_=True))
    known = [D(step["amount"]) for step in why["steps"] if step["amount"] is not None]
    assert D(why["amount"]) == gain == sum(known)
    assert why["more"] is False
    newest = why["steps"][-1]
    fills = parsed(run("fills", "--limit", "20", "--symbol", "SOL/USD", json_=True))
    by_trade = {row["fill"]["trade_id"]: row["seq"] for row in fills}
    for end in ("sold", "lot"):
        assert by_trade[newest[end]["venue_id"]] == newest[end]["seq"]

    lots = parsed(run("lots", "--asset", "SOL", "--limit", "999", json_=True))
    assert sum(D(lot["quantity"]) for lot in lots["lots"]) == quantity
    again, _ = sol(parsed(run("pnl", "--window", "all", json_=True)))
    assert again == gain, "every command had an engine of its own: a restart changes nothing"

    shown = parsed(run("allocations", "show", "1", "--limit", "3", json_=True))
    assert shown["proven"] is True
    assert shown["version"]["digest"] == first["digest"]
    second = told(run("allocations", "compute", "--symbol", "SOL/USD"))
    assert second.startswith("version 2\nof SOL, from the ledger up to row ")
    changes = told(run("allocations", "diff", "1", "2"))
    assert "+ 1 rows" in changes or "+ 2 rows" in changes
    assert "OK: version 2 loses nothing" in told(run("allocations", "validate", "2"))


@pytest.mark.timeout(60)
def test_what_it_is_worth_for_people_and_for_programs(run: Run) -> None:
    shown = told(run("nav"))
    assert "kraken/treasury" in shown
    assert "\nTotal " in shown
    told_by = parsed(run("nav", json_=True))
    assert D(told_by["total"]) == sum(D(share["value"]) for share in told_by["by_venue"])
    accounts = parsed(run("accounts", json_=True))
    assert D(accounts["kraken/main"]["value"]) > 0
    pnl = told(run("pnl"))
    assert "the units whose basis or price nobody knows" not in pnl
    assert "TOTAL" in pnl
    assert "of 0 parts" in told(run("explain", "realised", "NOPE"))


@pytest.mark.parametrize(
    ("words", "status", "hint"),
    [
        (("pnl", "--window", "1h"), 64, "choose from '24h', '7d', '30d', 'day', 'all'"),
        (("explain", "luck", "BTC"), 64, "choose from 'realised', 'unrealised'"),
        (("allocations",), 64, "required: ACTION"),
        (("allocations", "show", "x"), 64, "'x' is not a whole number over 0"),
        (("allocations", "compute", "--all", "--symbol", "BTC"), 64, "not allowed with"),
        (("elect", "--method", "BEST"), 64, "choose from 'FIFO', 'LIFO', 'HIFO', 'ACB'"),
        (("elect", "--asset", "BTC"), 64, "say what to elect, like --method HIFO"),
        (("elect", "--method", "FIFO", "--from", "2025"), 77, "like 2025-01-31, not '2025'"),
        (("lots", "--account", "nope"), 64, "configured: gate/main"),
        (("claim", "basis", "x", "many", "--acquired", "2024-01-01"), 64, "COST: 'many'"),
        (("claim", "kind", "x", "gift"), 77, "no deposit or withdrawal x"),
        (("allocations", "validate", "7"), 77, "no version 7; none was computed yet"),
    ],
)
def test_a_mistake_is_answered_with_what_to_write_instead(
    run: Run, words: tuple[str, ...], status: int, hint: str
) -> None:
    answer = run(*words)
    assert answer[0] == status, answer[1]
    assert hint in answer[1]
    assert "Traceback" not in answer[1]
