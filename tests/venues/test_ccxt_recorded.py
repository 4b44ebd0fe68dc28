"""Recorded answers of the real Kraken (ccxt's fixtures), read to the digit.

The recordings stand beside the project and are no part of it; without them there is nothing
to compare, and these tests are skipped.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.orders import Final
from tests.venues.ccxt_offline import Offline
from tests.venues.test_ccxt_convert import run

RECORDINGS = Path(__file__).parents[3] / "shared" / "data" / "ccxt" / "response" / "kraken.json"
pytestmark = pytest.mark.skipif(not RECORDINGS.is_file(), reason="no recordings beside the project")
FINALS = {
    "open": None,
    "pending": None,
    "closed": Final.FILLED,
    "canceled": Final.CANCELED,
    "expired": Final.EXPIRED,
}


def recorded(method: str) -> list[Any]:
    """What Kraken sent for a call; every number in it is text."""
    if not RECORDINGS.is_file():
        return []
    cases = json.loads(RECORDINGS.read_text(encoding="utf-8"))["methods"][method]
    return [case["httpResponse"] for case in cases]


def as_rows(found: Any) -> dict[str, tuple[Any, ...]]:
    return {o.venue_order_id: (o.quantity, o.cumulative, o.final, o.client_id) for o in found}


def expected(rows: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {
        name: (
            Decimal(row["vol"]),
            Decimal(row["vol_exec"]),
            FINALS[row["status"]],
            row.get("cl_ord_id", ""),
        )
        for name, row in rows.items()
    }


@pytest.mark.parametrize("answer", recorded("fetchOpenOrders"))
def test_recorded_open_orders(answer: Any) -> None:
    found = run(Offline({"OpenOrders": answer}).reader.open_orders())
    assert as_rows(found) == expected(answer["result"]["open"])


@pytest.mark.parametrize("answer", recorded("fetchClosedOrders"))
def test_recorded_closed_orders(answer: Any) -> None:
    nothing = {"error": [], "result": {"trades": {}, "count": 0}}
    answer["result"]["count"] = len(answer["result"]["closed"])
    desk = Offline({"ClosedOrders": answer, "TradesHistory": nothing})
    history = run(desk.reader.history(0))
    assert as_rows(history.orders) == expected(answer["result"]["closed"])


@pytest.mark.parametrize(
    ("method", "endpoint", "sign"),
    [("fetchDeposits", "DepositStatus", 1), ("fetchWithdrawals", "WithdrawStatus", -1)],
)
def test_recorded_movements(method: str, endpoint: str, sign: int) -> None:
    for answer in recorded(method):
        nothing = {"error": [], "result": {"trades": {}, "count": 0}}
        history = run(Offline({endpoint: answer, "TradesHistory": nothing}).reader.history(0))
        told = {(m.reference, m.asset, m.amount, m.fee, m.at_us) for m in history.movements}
        for row in answer["result"]:
            movement = (
                row["refid"],
                row["asset"],
                sign * Decimal(row["amount"]),
                Decimal(row["fee"]),
                int(row["time"]) * 1_000_000,
            )
            assert movement in told


def test_recorded_prices() -> None:
    (answer,) = recorded("fetchTicker")
    row = answer["result"].pop("XBTUSDT")
    answer["result"]["XXBTZUSD"] = row
    (price,) = run(Offline({"Ticker": answer}).market.prices(["BTC/USD"]))
    assert (price.bid, price.ask, price.last, price.volume_24h) == (
        Decimal(row["b"][0]),
        Decimal(row["a"][0]),
        Decimal(row["c"][0]),
        Decimal(row["v"][1]),
    )
