"""The layers, what each mode asks for, and one hash for equal settings."""

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from config.layers import flag
from domain.board import Mode
from tests.config.tries import LIVE, loaded, refused

# Layers


def test_flags_stand_above_environment_above_file_above_defaults(tmp_path: Path) -> None:
    text = "demo: {scenario: bull}\nconsole: {fps: 5, graph: block}\n"
    environ = {"QUARTERDECK_DEMO__SCENARIO": "bear", "QUARTERDECK_CONSOLE__FPS": "6"}
    got = loaded(tmp_path, text, environ, [flag("--scenario", "demo.scenario", "crash")])
    assert got.settings.demo.scenario == "crash"
    assert got.settings.console.fps == 6
    assert got.settings.console.graph == "block"
    assert got.settings.demo.seed == 7
    assert got.sources == {
        "console.fps": "QUARTERDECK_CONSOLE__FPS",
        "console.graph": f"{tmp_path}/c.yaml line 2",
        "demo.scenario": "--scenario",
    }


def test_only_names_with_two_underscores_are_settings(tmp_path: Path) -> None:
    environ = {
        "QUARTERDECK__BASE_CURRENCY": "EUR",
        "QUARTERDECK_HOME": "/x",
        "QUARTERDECK_RISK_MAX_ORDER_VALUE": "1",
        "OTHER__SETTING": "1",
        "QUARTERDECKER__MODE": "live",
    }
    got = loaded(tmp_path, "", environ)
    assert got.settings.base_currency == "EUR"
    assert not got.settings.risk.given
    (warning,) = got.warnings
    assert warning.startswith("QUARTERDECK_RISK_MAX_ORDER_VALUE is not read as a setting")
    assert warning.endswith("did you mean QUARTERDECK_RISK__MAX_ORDER_VALUE?")


def test_the_environment_reaches_every_level_and_lists(tmp_path: Path) -> None:
    environ = {
        "QUARTERDECK_EXCHANGES__KRAKEN__ACCOUNTS__COLD__READ": "keyring:quarterdeck/cold",
        "QUARTERDECK__TRACKED_ASSETS": "BTC, ETH",
        "QUARTERDECK_RISK__MAX_POSITION_SIZE__BTC": "75000",
        "QUARTERDECK_RISK__MAX_POSITION_SIZE__DEFAULT": "50000",
    }
    settings = loaded(tmp_path, "", environ).settings
    assert settings.exchanges["kraken"].accounts["cold"].read == "keyring:quarterdeck/cold"
    assert settings.tracked_assets == ("BTC", "ETH")
    assert settings.limits(Mode.DEMO).position_limit("BTC") == Decimal(75_000)
    assert settings.limits(Mode.DEMO).position_limit("SOL") == Decimal(50_000)


def test_one_number_for_all_assets_stays_when_another_layer_names_one_asset(tmp_path: Path) -> None:
    text = "risk: {max_position_size: 100}"
    environ = {"QUARTERDECK_RISK__MAX_POSITION_SIZE__BTC": "7"}
    limits = loaded(tmp_path, text, environ).settings.limits(Mode.DEMO)
    assert dict(limits.max_position_size) == {"default": Decimal(100), "BTC": Decimal(7)}


def test_two_variables_that_disagree_about_one_setting_are_refused(tmp_path: Path) -> None:
    environ = {"QUARTERDECK__DEMO__SEED": "1", "QUARTERDECK_DEMO__SEED": "2"}
    (only,) = refused(tmp_path, "", environ)
    assert only.endswith("says something else; remove one of them")
    assert all(name in only for name in environ)
    assert loaded(tmp_path, "", dict.fromkeys(environ, "3")).settings.demo.seed == 3


def test_what_is_wrong_in_a_layer_is_blamed_on_that_layer(tmp_path: Path) -> None:
    text = "risk:\n  max_position_size: -5\n"
    environ = {
        "QUARTERDECK_RISK__MAX_POSITION_SIZE__BTC": "nan",
        "QUARTERDECK_RSK__X": "1",
        "QUARTERDECK__MODE": "",
    }
    found = refused(tmp_path, text, environ, [flag("--scenario", "demo.scenario", "bul")])
    sized = "QUARTERDECK_RISK__MAX_POSITION_SIZE__BTC, risk.max_position_size.BTC"
    assert sorted(found) == [
        "--scenario, demo.scenario: 'bul' is not known here; write bull",
        f"{sized}: NaN is not a finite number",
        "QUARTERDECK_RSK__X, rsk: there is no such setting; did you mean risk?",
        "QUARTERDECK__MODE, mode: '' is not known here; write one of demo, paper, observe, live",
        "c.yaml line 2, risk.max_position_size.default: '-5' is too low; it has to be over zero",
    ]


# Modes


def test_live_is_asked_for_twice(tmp_path: Path) -> None:
    (only,) = refused(tmp_path, LIVE.replace("mode: live", "mode: paper"), asked=Mode.LIVE)
    assert only.startswith("--live, mode: live is asked for twice; also write 'mode: live' in ")
    got = loaded(tmp_path, LIVE)
    assert got.mode is Mode.OBSERVE
    assert got.warnings == (
        "mode: live without --live only watches (OBSERVE); start with --live to trade",
    )
    assert loaded(tmp_path, LIVE, asked=Mode.LIVE).mode is Mode.LIVE


