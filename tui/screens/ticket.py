"""The ticket: an order is typed here, and judged while it is typed.

The one rule: the ticket asks `Check` and never decides. Nothing leaves it but into the review.
"""

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input

from domain.asks import Check
from domain.money import canonical
from domain.orders import Draft, Kind, Side, TimeInForce
from domain.verdicts import Verdict
from tui.drafting import (
    SHARES,
    Form,
    Incomplete,
    beside,
    completed,
    draft_of,
    probe_of,
    share_of,
    symbols_of,
    words_of,
)
from tui.freshness import accounts
from tui.keys import TICKET, bindings
from tui.lines import Lines, Part, wrapped
from tui.outcomes import Failure
from tui.screens.ticket_parts import market_line, room_lines, verdict_lines
from tui.stage import Picture, Stage, stage_of
from tui.widgets.fields import Chips, Choice, Labelled, Push, typed
from tui.widgets.panel import Panel, Sheet, holds_keys
from tui.words import side_tone, side_word

_PAUSE_S = 0.15  # typing rests this long before the gate is asked
_AGAIN_S = 2.0  # the market moves: an open ticket is judged again
_MAY_TAKE, _POST_ONLY = "may take", "post-only"
_PRICES = ("bid", "mid", "ask")
_AMOUNT = r"[0-9.,'%a-z]*"


