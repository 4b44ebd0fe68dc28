"""The kill switch's second store: the marker file HALT, and what `--kill` did without an engine.

The one rule: when in doubt, halted. Anyone may write the marker (`touch HALT` is enough); one
that is empty, garbled or unreadable is a GLOBAL HALT_CANCEL.

Nothing here needs the ledger or a running engine: `quarterdeck --kill` uses it alone.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.days import iso, to_us
from domain.halts import GLOBAL, Level, Marker
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
    """`domain.ports.HaltMarker` in a book's directory."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Marker | None:
        """The marker, or None when there is none; one that cannot be read is not `readable`."""
        try:
            raw = read_small(self._path, most=LARGEST_MARKER + 1)
        except OSError as error:
            return self._unreadable(f"it cannot be read: {error.strerror or error}")
        if raw is None:
            return self._unreadable("a link into nowhere") if self.present() else None
        if not raw.strip():
            return self._unreadable("it is empty")
        try:
            return self._parsed(raw)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            return self._unreadable(f"it is garbled ({type(error).__name__})")

    def write(self, marker: Marker) -> None:
        """Put the marker there, durable when this returns.

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
        replace_durably(self._path, canonical(told) + b"\n")

    def remove(self) -> None:
        """Take the marker away durably; only after the release is in the ledger.

        Raises:
            OSError: when it cannot be taken away.
        """
        remove_durably(self._path)

    def present(self) -> bool:
        """Whether anything at all stands there; what cannot be told counts as present."""
        try:
            self._path.lstat()
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return True

    def evidence(self) -> Sequence[tuple[str, Sequence[str]]]:
        """What `--kill` left: (halt id, lines), by name; a torn last line is among them."""
        found = []
        for path in sorted(self._path.parent.glob("kill-*.jsonl")):
            named = _EVIDENCE.fullmatch(path.name)
            if named:
                found.append((named[1], _lines(path)))
        return found

    def _parsed(self, raw: bytes) -> Marker:
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
            at_us=self._written_us(told.get("ts")),
            scope=clean(told.get("scope"), longest=80) or GLOBAL,
        )

    def _unreadable(self, why: str) -> Marker:
        return Marker(
            halt_id="",
            level=Level.HALT_CANCEL,
            reason=f"the HALT marker is there, {why}",
            actor="unknown",
            at_us=self._written_us(None),
            readable=False,
        )

    def _written_us(self, told: object) -> int:
        try:
            return to_us(datetime.fromisoformat(str(told)))
        except (ValueError, TypeError):
            pass  # somebody wrote it by hand: the file's own time will do
        try:
            return self._path.lstat().st_mtime_ns // 1000
        except OSError:
            return 0


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
