"""The limits that the settings file says now, for an engine that runs already.

The one rule: it is read again only when it is another file than it was; reading it puts nothing
in force.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from config.load import Loaded
from domain.board import Mode


class LimitsFile:
    """Answers the file's limits whenever the file has changed, else None."""

    def __init__(self, loaded: Loaded, reload: Callable[[], Loaded], mode: Mode) -> None:
        self._file, self._reload, self._mode = loaded.file, reload, mode
        self._seen = _state_of(loaded.file)

    def __call__(self) -> Mapping[str, str] | None:
        """The limits by name, or None while the file is the one that was read last.

        Raises:
            Misconfigured: when the file does not load any more.
        """
        state = _state_of(self._file)
        if state == self._seen:
            return None
        self._seen = state
        return self._reload().settings.limits(self._mode).values()


def _state_of(file: Path) -> tuple[int, int, int] | None:
    """What changes when somebody writes the file or puts another in its place; None: gone."""
    try:
        told = file.stat()
    except OSError:
        return None
    return told.st_ino, told.st_size, told.st_mtime_ns
