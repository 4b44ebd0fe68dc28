"""Where everything of a book lies (decisions.md, "Data directory, books, instances").

The one rule: only the user who runs the desk can enter. Directories are 0700 and belong to us,
or we do not start.
"""

import os
import stat
import tempfile
import warnings
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import platformdirs

from domain.errors import Misconfigured
from storage.durable import PRIVATE_DIRECTORY

BOOKS = ("demo", "paper", "live")
PROGRAM = "quarterdeck"
LONGEST_SOCKET_PATH = 103  # bytes; macOS takes 103, Linux 107 (sun_path with its final zero)
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one book under one data directory."""

    data_dir: Path
    book: str

    def __post_init__(self) -> None:
        if self.book not in BOOKS:
            raise Misconfigured("book", f"{self.book!r} is none of {', '.join(BOOKS)}")

    @property
    def directory(self) -> Path:
        """`<data-dir>/<book>`."""
        return self.data_dir / self.book

    @property
    def ledger(self) -> Path:
        """The ledger itself."""
        return self.directory / "ledger.db"

    @property
    def head(self) -> Path:
        """The newest row's number and hash, kept beside the ledger."""
        return self.directory / "head"

    @property
    def halt(self) -> Path:
        """The kill switch's marker."""
        return self.directory / "HALT"

    @property
    def lock(self) -> Path:
        """The file whose lock says that an engine has the book."""
        return self.directory / "lock"

    @property
    def reports(self) -> Path:
        """Reconciliation reports and sign-offs."""
        return self.directory / "reports"

    @property
    def markets(self) -> Path:
        """What each venue lists, as it told it last."""
        return self.directory / "markets"

    @property
    def logs(self) -> Path:
        """Log files."""
        return self.directory / "logs"

    def prepare(self) -> None:
        """Make the directories, each 0700.

        Raises:
            Misconfigured: when one cannot be made or belongs to somebody else.
        """
        if not self.data_dir.exists():
            _made_private(self.data_dir)
        for directory in (self.directory, self.reports, self.markets, self.logs):
            _made_private(directory)

    def socket(self) -> Path:
        """The engine's socket: a short path in the runtime directory, the same for every process.

        Raises:
            Misconfigured: when no private directory with a short enough path can be had.
        """
        told = f"{self.data_dir.resolve()}{self.book}"
        name = f"{sha256(os.fsencode(told)).hexdigest()[:_DIGITS]}.sock"
        for directory in (_runtime_directory(), _temporary_directory()):
            path = directory / name
            if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH and _is_ours(directory):
                return path
        raise Misconfigured(
            "socket",
            f"no private directory with a path under {LONGEST_SOCKET_PATH} bytes for {name}; "
            "set XDG_RUNTIME_DIR or TMPDIR to a short path that you own",
        )


def _runtime_directory() -> Path:
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR it falls back and says so on the operator's terminal.
        warnings.simplefilter("ignore")
        try:
            return Path(platformdirs.user_runtime_dir(PROGRAM, appauthor=False))
        except PermissionError:
            return _temporary_directory()


def _temporary_directory() -> Path:
    return Path(tempfile.gettempdir()) / f"{PROGRAM}-{os.geteuid()}"


def _is_ours(directory: Path) -> bool:
    try:
        _made_private(directory)
    except Misconfigured:
        return False
    return True


def _made_private(directory: Path) -> None:
    try:
        directory.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        found = directory.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise Misconfigured(
                str(directory), "belongs to somebody else or is a link; choose another --data-dir"
            )
        if stat.S_IMODE(found.st_mode) != PRIVATE_DIRECTORY:
            directory.chmod(PRIVATE_DIRECTORY)
    except OSError as error:
        raise Misconfigured(
            str(directory), f"cannot be used ({error.strerror}); choose another --data-dir"
        ) from error