class Ticket(Panel):
    """The form, and under or beside it what the gate says of it."""

    KEYS = TICKET
    BINDINGS = bindings(TICKET)

    class Reviewed(Message):
        """The order is ready to be reviewed."""

        def __init__(self, draft: Draft, verdict: Verdict | None) -> None:
            super().__init__()
            self.draft = draft
            self.verdict = verdict

    class Symbol(Message):
        """Another symbol is in the ticket: its book is wanted."""

        def __init__(self, venue: str, symbol: str) -> None:
            super().__init__()
            self.venue = venue
            self.symbol = symbol

    def __init__(self) -> None:
        super().__init__("Ticket", id="ticket")
        self.side = Choice([side_word(side) for side in Side], id="side")
        self.side.tones = {side_word(side): side_tone(side) for side in Side}
        self.account = Choice([])
        self.symbol = typed("BTC/USD, or ↑ ↓", id="symbol")
        self.quantity = typed("how much, or 25% … max", id="quantity", restrict=_AMOUNT)
        self.price = typed("a price, or bid mid ask", id="price", restrict=_AMOUNT)
        self.kind = Choice([Kind.LIMIT.value, Kind.MARKET.value], id="kind")
        self.tif = Choice([one.value for one in TimeInForce], id="tif")
        self.taking = Choice([_MAY_TAKE, _POST_ONLY])
        self._price_row = Labelled("price", self.price)
        self._market = Sheet(id="market")
        self._money = Sheet(id="money")
        self._rules = Sheet(id="rules")
        self._timer: Timer | None = None
        self._draft: Draft | None = None
        self._verdict: Verdict | None = None
        self._missing = ""
        self._watched = ("", "")

    @property
    def stage(self) -> Stage:
        """The console that holds the ticket."""
        return stage_of(self)

    def compose(self) -> ComposeResult:
        """Fields, then what the gate says."""
        with Vertical(id="form"):
            yield Labelled("side", self.side, self.account)
            yield Labelled("symbol", self.symbol)
            yield self._market
            yield Labelled("quantity", self.quantity)
            yield Chips(SHARES)
            yield self._price_row
            yield Labelled("type", self.kind, self.tif, self.taking)
            yield self._money
            yield Push("Review", "accent")
        with Vertical(id="judged"):
            yield self._rules

    def on_mount(self) -> None:
        """Judge again from time to time: the market moves."""
        self.set_interval(_AGAIN_S, self._judge_again)

    @property
    def form(self) -> Form:
        """The fields as they stand."""
        return Form(
            account=self.account.value,
            symbol=self.symbol.value,
            side=self.side.value.lower(),
            kind=self.kind.value,
            time_in_force=self.tif.value,
            post_only=self.taking.value == _POST_ONLY,
            quantity=self.quantity.value,
            price=self.price.value,
        )

    def fill_in(self, words: str) -> None:
        """Fill the ticket from words."""
        self._offer_accounts()
        form = words_of(words, self.stage.picture.board)
        self.side.choose(side_word(form.side))
        self.kind.choose(form.kind)
        self.account.choose(form.account)
        for field, text in (
            (self.symbol, form.symbol),
            (self.quantity, form.quantity),
            (self.price, form.price),
        ):
            if text:
                field.value = text

    def _offer_accounts(self) -> None:
        self.account.offer([str(account) for account in accounts(self.stage.picture.board)])

    def show(self, picture: Picture) -> None:
        """Offer the accounts there are, and draw the market of the symbol."""
        self._offer_accounts()
        limit = self.kind.value == Kind.LIMIT.value
        self._price_row.display = self.tif.display = self.taking.display = limit
        self.label(f"Ticket · {picture.board.mode.value}")
        self._market.show([market_line(picture.board, *self._where)] if self._where[1] else [()])
        self._draw_verdict(picture)

    @property
    def _where(self) -> tuple[str, str]:
        return self.account.value.partition("/")[0], self.symbol.value.strip().upper()

    # Judging

    @on(Input.Changed)
    def _field_changed(self, message: Input.Changed) -> None:
        message.stop()
        self._take_word(message.input)
        self._changed()

    @on(Choice.Changed)
    def _choice_changed(self, message: Choice.Changed) -> None:
        message.stop()
        self._changed()

    def _changed(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_PAUSE_S, self._judge)
        self.show(self.stage.picture)

    def _judge_again(self) -> None:
        if self.display and holds_keys(self) and self._draft is not None:
            self._judge()

    def _judge(self) -> None:
        self._watch_symbol()
        form, board, self._missing = self.form, self.stage.picture.board, ""
        try:
            self._draft = draft_of(form, board)
        except Incomplete as error:
            self._missing, self._draft = str(error), probe_of(form, board)
        if self._draft is None:
            self._verdict = None
            self.show(self.stage.picture)
        else:
            ask = Check(draft=self._draft)
            self.stage.send(ask, self._judged, failed=self._not_judged, group="check")

    def _judged(self, verdict: Verdict) -> None:
        self._verdict = verdict
        self._take_word(self.quantity)  # `50%` may have waited for the largest that would pass
        self.show(self.stage.picture)

    def _not_judged(self, told: Failure) -> None:
        self._verdict, self._missing = None, told.text
        self.show(self.stage.picture)

    def _watch_symbol(self) -> None:
        listed = self.stage.picture.board.instrument(*self._where) is not None
        if listed and self._where != self._watched:
            self._watched = self._where
            self.post_message(self.Symbol(*self._where))

    def _draw_verdict(self, picture: Picture) -> None:
        draft, verdict, missing = self._draft, self._verdict, self._missing
        if draft is None or verdict is None:
            self._money.draw(lambda width: [[Part(row, "dim")] for row in wrapped(missing, width)])
            self._rules.draw(_why_nothing)
            return
        lines = room_lines(draft, verdict, picture, missing)
        self._money.show(lines)
        self._rules.draw(lambda width: verdict_lines(verdict, width, probing=bool(missing)))

    # Keys

    def _take_word(self, field: Input) -> None:
        """Turn `25%`, `max`, `bid`, `mid`, `ask` into the number they stand for."""
        word, board = field.value.strip().lower(), self.stage.picture.board
        if field is self.quantity and word in SHARES:
            most = self._verdict.max_quantity if self._verdict is not None else None
            if most is not None:
                field.value = share_of(most, word, board.instrument(*self._where))
                field.cursor_position = len(field.value)
        elif field is self.price and word in _PRICES:
            value = getattr(board.price(*self._where), word, None)
            if value is not None:
                field.value = canonical(value)
                field.cursor_position = len(field.value)

    @on(Chips.Picked)
    def _picked(self, message: Chips.Picked) -> None:
        message.stop()
        self.quantity.value = message.value

    @on(Input.Blurred, "#symbol")
    def _symbol_left(self, message: Input.Blurred) -> None:
        message.stop()
        self.symbol.value = completed(self.symbol.value, self._symbols)

    @property
    def _symbols(self) -> list[str]:
        return symbols_of(self.stage.picture.board, self._where[0])

    def on_key(self, event: events.Key) -> None:
        """Up and down step through symbols or fields; a stray letter leads nowhere else."""
        if event.key in ("up", "down"):
            event.stop()
            self._step(1 if event.key == "down" else -1)
        elif event.character and event.character.isalnum() and event.key not in self._own_keys:
            event.stop()

    @property
    def _own_keys(self) -> set[str]:
        table = self.stage.key_table
        return {one for key in table if key.context == TICKET for one in key.keys.split(",")}

    def _step(self, step: int) -> None:
        if holds_keys(self.symbol):
            self.symbol.value = beside(self.symbol.value, self._symbols, step)
        elif step > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()

    @on(Input.Submitted)
    def _entered(self, message: Input.Submitted) -> None:
        message.stop()
        last = self.price if self._price_row.display else self.quantity
        if message.input is last:
            self.action_review()
        else:
            self.screen.focus_next()

    @on(Push.Pushed)
    def _pushed(self, message: Push.Pushed) -> None:
        message.stop()
        self.action_review()

    def action_side(self, side: str) -> None:
        """Buy or sell."""
        self.side.choose(side_word(side))

    def action_clear(self) -> None:
        """Empty quantity and price."""
        self.quantity.value = self.price.value = ""

    def action_review(self) -> None:
        """Review what is typed; an incomplete order says what it needs."""
        try:
            draft = draft_of(self.form, self.stage.picture.board)
        except Incomplete as error:
            self.stage.say(str(error), "warning")
            return
        verdict = self._verdict if draft == self._draft else None
        self.post_message(self.Reviewed(draft, verdict))


def _why_nothing(width: int) -> Lines:
    text = "Every rule of the gate is shown here while you type: what it uses, what is left."
    return [[Part(row, "dim")] for row in wrapped(text, width)]
