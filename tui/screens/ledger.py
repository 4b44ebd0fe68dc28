"""Screen 9: the audit log, row by row, and the proof that nobody changed it.

The one rule: rows are shown as they are stored. After a break in the chain nothing is called
verified, and every screen says so.
"""

import json
from typing import Any

from textual import on
from textual.app import ComposeResult

from domain.board import LedgerView
from domain.queries import LedgerPage, LedgerRow, ReadLedger, VerifyLedger, VerifyReport
from domain.sentences import sentence_of
from tui.format import DASH, counted, millis, size, when, when_ms
from tui.keys import LEDGER, bindings
from tui.lines import FILL, Line, Part, line_width
from tui.outcomes import Failure
from tui.paging import Paged
from tui.phases import NOT_READ, unread
from tui.screens.ledger_row import RowDetail
from tui.screens.page import Page
from tui.stage import Picture
from tui.widgets.columns import Cell, Column
from tui.widgets.panel import Sheet
from tui.widgets.table import LiveTable
from tui.widgets.table_panel import TablePanel

_PAGE = 200
_NEAR_THE_END = 20
_SKIPPED = frozenset({"v", "actor", "ts", "at_us", "postings", "verdict"})
_MOST_WORDS = 8
_VERIFIED = {"OK": ("✓", "ok"), "FAIL": ("✗", "halt"), "INCOMPLETE": ("!", "warn")}


