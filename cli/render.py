"""Answers as text: aligned columns for people, one JSON document for programs.

The one rule: money is printed as it is, never through a float; JSON holds what the desk said.
"""

import json
import os
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TextIO

from domain.codec import encode
from domain.days import iso
from domain.errors import Unavailable
from domain.money import canonical


def as_json(value: Any) -> str:
    """One JSON document: dataclasses as objects, money as text."""
    return json.dumps(_plain(value), ensure_ascii=False, indent=2)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return [_plain(item) for item in value]
    return encode(value)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: str = "") -> str:
    """Rows under heads; the columns named in `right` (space-separated) are right-aligned."""
    made = [tuple(heads), *(tuple(row) for row in rows)]
    widths = [max(len(row[column]) for row in made) for column in range(len(heads))]
    aligned = [head in right.split() for head in heads]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, aligned, strict=True)
        ).rstrip()
        for row in made
    )


def money(value: Decimal | None, places: int = 2) -> str:
    """`1,234.50`, or `-` where it is not known."""
    return "-" if value is None else f"{value:,.{places}f}"


def plain(value: Decimal | None) -> str:
    """A quantity or price with its own digits, or `-`."""
    return "-" if value is None else canonical(value)


def moment(at_us: int) -> str:
    """`2026-11-21 09:14:05` (UTC), or `-`."""
    return iso(at_us)[:19].replace("T", " ") if at_us else "-"


def say(text: str) -> None:
    """Print an answer. A reader who has seen enough (`| head`) ends no command half-way.

    Raises:
        Unavailable: it cannot be written (a full disk, a terminal that is gone).
    """
    with answering():
        sys.stdout.write(f"{text}\n")


@contextmanager
def answering() -> Generator[None]:
    """Within the block stdout is written; what it does not take is told as `say` tells it."""
    try:
        yield
    except BrokenPipeError:
        nobody_reads(sys.stdout)
    except OSError as error:
        nobody_reads(sys.stdout)
        why = error.strerror or type(error).__name__
        raise Unavailable("standard output", why, remedy="write the answer elsewhere") from error


def nobody_reads(stream: TextIO) -> None:
    """From now on a stream goes nowhere, also what Python still writes when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def complain(text: str) -> None:
    """Print what went wrong, where it does not mix with an answer; it never fails itself."""
    try:
        sys.stderr.write(f"{text}\n")
    except OSError:
        nobody_reads(sys.stderr)
