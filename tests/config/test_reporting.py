"""Snapshots and the benchmark as the file tells them, and as the engine gets them."""

from decimal import Decimal
from pathlib import Path

import pytest

from engine.settings import PerformanceSettings
from tests.config.tries import loaded, refused


def test_the_shipped_words_mean_what_the_engine_does_by_itself_but_for_the_time(
    tmp_path: Path,
) -> None:
    told = loaded(tmp_path, "").settings.performance
    assert told == PerformanceSettings(snapshot_at="00:05")
    assert dict(told.weights) == {"BTC": Decimal("0.5"), "ETH": Decimal("0.5")}


def test_every_setting_reaches_the_engine(tmp_path: Path) -> None:
    text = """\
time_zone: Europe/Berlin
reports: {snapshot_at: "23:30", snapshot_wait_s: 60, stablecoins: pegged}
benchmark: {weights: {BTC: 60, SOL: 40}, rebalance_day: sunday, rebalance_at: "08:00"}
"""
    told = loaded(tmp_path, text).settings.performance
    assert told == PerformanceSettings(
        snapshot_at="23:30",
        time_zone="Europe/Berlin",
        snapshot_wait_s=60,
        pegged=True,
        weights={"BTC": Decimal("0.6"), "SOL": Decimal("0.4")},
        rebalance_day=6,
        rebalance_at="08:00",
    )


def test_a_zone_of_their_own_and_off(tmp_path: Path) -> None:
    text = "time_zone: Europe/Berlin\nreports: {snapshot_at: off, time_zone: Asia/Tokyo}\n"
    told = loaded(tmp_path, text).settings.performance
    assert (told.snapshot_at, told.time_zone) == (None, "Asia/Tokyo")


def test_a_weight_can_be_told_by_a_variable(tmp_path: Path) -> None:
    environ = {"QUARTERDECK_BENCHMARK__WEIGHTS__SOL": "100"}
    told = loaded(tmp_path, "", environ).settings.performance
    assert dict(told.weights) == {"SOL": Decimal(1)}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("benchmark: {weights: {BTC: 50, ETH: 40}}", "add up to 90 percent; write 100"),
        ("benchmark: {weights: {BTC: -5, ETH: 105}}", "over zero"),
        ("benchmark: {weights: {}}", "add up to 0 percent; write 100"),
        ("reports: {snapshot_at: 24:00}", "local time HH:MM"),
        ("reports: {time_zone: Berlin}", "is not a time zone; write Europe/Berlin"),
        ("benchmark: {rebalance_day: mon}", "write monday"),
    ],
)
def test_a_mistake_is_answered_with_what_to_write(tmp_path: Path, text: str, told: str) -> None:
    (line,) = refused(tmp_path, text)
    assert told in line