class LedgerScreen(Page):
    """One line of proof, then the rows."""

    KEYS = LEDGER
    BINDINGS = bindings(LEDGER)

    def __init__(self) -> None:
        super().__init__()
        self._proof = Sheet(id="proof")
        self._panel: TablePanel[LedgerRow] = TablePanel(
            "Ledger", self._columns(), key=lambda row: str(row.seq), empty="reading the ledger"
        )
        self._pages: Paged[LedgerRow] = Paged()
        self._report: VerifyReport | None = None
        self._verifying = False
        self._asking = False
        self._head = -1
        self._second = 0

    def compose(self) -> ComposeResult:
        """Proof, rows."""
        yield self._proof
        yield self._panel

    def entered(self) -> None:
        """Read the newest page."""
        self._ask(0)

    def _ask(self, before_seq: int) -> None:
        self._asking = True
        self._head = self.stage.picture.board.ledger.head_seq
        ask = ReadLedger(before_seq=before_seq, limit=_PAGE)
        self.stage.send(ask, self._read, failed=self._not_read, group="ledger")

    def _read(self, page: LedgerPage) -> None:
        self._asking = False
        self._pages.put((((row.seq, row.seq), row) for row in page.rows), older=page.older)
        self._panel.note = f"of {page.total:,}" if page.older else ""
        self._panel.show(self._pages.rows(), self.stage.picture)

    def _not_read(self, told: Failure) -> None:
        self._asking = False
        self.stage.say(told.text, "warning", key=told.text)

    def show(self, picture: Picture) -> None:
        """Draw the proof; read on when the head has moved, once a second at most."""
        self._proof.draw(lambda width: [self._proof_line(picture, width)])
        head, second = picture.board.ledger.head_seq, picture.now_us // 1_000_000
        if head != self._head and second != self._second and not self._asking:
            self._second = second
            self._ask(0)
        self._panel.show(self._pages.rows(), picture)

    def _proof_line(self, picture: Picture, width: int) -> Line:
        ledger = picture.board.ledger
        if unread(picture.board):
            return [Part(f" {NOT_READ}", "dim")]
        sign, tone = _VERIFIED.get(ledger.verified, (DASH, "dim"))
        told = f"chain {sign} {ledger.verified or 'not verified yet'}"
        if ledger.verified_us:
            told += f" to {ledger.verified_seq:,} at {when(ledger.verified_us, picture.now_us)}"
        line = [
            Part(f" {counted(ledger.head_seq, 'row')}", "strong"),
            Part(f" · head {ledger.head_hash[:8] or DASH}", "dim"), Part(" · ", "dim"),
            Part(told, tone),
        ]  # fmt: skip
        if ledger.sealed_by:
            line.append(
                Part(f" · {_evidence(ledger)}", "warning" if ledger.anchor_problem else "dim")
            )
        if self._verifying:
            line.append(Part(" · verifying …", "accent"))
        elif self._report is not None and self._report.unproven:
            line.append(Part(f" · unproven: {', '.join(self._report.unproven)}", "dim"))
        sizes = f" {size(ledger.size_bytes)} · write lag {millis(ledger.lag_us)} "
        whole = [*line, FILL, Part(sizes, "dim")]
        return whole if line_width(whole) <= width else line

    @on(TablePanel.Searched)
    def _searched(self, message: TablePanel.Searched) -> None:
        message.stop()
        if message.text:
            ask = ReadLedger(limit=_PAGE, text=message.text)
            self.stage.send(ask, self._found, failed=self._not_read, group="ledger")
        else:
            self._found(LedgerPage(rows=(), total=0, older=False))

    def _found(self, page: LedgerPage) -> None:
        self._pages.found(((row.seq, row.seq), row) for row in page.rows)
        self._panel.show(self._pages.rows(), self.stage.picture)

    @on(LiveTable.Moved)
    def _moved(self, message: LiveTable.Moved) -> None:
        message.stop()
        rows = self._panel.table.rows
        if self._pages.older and not self._asking and rows.cursor >= len(rows.view) - _NEAR_THE_END:
            self._ask(self._pages.oldest)

    @on(LiveTable.Opened)
    def _opened(self, message: LiveTable.Opened) -> None:
        message.stop()
        self.stage.show_dialog(RowDetail(message.row))

    def action_verify(self) -> None:
        """Check the whole chain."""
        if not self._verifying:
            self._verifying = True
            self.stage.send(
                VerifyLedger(), self._verified, failed=self._not_verified, group="verify"
            )
            self.show(self.stage.picture)

    def _verified(self, report: VerifyReport) -> None:
        self._verifying, self._report = False, report
        told = f"ledger {report.result}: {counted(report.rows, 'row')}"
        if report.problem:
            told += f" · row {report.bad_seq:,}: {report.problem}"
        self.stage.say(told, "information" if report.result == "OK" else "error")
        self._panel.table.restyle()
        self.show(self.stage.picture)

    def _not_verified(self, told: Failure) -> None:
        self._verifying = False
        self.stage.say(told.text, "error")
        self.show(self.stage.picture)

    def _columns(self) -> tuple[Column[LedgerRow], ...]:
        return (
            Column("SEQ", 8, self._seq_cell, right=True, sort=lambda row: row.seq),
            Column("TIME", 12, lambda row: Cell(self._time(row), "dim")),
            Column("KIND", 18, lambda row: Cell(row.kind, "strong"), sort=lambda row: row.kind),
            Column("ACTOR", 12, lambda row: Cell(row.actor, "dim"), drop=1),
            Column("ACCOUNT", 12, lambda row: Cell(row.account, "dim"), drop=2),
            Column("WHAT", 20, what, grow=True),
            Column("HASH", 8, lambda row: Cell(row.hash[:8], "faint"), drop=3),
        )

    def _time(self, row: LedgerRow) -> str:
        return when_ms(row.at_us, self.stage.picture.now_us)

    def _seq_cell(self, row: LedgerRow) -> Cell:
        bad = self._report.bad_seq if self._report is not None else 0
        if not bad or row.seq < bad:
            return Cell(f"{row.seq:,}", "dim")
        return Cell(f"{row.seq:,}", "killed" if row.seq == bad else "warn")


def what(row: LedgerRow) -> str:
    """The row in one line: its sentence, else the plain fields of its payload."""
    return sentence_of(row.kind, row.payload) or summary(row.payload)


def summary(payload: str) -> str:
    """A row's payload in one line: its plain fields, without what other columns show."""
    try:
        data = json.loads(payload, parse_float=str, parse_int=str)
    except ValueError:
        return payload
    words = _words(data) if isinstance(data, dict) else [payload]
    return " · ".join(words[:_MOST_WORDS])


def _words(data: dict[str, Any]) -> list[str]:
    words: list[str] = []
    for name, value in data.items():
        if name in _SKIPPED or value in (None, "", [], {}):
            continue
        if isinstance(value, dict):
            words.extend(_words(value))
        elif isinstance(value, list):
            words.append(f"{len(value)} {name}")
        else:
            words.append(f"{name} {value}" if str(value) in ("True", "False") else str(value))
    return words


def _evidence(ledger: LedgerView) -> str:
    if ledger.anchor_problem:
        return f"sealed, {ledger.anchor_problem}"
    return f"sealed, anchored to {ledger.anchored_seq:,}" if ledger.anchored_seq else "sealed"
