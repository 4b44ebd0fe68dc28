"""What is loaded when: the run-time half of the import contracts."""

import subprocess
import sys
from pathlib import Path

import pytest


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(' '.join(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split("\n")[-2].split())


SILENT_EXIT = """
import contextlib, io
from cli.main import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main(['{flag}'])
"""


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_loads_nothing_heavy(flag: str) -> None:
    modules = loaded_by(SILENT_EXIT.format(flag=flag))
    heavy = {"textual", "ccxt", "pydantic", "aiohttp", "sqlite3", "asyncio", "cryptography"}
    assert not heavy & modules


def test_the_console_loads_no_engine_no_venue_and_no_database() -> None:
    modules = loaded_by("import tui.app")
    assert not {"ccxt", "sqlite3", "pydantic", "engine.desk", "aiohttp"} & modules


@pytest.mark.parametrize("room", ["domain", "risk", "accounting"])
def test_pure_rooms_load_no_input_or_output(room: str) -> None:
    code = (
        f"import importlib, pkgutil, {room}\n"
        f"for found in pkgutil.iter_modules({room}.__path__):\n"
        f"    importlib.import_module('{room}.' + found.name)"
    )
    modules = loaded_by(code)
    assert not {"asyncio", "sqlite3", "socket", "logging", "random", "pydantic", "ccxt"} & modules


def test_the_engine_loads_neither_screen_nor_venue_nor_database() -> None:
    modules = loaded_by("import engine.engine")
    assert not {"ccxt", "textual", "sqlite3", "pydantic", "aiosqlite"} & modules


def test_ccxt_is_loaded_by_opening_a_venue_and_not_before() -> None:
    assert "ccxt" not in loaded_by("import venues.ccxt_venue, cli.venue_access, cli.engines")


OPENED = """
import asyncio
from cli.ground import stand
from cli.parser import parse
from cli.venue_access import access
ground = stand(parse(["status", "--observe", "--config", {config!r}, "--data-dir", {data!r}]))
async def opened():
    async with access(ground, "book", ground.secrets("book"), lambda *_: None) as found:
        print([venue.venue for venue in found.connections])
asyncio.run(opened())
"""


@pytest.mark.parametrize("venue", ["kraken", "kucoin"])
def test_only_the_configured_venue_is_imported(
    venue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "trading_config.yaml"
    other = "kucoin" if venue == "kraken" else "kraken"
    limits = "risk:\n  max_order_value: 1\n  max_daily_volume: 1\n  max_position_size: 1\n"
    text = f"{limits}exchanges:\n  {venue}:\n    enabled: true\n  {other}:\n    enabled: false\n"
    config.write_text(text, encoding="utf-8")
    for name in ("API_KEY", "API_SECRET", "API_PASSPHRASE"):
        monkeypatch.setenv(f"{venue.upper()}_{name}", "c2VjcmV0")
    code = OPENED.format(config=str(config), data=str(tmp_path / "data"))
    modules = loaded_by(code)
    exchanges = {
        name
        for name in modules
        if name.startswith(("ccxt.pro.", "ccxt.async_support.", "ccxt.abstract."))
        and ".base" not in name
    }
    rooms = ("ccxt.abstract", "ccxt.async_support", "ccxt.pro")
    assert exchanges == {f"{room}.{venue}" for room in rooms}
    assert "ccxt.pro.binance" not in modules
