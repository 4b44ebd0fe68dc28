"""Schema steps: `migrations/NNNN_name.sql`, each applied once.

The one rule: a step, its record and the version number commit in one transaction, so a crash
leaves a schema that is whole, old or new. A step that was released is never edited.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from domain.errors import Corrupt, Misconfigured
from storage.durable import PRIVATE_FILE


@dataclass(frozen=True, slots=True)
class Migration:
    """One step. `version` is its number, from 1 without gaps."""

    version: int
    name: str
    sql: str


def migrations() -> tuple[Migration, ...]:
    """Every step this program knows, in order."""
    folder = files("storage").joinpath("migrations")
    scripts = sorted((item for item in folder.iterdir() if item.name.endswith(".sql")), key=_name)
    return tuple(
        Migration(int(item.name[:4]), item.name.removesuffix(".sql"), item.read_text("utf-8"))
        for item in scripts
    )


def migrate(
    connection: sqlite3.Connection, path: Path, steps: Sequence[Migration], at_us: int
) -> None:
    """Bring the schema at `path` to the newest step; a copy is kept before a used one changes.

    Raises:
        Misconfigured: when the file was written by a newer program.
        Corrupt: when the records do not say what `user_version` says.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(steps):
        raise Misconfigured(
            str(path),
            f"has schema {version}, this program knows {len(steps)}; install the newer Quarterdeck",
        )
    _agree(connection, steps[:version])
    if version and version < len(steps):
        _keep_copy(connection, path, version)
    for step in steps[version:]:
        _apply(connection, step, at_us)


def schema(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """(type, name) → SQL of everything that stands in the schema."""
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master")
    return {(kind, name): sql or "" for kind, name, sql in rows}


def expected_schema(steps: Sequence[Migration]) -> dict[tuple[str, str], str]:
    """The schema that the steps make, for comparison."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for step in steps:
            _apply(connection, step, 0)
        return schema(connection)
    finally:
        connection.close()


def _name(item: object) -> str:
    return str(getattr(item, "name", ""))


def _apply(connection: sqlite3.Connection, step: Migration, at_us: int) -> None:
    # What raises in here leaves a transaction that ends with its connection: nothing is kept.
    connection.execute("BEGIN IMMEDIATE")
    for statement in _statements(step.sql):
        connection.execute(statement)
    record = (step.version, step.name, _digest(step), at_us)
    connection.execute("INSERT INTO migration VALUES (?, ?, ?, ?)", record)
    connection.execute(f"PRAGMA user_version = {step.version:d}")
    connection.execute("COMMIT")


def _statements(script: str) -> Iterator[str]:
    gathered = ""
    for line in script.splitlines(keepends=True):
        gathered += line
        if sqlite3.complete_statement(gathered):
            yield gathered
            gathered = ""
    if gathered.strip():
        yield gathered


def _agree(connection: sqlite3.Connection, applied: Sequence[Migration]) -> None:
    if not applied:
        return
    rows = connection.execute("SELECT version, sha256 FROM migration ORDER BY version").fetchall()
    if rows != [(step.version, _digest(step)) for step in applied]:
        raise Corrupt("the ledger's schema records are not those of this program's migrations")


def _digest(step: Migration) -> str:
    return sha256(step.sql.encode()).hexdigest()


def _keep_copy(connection: sqlite3.Connection, path: Path, version: int) -> None:
    copy = path.with_name(f"{path.name}.schema-{version}")
    copy.unlink(missing_ok=True)
    copy.touch(mode=PRIVATE_FILE)  # VACUUM INTO fills an empty file and leaves its mode alone
    connection.execute("VACUUM INTO ?", (str(copy),))
