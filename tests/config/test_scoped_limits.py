"""`risk.by_scope`: limits of parts of the desk, and what is wrong with one, in its line."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from config.load import Loaded, load
from domain.board import Mode
from domain.errors import Misconfigured

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"


def loaded(tmp_path: Path, text: str, **environ: str) -> Loaded:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    return load(path, environ=environ)


def test_limits_of_scopes_are_read_as_those_of_the_desk(tmp_path: Path) -> None:
    text = """
risk:
  by_scope:
    VENUE:kraken: {max_order_value: 500, max_position_size: 7000}
    SYMBOL:BTC/USD: {max_position_size: {BTC: 9}, price_collar_pct: 1.5}
    ACCOUNT:kucoin/main: {max_open_orders: 3}
    STRATEGY:grid:
"""
    values = loaded(tmp_path, text).settings.limits(Mode.DEMO).values()
    assert {name: value for name, value in values.items() if "@" in name} == {
        "max_order_value@VENUE:kraken": "500",
        "max_position_size.default@VENUE:kraken": "7000",
        "max_position_size.BTC@SYMBOL:BTC/USD": "9",
        "price_collar_pct@SYMBOL:BTC/USD": "1.5",
        "max_open_orders@ACCOUNT:kucoin/main": "3",
    }


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ("VENUE:krakn: {max_order_value: 5}", "there is no venue krakn; there are gate, kraken"),
        ("ACCOUNT:kraken/nobody: {max_order_value: 5}", "there is no account kraken/nobody"),
        ("venue:kraken: {max_order_value: 5}", "is written VENUE:kraken"),
        ("kraken: {max_order_value: 5}", "is no scope: write GLOBAL, VENUE:kraken"),
        ("GLOBAL: {max_order_value: 5}", "stand without a scope"),
        ("SYMBOL:BTC: {max_order_value: 5}", "names no pair"),
        ("VENUE:kraken: {max_daily_loss: 5}", "has no scope: the day's loss"),
        ("VENUE:kraken: {max_drawdown_pct: 5}", "has no scope: the drawdown"),
        ("VENUE:kraken: {identical_window_s: 5}", "has no scope: the window"),
        ("VENUE:kraken: {max_order_valu: 5}", "did you mean max_order_value"),
        ("VENUE:kraken: {max_open_orders: 1.5}", "is not a whole number"),
        ("VENUE:kraken: {max_order_value: 0}", "it has to be over zero"),
        ("VENUE:kraken: 5", "takes a block of settings"),
    ],
)
def test_a_wrong_limit_of_a_scope_is_refused_in_its_line(
    tmp_path: Path, block: str, why: str
) -> None:
    with pytest.raises(Misconfigured) as refused:
        loaded(tmp_path, f"risk:\n  by_scope:\n    {block}\n")
    assert re.search(r"c\.yaml line 3, risk\.by_scope", str(refused.value)), refused.value
    assert why in str(refused.value)


def test_an_account_that_is_configured_can_be_limited_outside_the_demo(tmp_path: Path) -> None:
    text = """
mode: paper
exchanges: {coinbase: {accounts: {savings: {}}}}
risk: {by_scope: {ACCOUNT:coinbase/savings: {max_open_orders: 3}}}
"""
    (scoped,) = loaded(tmp_path, text).settings.limits(Mode.PAPER).by_scope
    assert (str(scoped.scope), scoped.max_open_orders) == ("ACCOUNT:coinbase/savings", Decimal(3))
    with pytest.raises(Misconfigured, match="there is no venue kraken; there are coinbase"):
        loaded(tmp_path, text.replace("ACCOUNT:coinbase/savings", "VENUE:kraken"))


def test_the_examples_of_the_page_are_valid(tmp_path: Path) -> None:
    examples = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert examples
    for example in examples:
        limits = loaded(tmp_path, example).settings.limits(Mode.DEMO)
        assert len(limits.by_scope) == 3
        assert limits.values()["max_position_size.BTC@VENUE:kraken"] == "40000"
