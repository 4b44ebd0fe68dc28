"""The log files: one a day, one record a line, readable by their owner alone.

The one rule: a line is written by one call or marked as torn; a full disk costs log lines and
nothing else.
"""

import os
import re
from contextlib import suppress
from datetime import date
from pathlib import Path

from domain.days import moment

_NAME = re.compile(r"quarterdeck-(\d{4}-\d{2}-\d{2})\.jsonl", re.ASCII)
_DAY_US = 86_400_000_000


class DailyFile:
    """`<folder>/quarterdeck-YYYY-MM-DD.jsonl`, by the UTC day of each record.

    `keep_days` is how many days of files are kept; older ones go when a day begins. `lost`
    counts the lines that could not be written, `problem` says why the last one could not.
    """

    def __init__(self, folder: Path, *, keep_days: int) -> None:
        self._folder = folder
        self._keep_days = keep_days
        self._handle: int | None = None
        self._day = -1
        self._torn = False
        self.lost = 0
        self.problem = ""

    def write(self, line: str, at_us: int) -> None:
        """Append one line to the file of its day."""
        raw = f"{line}\n".encode()
        if self._torn:
            raw = b"\n" + raw
        try:
            written = os.write(self._opened(at_us), raw)
        except OSError as error:
            self.lost += 1
            self.problem = error.strerror or type(error).__name__
            return
        self._torn = written < len(raw)
        self.lost += self._torn
        self.problem = "the disk is full" if self._torn else ""

    def close(self) -> None:
        """Let go of the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _opened(self, at_us: int) -> int:
        day = at_us // _DAY_US
        if self._handle is not None and day == self._day:
            return self._handle
        self.close()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        today = moment(at_us).date()
        path = self._folder / f"quarterdeck-{today.isoformat()}.jsonl"
        # One process appends whole lines beside another (`--kill` beside the engine).
        how = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._handle = os.open(path, how, 0o600)
        os.fchmod(self._handle, 0o600)
        self._day = day
        self._clean(today)
        return self._handle

    def _clean(self, today: date) -> None:
        for path in self._folder.iterdir():
            found = _NAME.fullmatch(path.name)
            # What is no date, or somebody else's to remove, is left alone.
            with suppress(ValueError, OSError):
                if found and (today - date.fromisoformat(found[1])).days >= self._keep_days:
                    path.unlink()
