"""The shipped file is valid, complete and commented, and the manual is made from it."""

from pathlib import Path

import pytest

from config.composed import PRACTICE_LIMITS
from config.document import read_document
from config.load import effective, load
from config.manual import (
    complete_text,
    lines_told,
    meanings_told,
    settings_manual,
    shipped_text,
)
from config.outline import NAMED, path_of, settings_listed, variable
from config.settings import Settings
from domain.board import Mode

MANUAL = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_shipped_file_opens_the_demo_desk() -> None:
    got = load(environ={})
    assert got.mode is Mode.DEMO
    assert not got.warnings
    assert not got.settings.enabled
    assert got.settings.limits(Mode.DEMO).values()


def test_the_shipped_file_says_the_defaults() -> None:
    shipped = effective(load(environ={}).settings)
    default = effective(Settings())
    for name in PRACTICE_LIMITS:
        assert shipped["risk"].pop(name)
    assert shipped.pop("exchanges").keys() == {"kraken"}
    assert default.pop("exchanges") == {}
    assert shipped == default


def test_every_setting_stands_in_the_shipped_file() -> None:
    stands = lines_told(read_document(complete_text().encode(), ""))
    assert {path for path, _ in settings_listed()} <= stands.keys()


def test_every_setting_and_block_is_commented() -> None:
    meanings = meanings_told()
    for path, _ in settings_listed():
        told = meanings.get(path) or (path[-1] == NAMED and meanings.get(path[:-1]))
        assert told, ".".join(path)
        assert told.endswith((".", ".)", "…")), told
        assert meanings.get(path[:1]), path[0]


def test_what_is_switched_off_in_the_shipped_file_is_valid_when_switched_on(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(complete_text())
    settings = load(path, environ={}).settings
    assert settings.operators["alice"].os_uid == 1_000
    assert settings.exchanges["kraken"].accounts["main"].trade == "keyring:quarterdeck/kraken-trade"
    assert settings.withdrawals.recipient_allowlist["cold_wallet"].asset == "BTC"
    assert complete_text() != shipped_text()


def test_the_manual_is_current() -> None:
    assert MANUAL.read_text(encoding="utf-8") == settings_manual(), (
        "run: python -m config.manual > docs/settings.md"
    )


def test_every_setting_has_a_row_in_the_manual() -> None:
    manual = settings_manual()
    for path, _ in settings_listed():
        if NAMED not in path:
            assert f"| `{'.'.join(path)}` |" in manual
            assert f"`{variable(path)}`" in manual


@pytest.mark.parametrize("path", [path for path, _ in settings_listed() if NAMED not in path])
def test_a_variables_name_leads_back_to_its_setting(path: tuple[str, ...]) -> None:
    assert path_of(variable(path)) == path
