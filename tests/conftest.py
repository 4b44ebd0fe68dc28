"""What holds for all tests: no clock decides, and where all servers are, a skip is a failure."""

import gc
import os
from decimal import DefaultContext, setcontext

import pytest
from hypothesis import settings

from tests.canaries import Canaries

# A busy machine is no defect: no example fails because it took long.
settings.register_profile("desk", deadline=None)
settings.load_profile("desk")
PLANTED_S = 120
STRICT = "QUARTERDECK_NOTHING_SKIPS"
# These compare with data that is no part of the project; what matters of it is copied into tests.
ALLOWED = ("beside the project",)


def pytest_configure(config: pytest.Config) -> None:
    """Watch for secrets that got out, and for skips where they are not allowed."""
    if os.environ.get(STRICT):
        config.pluginmanager.register(_NothingSkips(), "nothing-skips")
    config.pluginmanager.register(Canaries(config), "canaries")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, a share of them for each worker: most of them wait for something.

    xdist gives each worker one stretch of the list; the first would have all the long ones.
    A search for a planted bug ends when it has made its example small: that may take minutes
    on a busy machine.
    """
    for item in items:
        if "planted" in item.name and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(PLANTED_S))
    items.sort(key=_shortness)
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    items[:] = [item for share in range(workers) for item in items[share::workers]]


def pytest_collection_finish() -> None:
    """Collected tests live to the end, and a console's thousands of parts end together."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


def _shortness(item: pytest.Item) -> tuple[bool, float]:
    """By the mark, then by how long it may take."""
    limit = item.get_closest_marker("timeout")
    most_s = float(limit.args[0]) if limit is not None and limit.args else 0.0
    return item.get_closest_marker("slow") is None, -most_s


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Each test calculates as a new process does: ccxt, driven directly, rounds up from then on."""
    setcontext(DefaultContext.copy())


class _NothingSkips:
    def __init__(self) -> None:
        self._skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and isinstance(report.longrepr, tuple):
            reason = str(report.longrepr[2])
            if not any(words in reason for words in ALLOWED):
                self._skipped.append(f"{report.nodeid}: {reason}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._skipped and not hasattr(session.config, "workerinput"):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self._skipped:
            terminalreporter.write_line(f"SKIPPED, which {STRICT} forbids: {line}", red=True)
