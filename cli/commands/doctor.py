"""doctor: what a new user or a tired operator should look at first, and how to mend it."""

import importlib.metadata
import os
import shutil
import sqlite3
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator

from cli.clock import SystemClock
from cli.commands.ledger_reading import facts_in
from cli.commands.secrets import every_key, stores_told
from cli.findings import Finding, tell
from cli.ground import Ground, stand
from config.secrets_environment import DEVELOPMENT_ONLY
from domain.drills import DrillCompleted, days_since, overdue
from domain.errors import DeskError
from domain.instruments import Account
from domain.keys import Purpose
from storage.file_systems import file_system_of, refuse_remote

ROOMS = (
    "accounting",
    "alerts",
    "cli",
    "config",
    "domain",
    "engine",
    "prometheus",
    "risk",
    "storage",
    "tui",
    "venues",
    "web",
)
OLDEST_SQLITE = (3, 37, 0)  # STRICT tables
LOW_DISK = 1_000_000_000
LEAST = (80, 24)


def doctor(args: Namespace) -> int:
    """Run every check; 78 when something must be mended before trading."""
    return tell(list(_findings(args)), json=args.json)


def _findings(args: Namespace) -> Iterator[Finding]:
    yield _python()
    yield _sqlite()
    yield _rooms()
    yield _ccxt()
    try:
        ground = stand(args)
    except DeskError as error:
        yield Finding("fail", "configuration", str(error), "mend it and run doctor again")
        return
    yield Finding("ok", "configuration", f"{ground.loaded.file}, mode {ground.mode.value}")
    for warning in ground.loaded.warnings:
        yield Finding("warn", "configuration", warning)
    if ground.places.book == "live":
        yield from _keys(ground)
    for check in (_directory, _file_system, _disk, _engine, _marker, _terminal):
        yield _checked(check, ground)
    if ground.places.book == "live" and ground.places.ledger.exists():
        yield _checked(_drill, ground)


def _checked(check: Callable[[Ground], Finding], ground: Ground) -> Finding:
    try:
        return check(ground)
    except (DeskError, OSError) as error:
        return Finding("fail", check.__name__.strip("_").replace("_", " "), str(error))


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    state = "ok" if sys.version_info >= (3, 11) else "fail"
    return Finding(state, "python", version, "" if state == "ok" else "install 3.11 or newer")


def _sqlite() -> Finding:
    if sqlite3.sqlite_version_info >= OLDEST_SQLITE:
        return Finding("ok", "sqlite", sqlite3.sqlite_version)
    return Finding("fail", "sqlite", sqlite3.sqlite_version, "the ledger needs 3.37 or newer")


def _rooms() -> Finding:
    """Nobody else may provide our package names: they are plain words."""
    owners = importlib.metadata.packages_distributions()
    for room in ROOMS:
        others = sorted(set(owners.get(room, [])) - {"quarterdeck"})
        if others:
            remedy = f"another package provides `{room}`; install Quarterdeck by itself (pipx)"
            return Finding("fail", "packages", ", ".join(others), remedy)
    return Finding("ok", "packages", "our names are ours alone")


def _ccxt() -> Finding:
    return Finding("ok", "ccxt", importlib.metadata.version("ccxt"))


def _keys(ground: Ground) -> Iterator[Finding]:
    """Whether each account has the keys its mode needs; no key is shown or tried here.

    What the venues say of them is told by `test-connection`.
    """
    stores = ground.secrets(ground.places.book)
    if ground.environment:
        yield Finding("warn", "keys", DEVELOPMENT_ONLY)
    yield from stores_told(every_key(ground))
    for venue, told in ground.loaded.settings.enabled.items():
        for name, known in told.accounts.items():
            account = Account(venue, name)
            try:
                read = stores.read_key(account, known.references[Purpose.READ])
                wanted = known.references[Purpose.TRADE]
                trade = stores.venue_key(account, Purpose.TRADE, wanted)
            except DeskError as error:
                yield Finding("fail", f"keys of {account}", str(error))
                continue
            trades = "read and trade" if trade is not None else "read only: it cannot trade"
            if trade is not None and trade.fingerprint == read.fingerprint:
                remedy = "make one for each at the venue: who has the one that reads can trade"
                yield Finding("warn", f"keys of {account}", "one key reads and trades", remedy)
                continue
            yield Finding("ok", f"keys of {account}", trades)


def _directory(ground: Ground) -> Finding:
    ground.places.prepare()
    return Finding("ok", "data directory", str(ground.places.directory))


def _file_system(ground: Ground) -> Finding:
    name = file_system_of(ground.places.directory)
    try:
        refuse_remote(ground.places.directory, name)
    except DeskError as error:
        state = "fail" if ground.places.book == "live" else "warn"
        return Finding(state, "file system", name, str(error))
    return Finding("ok", "file system", name or "unknown")


def _disk(ground: Ground) -> Finding:
    free = shutil.disk_usage(ground.places.directory).free
    state = "ok" if free >= LOW_DISK else "warn"
    remedy = "" if state == "ok" else "under 1 GB: a full disk halts trading"
    return Finding(state, "disk", f"{free / 1e9:.1f} GB free", remedy)


def _engine(ground: Ground) -> Finding:
    running = ground.places.socket().exists()
    return Finding("ok", "engine", "listening" if running else "not running")


def _marker(ground: Ground) -> Finding:
    if ground.places.halt.exists():
        return Finding("warn", "kill switch", "HALT lies there", "quarterdeck kill status")
    return Finding("ok", "kill switch", "ready")


def _drill(ground: Ground) -> Finding:
    """Whether the kill switch was proven of late, by the ledger."""
    facts = [fact for _, fact in facts_in(ground.places.ledger, (DrillCompleted,)).rows]
    proven_us = [fact.at_us for fact in facts if isinstance(fact, DrillCompleted) and fact.proven]
    newest_us, now_us = max(proven_us, default=0), SystemClock().now_us()
    if why := overdue(newest_us, now_us):
        return Finding("warn", "drill", why.partition(";")[0], "quarterdeck drill kill")
    return Finding("ok", "drill", f"proven {days_since(newest_us, now_us)} days ago")


def _terminal(_: Ground) -> Finding:
    size = shutil.get_terminal_size()
    term = os.environ.get("TERM", "")
    if size.columns < LEAST[0] or size.lines < LEAST[1]:
        return Finding("warn", "terminal", f"{size.columns}x{size.lines}", "80x24 is the least")
    return Finding("ok", "terminal", f"{term or 'none'} {size.columns}x{size.lines}")