def test_a_safer_mode_than_the_configured_one_is_asked_for_freely(tmp_path: Path) -> None:
    for mode in (Mode.DEMO, Mode.PAPER, Mode.OBSERVE):
        assert loaded(tmp_path, LIVE, asked=mode).mode is mode


def test_a_live_book_needs_limits_that_somebody_chose(tmp_path: Path) -> None:
    text = "mode: live\nexchanges: {kraken: }\nrisk: {max_order_value: 5}\n"
    for asked, mode in ((Mode.LIVE, "LIVE"), (None, "OBSERVE")):
        assert refused(tmp_path, text, asked=asked) == [
            f"c.yaml line 3, risk.{name}: is missing; {mode} mode needs this limit to be chosen"
            for name in ("max_daily_volume", "max_position_size")
        ]
    empty = LIVE.replace("max_position_size: 2000", "max_position_size: {}")
    assert "is missing" in refused(tmp_path, empty, asked=Mode.LIVE)[0]


def test_practice_modes_fill_in_missing_limits(tmp_path: Path) -> None:
    limits = loaded(tmp_path, "risk: {max_order_value: 5}").settings.limits(Mode.DEMO)
    assert limits.max_order_value == Decimal(5)
    assert limits.max_daily_volume == Decimal(100_000)


def test_live_keeps_its_automatic_triggers(tmp_path: Path) -> None:
    text = LIVE.replace("max_order_value", "kill_switch_enabled: false, max_order_value")
    assert "write true" in refused(tmp_path, text, asked=Mode.LIVE)[0]
    assert not loaded(tmp_path, text, asked=Mode.PAPER).settings.risk.kill_switch_enabled


def test_live_needs_a_venue(tmp_path: Path) -> None:
    text = LIVE.replace("{kraken: }", "{kraken: {enabled: false}}")
    assert "needs a venue" in refused(tmp_path, text, asked=Mode.LIVE)[0]


def test_live_keys_pass_a_gateway_only_when_somebody_said_so(tmp_path: Path) -> None:
    text = LIVE + "gateway: http://127.0.0.1:8080\n"
    assert "allow_gateway: true" in refused(tmp_path, text, asked=Mode.LIVE)[0]
    allowed = loaded(tmp_path, text + "allow_gateway: true\n", asked=Mode.LIVE)
    assert allowed.warnings == (
        "gateway: every call to a venue goes through http://127.0.0.1:8080",
    )


def test_what_depends_on_a_wrong_setting_is_not_complained_of_as_well(tmp_path: Path) -> None:
    text = LIVE.replace("max_order_value: 500", "max_order_value: x")
    assert refused(tmp_path, text, asked=Mode.LIVE) == [
        "c.yaml line 3, risk.max_order_value: 'x' is not a number"
    ]
    wrong_mode = LIVE.replace("mode: live", "mode: Live")
    assert refused(tmp_path, wrong_mode, asked=Mode.LIVE) == [
        "c.yaml line 1, mode: 'Live' is not known here; write live"
    ]


def test_metrics_for_everybody_are_worth_a_warning(tmp_path: Path) -> None:
    (warning,) = loaded(tmp_path, "monitoring: {bind: 0.0.0.0}").warnings
    assert "0.0.0.0" in warning


# Hash


def test_equal_settings_have_one_hash_however_they_are_written(tmp_path: Path) -> None:
    one = loaded(tmp_path, "risk: {max_order_value: 10, max_drawdown_pct: 15}")
    other = loaded(
        tmp_path,
        "# a comment\nrisk:\n  max_order_value: '1e1'\n",
        {"QUARTERDECK_RISK__MAX_DRAWDOWN_PCT": "15.00"},
    )
    assert one.sha == other.sha
    assert len(one.sha) == 64
    assert loaded(tmp_path, "risk: {max_order_value: 11}").sha != one.sha
    assert loaded(tmp_path, "engine: {publish_hz: 9}").sha != loaded(tmp_path, "").sha


def test_bytes_of_the_environment_that_are_no_text_break_nothing(tmp_path: Path) -> None:
    reference = "QUARTERDECK_EXCHANGES__KRAKEN__ACCOUNTS__MAIN__READ"
    assert len(loaded(tmp_path, "", {reference: "file:/\udcff"}).sha) == 64
    for name in ("GATEWAY", "TIME_ZONE", "MODE", "BASE_CURRENCY", "HISTORICAL_START_DATE"):
        (only,) = refused(tmp_path, "", {f"QUARTERDECK__{name}": "http://\udcff:80"})
        assert only.isprintable()


def test_pure_modules_of_the_room_load_without_pydantic() -> None:
    program = (
        "import sys, config.secrets_stores, config.redaction, config.document, config.files\n"
        "heavy = {'pydantic', 'cryptography', 'keyring', 'dotenv', 'ccxt'} & sys.modules.keys()\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)  # noqa: PLW1510
    assert (done.returncode, done.stderr) == (0, "")
