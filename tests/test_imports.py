"""What is loaded when: the run-time half of the import contracts."""

import subprocess
import sys

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
