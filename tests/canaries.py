"""Every key of the tests is a canary, and the whole run is searched for them (`make test`).

Keys that loopback venues issue, and those of fixtures, carry one of a few marks. Looked through,
in every spelling, are: each file under the run's temporary folders (ledgers, logs, evidence,
crash files, exports), what each test logged and printed, and the arguments of each process that
was started. The one rule: a mark in any of them fails the run, whichever test left it there.

What the harness itself keeps beside the program is named in `OURS`: it stands for a person's
own notes, a keyring, the system's credentials.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.redaction import spellings
from tests.marks import MARKS

OURS = frozenset(
    {
        "port.json",
        "kraken.json",
        "kucoin.json",
        "second-factor.json",
        "credentials",
        "planted",  # where the tests of this file itself plant what must be found
    }
)
CHUNK = 1 << 22
TOLD = "canaries"


def pattern_of(secrets: Iterable[str]) -> re.Pattern[bytes]:
    """What finds any of these secrets as they are, encoded, quoted, escaped or reversed."""
    forms = {form for secret in secrets for form in spellings(secret)}
    forms |= {form[::-1] for form in forms}
    ordered = sorted((form.encode() for form in forms), key=len, reverse=True)
    return re.compile(b"|".join(map(re.escape, ordered)))


MARKED = pattern_of(MARKS)
_LONGEST = 200


def leaks(folder: Path, pattern: re.Pattern[bytes] = MARKED) -> Iterator[str]:
    """Files under a folder in which a secret stands; the secret itself is not told."""
    for path in sorted(folder.rglob("*")):
        ours = OURS.intersection(path.relative_to(folder).parts)
        if not ours and not path.is_symlink() and path.is_file() and _stands_in(path, pattern):
            yield f"a secret stands in {path}"


def _stands_in(path: Path, pattern: re.Pattern[bytes]) -> bool:
    if pattern.search(os.fsencode(path.name)):
        return True
    try:
        with path.open("rb") as file:
            tail = b""
            while part := file.read(CHUNK):
                if pattern.search(tail + part):
                    return True
                tail = part[-_LONGEST:]
    except OSError:
        return False  # gone, or locked away on purpose
    return False


class Canaries:
    """The hooks of pytest that look; under xdist each worker tells the main process."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._found: list[str] = []
        self._running = ""
        sys.addaudithook(self._heard)

    def _heard(self, event: str, told: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen":
            words = b"\0".join(os.fsencode(word) for word in told[1])
            if MARKED.search(words):
                self._found.append(f"a secret is an argument of a process of {self._running}")

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._running = nodeid

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.sections:
            for name, text in report.sections:
                if MARKED.search(text.encode(errors="surrogateescape")):
                    self._found.append(f"a secret is in the {name} of {report.nodeid}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self._found += getattr(node, "workeroutput", {}).get(TOLD, [])

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        factory = getattr(self._config, "_tmp_path_factory", None)
        output = getattr(self._config, "workeroutput", None)
        several = getattr(self._config.option, "numprocesses", None)
        if factory is not None and (output is not None or not several):
            self._found += leaks(factory.getbasetemp())
        if output is not None:
            output[TOLD] = sorted(set(self._found))
        elif self._found:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for line in sorted(set(self._found)):
            terminalreporter.write_line(f"LEAK: {line}", red=True)
