"""limits: shown, lowered, raised, taken back, and told again, as a person types it."""

from pathlib import Path

import pytest

from cli.limits_file import LimitsFile
from config.load import load
from domain.board import Mode
from domain.errors import Misconfigured
from tests.cli.typed import Run, parsed


@pytest.mark.timeout(90)
def test_limits_are_lowered_raised_taken_back_and_told_again(run: Run) -> None:
    status, told = run("limits", "set", "max_order_value", "9000")
    assert (status, "limits version 2 are in force" in told) == (0, True)
    status, told = run("limits", "set", "max_open_orders", "10", "--scope", "VENUE:kraken")
    assert (status, "version 3" in told) == (0, True), told
    status, told = run("limits", "set", "max_open_orders", "12", "--scope", "VENUE:kraken")
    assert status == 0, told
    assert "max_open_orders@VENUE:kraken" in told
    assert "quarterdeck limits approve" in told
    shown = parsed(run("limits", json_=True))
    assert shown["limits"]["max_order_value"] == "9000"
    assert shown["limits"]["max_open_orders@VENUE:kraken"] == "10"
    # The file, which knows nothing of it, does not take back what a person asked for.
    assert shown["pending"]["max_open_orders@VENUE:kraken"] == "12"
    status, told = run("limits", "show")
    assert ["max_open_orders@VENUE:kraken", "10", "12"] in [row.split() for row in told.split("\n")]
    status, told = run("limits", "approve")
    assert (status, "cooling down" in told) == (77, True)
    assert run("limits", "cancel", "--reason", "not needed")[0] == 0
    changes = parsed(run("limits", "history", json_=True))
    newest = [change["what"] for change in changes]
    assert "no longer asked for (not needed)" in newest
    lowered = next(c for c in changes if c["what"] == "in force (version 2)")
    assert lowered["changes"] == {"max_order_value": ["10000", "9000"]}
    assert len(lowered["settings_sha"]) == 64
    status, told = run("limits", "history", "--limit", "1")
    assert status == 0
    assert told.count("settings ") == 1


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (("max_order_value",), 64, "VALUE"),
        (("max_open_orders", "3", "--scope", "kraken"), 64, "is no scope"),
        (("max_open_orders@VENUE:kraken", "3", "--scope", "VENUE:kraken"), 64, "scope already"),
        (("max_open_orders", "3", "--scope", "GLOBAL"), 64, "stand without a scope"),
        (("max_cheese", "3"), 77, "is no limit"),
        (("max_open_orders", "3", "--scope", "VENUE:nowhere"), 77, "there is no venue nowhere"),
        (("max_daily_loss", "3", "--scope", "VENUE:kraken"), 77, "whole desk"),
    ],
)
def test_a_wrong_limit_is_refused_in_words(
    run: Run, words: tuple[str, ...], status: int, why: str
) -> None:
    left, told = run("limits", "set", *words)
    assert (left, why in told) == (status, True), told


@pytest.mark.timeout(60)
def test_what_the_gate_says_of_a_scope_is_shown(run: Run) -> None:
    assert run("limits", "set", "max_order_value", "5", "--scope", "STRATEGY:grid")[0] == 0
    terms = ("BTC/USD", "0.01", "--venue", "kraken", "--strategy", "grid")
    status, told = run("check", "buy", *terms)
    assert status == 77
    assert "max_order_value@STRATEGY:grid" in told
    assert "over 5.00 USD (STRATEGY:grid)" in told
    assert "would be refused by max_order_value" in told


# The settings file of a desk that runs


def test_the_file_is_read_again_when_it_is_another_one(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("risk: {max_order_value: 5}")
    loaded = load(path, environ={})
    told = LimitsFile(loaded, lambda: load(path, environ={}), Mode.DEMO)
    assert told() is None
    path.write_text("risk: {max_order_value: 600, by_scope: {VENUE:kraken: {max_open_orders: 3}}}")
    values = told()
    assert values is not None
    assert values["max_order_value"] == "600"
    assert values["max_open_orders@VENUE:kraken"] == "3"
    assert told() is None
    path.write_text("risk: {max_order_value: nothing}")
    with pytest.raises(Misconfigured, match="nothing"):
        told()
    path.unlink()
    with pytest.raises(Misconfigured):
        told()
