"""Finding and reading the configuration file.

The one rule: the file is opened once, and what is checked is what is read.
"""

import os
import stat
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from config.reading import SUPERUSER, read_whole
from domain.errors import Misconfigured

FILE_NAME = "trading_config.yaml"


@dataclass(frozen=True, slots=True)
class Found:
    """A configuration file's bytes, and why the live book may not trust it ("" when it may)."""

    path: Path
    shown: str
    raw: bytes
    distrust: str


def packaged_file() -> Path:
    """The commented default that comes with the program."""
    return Path(str(resources.files("config"))) / FILE_NAME


def own_file() -> Path:
    """Where a user's own configuration is looked for."""
    import platformdirs  # noqa: PLC0415 -- only a start without --config needs it

    return Path(platformdirs.user_config_dir("quarterdeck")) / FILE_NAME


def find_file(asked: Path | None) -> Path:
    """`--config`, else `config/trading_config.yaml` here, else the user's own, else the default.

    The packaged default does not count as the one here: in a checkout it is the same file, and
    would hide the user's own.
    """
    if asked is not None:
        return asked.expanduser()
    packaged = packaged_file()
    here = Path("config") / FILE_NAME
    if here.is_file() and not here.samefile(packaged):
        return here
    own = own_file()
    return own if own.exists() else packaged


def read_file(path: Path) -> Found:
    """Read a configuration file.

    Raises:
        Misconfigured: when it is missing, unreadable, no ordinary file, or over a megabyte.
    """
    shown = _shown(path)
    try:
        raw, status = read_whole(path, shown)
    except FileNotFoundError:
        hint = "there is no such file; name another with --config, or copy the default"
        raise Misconfigured(shown, hint) from None
    return Found(path, shown, raw, _distrust(path, status))


def _distrust(path: Path, status: os.stat_result) -> str:
    """The file says where keys and orders go: nobody but its owner may have a say in it."""
    folder = path.resolve().parent.stat()
    if not _is_ours(status):
        return f"belongs to user id {status.st_uid}; the live book reads only your own or root's"
    if not _is_ours(folder):
        return f"lies in a folder of user id {folder.st_uid}; move it into one of your own"
    if who := _changers(status):
        return f"can be changed by {who}; run chmod go-w on it"
    if (who := _changers(folder)) and not folder.st_mode & stat.S_ISVTX:
        return f"lies in a folder that {who} can change; run chmod go-w on the folder"
    return ""


def _is_ours(status: os.stat_result) -> bool:
    return status.st_uid in (os.geteuid(), SUPERUSER)


def _changers(status: os.stat_result) -> str:
    if status.st_mode & stat.S_IWOTH:
        return "everybody"
    return "its group" if status.st_mode & stat.S_IWGRP else ""


def _shown(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
