"""The kill switch's second store: the marker files, and what `--kill` did without an engine.

`HALT` is the halt over everything; a narrower halt has a file of its own, `HALT.` and its scope,
so that nobody has to rewrite a file in which another halt stands. The one rule: when in doubt,
halted. Anyone may write a marker (`touch HALT` is enough); one that is empty, garbled or
unreadable, whatever it is called, is a GLOBAL HALT_CANCEL.

Nothing here needs the ledger or a running engine: `quarterdeck --kill` uses it alone.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.days import iso, to_us
from domain.halts import GLOBAL, Level, Marker
from domain.scopes import Scope
from domain.text import clean
from storage.chain import canonical
from storage.durable import (
    PRIVATE_FILE,
    read_small,
    remove_durably,
    replace_durably,
    sync_directory,
)

LARGEST_MARKER = 64 * 1024
LARGEST_EVIDENCE = 4 * 1024 * 1024
_EVIDENCE = re.compile(r"kill-([0-9A-Za-z-]{1,40})\.jsonl")


class FileMarker:
    """`domain.storage_ports.HaltMarker` in a book's directory."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Marker | None:
        """What `HALT` itself says, None when it is not there; it may be not `readable`."""
        return self._read(self._path)

    def standing(self) -> Sequence[Marker]:
        """Every marker there is, that over everything first; unreadable ones are among them."""
        try:
            paths = self._paths()
        except OSError as error:
            why = f"its directory cannot be read: {error.strerror or error}"
            return (self._unreadable(self._path, why),)
        return tuple(marker for path in paths if (marker := self._read(path)) is not None)

    def _paths(self) -> list[Path]:
        """`HALT` and every `HALT.…` beside it."""
        name, folder = self._path.name, self._path.parent
        try:
            there = [path.name for path in folder.iterdir()]
        except FileNotFoundError:
            return []
        return [folder / n for n in sorted(there) if n == name or n.startswith(f"{name}.")]

    def path_of(self, scope: str) -> Path:
        """Where the marker of a scope lies: readable, and never the file of another scope."""
        if scope == GLOBAL:
            return self._path
        digest = hashlib.sha256(scope.encode()).hexdigest()[:8]
        return self._path.with_name(f"{self._path.name}.{_slug(scope)}-{digest}")

    def _read(self, path: Path) -> Marker | None:
        try:
            raw = read_small(path, most=LARGEST_MARKER + 1)
        except OSError as error:
            return self._unreadable(path, f"it cannot be read: {error.strerror or error}")
        if raw is None:
            return self._unreadable(path, "a link into nowhere") if _stands(path) else None
        if not raw.strip():
            return self._unreadable(path, "it is empty")
        try:
            return _parsed(raw, path)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            return self._unreadable(path, f"it is garbled ({type(error).__name__})")

    def write(self, marker: Marker) -> None:
        """Put the marker of its scope there, durable when this returns.

        Raises:
            OSError: when the disk refuses; the halt in memory stands all the same.
        """
        told = {
            "id": marker.halt_id,
            "level": marker.level.name,
            "scope": marker.scope,
            "reason": marker.reason,
            "actor": marker.actor,
            "ts": iso(marker.at_us),
        }
        replace_durably(self.path_of(marker.scope), canonical(told) + b"\n")

    def remove(self, scope: str = GLOBAL) -> None:
        """Take every marker of a scope away durably; only after the release is in the ledger.

        Unreadable ones go with GLOBAL, for that is what they stood for.

        Raises:
            OSError: when one cannot be taken away.
        """
        for path in self._paths():
            marker = self._read(path)
            if marker is not None and marker.scope == scope:
                remove_durably(path)

    def present(self) -> bool:
        """Whether any marker stands there; what cannot be told counts as present."""
        try:
            return bool(self._paths())
        except OSError:
            return True

    def evidence(self) -> Sequence[tuple[str, Sequence[str]]]:
        """What `--kill` left: (halt id, lines), by name; a torn last line is among them."""
        found = []
        for path in sorted(self._path.parent.glob("kill-*.jsonl")):
            named = _EVIDENCE.fullmatch(path.name)
            if named:
                found.append((named[1], _lines(path)))
        return found

    @staticmethod
    def _unreadable(path: Path, why: str) -> Marker:
        return Marker(
            halt_id="",
            level=Level.HALT_CANCEL,
            reason=f"the HALT marker is there, {why}",
            actor="unknown",
            at_us=_written_us(path, None),
            readable=False,
        )


def _parsed(raw: bytes, path: Path) -> Marker:
    if len(raw) > LARGEST_MARKER:
        raise ValueError("too large")
    told: dict[str, Any] = json.loads(raw)
    level = Level[told["level"]]
    if level is Level.NORMAL:
        raise ValueError("a marker that halts nothing")
    return Marker(
        halt_id=clean(told.get("id"), longest=40),
        level=level,
        reason=clean(told.get("reason")) or "no reason given",
        actor=clean(told.get("actor"), longest=60) or "unknown",
        at_us=_written_us(path, told.get("ts")),
        scope=str(Scope.parse(clean(told.get("scope"), longest=80) or GLOBAL)),
    )


def _written_us(path: Path, told: object) -> int:
    try:
        return to_us(datetime.fromisoformat(str(told)))
    except (ValueError, TypeError):
        pass  # somebody wrote it by hand: the file's own time will do
    try:
        return path.lstat().st_mtime_ns // 1000
    except OSError:
        return 0


def _stands(path: Path) -> bool:
    """Whether anything at all is there; what cannot be told counts as there."""
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def _slug(scope: str) -> str:
    return re.sub(r"[^0-9A-Za-z]+", "-", scope)[:40].strip("-")


class EvidenceLog:
    """`kill-<id>.jsonl`: what a `--kill` without an engine did, each line synced as it is told."""

    def __init__(self, directory: Path, halt_id: str) -> None:
        """Name the file; nothing is written yet.

        Raises:
            ValueError: when the id cannot be part of a file name.
        """
        self.path = directory / f"kill-{halt_id}.jsonl"
        if not _EVIDENCE.fullmatch(self.path.name):
            raise ValueError(f"{halt_id!r} cannot name an evidence file")

    def write(self, line: Mapping[str, object]) -> None:
        """Append one JSON line, durable when this returns.

        Raises:
            OSError: when the disk refuses. TypeError, ValueError: when it is no exact JSON.
        """
        told = canonical(line) + b"\n"
        new = not self.path.exists()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self.path, flags, PRIVATE_FILE)
        try:
            if os.write(descriptor, told) != len(told):
                raise OSError(f"{self.path} took only part of a line")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if new:
            sync_directory(self.path.parent)


def _lines(path: Path) -> list[str]:
    try:
        raw = read_small(path, most=LARGEST_EVIDENCE) or b""
    except OSError as error:
        return [f"unreadable: {error.strerror or error}"]
    return [line for line in raw.decode("utf-8", "replace").split("\n") if line.strip()]
