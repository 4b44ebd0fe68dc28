"""What the console loads, and what it does not; proven in processes of their own."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOREIGN = (
    "ccxt",
    "sqlite3",
    "pydantic",
    "aiosqlite",
    "engine",
    "venues",
    "storage",
    "config",
    "cli",
)


def loaded_by(code: str) -> set[str]:
    told = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        check=True, capture_output=True, text=True, cwd=ROOT, timeout=20,
    )  # fmt: skip
    return {name.partition(".")[0] for name in told.stdout.split()}


def test_the_console_with_every_screen_loads_no_exchange_no_database_no_engine() -> None:
    screens = "\n".join(
        f"import tui.screens.{path.stem}" for path in (ROOT / "tui" / "screens").glob("*.py")
        if path.stem != "__init__"
    )  # fmt: skip
    loaded = loaded_by(f"import tui.app\n{screens}")
    assert not loaded & set(FOREIGN)
    assert "textual" in loaded


def test_what_the_wiring_imports_first_loads_no_textual() -> None:
    assert "textual" not in loaded_by("import tui.run, tui.options")


def test_the_first_paint_pays_for_one_screen() -> None:
    early = "[n for n in sys.modules if n.startswith('tui.screens.orders')]"
    code = f"import tui.app, sys\nassert not {early}"
    assert "tui" in loaded_by(code)
