"""From a figure down to the ledger: its parts, each one's sale and lot, and their rows.

The one rule: a page of parts is asked for when one comes near it, never all at once; every
part leads to the ledger rows that it was made of.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widget import Widget

from domain.figures import Explain, Explanation, Origin
from domain.queries import LedgerPage, ReadLedger
from tui.keys import EXPLAIN, bindings
from tui.lines import Lines, Part
from tui.screens.explain_parts import Numbered, columns, head_lines, place_of, step_lines, title
from tui.screens.ledger_row import RowDetail
from tui.stage import Picture, Stage, stage_of
from tui.widgets.dialog import Dialog, mode_class
from tui.widgets.fields import Push
from tui.widgets.panel import Panel, Sheet
from tui.widgets.table import LiveTable
from tui.widgets.table_panel import TablePanel

if TYPE_CHECKING:
    from tui.outcomes import Failure

_PAGE = 200
_NEAR_THE_END = 20
_OTHER = {"realised": "unrealised", "unrealised": "realised"}
_MOVED = "it has moved between two pages: u twice reads it anew"


class ExplainDialog(ModalScreen[None]):
    """One figure of one asset with its parts; `lot` is the lot that the cursor begins at."""

    KEYS = EXPLAIN
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(EXPLAIN),
        Binding("escape,q", "close", show=False),
    ]

    def __init__(
        self, asset: str, figure: str, window: str, *, lot: str = "", account: str = ""
    ) -> None:
        super().__init__()
        self._account = account
        self._asset, self._figure, self._window, self._lot = asset, figure, window, lot
        self._frame = Panel(id="dialog")
        self._head = Sheet(id="explained")
        self._parts: TablePanel[Numbered] = TablePanel(
            "Parts", columns(), key=lambda row: str(row.number), empty="asking …"
        )
        self._keys = Sheet(id="keys-line")
        self._rows: list[Numbered] = []
        self._answer: Explanation | None = None
        self._problem = ""
        self._asking = False

    @property
    def _title(self) -> str:
        where = f" · {self._account}" if self._account else ""
        return f"{title(self._figure, self._asset, self._window)}{where}"

    @property
    def stage(self) -> Stage:
        """The console that holds the dialog."""
        return stage_of(self)

    def compose(self) -> ComposeResult:
        """The figure, its parts, the keys."""
        with self._frame:
            self._frame.add_class("-tall", f"-{mode_class(self.stage.picture.board)}")
            yield self._head
            yield self._parts
            yield self._keys

    def on_mount(self) -> None:
        """Ask for the first page."""
        self._parts.table.focus()
        self._begin()

    def _begin(self) -> None:
        self._rows, self._answer, self._problem = [], None, ""
        self._asking = False  # what is under way is of another figure, and is replaced
        self._ask()
        self.show(self.stage.picture)

    def _ask(self) -> None:
        if self._asking:
            return
        self._asking = True
        ask = Explain(
            account=self._account,
            figure=self._figure, asset=self._asset, window=self._window,
            skip=len(self._rows), limit=_PAGE,
        )  # fmt: skip
        self.stage.send(ask, self._read, failed=self._not_read, group="explain")

    def _read(self, answer: Explanation) -> None:
        self._asking = False
        if not self.is_attached:
            return
        first, before = self._answer is None, self._answer
        if before is not None and (before.amount, before.total) != (answer.amount, answer.total):
            self._problem = _MOVED
        self._answer = before or answer
        count = len(self._rows)
        self._rows += [Numbered(count + n, step) for n, step in enumerate(answer.steps, 1)]
        self.show(self.stage.picture)
        if first and self._lot:
            self._parts.table.move_by(place_of(self._rows, self._lot))

    def _not_read(self, told: "Failure") -> None:
        self._asking = False
        if self.is_attached:
            self._problem = told.text
            self.show(self.stage.picture)

    def show(self, picture: Picture) -> None:
        """Draw what was read so far."""
        board = picture.board
        self._frame.label(
            f"{board.mode.value} · {self._title}", "",
            "esc close",
        )  # fmt: skip
        self._head.draw(lambda width: self._told(picture, width))
        answer = self._answer
        waiting = "not told" if self._problem else "asking …"
        self._parts.empty = "no part" if answer is not None else waiting
        more = answer is not None and len(self._rows) < answer.total
        self._parts.note = f"of {answer.total:,}" if answer is not None and more else ""
        self._parts.show(self._rows, picture)
        other = _OTHER[self._figure]
        self._keys.show([[
            Part(" enter ", "key"), Part("sale, lot, ledger rows ", "dim"),
            Part(" u ", "key", "other"), Part(f"{other} ", "dim", "other"),
        ]])  # fmt: skip

    def _told(self, picture: Picture, width: int) -> Lines:
        return head_lines(self._answer, len(self._rows), self._problem, picture, width)

    @on(LiveTable.Moved)
    def _moved(self, message: LiveTable.Moved) -> None:
        message.stop()
        rows, answer = self._parts.table.rows, self._answer
        near = rows.cursor >= len(rows.view) - _NEAR_THE_END
        if answer is not None and near and len(self._rows) < answer.total and not self._problem:
            self._ask()

    @on(LiveTable.Opened)
    def _opened(self, message: LiveTable.Opened) -> None:
        message.stop()
        self.stage.show_dialog(StepDetail(message.row, self._figure))

    def action_other(self) -> None:
        """The other figure of this asset."""
        self._figure = _OTHER[self._figure]
        self._begin()

    def action_close(self) -> None:
        """Back to the screen."""
        self.dismiss(None)


class StepDetail(Dialog):
    """One part: its arithmetic, its sale and its lot, and the way to their ledger rows."""

    AUTO_FOCUS = "Push"

    def __init__(self, row: Numbered, figure: str) -> None:
        super().__init__(f"part {row.number:,}")
        self._row = row
        self._figure = figure

    def fields(self) -> Iterable[Widget]:
        """A button for each ledger row."""
        for name, origin in (("sale", self._row.step.sold), ("lot", self._row.step.lot)):
            if origin is not None and origin.seq:
                yield Push(f"Ledger row {origin.seq:,} of the {name}", "key", id=f"row-{name}")

    def told(self, picture: Picture, width: int) -> Lines:
        """The part in full."""
        return [*step_lines(self._row, self._figure, picture, width), ()]

    @on(Push.Pushed, "#row-sale")
    def _to_sale(self, message: Push.Pushed) -> None:
        message.stop()
        message.prevent_default()
        self._open(self._row.step.sold)

    @on(Push.Pushed, "#row-lot")
    def _to_lot(self, message: Push.Pushed) -> None:
        message.stop()
        message.prevent_default()
        self._open(self._row.step.lot)

    def _open(self, origin: Origin | None) -> None:
        if origin is None:
            return
        ask = ReadLedger(before_seq=origin.seq + 1, limit=1)
        self.complain("reading …", "dim")
        self.stage.send(ask, self._read, failed=lambda told: self.complain(told.text, told.tone),
                        group="ledger row")  # fmt: skip

    def _read(self, page: LedgerPage) -> None:
        if self.app.screen is not self:
            return
        self.complain("" if page.rows else "the ledger has no such row")
        if page.rows:
            self.stage.show_dialog(RowDetail(page.rows[0]))
