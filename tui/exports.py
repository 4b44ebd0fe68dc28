"""Rows taken out of the console: tab-separated, JSON, CSV.

The one rule: an export holds exact numbers, and no cell that a spreadsheet would run.
"""

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from domain.money import NotANumber, number
from domain.text import as_cell
from tui.format import file_stamp
from tui.lines import plain
from tui.widgets.columns import Column

_FOR_THE_OWNER = 0o600


def csv_name(what: str, now_us: int) -> str:
    """`fills-20261120T120007Z.csv`."""
    word = "".join(letter if letter.isalnum() else "-" for letter in what.lower())
    return f"{word}-{file_stamp(now_us)}.csv"


def separated(columns: Sequence[Column[Any]], rows: Sequence[Any]) -> str:
    """Rows with tabs between the cells, as spreadsheets paste them."""
    return "\n".join("\t".join(map(_harmless, _cells(columns, row))) for row in rows)


def as_json(columns: Sequence[Column[Any]], rows: Sequence[Any]) -> str:
    """A JSON list of objects, one a row."""
    titles = [column.title.lower() for column in columns]
    made = [dict(zip(titles, _cells(columns, row), strict=True)) for row in rows]
    return json.dumps(made, ensure_ascii=False, indent=1)


def write_csv(path: Path, columns: Sequence[Column[Any]], rows: Sequence[Any]) -> None:
    """Write a new file that only its owner can read.

    Raises:
        OSError: when the file exists already, or the folder cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.title for column in columns])
    writer.writerows([_harmless(cell) for cell in _cells(columns, row)] for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with open(os.open(path, flags, _FOR_THE_OWNER), "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text.getvalue())


def _cells(columns: Sequence[Column[Any]], row: Any) -> list[str]:
    return [plain(column.exported(row)) for column in columns]


def _harmless(cell: str) -> str:
    """Numbers stay numbers; of words none is run as a formula."""
    try:
        number(cell)
    except NotANumber:
        return as_cell(cell)
    return cell
