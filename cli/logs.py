"""Structured logs: JSON lines in daily files, and the newest lines in memory for the console.

The one rule: nothing here writes to the terminal while the console is on it, and a line that
still holds a known secret after redaction is withheld.

Any room logs with the standard library or structlog, under its module's name:

    log = structlog.get_logger(__name__)
    with structlog.contextvars.bound_contextvars(account="kraken/main"):
        log.info("balances read", elapsed_ms=212)
"""

import logging
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import structlog

from cli.log_file import DailyFile
from cli.log_records import Entry, entry_of, key_of
from cli.log_repeats import Repeats
from config.redaction import Redaction
from domain.ports import Clock
from domain.queries import LogLine, LogPage, ReadLogs
from domain.text import clean

ROOMS = (
    "accounting", "alerts", "cli", "config", "domain", "engine", "prometheus", "risk", "storage",
    "tui", "venues", "web",
)  # fmt: skip
IN_MEMORY = 5_000
_LONGEST_SHOWN = 2_000


class Logs(logging.Handler):
    """Takes every record of the process; the engine answers `ReadLogs` from `page`.

    `file` None keeps lines in memory only. `mirror` gets each line too (the daemon's standard
    error, for the journal); the console passes none.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        redaction: Redaction,
        level: int,
        file: DailyFile | None,
        mirror: TextIO | None = None,
    ) -> None:
        super().__init__()
        self._clock = clock
        self._redaction = redaction
        self._own_level = level
        self._file = file
        self._mirror = mirror
        self._repeats = Repeats()
        self._ring: deque[LogLine] = deque(maxlen=IN_MEMORY)
        self._number = 0

    @property
    def problem(self) -> str:
        """Why lines are being lost on their way to the file; "" while none are."""
        return self._file.problem if self._file else ""

    def page(self, ask: ReadLogs) -> LogPage:
        """Lines numbered above `ask.after`, oldest first; `after` 0 begins with the newest."""
        limit = min(max(ask.limit, 1), IN_MEMORY)
        with self._held():
            newer = min(max(self._number - ask.after, 0), len(self._ring))
            first = len(self._ring) - (min(newer, limit) if ask.after <= 0 else newer)
            lines = tuple(islice(self._ring, first, first + limit))
        return LogPage(lines=lines, newest=lines[-1].number if lines else ask.after)

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record; called by `logging` under this handler's lock."""
        if not self._wanted(record):
            return
        try:
            for entry in self._admitted(record):
                self._write(entry)
        except Exception as error:  # noqa: BLE001 -- logging must never break what it observes
            self._write(self._instead(record, f"could not be logged: {type(error).__name__}"))

    def close(self) -> None:
        """Write what is held back, and let go of the file."""
        with self._held():
            for entry in self._repeats.rest():
                self._write(entry)
            if self._file is not None:
                self._file.close()
        super().close()

    def _wanted(self, record: logging.LogRecord) -> bool:
        own = record.name.partition(".")[0] in ROOMS
        return record.levelno >= (self._own_level if own else logging.WARNING)

    def _admitted(self, record: logging.LogRecord) -> list[Entry]:
        at_us = self._clock.now_us()

        def entry() -> Entry:
            return entry_of(record, at_us, self._redaction)

        if record.levelno >= logging.CRITICAL:
            return [entry()]  # never held back
        now = (at_us, self._clock.monotonic_us())
        return self._repeats.admitted(key_of(record), entry, now)

    def _write(self, entry: Entry) -> None:
        line = entry.line()
        if self._redaction.holds(line):
            entry = replace(entry, text="withheld: it holds a secret", fields={}, logger="cli.logs")
            line = entry.line()
        self._number += 1
        self._ring.append(
            LogLine(
                number=self._number,
                at_us=entry.at_us,
                level=entry.level,
                logger=entry.logger,
                text=clean(entry.text, longest=_LONGEST_SHOWN),
                extra=entry.extra(),
            )
        )
        if self._file is not None:
            self._file.write(line, entry.at_us)
        if self._mirror is not None:
            # The journal's end of the pipe may be gone, or the stream closed at exit.
            with suppress(OSError, ValueError):
                self._mirror.write(f"{line}\n")
                self._mirror.flush()

    def _instead(self, record: logging.LogRecord, text: str) -> Entry:
        at_us = self._clock.now_us()
        return Entry(
            at_us=at_us, level=record.levelname, logger="cli.logs", text=f"a record {text}"
        )

    @contextmanager
    def _held(self) -> Iterator[None]:
        self.acquire()
        try:
            yield
        finally:
            self.release()


# Setting up


@contextmanager
def logging_to(
    folder: Path | None,
    *,
    clock: Clock,
    redaction: Redaction,
    level: str = "INFO",
    keep_days: int = 30,
    mirror: TextIO | None = None,
) -> Iterator[Logs]:
    """Take over this process's logging within the block; `folder` is `<book>/logs`.

    Our rooms are logged from `level` on, all others (ccxt, aiohttp, asyncio, textual) from
    WARNING. Handlers that write to the terminal are taken off; all is put back afterwards.
    """
    file = DailyFile(folder, keep_days=keep_days) if folder else None
    logs = Logs(
        clock=clock,
        redaction=redaction,
        level=logging.getLevelNamesMapping()[level],
        file=file,
        mirror=mirror,
    )
    with _levels(level), _no_terminal_handlers(), _structured():
        logging.getLogger().addHandler(logs)
        logging.captureWarnings(capture=True)
        try:
            yield logs
        finally:
            logging.captureWarnings(capture=False)
            logging.getLogger().removeHandler(logs)
            logs.close()


@contextmanager
def _levels(level: str) -> Iterator[None]:
    before = {name: logging.getLogger(name).level for name in ("", *ROOMS)}
    logging.getLogger().setLevel(logging.WARNING)
    for room in ROOMS:
        logging.getLogger(room).setLevel(level)
    try:
        yield
    finally:
        for name, earlier in before.items():
            logging.getLogger(name).setLevel(earlier)


@contextmanager
def _no_terminal_handlers() -> Iterator[None]:
    terminal = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    known = [logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)]
    taken = [
        (logger, handler)
        for logger in known
        for handler in logger.handlers
        if isinstance(handler, logging.StreamHandler) and handler.stream in terminal
    ]
    for logger, handler in taken:
        logger.removeHandler(handler)
    try:
        yield
    finally:
        for logger, handler in taken:
            logger.addHandler(handler)


@contextmanager
def _structured() -> Iterator[None]:
    earlier = logging.getLoggerClass()
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, _handed_over],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    try:
        yield
    finally:
        structlog.reset_defaults()
        logging.setLoggerClass(earlier)


def _handed_over(
    _logger: Any, _method: str, told: structlog.typing.EventDict
) -> tuple[tuple[structlog.typing.EventDict], dict[str, Any]]:
    carried = {name: told.pop(name) for name in ("exc_info", "stack_info") if name in told}
    return (told,), carried
