"""Tidiness is a test (after TigerBeetle's tidy.zig): what the style guide says, machine-checked."""

import ast
import importlib.metadata
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS = tuple(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
LONGEST_FILE = 320
LONGEST_TEST_FILE = 520
LONGEST_FUNCTION = 60
BANNED_NAMES = {"utils", "helpers", "common", "base", "manager", "service", "handler", "misc"}

# Where `except Exception` (or wider) turns whatever it is into a named outcome (decisions.md).
BOUNDARIES = {
    "alerts/crier.py": "a message that fails in any way is tried again and told",
    "alerts/outbox.py": "a mail that fails in any way is tried again and told",
    "cli/ignition.py": "what ends the engine's thread is raised again in the main one",
    "cli/log_records.py": "a value that cannot be shown is named by its type",
    "cli/logs.py": "a record that cannot be logged is a record that says so",
    "cli/main.py": "every outcome is an exit status",
    "config/kept.py": "what a store's call raised in its thread is raised again by who asked",
    "config/secrets_aws.py": "a store that fails is one of the families, and shows nothing",
    "config/secrets_keyring.py": "a key store that fails is Unavailable",
    "config/secrets_vault.py": "a store that fails is one of the families, and shows nothing",
    "engine/desk.py": "an observer can never fail the desk",
    "engine/killswitch.py": "a store that fails in any way leaves the halt in force",
    "engine/markerwatch.py": "a marker that cannot be restored is tried again",
    "engine/sweep.py": "a list or a cancel that fails in any way proves nothing",
    "engine/equity.py": "equity that cannot be computed trips the drawdown trigger",
    "engine/lookout.py": "triggers that cannot look trip",
    "engine/lots.py": "a figure that cannot be computed is Unavailable, and trading goes on",
    "engine/server.py": "one connection's ask, one named outcome",
    "engine/supervise.py": "a spawned task's end is told to whoever waits, then raised on",
    "engine/trading.py": "a venue call that fails in any way is UNKNOWN",
    "engine/withdrawsend.py": "a withdrawal that fails in any way is in doubt",
    "risk/gate.py": "a rule that fails denies",
    "risk/triggers.py": "a trigger that fails trips",
    "storage/verify.py": "a verifier that fails is FAIL",
    "tui/projector.py": "an ask that fails is a Failure on the screen",
    "tui/kill.py": "a trip that fails in any way starts `--kill`",
    "venues/ccxt_client.py": "whatever a venue call raises is judged",
    "venues/ccxt_stream.py": "whatever a watch raises is judged",
    "venues/ccxt_trader.py": "ccxt refuses to round a number",
    "venues/ccxt_withdraw_client.py": "the withdraw key leaves no frame behind; raised on",
}
# Where a float is not money: what Prometheus and the event loop take.
FLOATS = {
    "prometheus/gauges.py": "Prometheus knows only floats",
    "venues/ccxt_client.py": "ccxt's own options",
}
CLOCKS = {"cli/clock.py": "the Clock port itself"}


def sources(*rooms: str) -> Iterator[tuple[str, str, ast.Module]]:
    for room in rooms:
        for path in sorted((TOP / room).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            yield str(path.relative_to(TOP)), text, ast.parse(text)


def test_no_file_is_too_long_to_hold_one_idea() -> None:
    long = [
        f"{name}: {text.count(chr(10))} lines"
        for name, text, _ in sources(*ROOMS)
        if text.count("\n") > LONGEST_FILE
    ]
    long += [
        f"{name}: {text.count(chr(10))} lines"
        for name, text, _ in sources("tests", "bench", "tools")
        if text.count("\n") > LONGEST_TEST_FILE
    ]
    assert not long


def test_no_function_is_too_long_to_read_at_once() -> None:
    long = [
        f"{name}:{node.lineno} {node.name}"
        for name, _, tree in sources(*ROOMS)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno > LONGEST_FUNCTION
    ]
    assert not long


def test_names_say_what_lives_there() -> None:
    names = [name for name, _, _ in sources(*ROOMS, "tests")]
    bad = [name for name in names if BANNED_NAMES & set(Path(name).stem.split("_"))]
    assert not bad


def test_every_module_begins_with_a_docstring_of_one_line_first() -> None:
    bad = []
    for name, _, tree in sources(*ROOMS):
        told = ast.get_docstring(tree)
        if not told or not told.partition("\n")[0].rstrip().endswith((".", "?", ":")):
            bad.append(name)
    assert not bad


def test_packages_hold_one_docstring_and_nothing_else() -> None:
    for name, _, tree in sources(*ROOMS):
        if name.endswith("__init__.py"):
            assert len(tree.body) == 1, name
            assert ast.get_docstring(tree), name


def test_broad_excepts_stand_only_at_the_listed_boundaries() -> None:
    found = {
        name
        for name, _, tree in sources(*ROOMS)
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node.type)
    }
    assert found <= BOUNDARIES.keys(), f"not listed: {sorted(found - BOUNDARIES.keys())}"


def _is_broad(kind: ast.expr | None) -> bool:
    return kind is None or (
        isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException")
    )


def test_no_money_passes_through_a_float() -> None:
    found = {
        name
        for name, _, tree in sources(*ROOMS)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "float"
    }
    assert found <= FLOATS.keys(), f"not listed: {sorted(found - FLOATS.keys())}"


def test_time_and_chance_come_in_through_ports() -> None:
    calls = re.compile(
        r"\btime\.(time|time_ns|monotonic|monotonic_ns)\(|\brandom\.|uuid4\(|secrets\.randbits"
    )
    found = {name for name, text, _ in sources(*ROOMS) if calls.search(text)}
    assert found <= CLOCKS.keys(), f"not listed: {sorted(found - CLOCKS.keys())}"


def test_every_task_is_born_in_a_group() -> None:
    orphans = [
        f"{name}:{number}"
        for name, text, _ in sources(*ROOMS)
        for number, line in enumerate(text.split("\n"), 1)
        if "asyncio.create_task(" in line
    ]
    assert not orphans


def test_the_ledger_is_never_written_by_force() -> None:
    for name, text, _ in sources(*ROOMS):
        assert not re.search(r"INSERT\s+OR\s+", text, re.IGNORECASE), name


def test_nothing_is_left_for_later_without_a_number() -> None:
    for name, text, _ in sources(*ROOMS, "tests", "bench"):
        if name == "tests/test_tidy.py":
            continue
        assert not re.search(r"#\s*(TODO|FIXME|XXX)(?!\(#\d+\))", text), name


def test_rooms_are_the_same_in_every_list() -> None:
    contract = set(PROJECT["tool"]["importlinter"]["root_packages"])
    types = set(PROJECT["tool"]["mypy"]["packages"])
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    assert set(ROOMS) == contract
    assert set(ROOMS) <= types
    for room in ROOMS:
        assert f"`{room}/`" in readme, f"README's map of rooms lacks {room}"


def test_every_folder_of_tests_is_a_package() -> None:
    for folder in {path.parent for path in (TOP / "tests").rglob("*.py")}:
        if folder.name not in ("site", "__pycache__"):
            assert (folder / "__init__.py").exists(), folder


def test_nobody_else_provides_our_package_names() -> None:
    owners = importlib.metadata.packages_distributions()
    for room in ROOMS:
        assert set(owners.get(room, [])) <= {"quarterdeck"}, room


def test_no_committed_file_names_this_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=TOP, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    here = (str(TOP.parent) + "/", str(Path.home()) + "/")
    index = re.compile(r"https?://\S*/(simple|packages)/")
    for name in listed.stdout.split("\n"):
        path = TOP / name
        if not name or not path.is_file() or path.suffix in (".png", ".svg"):
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        assert not any(place in text for place in here if len(place) > len("/a/")), name
        assert not index.search(text), name


def test_every_test_that_skips_says_why() -> None:
    for name, _, tree in sources("tests"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called(node).endswith((".skip", ".xfail")):
                assert node.args or node.keywords, f"{name}:{node.lineno}"


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func)
