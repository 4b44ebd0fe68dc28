"""The pages say what is so: generated ones are current, what others name exists."""

import ast
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.manual import commands_manual
from cli.parser import parse
from config.manual import settings_manual
from config.outline import settings_listed
from domain.manual import asks_manual
from domain.registry import asks_by_name
from prometheus.manual import metrics_manual
from tests.test_tidy import ROOMS
from tui.keys_manual import markdown
from venues.manual import venues_manual

TOP = Path(__file__).parent.parent
PAGES = sorted([*TOP.glob("*.md"), *TOP.glob("docs/*.md")])
GENERATED: dict[str, tuple[Callable[[], str], str]] = {
    "commands.md": (commands_manual, "python -m cli.manual > docs/commands.md"),
    "settings.md": (settings_manual, "python -m config.manual > docs/settings.md"),
    "metrics.md": (metrics_manual, "python -m prometheus.manual > docs/metrics.md"),
    "asks.md": (asks_manual, "python -m domain.manual > docs/asks.md"),
    "venues.md": (venues_manual, "python -m venues.manual > docs/venues.md"),
    "keys.md": (markdown, "python -m tools.keys"),
}
PROMISED = ("README.md", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md", "LICENSE")


def text_of(name: str) -> str:
    return (TOP / name).read_text(encoding="utf-8")


def found(pattern: str, pages: list[Path] = PAGES) -> Iterator[tuple[str, str]]:
    """(page, what the pattern caught) of every page."""
    for page in pages:
        for caught in re.findall(pattern, page.read_text(encoding="utf-8")):
            yield str(page.relative_to(TOP)), caught


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_page_is_current(name: str) -> None:
    made, command = GENERATED[name]
    assert text_of(f"docs/{name}") == made(), f"run: {command}"


def test_every_page_that_a_reader_expects_is_there() -> None:
    assert all((TOP / name).is_file() for name in (*PROMISED, "docs/ARCHITECTURE.md"))


def test_every_ask_is_documented_with_what_it_does() -> None:
    page = text_of("docs/asks.md")
    for name in asks_by_name():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        assert row.split("|")[-2].strip(), name


def test_every_link_and_image_leads_somewhere() -> None:
    links = list(found(r"\]\(([^)\s]+)\)"))
    assert len(links) > 10
    lost = [
        f"{page}: {link}"
        for page, link in links
        if "://" not in link
        and not link.startswith("#")
        and not ((TOP / page).parent / link.partition("#")[0]).exists()
    ]
    assert not lost


def test_every_make_target_that_is_named_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    named = {caught for _, caught in found(r"(?:`|^|\n)make ([a-z][a-z-]*)")}
    assert {"demo", "test", "check"} <= named <= targets
    assert re.search(r"```sh\nmake demo .*\nmake test ", text_of("README.md"))


def test_every_room_is_on_the_maps() -> None:
    for page in ("README.md", "docs/ARCHITECTURE.md"):
        rows = set(re.findall(r"^\| `([a-z]+)/` \|", text_of(page), re.MULTILINE))
        assert rows == set(ROOMS), page


def test_every_test_that_is_named_exists() -> None:
    named = [caught for _, caught in found(r"`(tests/[\w/]+\.py::\w+)`")]
    assert len(named) >= 9
    for name in named:
        file, _, function = name.partition("::")
        tree = ast.parse(text_of(file))
        tests = {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert function in tests, name


def test_every_file_that_is_named_exists() -> None:
    rooms = "|".join((*ROOMS, "tests", "docs", "deploy", "bench", "tools"))
    named = set(found(rf"`((?:{rooms})/[\w./-]*)`"))
    assert len(named) > 30
    lost = [f"{page}: {path}" for page, path in named if not (TOP / path).exists()]
    assert not lost


def commands() -> list[str]:
    """Every command line that a page shows: in a sentence, or after a prompt."""
    pages = [page for page in PAGES if page.name != "commands.md"]
    shown = [caught for _, caught in found(r"`quarterdeck( [^`\n]*)`", pages)]
    shown += [caught for _, caught in found(r"\n\$ quarterdeck( [^\n]*)", pages)]
    return sorted(set(shown))


@pytest.mark.parametrize("line", commands())
def test_every_command_that_is_shown_can_be_typed(line: str) -> None:
    parse(shlex.split(line))


def test_every_setting_that_is_named_exists() -> None:
    listed = {path for path, _ in settings_listed()}
    blocks = {path[0] for path in listed}
    known = {".".join(path[:length]) for path in listed for length in range(1, len(path) + 1)}
    pages = [page for page in PAGES if page.name != "settings.md"]
    named = {caught for _, caught in found(r"`((?:[a-z_]+\.)+[a-z_]+)[`:]", pages)}
    ours = {name for name in named if name.partition(".")[0] in blocks - {"exchanges"}}
    assert {"risk.max_order_value", "monitoring.bind"} <= ours <= known


def test_every_metric_that_is_named_exists() -> None:
    manual = metrics_manual()
    for page, name in found(r"`(trading_\w+)`"):
        assert f"| `{name}` |" in manual, page


def test_no_page_names_a_machine_or_a_package_index() -> None:
    machine = r"(?<![\w.~])/(?:home|root|Users|tmp|work)/\w+"
    assert not list(found(machine))
    assert not list(found(r"https?://\S*(?:/simple|/packages|pypi|index)\S*"))
