"""The tree composes what other rooms own, and its words are the words they know."""

import json
import subprocess
import sys
from dataclasses import fields
from decimal import Decimal

import pytest

from config.composed import BY_SCOPE, RISK, TIMERS
from config.names import FORMER_VENUES, KNOWN_VENUES
from config.outline import settings_listed
from config.settings import Settings
from domain.board import Mode
from domain.errors import Misconfigured
from engine.operators import Role
from engine.settings import EngineSettings
from risk.limits import Limits
from tui import themes
from tui.options import Graph
from venues.demo_scenarios import SCENARIOS


def _choices(dotted: str) -> set[str]:
    (says,) = {node.says for path, node in settings_listed() if ".".join(path) == dotted}
    return set(says.removeprefix("list of: ").split(" | "))


def test_every_limit_and_every_timer_is_a_setting() -> None:
    limits = {item.name for item in fields(Limits)} - {"version"}
    assert RISK.kinds.keys() == limits | {"kill_switch_enabled"}
    timers = {item.name for item in fields(EngineSettings)} - {"base_currency", "time_zone"}
    assert TIMERS.kinds.keys() == timers


def test_the_engine_gets_its_timers_with_currency_and_zone() -> None:
    told = {"base_currency": "EUR", "time_zone": "Europe/Berlin", "engine": {"publish_hz": "4"}}
    engine = Settings.model_validate(told).engine
    assert engine == EngineSettings(base_currency="EUR", time_zone="Europe/Berlin", publish_hz=4)


def test_without_a_word_everything_is_as_the_rooms_say() -> None:
    settings = Settings()
    assert settings.engine == EngineSettings()
    with pytest.raises(Misconfigured, match="max_order_value"):
        settings.limits(Mode.LIVE)
    limits = settings.limits(Mode.PAPER)
    defaults = {item.name: item.default for item in fields(Limits)}
    assert limits.max_drawdown_pct == defaults["max_drawdown_pct"] == Decimal(15)
    assert limits.max_daily_loss is None


def test_every_limit_comes_from_its_setting() -> None:
    told = {name: "7" for name in RISK.kinds if name not in ("kill_switch_enabled", BY_SCOPE)}
    limits = Settings.model_validate({"risk": told}).limits(Mode.LIVE)
    assert set(limits.values().values()) == {"7"}
    assert len(limits.values()) == len(told)


@pytest.mark.parametrize(
    ("told", "futures"),
    [
        ({}, ()),
        ({"wallets": "spot, futures"}, ("futures",)),
        ({"wallets": ["coin-futures", "spot", "futures", "futures"]}, ("coin-futures", "futures")),
    ],
)
def test_futures_wallets_are_read_where_an_account_names_them(
    told: object, futures: tuple[str, ...]
) -> None:
    settings = Settings.model_validate({"exchanges": {"gate": {"accounts": {"main": told}}}})
    assert settings.exchanges["gate"].accounts["main"].futures == futures


def test_a_venue_without_accounts_has_one_called_main() -> None:
    written: tuple[object, ...] = (None, {})
    for accounts in written:
        settings = Settings.model_validate({"exchanges": {"kraken": {"accounts": accounts}}})
        assert list(settings.exchanges["kraken"].accounts) == ["main"]


def test_variables_that_references_name_are_known() -> None:
    account = {"read": "env:MY_READ", "trade": "env:MY_TRADE_API_KEY", "withdraw": "keyring:a/b"}
    settings = Settings.model_validate({"exchanges": {"kraken": {"accounts": {"main": account}}}})
    assert settings.env_prefixes == ("MY_READ", "MY_TRADE")


def test_the_words_of_other_rooms_are_the_choices_here() -> None:
    assert _choices("console.theme") == set(themes.NAMES)
    assert _choices("console.graph") == set(Graph)
    assert _choices("demo.scenario") == set(SCENARIOS)
    assert _choices("operators.<name>.roles") == set(Role)
    assert {word.upper() for word in _choices("mode")} == set(Mode)


@pytest.mark.slow
def test_venues_are_called_what_ccxt_calls_them() -> None:
    # A process of its own: here another test may have put the lazy ccxt in its place.
    program = "import ccxt, json; print(json.dumps(ccxt.exchanges))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    theirs = set(json.loads(done.stdout))
    assert set(KNOWN_VENUES) <= theirs
    assert set(FORMER_VENUES.values()) <= theirs
    assert not FORMER_VENUES.keys() & theirs
