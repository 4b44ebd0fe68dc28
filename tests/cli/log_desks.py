"""A clock that stands still until it is told, and logs that write into a folder."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli.logs import Logs, logging_to
from config.redaction import Redaction
from domain.queries import LogLine, ReadLogs

NOW_US = 1_760_000_000_000_000  # 2025-10-09T08:53:20Z
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US


class StandingClock:
    """Both clocks, moved by hand."""

    def __init__(self) -> None:
        self.wall_us = NOW_US
        self.steady_us = 0

    def now_us(self) -> int:
        return self.wall_us

    def monotonic_us(self) -> int:
        return self.steady_us

    def wait(self, seconds: int) -> None:
        self.wall_us += seconds * SECOND_US
        self.steady_us += seconds * SECOND_US


class Written:
    """Logs over a folder, and what stands in them."""

    def __init__(
        self, logs: Logs, folder: Path, clock: StandingClock, redaction: Redaction
    ) -> None:
        self.logs = logs
        self.folder = folder
        self.clock = clock
        self.redaction = redaction

    def raw(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.iterdir()))

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.raw().splitlines()]

    def lines(self) -> tuple[LogLine, ...]:
        return self.logs.page(ReadLogs(limit=5_000)).lines


@contextmanager
def written(folder: Path, **changes: Any) -> Iterator[Written]:
    clock, redaction = StandingClock(), Redaction()
    root = logging.getLogger()
    # pytest's own handlers take every record too, and fail on the hostile ones.
    pytests, root.handlers = root.handlers, []
    try:
        with logging_to(folder, clock=clock, redaction=redaction, **changes) as logs:
            yield Written(logs, folder, clock, redaction)
    finally:
        root.handlers = pytests
