"""The review of an order, a change, a cancel-all: the last look before something leaves.

The one rule: Cancel has the keys, enter does not confirm at first sight, and in LIVE a large
order is confirmed by typing its side.
"""

from collections.abc import Iterable
from decimal import Decimal

from textual.widget import Widget
from textual.widgets import Input

from domain.asks import Check
from domain.board import Board, Mode
from domain.money import MONEY
from domain.orders import Draft
from domain.verdicts import Verdict
from tui.format import money, percent, ratio_pct
from tui.lines import Line, Lines, Part
from tui.outcomes import Failure
from tui.screens.ticket_parts import away_from, market_line, terms
from tui.stage import Picture
from tui.standing import limit_of
from tui.widgets.dialog import Dialog, sentence
from tui.widgets.fields import Labelled, typed
from tui.words import side_tone, side_word

_LARGE_PCT = Decimal(25)


class Review(Dialog):
    """One order, once more, with the mode in the frame."""

    def __init__(self, draft: Draft, verdict: Verdict | None) -> None:
        super().__init__("review order", confirm="Place order", tone=side_tone(draft.side))
        self._draft = draft
        self._verdict = verdict
        self._word = typed(f"type {side_word(draft.side)}", id="word")
        self._row = Labelled("side", self._word)

    def on_mount(self) -> None:
        """Where the ticket was quicker than the gate, ask the gate now."""
        super().on_mount()
        if self._verdict is None:
            self.stage.send(
                Check(draft=self._draft), self._now_judged, failed=_unjudged, group="review"
            )

    def _now_judged(self, verdict: Verdict) -> None:
        self._verdict = verdict
        self.show(self.stage.picture)

    @property
    def _must_type(self) -> bool:
        return must_type(self._verdict, self.stage.picture.board)

    def fields(self) -> Iterable[Widget]:
        """The side, where it must be typed."""
        yield self._row

    def told(self, picture: Picture, width: int) -> Lines:
        """The terms, the value, the market now, and what the gate said."""
        del width
        board, draft = picture.board, self._draft
        self._row.display = self._must_type
        lines: list[Line] = [
            [Part(f" {board.mode.value} ", board.mode.value.lower()), Part(" "), *terms(draft)],
            (),
            [*market_line(board, draft.account.venue, draft.symbol),
             Part(f"   {away_from(draft, board)}", "dim")],
            *self._judged(picture),
        ]  # fmt: skip
        if board.killed:
            lines.append(sentence("The desk is KILLED: this will be refused.", "halt"))
        elif board.mode is Mode.LIVE and not board.armed:
            lines.append(sentence("LIVE is DISARMED: this will be refused.", "warn"))
        if self._must_type:
            lines += [(), sentence("A large order: type its side to place it.", "warn")]
        return lines

    def _judged(self, picture: Picture) -> Lines:
        verdict = self._verdict
        if verdict is None:
            return [sentence("not judged yet; the gate judges it when it is placed", "dim")]
        value = picture.amount(f"{money(verdict.value)} {picture.board.base_currency}")
        worth = [Part("value ", "dim"), Part(value, "strong")]
        if verdict.approved:
            limit = limit_of(picture.board, "max_order_value")
            share = (
                f", {percent(ratio_pct(verdict.value, limit), 0)} of max_order_value"
                if limit
                else ""
            )
            return [
                [*worth, Part(share, "dim")],
                sentence(f"✓ every one of {len(verdict.results)} rules would pass", "ok"),
            ]
        return [worth, sentence(f"✗ would be refused by {verdict.rule}: {verdict.reason}", "halt")]

    def entered(self, field: Input) -> None:
        """Enter leaves the field; it does not place the order."""
        del field
        self.set_focus(self.query_one("#confirm"))

    def confirmed(self) -> None:
        """Place it, if what must be typed was typed."""
        wanted = side_word(self._draft.side)
        if self._must_type and self._word.value.strip().upper() != wanted:
            self.complain(f"nothing was placed: type {wanted} first")
            self.set_focus(self._word)
            return
        self.finish()


def _unjudged(_: Failure) -> None:
    """The gate judges the order when it is placed; the review says that it has not yet."""


def must_type(verdict: Verdict | None, board: Board) -> bool:
    """Whether the side must be typed: LIVE, and over a quarter of max_order_value or not known."""
    if board.mode is not Mode.LIVE:
        return False
    limit = limit_of(board, "max_order_value")
    if verdict is None or limit is None:
        return True
    return MONEY.multiply(verdict.value, 100) > MONEY.multiply(limit, _LARGE_PCT)
